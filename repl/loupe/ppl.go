package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"loupe/engine"
	"loupe/engine/measure"
)

// pplFlags are the flags of `loupe ppl`, under llama-perplexity's names;
// --against is ours.
type pplFlags struct {
	loadFlags
	file         string
	chunks       int
	json         bool
	divergence   bool
	base         string
	against      string
	againstGiven bool
}

func newPplCmd() *cobra.Command {
	var p pplFlags
	cmd := &cobra.Command{
		Use:   "ppl -m MODEL -f FILE",
		Short: "Perplexity of a text, and KL divergence of one setting from another, as llama-perplexity computes them",
		Long: `Perplexity of a text: chunks of --ctx-size tokens that do not overlap, of which the
second half is scored. Lower is better; figures compare only for the same text,
context and number of chunks.

--kl-divergence compares, prediction by prediction, the model under the given
settings (Q) with the same model under others, the base: f16 K and V, or what
--against says, separated by commas: exact, ctk=TYPE, ctv=TYPE, fa=on|off|auto.
Perplexity alone hides differences that cancel out; a divergence of 0 is equality.

Instead, --kl-divergence-base FILE saves the predictions (2 bytes for each token of
the vocabulary and each prediction), and together with --kl-divergence compares with
those of the file, on its text. The file is llama-perplexity's.`,
		Example: `  loupe ppl -m smollm2 -f /usr/share/common-licenses/GPL-3 -c 512 --chunks 8
  loupe ppl -m smollm2 -f book.txt --json --exact
  loupe ppl -m smollm2 -f book.txt --chunks 4 --kl-divergence -ctk q8_0 -ctv q4_0
  loupe ppl -m smollm2 -f book.txt --chunks 4 --kl-divergence --against exact
  loupe ppl -m smollm2 -f book.txt --chunks 4 --exact --kl-divergence-base exact.kld
  loupe ppl -m smollm2 --kl-divergence-base exact.kld --kl-divergence`,
		Args: noArguments("the text goes behind -f, as a file"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p.againstGiven = cmd.Flags().Changed("against")
			return p.run(cmd)
		},
	}
	p.loadFlags.add(cmd)
	cmd.Flags().Lookup("ctx-size").Usage = "tokens of a chunk (0: 512)"
	f := cmd.Flags()
	f.StringVarP(&p.file, "file", "f", "", "text to score; - is standard input")
	f.IntVar(&p.chunks, "chunks", 0, "chunks to score (0: all)")
	f.BoolVar(&p.json, "json", false, `print {"ppl", "ppl_err", "tokens", "chunks"}, with --kl-divergence also {"kld", "same_top", "base_ppl", ...}`)
	f.BoolVar(&p.divergence, "kl-divergence", false, "compare with a base, prediction by prediction")
	f.StringVar(&p.base, "kl-divergence-base", "", "file to save predictions to, or with --kl-divergence to compare with")
	f.StringVar(&p.against, "against", "", `the base's settings, with --kl-divergence: "exact", "ctk=q8_0,ctv=f16,fa=off"; "" is f16 K and V`)
	return cmd
}

// check refuses what does not go together.
func (p *pplFlags) check() error {
	fromFile := p.divergence && p.base != ""
	switch {
	case p.chunks < 0:
		return fmt.Errorf("--chunks %d; it may be 1 or more, or 0 for all", p.chunks)
	case p.againstGiven && !p.divergence:
		return fmt.Errorf("--against is what --kl-divergence compares with; say --kl-divergence too")
	case p.againstGiven && p.base != "":
		return fmt.Errorf("both --against and --kl-divergence-base give a base; give one")
	case fromFile && p.file != "":
		return fmt.Errorf("the base %s has its own text; leave -f %s out", p.base, p.file)
	case fromFile && p.context != 0:
		return fmt.Errorf("the base %s has its own length of chunks; leave -c %d out", p.base, p.context)
	case !fromFile && p.file == "":
		return fmt.Errorf("no text; give one with -f FILE (- is standard input)")
	case p.context != 0 && p.context < 4:
		return fmt.Errorf("-c %d; chunks have 4 tokens or more", p.context)
	}
	return nil
}

