package repl

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"loupe/kernel"
)

// screen renders events on a terminal: output as it comes, values, errors with
// a caret, a passing line of progress, and the dim line after each cell.
type screen struct {
	out    io.Writer
	err    io.Writer // the same terminal, or where standard error was sent
	width  func() int
	colour palette
	colors int // of pictures: 0, 16, 256 or 1<<24
	// above prints while a line is being edited; nil when nothing is edited
	// on this screen.
	above func(string)

	mu       sync.Mutex
	midLine  bool   // the last output did not end its line
	editing  bool   // a prompt stands on the screen
	pending  string // output of a background goroutine that has not ended its line
	quiet    bool   // no dim line after this cell
	stopping bool   // the user has interrupted this cell
	started  time.Time
	passing  bool // a progress line stands on the screen
	lastPass time.Time
	bar      ProgressLine
	stats    []string
}

const (
	dimIndent     = "      "
	progressAfter = time.Second
	progressEvery = 100 * time.Millisecond
	statsLimit    = 4 // lines of statistics after one cell
)

// start begins the output of a cell. A quiet one has no dim line.
func (s *screen) start(quiet bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.editing = false
	if s.pending != "" {
		s.write(s.pending)
		s.pending = ""
	}
	s.quiet, s.stopping = quiet, false
	s.started, s.bar = time.Now(), ProgressLine{}
	s.stats = nil
}

// interrupt says that the user has interrupted the cell.
func (s *screen) interrupt() {
	s.mu.Lock()
	s.stopping = true
	s.mu.Unlock()
}

// stop ends the output of a cell: what comes now comes from goroutines that it
// left behind.
func (s *screen) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	s.freshLine()
	s.editing = s.above != nil
}

// Render is a kernel's Events function.
func (s *screen) Render(ev kernel.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch ev := ev.(type) {
	case kernel.Stdout:
		s.write(ev.Text)
	case kernel.Stderr:
		if s.err == s.out {
			s.write(ev.Text)
		} else {
			io.WriteString(s.err, ev.Text)
		}
	case kernel.Stream:
		s.write(printable(ev.Text))
	case kernel.Display:
		if ev.IsError && s.stopping {
			return // that a call was cancelled is what was asked for
		}
		if !ev.Streamed {
			s.freshLine()
			if ev.Terminal != nil {
				s.write(ev.Terminal(s.width(), s.colors))
			} else {
				s.write(ev.Data["text/plain"])
			}
		}
		s.freshLine()
	case kernel.Failed:
		switch ev.Err.Kind {
		case kernel.Interrupted:
			// The terminal has echoed ^C in the line.
			s.write("\n" + s.colour.warn("interrupted") + "\n")
		case kernel.Exit:
			s.freshLine()
			s.write(s.colour.warn(fmt.Sprintf("exit status %d; the session goes on, %%quit leaves it", ev.Err.ExitCode)) + "\n")
		default:
			s.freshLine()
			s.write(failureText(ev.Err, s.width(), s.colour))
		}
	case kernel.Warning:
		s.freshLine()
		s.write(s.colour.warn(warningText(ev)) + "\n")
	case kernel.Progress:
		s.progress(ev)
	case kernel.Stats:
		s.stats = append(s.stats, ev.Text)
	case kernel.Done:
		s.dimLines(ev.Wall)
	}
}

func (s *screen) write(text string) {
	if text == "" {
		return
	}
	if s.editing {
		s.pending += text
		if i := strings.LastIndexByte(s.pending, '\n'); i >= 0 {
			s.above(s.pending[:i+1])
			s.pending = s.pending[i+1:]
		}
		return
	}
	s.erase()
	io.WriteString(s.out, text)
	s.midLine = !strings.HasSuffix(text, "\n")
}

func (s *screen) freshLine() {
	if s.midLine {
		s.write("\n")
	}
}

// erase takes the progress line away.
func (s *screen) erase() {
	if s.passing {
		s.passing = false
		io.WriteString(s.out, "\r\x1b[K")
	}
}

func (s *screen) progress(p kernel.Progress) {
	now := time.Now()
	line := s.bar.Text(p.Label, p.Unit, p.Done, p.Total, now)
	if s.editing || s.midLine || now.Sub(s.started) < progressAfter || now.Sub(s.lastPass) < progressEvery {
		return
	}
	s.lastPass = now
	text := columns.Truncate(dimIndent+line, s.width()-1, "…")
	io.WriteString(s.out, "\r\x1b[K"+s.colour.dim(text))
	s.passing = true
}

// amount is a number with its unit; bytes in the largest unit that fits.
func amount(n int64, unit string) string {
	switch unit {
	case "":
		return fmt.Sprint(n)
	case "B", "bytes":
		f, names := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB"}
		for len(names) > 1 && f >= 1024 {
			f, names = f/1024, names[1:]
		}
		return fmt.Sprintf("%.4g %s", f, names[0])
	}
	return fmt.Sprintf("%d %s", n, unit)
}

func (s *screen) dimLines(wall time.Duration) {
	s.erase()
	s.freshLine()
	if s.quiet {
		return
	}
	lines := s.stats
	if len(lines) > statsLimit {
		hidden := len(lines) - statsLimit + 1
		lines = append(lines[:statsLimit-1:statsLimit-1], fmt.Sprintf("… %d more calls", hidden))
	}
	if n := len(lines); n == 0 {
		lines = []string{wallText(wall)}
	} else if !strings.HasPrefix(lines[n-1], "wall ") { // what %time says
		lines[n-1] += " · cell " + wallText(wall)
	}
	for _, l := range lines {
		for _, row := range breakAtDots(l, s.width()-1-len(dimIndent)) {
			s.write(s.colour.dim(dimIndent+row) + "\n")
		}
	}
}

// breakAtDots breaks a line of statistics between its parts, so that each row
// takes at most width columns if its parts do.
func breakAtDots(line string, width int) (rows []string) {
	const dot = " · "
	for i, part := range strings.Split(line, dot) {
		last := len(rows) - 1
		switch {
		case i == 0:
			rows = append(rows, part)
		case columns.StringWidth(rows[last]+dot+part) <= width:
			rows[last] += dot + part
		default:
			rows[last] += " ·"
			rows = append(rows, part)
		}
	}
	return rows
}

// printable keeps what a model generates from driving the terminal: control
// characters but newline and tab become their pictures.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < 0x20:
			return 0x2400 + r
		case r == 0x7f:
			return 0x2421
		case r > 0x7f && r < 0xa0:
			return '\uFFFD'
		}
		return r
	}, text)
}
