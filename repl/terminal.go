package repl

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/chzyer/readline"
	"golang.org/x/term"

	"loupe/kernel"
)

// terminal edits lines with readline. The terminal is in raw mode only from
// begin to end, while the lines of a cell are read: a running cell gets Ctrl-C
// as a signal, and a process that dies within a cell leaves the terminal as it
// found it.
type terminal struct {
	fd     int // of the input
	out    *os.File
	in     *readline.CancelableStdin
	keys   *keyFilter
	rl     *readline.Instance
	colour palette

	empty   atomic.Bool // the edit line is empty
	browsed atomic.Bool // the editor's history was looked through
	newest  string      // its last entry

	suspend atomic.Bool // Ctrl-Z was pressed

	mu   sync.Mutex
	raw  *readline.State // the mode to go back to; nil when not raw
	held bool            // between begin and end
}

const (
	pasteModeOn  = "\x1b[?2004h"
	pasteModeOff = "\x1b[?2004l"
)

// newTerminal edits on in and out. complete is asked for candidates with the
// edit line as source text.
func newTerminal(in, out *os.File, colour palette, complete func(src string, cursor int) (int, []kernel.Candidate)) (*terminal, error) {
	t := &terminal{out: out, colour: colour}
	t.empty.Store(true)
	t.keys = &keyFilter{in: in, empty: &t.empty}
	t.in = readline.NewCancelableStdin(t.keys)
	t.fd = int(in.Fd())
	cfg := &readline.Config{
		Stdin:                  t.in,
		Stdout:                 out,
		Stderr:                 out,
		DisableAutoSaveHistory: true,
		HistoryLimit:           historyLimit + 2,
		HistorySearchFold:      true,
		AutoComplete:           &completer{candidates: complete, print: t.printAbove, width: t.width},
		Listener:               readline.FuncListener(t.onKey),
		Painter:                painter{colour},
		UniqueEditLine:         true, // ReadLine prints the line itself, unfolded
		ForceUseInteractive:    true,
		FuncIsTerminal:         func() bool { return true },
		FuncGetWidth:           t.width,
		FuncMakeRaw:            t.enterRaw,
		FuncExitRaw:            t.editorLeaves,
		FuncFilterInputRune: func(r rune) (rune, bool) {
			if r == readline.CharCtrlZ {
				t.suspend.Store(true)
			}
			return r, true
		},
	}
	rl, err := readline.NewEx(cfg)
	if err != nil {
		return nil, fmt.Errorf("repl: terminal: %w", err)
	}
	t.rl = rl
	return t, nil
}

// width is the terminal's width in columns, 80 when it does not say.
func (t *terminal) width() int { return widthOf(t.out) }

func widthOf(f *os.File) int {
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w
	}
	return 80
}

// begin puts the terminal into raw mode for the lines of a cell. It comes
// before the first prompt is drawn: keys that come earlier are echoed by the
// system and would stand there twice.
func (t *terminal) begin() error {
	if err := t.enterRaw(); err != nil {
		return fmt.Errorf("repl: terminal: %w", err)
	}
	t.mu.Lock()
	t.held = true
	t.mu.Unlock()
	return nil
}

// end gives the terminal its mode back. It may be called from any goroutine
// and more than once.
func (t *terminal) end() {
	t.mu.Lock()
	t.held = false
	t.mu.Unlock()
	t.leaveRaw()
}

func (t *terminal) enterRaw() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.raw != nil {
		return nil
	}
	state, err := readline.MakeRaw(t.fd)
	if err != nil {
		return err
	}
	t.raw = state
	io.WriteString(t.out, pasteModeOn)
	return nil
}

// editorLeaves is the editor's wish to leave raw mode, after each line and
// before it suspends the process. Only the latter is granted between begin and
// end.
func (t *terminal) editorLeaves() error {
	t.mu.Lock()
	held := t.held
	t.mu.Unlock()
	if held && !t.suspend.Swap(false) {
		return nil
	}
	return t.leaveRaw()
}

func (t *terminal) leaveRaw() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.raw == nil {
		return nil
	}
	io.WriteString(t.out, pasteModeOff)
	err := readline.Restore(t.fd, t.raw)
	t.raw = nil
	return err
}

