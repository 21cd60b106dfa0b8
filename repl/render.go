package repl

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"loupe/kernel"
)

// failureText is a failed cell's error as all front-ends of this package print
// it: the compiler's words, the line with a caret, then further places.
func failureText(e *kernel.Error, width int, p palette) string {
	var b strings.Builder
	b.WriteString(p.fail(e.Error()) + "\n")
	if text, caret := caretLines(e.Source, e.Col, width); text != "" {
		b.WriteString(text + "\n" + p.fail(caret) + "\n")
	}
	if e.Hint != "" {
		b.WriteString(p.dim("hint: "+e.Hint) + "\n")
	}
	for _, t := range e.Trace {
		b.WriteString(p.dim("  "+t) + "\n")
	}
	return b.String()
}

func warningText(w kernel.Warning) string {
	switch {
	case w.Cell == "":
		return "warning: " + w.Text
	case w.Line == 0:
		return fmt.Sprintf("%s: warning: %s", w.Cell, w.Text)
	}
	return fmt.Sprintf("%s:%d: warning: %s", w.Cell, w.Line, w.Text)
}

// wallText is a duration with three digits at most: "0.2 ms", "31 ms", "4.21 s".
func wallText(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms < 9.95:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 999.5:
		return fmt.Sprintf("%.0f ms", ms)
	case d < 99500*time.Millisecond:
		return fmt.Sprintf("%.3g s", d.Seconds())
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}

// Plain renders events for a program that reads them: what cells print and
// show goes to Out and nothing else does; errors and warnings go to Err.
type Plain struct {
	Out, Err io.Writer
	// Stream writes generated text as it comes. Without it the text comes
	// with the value that holds it, which is what a compiled program prints.
	Stream bool
	// Terminal, if it is set, is where a step over a second shows how far it is. It is
	// the terminal that Out or Err may be too.
	Terminal *os.File
	// Stats writes the statistics of engine calls and the time of each cell
	// to Err.
	Stats bool

	bar      ProgressLine
	passing  bool // a progress line stands on the terminal
	midLine  bool // what was written last did not end its line
	lastPass time.Time

	failed error  // the first write to Out that failed
	cell   string // of a notebook, that runs
	began  time.Time
}

// cellEnded says what the cell of a notebook took.
func (p *Plain) cellEnded() {
	if p.Stats && p.cell != "" {
		p.err(fmt.Sprintf("%s: %s\n", p.cell, wallText(time.Since(p.began))))
	}
	p.cell = ""
}

// WriteError is the first error of writing to Out.
func (p *Plain) WriteError() error { return p.failed }

// progress shows how far a step is, unless that would stand in a line of the program's.
func (p *Plain) progress(ev kernel.Progress) {
	if p.Terminal == nil {
		return
	}
	now := time.Now()
	line := p.bar.Text(ev.Label, ev.Unit, ev.Done, ev.Total, now)
	switch {
	case ev.Total > 0 && ev.Done >= ev.Total:
		p.erase()
	case !p.midLine && p.bar.Shown(now) && now.Sub(p.lastPass) >= progressEvery:
		p.lastPass, p.passing = now, true
		fmt.Fprintf(p.Terminal, "\r\x1b[K%s", columns.Truncate(line, widthOf(p.Terminal)-1, "…"))
	}
}

// erase takes the progress line away.
func (p *Plain) erase() {
	if p.passing {
		p.passing = false
		io.WriteString(p.Terminal, "\r\x1b[K")
	}
}

// wrote is to be told before text is written.
func (p *Plain) wrote(text string) {
	if p.erase(); text != "" {
		p.midLine = !strings.HasSuffix(text, "\n")
	}
}

func (p *Plain) err(text string) {
	p.wrote(text)
	io.WriteString(p.Err, text)
}

func (p *Plain) out(text string) {
	p.wrote(text)
	if _, err := io.WriteString(p.Out, text); err != nil && p.failed == nil {
		p.failed = err
	}
}

// Render is a kernel's Events function.
func (p *Plain) Render(ev kernel.Event) {
	switch ev := ev.(type) {
	case kernel.Stdout:
		p.out(ev.Text)
	case kernel.Stderr:
		p.err(ev.Text)
	case kernel.Stream:
		if p.Stream {
			p.out(ev.Text)
		}
	case kernel.Display:
		if p.Stream && ev.Streamed {
			p.out("\n")
		} else {
			p.out(ev.Data["text/plain"] + "\n")
		}
	case kernel.Failed:
		if ev.Err.Kind == kernel.Exit {
			// The cell's own wish, and what go run says of it.
			if ev.Err.ExitCode != 0 {
				p.err(fmt.Sprintf("exit status %d\n", ev.Err.ExitCode))
			}
			return
		}
		p.err(failureText(ev.Err, 80, newPalette(false)))
	case kernel.Warning:
		p.err(warningText(ev) + "\n")
	case kernel.Progress:
		p.progress(ev)
	case kernel.Stats:
		if p.Stats || strings.HasPrefix(ev.Text, "wall ") { // %time was asked for
			p.err(ev.Text + "\n")
		}
	case kernel.CellBegan:
		p.cellEnded()
		p.cell, p.began = strings.TrimSpace(fmt.Sprintf("cell %d %s", ev.Index, ev.Title)), time.Now()
	case kernel.Done:
		p.erase()
		p.cellEnded()
		if p.Stats {
			p.err(wallText(ev.Wall) + "\n")
		}
	}
}
