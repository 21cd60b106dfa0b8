package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"loupe/kernel"
	"loupe/repl"
)

func newRunCmd() *cobra.Command {
	var times bool
	cmd := &cobra.Command{
		Use:   "run [flags] FILE.go [ARGUMENTS]",
		Short: "Run a notebook and print what go run prints",
		Long: `Run a notebook file, cell by cell, in this process and without a compiler.

Standard output is what "go run FILE.go" prints, byte for byte. Errors go to
standard error with their place in the file. The exit status is the program's:
0, what it gave to os.Exit, 2 after a panic, 1 when it does not compile.
What follows FILE.go are the program's arguments, os.Args[1:].`,
		Example: `  loupe run notebooks/firststeps/firststeps.go
  loupe run --time notebooks/firststeps/firststeps.go 2> times.txt
  loupe run report.go -v input.txt`,
		Args:                  oneFile,
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, args []string) error { return runFile(cmd.Context(), args, times) },
	}
	cmd.Flags().SetInterspersed(false)
	cmd.Flags().BoolVar(&times, "time", false, "write the time of each cell and the rates of each engine call to standard error")
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"go"}, cobra.ShellCompDirectiveFilterFileExt
	}
	return cmd
}

func oneFile(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return errors.New("run: no file given; loupe run FILE.go")
	case filepath.Ext(args[0]) != ".go":
		return errors.New("run: " + args[0] + " is no .go file")
	}
	return nil
}

func runFile(ctx context.Context, args []string, times bool) error {
	out := &repl.Plain{Out: os.Stdout, Err: os.Stderr, Stats: times, Stream: term.IsTerminal(int(os.Stdout.Fd()))}
	k, err := kernel.New(kernel.Options{Events: out.Render, Args: args})
	if err != nil {
		return err
	}
	defer k.Close()
	err = k.RunFile(ctx, args[0])
	var failed *kernel.Error
	switch {
	case errors.As(err, &failed) && failed.Kind == kernel.Interrupted:
		return statusError(exitInterrupted)
	case errors.As(err, &failed):
		return statusError(failed.ExitCode)
	case err != nil:
		return err
	}
	return out.WriteError()
}