func (t *terminal) Close() error {
	t.in.Close()
	return t.rl.Close()
}

// setHistory makes cells what Up and Ctrl-R go through. The editor's own list
// remembers edits of old entries and where the last search stood, so it is
// built anew when it was used, and else only takes what was added.
func (t *terminal) setHistory(cells []string) {
	last := ""
	if len(cells) > 0 {
		last = cells[len(cells)-1]
	}
	defer func() { t.newest = last }()
	switch {
	case t.browsed.Swap(false) || t.newest == "":
	case last == t.newest:
		t.rl.SaveHistory("") // forgets what was typed and not run
		return
	case len(cells) > 1 && cells[len(cells)-2] == t.newest:
		t.rl.SaveHistory(fold(last))
		return
	}
	t.rl.ResetHistory()
	if len(cells) == 0 {
		// The editor dies of a search in a list without any element.
		t.rl.SaveHistory("")
	}
	for _, c := range cells {
		t.rl.SaveHistory(fold(c))
	}
}

func (t *terminal) ReadLine(prompt, preset string) (string, error) {
	t.rl.SetPrompt(t.colour.prompt(prompt))
	t.empty.Store(preset == "")
	line, err := t.rl.ReadlineWithDefault(fold(preset))
	switch {
	case errors.Is(err, readline.ErrInterrupt):
		io.WriteString(t.out, "^C\n")
		return unfold(line), errInterrupt
	case err != nil:
		io.WriteString(t.out, t.colour.prompt(prompt)+"\n")
		return "", io.EOF
	}
	text := unfold(line)
	t.echo(prompt, text)
	return text, nil
}

// hungUp reports that no further line can come.
func (t *terminal) hungUp() bool { return t.keys.closed.Load() }

// echo prints what was entered, line by line, in place of the folded line that
// the editor has erased.
func (t *terminal) echo(prompt, text string) {
	var b strings.Builder
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			prompt = continuation(prompt)
		}
		shown, _ := expandTabs(line, 0)
		fmt.Fprintf(&b, "%s%s\n", t.colour.prompt(prompt), shown)
	}
	io.WriteString(t.out, b.String())
}

// continuation is the prompt of a further line, as wide as the first one's.
func continuation(prompt string) string {
	return fmt.Sprintf("%*s", len(prompt), "...: ")
}

// printAbove prints text over the edit line, which is drawn again below it.
func (t *terminal) printAbove(text string) { io.WriteString(t.rl.Stdout(), text) }

// onKey keeps folded tabs whole and takes one away where a closing bracket
// starts a line.
func (t *terminal) onKey(line []rune, pos int, key rune) ([]rune, int, bool) {
	switch {
	case key == readline.CharPrev, key == readline.CharNext, key == readline.CharBckSearch, key == readline.CharFwdSearch:
		t.browsed.Store(true)
	case line == nil, key == readline.CharEnter, key == readline.CharCtrlJ:
		return nil, 0, false
	case key == foldTab || key == foldFill: // a tab comes rune by rune
		t.empty.Store(false)
		return nil, 0, false
	}
	changed := false
	if n := pos - 1 - tabWidth; (key == '}' || key == ')' || key == ']') && n >= 0 && onlyTabs(line[:pos-1]) {
		line = append(line[:n:n], line[pos-1:]...)
		pos -= tabWidth
		changed = true
	}
	line, pos, mended := mendTabs(line, pos, key == readline.CharBackward || key == readline.CharBackspace || key == readline.CharCtrlH)
	t.empty.Store(len(line) == 0)
	return line, pos, changed || mended
}

// painter shows what fold hides.
type painter struct{ colour palette }

func (p painter) Paint(line []rune, pos int) []rune {
	out := make([]rune, 0, len(line)+16)
	for _, r := range line {
		switch r {
		case foldNewline:
			out = append(out, []rune(p.colour.dim(string(newlineGlyph)))...)
		case foldTab, foldFill:
			out = append(out, ' ')
		default:
			out = append(out, r)
		}
	}
	// The editor moves back one column for each rune after the cursor.
	for _, r := range line[min(pos, len(line)):] {
		for range max(columns.RuneWidth(r)-1, 0) {
			out = append(out, '\b')
		}
	}
	return out
}