func (p *pplFlags) run(cmd *cobra.Command) error {
	if err := p.check(); err != nil {
		return usageError{err}
	}
	if p.divergence && p.base != "" {
		return p.runBase(cmd)
	}
	if p.context == 0 {
		p.context = 512
	}
	against, err := p.againstConfig()
	if err != nil {
		return usageError{err}
	}
	text, err := readText(cmd, p.file)
	if err != nil {
		return err
	}
	m, err := p.load(cmd)
	if err != nil {
		return err
	}
	defer m.Close()
	bar := progressLine(cmd)
	if p.divergence {
		base, err := engine.LoadContext(cmd.Context(), p.model, against)
		if err != nil {
			return fmt.Errorf("--against: %w", err)
		}
		defer base.Close()
		if settingsText(base.Settings()) == settingsText(m.Settings()) {
			return usageError{fmt.Errorf("both sides have the same settings, %s, and no divergence; give others with -ctk, -ctv, -fa or --exact, or with --against", settingsText(m.Settings()))}
		}
		d, err := measure.Diverge(cmd.Context(), base, m, text, p.context, p.chunks, divergenceProgress(bar))
		bar("")
		if err != nil {
			return err
		}
		return p.printDivergence(cmd.OutOrStdout(), d, settingsText(m.Settings()), settingsText(base.Settings()))
	}
	progress := func(done, total int, ppl float64) { bar(fmt.Sprintf("chunk %d of %d  ppl %.4f", done, total, ppl)) }
	var r measure.Perplexity
	if p.base != "" {
		err = writeWhole(p.base, func(w io.Writer) (err error) {
			r, err = measure.WriteBase(cmd.Context(), w, m, text, p.context, p.chunks, progress)
			return err
		})
	} else {
		r, err = measure.Perplex(cmd.Context(), m, text, p.context, p.chunks, progress)
	}
	bar("")
	if err != nil {
		return err
	}
	if p.json {
		return writeJSON(cmd.OutOrStdout(), r)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "PPL = %.4f ± %s  (%d predictions in %d chunks of %d tokens)\n",
		r.PPL, strconv.FormatFloat(r.Err, 'f', 4, 64), r.Tokens, r.Chunks, p.context)
	return err
}

// runBase compares with the predictions of a file.
func (p *pplFlags) runBase(cmd *cobra.Command) error {
	f, err := os.Open(p.base)
	if err != nil {
		return err
	}
	defer f.Close()
	base, err := measure.ReadBase(f)
	if err != nil {
		return fmt.Errorf("%w (%s)", err, p.base)
	}
	p.context = base.Context
	m, err := p.load(cmd)
	if err != nil {
		return err
	}
	defer m.Close()
	bar := progressLine(cmd)
	d, err := base.Diverge(cmd.Context(), m, p.chunks, divergenceProgress(bar))
	bar("")
	if err != nil {
		return fmt.Errorf("%w (%s)", err, p.base)
	}
	return p.printDivergence(cmd.OutOrStdout(), d, settingsText(m.Settings()), "file "+p.base)
}

// againstConfig are the base's load settings: those of the flags, but for the
// settings that are compared, which begin at their defaults.
func (p *pplFlags) againstConfig() (engine.LoadConfig, error) {
	base := p.loadFlags
	base.cacheK, base.cacheV, base.flash, base.exact = "", "", "auto", false
	for _, part := range strings.Split(p.against, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch {
		case p.against == "":
		case part == "exact":
			base.exact = true
		case name == "ctk" && value != "":
			base.cacheK = value
		case name == "ctv" && value != "":
			base.cacheV = value
		case name == "fa" && value != "":
			base.flash = value
		default:
			return engine.LoadConfig{}, fmt.Errorf("--against: %q in %q; it may be exact, ctk=TYPE, ctv=TYPE and fa=on|off|auto, with commas between", part, p.against)
		}
	}
	return base.config()
}

// settingsText names the settings that a divergence is about.
func settingsText(s engine.Settings) string {
	text := fmt.Sprintf("K %s, V %s, flash attention %s", s.KCacheType, s.VCacheType, s.FlashAttention)
	if s.Exact {
		text += ", exact"
	}
	return text
}

func divergenceProgress(bar func(string)) func(done, total int, d measure.Divergence) {
	return func(done, total int, d measure.Divergence) {
		bar(fmt.Sprintf("chunk %d of %d  ppl %.4f  base %.4f  kld %.5f", done, total, d.PPL, d.BasePPL, d.KLD))
	}
}

// printDivergence prints with llama-perplexity's words.
func (p *pplFlags) printDivergence(w io.Writer, d measure.Divergence, tested, base string) error {
	if p.json {
		return writeJSON(w, struct {
			measure.Divergence
			Tested string `json:"tested"`
			Base   string `json:"base"`
		}{d, tested, base})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Q: %s\nbase: %s\n%d predictions in %d chunks of %d tokens\n\n", tested, base, d.Tokens, d.Chunks, p.context)
	for _, l := range []struct {
		name   string
		x, err float64
	}{
		{"Mean PPL(Q)                   ", d.PPL, d.PPLErr},
		{"Mean PPL(base)                ", d.BasePPL, d.BasePPLErr},
		{"Mean PPL(Q)/PPL(base)         ", d.Ratio, d.RatioErr},
		{"Mean    KLD", d.KLD, d.KLDErr},
		{"Median  KLD", d.Median, d.MedianErr},
		{"99.0%   KLD", d.P99, d.P99Err},
	} {
		fmt.Fprintf(&b, "%s: %10.6f ± %10.6f\n", l.name, l.x, l.err)
	}
	fmt.Fprintf(&b, "Maximum KLD: %10.6f\n", d.Max)
	fmt.Fprintf(&b, "Same top p: %6.3f ± %5.3f %%\n", 100*d.SameTop, 100*d.SameTopErr)
	_, err := io.WriteString(w, b.String())
	return err
}

// writeWhole writes a file that is there only when it is complete.
func writeWhole(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // once renamed there is none
	err = write(f)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	return err
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
