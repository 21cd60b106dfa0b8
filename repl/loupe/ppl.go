package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"loupe/engine/measure"
)

func newPplCmd() *cobra.Command {
	var (
		l      loadFlags
		file   string
		chunks int
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "ppl -m MODEL -f FILE",
		Short: "Perplexity of a text, as llama-perplexity computes it",
		Long: `Perplexity of a text: chunks of --ctx-size tokens that do not overlap, of which the
second half is scored. Lower is better; figures compare only for the same text,
context and number of chunks.`,
		Example: `  loupe ppl -m smollm2 -f /usr/share/common-licenses/GPL-3 -c 512 --chunks 8
  loupe ppl -m smollm2 -f book.txt --json --exact`,
		Args: noArguments("the text goes behind -f, as a file"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return usageError{fmt.Errorf("no text; give one with -f FILE (- is standard input)")}
			}
			if chunks < 0 {
				return usageError{fmt.Errorf("--chunks %d; it may be 1 or more, or 0 for all", chunks)}
			}
			if l.context == 0 {
				l.context = 512
			}
			if l.context < 4 {
				return usageError{fmt.Errorf("-c %d; chunks have 4 tokens or more", l.context)}
			}
			text, err := readText(cmd, file)
			if err != nil {
				return err
			}
			m, err := l.load()
			if err != nil {
				return err
			}
			defer m.Close()
			bar := progressLine(cmd)
			p, err := measure.Perplex(cmd.Context(), m, text, l.context, chunks, func(done, total int, ppl float64) {
				bar(fmt.Sprintf("chunk %d of %d  ppl %.4f", done, total, ppl))
			})
			bar("")
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), p)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "PPL = %.4f ± %s  (%d predictions in %d chunks of %d tokens)\n",
				p.PPL, strconv.FormatFloat(p.Err, 'f', 4, 64), p.Tokens, p.Chunks, l.context)
			return err
		},
	}
	l.add(cmd)
	cmd.Flags().Lookup("ctx-size").Usage = "tokens of a chunk (0: 512)"
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "text to score; - is standard input")
	f.IntVar(&chunks, "chunks", 0, "chunks to score (0: all)")
	f.BoolVar(&asJSON, "json", false, `print {"ppl", "ppl_err", "tokens", "chunks"}`)
	return cmd
}

// progressLine shows one line on standard error that replaces the one before,
// if that is a terminal. An empty line erases it.
func progressLine(cmd *cobra.Command) func(string) {
	w, ok := cmd.ErrOrStderr().(*os.File)
	if !ok || !isatty.IsTerminal(w.Fd()) {
		return func(string) {}
	}
	return func(s string) { fmt.Fprintf(w, "\r\x1b[K%s", s) }
}
