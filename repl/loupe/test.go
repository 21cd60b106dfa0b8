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
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"loupe/kernel"
	"loupe/kernel/export"
)

func newTestCmd() *cobra.Command {
	var update bool
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
  //nb:skip REASON         run it, compare nothing; on top of the file: do not run it
  //nb:expect-error        it must fail, and its error is compared; on top of the file:
                           some cell must, or the file must be refused

Where something is masked the blanks that align a table may differ too. A notebook
must say the same on every machine: let it generate with temperature 0 or mask it.

With -p the parameters of all files get other values, and what they print
is compared with FILE.NAME=VALUE,....golden.`,
		Example: `  loupe test notebooks/*/*.go
  loupe test --update lesson.go`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("test: no file given; loupe test FILE.go")
			}
			for _, a := range args {
				if filepath.Ext(a) != ".go" {
					return fmt.Errorf("test: %s is no .go file", a)
				}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			given, err := params(words)
			if err != nil {
				return usageError{fmt.Errorf("test: %w", err)}
			}
			failed := false
			for _, path := range args {
				ok, err := testNotebook(cmd, path, given, update)
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
	cmd.Flags().BoolVar(&update, "update", false, "write what the notebooks print to their .golden files")
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"go"}, cobra.ShellCompDirectiveFilterFileExt
	}
	return cmd
}

// testNotebook tests one file and prints the line about it. The error is one
// that ends the command.
func testNotebook(cmd *cobra.Command, path string, params map[string]string, update bool) (ok bool, err error) {
	out := cmd.OutOrStdout()
	golden := strings.TrimSuffix(path, ".go")
	for i, name := range slices.Sorted(maps.Keys(params)) {
		golden += string(".,"[min(i, 1)]) + url.PathEscape(name+"="+params[name])
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
		Params:    params,
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
	want, err := os.ReadFile(golden)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("test: %w", err)
	case update:
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
