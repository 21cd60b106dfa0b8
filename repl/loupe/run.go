package main

import (
	"context"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"loupe/engine"
	"loupe/kernel"
	"loupe/repl"
)

func newRunCmd() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run FILE.go [flags] [--] [ARGUMENTS]",
		Short: "Run a notebook and print what go run prints",
		Long: `Run a notebook file, cell by cell, in this process and without a compiler.

Standard output is what "go run FILE.go" prints, byte for byte. Errors go to
standard error with their place in the file. The exit status is the program's:
0, what it gave to os.Exit, 2 after a panic, 1 when it does not compile.
Flags stand before FILE.go or right behind it; what follows, or stands behind --, are
the program's arguments, os.Args[1:].

Flags run less of it, or otherwise. A notebook with a cell titled "parameters" takes
other values for its variables; --from and --to name cells by number or title, and
those before --from run with their output left out; --keep-going tells of a cell that
fails and goes on with the next one.`,
		Example: `  loupe run notebooks/firststeps/firststeps.go
  loupe run --time notebooks/firststeps/firststeps.go 2> times.txt
  loupe run notebooks/settings/settings.go -p model=smollm2 -p tokens=100
  loupe run --from "Cache off" --to "What it saved" notebooks/firststeps/firststeps.go
  loupe run --manifest run.json notebook.go
  loupe run --replay run.json notebook.go     # the same texts?
  loupe run report.go -v input.txt            # -v and input.txt are the program's
  loupe run report.go -- --time input.txt     # and so is --time`,
		Args:                  oneFile,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			rest, err := flagsBehind(cmd.Flags(), args[1:])
			if err == nil {
				err = readsArguments(args[0], rest)
			}
			if err != nil && len(rest) > 0 && (rest[0] == "--help" || rest[0] == "-h") {
				return cmd.Help()
			}
			if err != nil {
				return usageError{fmt.Errorf("run: %w", err)}
			}
			return o.runFile(cmd.Context(), append(args[:1], rest...))
		},
	}
	cmd.Flags().SetInterspersed(false)
	paramFlag(cmd.Flags(), &o.params)
	partFlags(cmd.Flags(), &o.file.From, &o.file.To)
	cmd.Flags().BoolVar(&o.file.KeepGoing, "keep-going", false, "if a cell fails, go on with the next one")
	cmd.Flags().StringVar(&o.manifest, "manifest", "", "write to this `file` what the run was: checksums, settings with their sources, machine, every generation")
	cmd.Flags().StringVar(&o.replay, "replay", "", "compare the run with this manifest: other texts are told, and the exit status is 1")
	cmd.Flags().BoolVar(&o.times, "time", false, "write the time of each cell and the rates of each engine call to standard error")
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
		return notGo("run", args[0])
	}
	return nil
}

// flagsBehind sets the flags of loupe run that stand right behind the file, and
// gives the rest, which is the program's. A program's own -p 80 is not taken for a
// parameter, which is name=value.
func flagsBehind(flags *pflag.FlagSet, args []string) (rest []string, err error) {
	for len(args) > 0 {
		if args[0] == "--" {
			return args[1:], nil
		}
		name, _, inline := strings.Cut(args[0], "=")
		flag := flags.Lookup(strings.TrimPrefix(name, "--"))
		if name == "-p" && !inline && len(args) > 1 && strings.Contains(args[1], "=") {
			flag = flags.Lookup("param")
		} else if !strings.HasPrefix(name, "--") || name == "--help" {
			flag = nil
		}
		if flag == nil {
			return args, nil
		}
		n := 1
		if flag.NoOptDefVal == "" && !inline {
			n = min(2, len(args))
		}
		if err := flags.Parse(args[:n]); err != nil {
			return nil, err
		}
		args = args[n:]
	}
	return nil, nil
}

// readsArguments refuses arguments for a program that cannot see them, as they are
// likely a flag of loupe run that was misspelled.
func readsArguments(file string, args []string) error {
	if len(args) == 0 {
		return nil
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return nil // running it tells that better
	}
	for _, im := range f.Imports {
		if path, _ := strconv.Unquote(im.Path.Value); path == "os" || path == "flag" {
			return nil
		}
	}
	if args[0] == "-m" || args[0] == "--model" {
		return fmt.Errorf("unknown flag %s; %s", args[0], ownModel)
	}
	return fmt.Errorf("%s reads no arguments (it imports neither os nor flag): what is %q for? loupe run --help lists the flags", file, args[0])
}

// notGo refuses a file that a command cannot run.
func notGo(command, file string) error {
	if base, ok := strings.CutSuffix(file, ".ipynb"); ok {
		return fmt.Errorf("%s: %s is no .go file; loupe export %[2]s -o %s.go makes one", command, file, base)
	}
	return fmt.Errorf("%s: %s is no .go file", command, file)
}

type runOptions struct {
	times            bool
	manifest, replay string
	params           []string
	file             kernel.FileOptions
}

// runFile runs a file, with the account of it if that is asked for.
func (o *runOptions) runFile(ctx context.Context, args []string) error {
	var err error
	if o.file.Params, err = params(o.params); err != nil {
		return usageError{fmt.Errorf("run: %w", err)}
	}
	if o.manifest == "" && o.replay == "" {
		return o.run(ctx, args)
	}
	var old *manifest
	if o.replay != "" {
		var err error
		if old, err = readManifest(o.replay); err != nil {
			return err
		}
	}
	m, err := newManifest(args[0], args[1:], o.file.Params)
	if err != nil {
		return err
	}
	stop := engine.OnCall(m.call)
	err = o.run(ctx, args)
	stop()
	var status statusError
	if err != nil && !errors.As(err, &status) {
		return err
	}
	m.Status = int(status)
	if o.manifest != "" {
		if err := m.write(o.manifest); err != nil {
			return err
		}
	}
	if old == nil {
		return err
	}
	list := m.differences(old)
	for _, d := range list {
		fmt.Fprintln(os.Stderr, "loupe: replay:", d)
	}
	if err == nil && len(list) > 0 {
		return statusError(exitFailed)
	}
	return err
}

func (o *runOptions) run(ctx context.Context, args []string) error {
	out := &repl.Plain{Out: os.Stdout, Err: os.Stderr, Stats: o.times, Stream: term.IsTerminal(int(os.Stdout.Fd()))}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		out.Terminal = os.Stderr
	}
	k, err := kernel.New(kernel.Options{Events: shown(out.Render), Args: args})
	if err != nil {
		return err
	}
	defer k.Close()
	err = k.RunFileWith(ctx, args[0], o.file)
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

// shown leaves out what the cells before --from print. What they write to
// standard error stays: it may say why one of them failed.
func shown(render func(kernel.Event)) func(kernel.Event) {
	before := false
	return func(ev kernel.Event) {
		switch e := ev.(type) {
		case kernel.CellBegan:
			before = e.Before
		case kernel.Stdout, kernel.Stream, kernel.Display, kernel.Stats, kernel.Progress:
			if before {
				return
			}
		}
		render(ev)
	}
}
