package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"loupe/kernel"
	"loupe/kernel/export"
)

func newTestCmd() *cobra.Command {
	var o testOptions
	var words []string
	cmd := &cobra.Command{
		Use:   "test FILE.go...",
		Short: "Run notebooks and compare what they print with what they printed before",
		Long: `Run notebooks and compare what their cells print and show with FILE.golden, which
lies beside FILE.go and which --update writes. Standard error is not compared.

Times, rates and addresses are masked: 3.1 ms is <time>, 2,000/s is <rate>,
0xc000012345 is <address>. Comments on top of a cell, or on top of the file for all its
cells, say more:

  //nb:mask bytes          numbers of bytes, where they depend on the machine: <bytes>
  //nb:mask numbers        every number: <number>
  //nb:mask REGEXP         what a regular expression matches: <masked>
  //nb:skip REASON         run it, compare nothing with FILE.golden; on top of the file:
                           do not run it
  //nb:expect-error        it must fail, and its error is compared; on top of the file:
                           some cell must, or the file must be refused

Where something is masked the blanks that align a table may differ too. A notebook
must say the same on every machine: let it generate with temperature 0 or mask it.

With -p the parameters of all files get other values, and what they print
is compared with FILE.NAME=VALUE,....golden.

With --go the compiled program runs too, by go run, and must print the same, masks aside,
in every cell: also in those that are marked //nb:skip.`,
		Example: `  loupe test notebooks/*/*.go
  loupe test --update lesson.go`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("test: no file given; loupe test FILE.go")
			}
			for _, a := range args {
				if filepath.Ext(a) != ".go" {
					return notGo("test", a)
				}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.params, err = params(words); err != nil {
				return usageError{fmt.Errorf("test: %w", err)}
			}
			if o.compiled && len(o.params) > 0 {
				return usageError{errors.New("test: -p and --go: go run knows no parameters; give one of both")}
			}
			failed := false
			for _, path := range args {
				ok, err := o.testNotebook(cmd, path)
				if err != nil {
					return err
				}
				failed = failed || !ok
			}
			if failed {
				return statusError(exitFailed)
			}
			return nil
		},
	}
	paramFlag(cmd.Flags(), &words)
	cmd.Flags().BoolVar(&o.update, "update", false, "write what the notebooks print to their .golden files")
	cmd.Flags().BoolVar(&o.compiled, "go", false, "compare with what go run prints, too")
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"go"}, cobra.ShellCompDirectiveFilterFileExt
	}
	return cmd
}

type testOptions struct {
	update, compiled bool
	params           map[string]string
}

// testNotebook tests one file and prints the line about it. The error is one
// that ends the command.
func (o *testOptions) testNotebook(cmd *cobra.Command, path string) (ok bool, err error) {
	out := cmd.OutOrStdout()
	golden := strings.TrimSuffix(path, ".go")
	for i, name := range slices.Sorted(maps.Keys(o.params)) {
		golden += string(".,"[min(i, 1)]) + url.PathEscape(name+"="+o.params[name])
	}
	golden += ".golden"
	start := time.Now()
	say := func(word, text string) {
		fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("%-4s %s %.2f s  %s", word, path, time.Since(start).Seconds(), text), " "))
	}
	if reason, skip := export.Skip(path); skip {
		say("skip", reason)
		return true, nil
	}
	line := progressLine(cmd)
	doc, err := export.Run(cmd.Context(), path, export.Options{
		MaxOutput: -1,
		Params:    o.params,
		Cell:      func(number, total int, name string) { line(fmt.Sprintf("%s [%d/%d] %s", path, number, total, name)) },
	})
	line("")
	var failed *kernel.Error
	switch {
	case errors.As(err, &failed) && failed.Kind == kernel.Interrupted:
		return false, context.Canceled
	case doc == nil || err != nil && failed == nil:
		say("FAIL", err.Error())
		return false, nil
	}
	got, err := doc.Golden()
	if err != nil {
		say("FAIL", err.Error())
		return false, nil
	}
	if o.compiled && doc.Failed == nil {
		line(path + " go run")
		ran := exec.CommandContext(cmd.Context(), "go", "run", path)
		var stderr strings.Builder
		ran.Stderr = &stderr
		text, err := ran.Output()
		line("")
		if err != nil {
			say("FAIL", fmt.Sprintf("go run: %v", err))
			fmt.Fprint(out, stderr.String())
			return false, nil
		}
		if d := doc.Compiled(path, string(text)); d != "" {
			say("FAIL", "go run prints something else (-) than the kernel (+)")
			fmt.Fprint(out, d)
			return false, nil
		}
	}
	want, err := os.ReadFile(golden)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("test: %w", err)
	case o.update:
		if err == nil && export.Compare(golden, string(want), got) == "" {
			say("ok", "as it was")
			return true, nil
		}
		werr := writeWhole(golden, func(w io.Writer) error { _, err := io.WriteString(w, got); return err })
		if werr != nil {
			return false, fmt.Errorf("test: %w", werr)
		}
		say("ok", "wrote "+golden)
		return true, nil
	case err != nil:
		say("FAIL", golden+" does not exist; --update writes it")
		return false, nil
	}
	if d := export.Compare(golden, string(want), got); d != "" {
		say("FAIL", "it prints something else")
		fmt.Fprint(out, d)
		return false, nil
	}
	say("ok", "")
	return true, nil
}
