package repl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/term"

	"loupe/kernel"
)

// Options configure a REPL.
type Options struct {
	// In, Out and Err are the process's own files. When In and Out both are
	// terminals the REPL is interactive.
	In, Out, Err *os.File
	// Banner is printed first on a terminal, and how to get help.
	Banner string
	// HistoryPath is the file of cells; "" keeps them for this run only.
	HistoryPath string
	// Setup defines what a session has from the start. It runs before the
	// first cell and after each %reset.
	Setup func(*kernel.Kernel) error
}

var (
	// ErrCellFailed: input was no terminal and a cell failed.
	ErrCellFailed = errors.New("a cell failed")
	// ErrInterrupted: input was no terminal and Ctrl-C ended the run.
	ErrInterrupted = errors.New("interrupted")
)

// REPL reads cells and runs them.
type REPL struct {
	opt     Options
	kernel  *kernel.Kernel
	lines   lineReader
	term    *terminal // nil when input is no terminal
	screen  *screen   // nil when output is for a program
	plain   Plain     // renders then
	colour  palette
	history *History
	cell    assembly
	number  int         // of the next cell
	lost    atomic.Bool // a goroutine failed whose cell had ended

	mu      sync.Mutex
	cancel  context.CancelFunc // of the running cell; nil at the prompt
	presses int                // of Ctrl-C since the cell began
	taken   bool               // a cell was read and does not run yet
	early   bool               // Ctrl-C came meanwhile
}

// New makes the kernel and takes the terminal. Close gives it back.
func New(opt Options) (*REPL, error) {
	r := &REPL{opt: opt, number: 1}
	interactive := isTerminal(opt.In) && isTerminal(opt.Out)
	r.colour = newPalette(interactive && wantColour())

	r.plain = Plain{Out: opt.Out, Err: opt.Err}
	events := r.plain.Render
	if interactive {
		r.screen = &screen{out: opt.Out, err: opt.Err, colour: r.colour, colors: pictureColours(), width: func() int { return widthOf(opt.Out) }}
		if isTerminal(opt.Err) {
			r.screen.err = opt.Out
		}
		events = r.screen.Render
	}
	var width func() int
	if r.screen != nil {
		width = r.screen.width
	}
	limit := int64(0) // what goes into a file or a program is never cut
	if interactive {
		limit = maxOutput
	}
	k, err := kernel.New(kernel.Options{Events: r.count(events), AutoImport: true, MaxOutput: limit, Width: width})
	if err != nil {
		return nil, err
	}
	r.kernel = k
	if interactive {
		go k.ReadAhead()
	}

	switch {
	case interactive && os.Getenv("TERM") != "dumb":
		r.term, err = newTerminal(opt.In, opt.Out, r.colour, r.candidates)
		if err != nil {
			k.Close()
			return nil, err
		}
		r.lines = r.term
		r.screen.above = r.term.printAbove
	case interactive:
		r.lines = &pipeLines{in: bufio.NewReader(opt.In), prompts: opt.Out}
	default:
		r.lines = &pipeLines{in: bufio.NewReader(opt.In)}
	}
	return r, nil
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// Close ends the kernel and restores the terminal.
func (r *REPL) Close() error { return errors.Join(r.lines.Close(), r.kernel.Close()) }

// Run reads and runs cells until the input ends or the user leaves. A failed
// cell is an error only when input is no terminal.
func (r *REPL) Run() error {
	defer r.watchSignals()()
	if r.screen != nil {
		fmt.Fprintln(r.opt.Out, withHint(r.opt.Banner, r.screen.width()))
	}
	r.openHistory()
	if err := r.setup(); err != nil {
		return err
	}
	failed := false
	for {
		cell, err := r.readCell()
		if errors.Is(err, errInterrupt) {
			continue
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("repl: reading cells: %w", err)
		}
		if cell == "" {
			continue
		}
		if r.screen == nil && strings.HasPrefix(cell, "package ") {
			return errors.New("repl: the input is a Go file, not cells; loupe run FILE.go runs one")
		}
		r.remember(cell)
		if r.command(cell) {
			continue
		}
		if r.leaves(cell) {
			break
		}
		err = r.run(cell)
		failed = failed || err != nil
		if err != nil && r.screen == nil && isKind(err, kernel.Interrupted) {
			return ErrInterrupted
		}
		var e *kernel.Error
		if r.screen == nil && errors.As(err, &e) && e.Kind == kernel.Exit {
			// The cells ask for the end, and for this status.
			if err := r.plain.WriteError(); err != nil {
				return fmt.Errorf("repl: writing the output: %w", err)
			}
			r.Close()
			exit(e.ExitCode)
			return nil
		}
	}
	if r.screen != nil {
		return nil
	}
	if err := r.plain.WriteError(); err != nil {
		return fmt.Errorf("repl: writing the output: %w", err)
	}
	if failed || r.lost.Load() {
		return ErrCellFailed
	}
	return nil
}

// exit ends the process.
var exit = os.Exit

// maxOutput is what one cell may write to a terminal.
const maxOutput = 16 << 20

// count notes failures that are no cell's own.
func (r *REPL) count(events func(kernel.Event)) func(kernel.Event) {
	return func(ev kernel.Event) {
		if w, ok := ev.(kernel.Warning); ok && w.Err != nil {
			r.lost.Store(true)
		}
		events(ev)
	}
}

// withHint puts the hint at the right end of the banner's line, at most in
// column 100, or below it where the line is too short.
func withHint(banner string, width int) string {
	const hint = "? for help"
	gap := min(width, 100) - 1 - columns.StringWidth(banner) - len(hint)
	if gap < 2 {
		return banner + "\n" + hint
	}
	return banner + strings.Repeat(" ", gap) + hint
}

func isKind(err error, kind kernel.Kind) bool {
	var e *kernel.Error
	return errors.As(err, &e) && e.Kind == kind
}

func (r *REPL) setup() error {
	if r.opt.Setup == nil {
		return nil
	}
	return r.opt.Setup(r.kernel)
}

// openHistory reads the history; a history that cannot be read is a notice,
// never a reason not to start.
func (r *REPL) openHistory() {
	path := r.opt.HistoryPath
	if r.term == nil {
		path = ""
	}
	var err error
	r.history, err = OpenHistory(path)
	if err != nil {
		r.notice(err.Error())
	}
	if n := r.history.Skipped(); n > 0 {
		r.notice(fmt.Sprintf("repl: history: damaged lines left out: %d, of %s", n, path))
	}
}

func (r *REPL) remember(cell string) {
	if err := r.history.Add(cell); err != nil {
		r.notice(err.Error() + "; this session keeps its cells in memory")
		r.history.path = ""
	}
}

func (r *REPL) notice(text string) { fmt.Fprintln(r.opt.Err, r.colour.warn(text)) }

// readCell reads lines until they make a cell.
func (r *REPL) readCell() (string, error) {
	r.cell.reset()
	r.cell.typed = r.term != nil
	prompt := fmt.Sprintf("In[%d]: ", r.number)
	if r.term != nil {
		if r.term.hungUp() {
			return "", io.EOF
		}
		r.term.setHistory(r.history.Cells())
		if err := r.term.begin(); err != nil {
			return "", err
		}
		defer r.term.end()
	}
	for {
		preset := ""
		if !r.cell.empty() {
			preset = indent(r.cell.source())
		}
		line, err := r.lines.ReadLine(prompt, preset)
		if errors.Is(err, io.EOF) && !r.cell.empty() {
			// What is there runs as it stands, and the compiler says what
			// is missing.
			return r.cell.cell(), nil
		}
		if errors.Is(err, errInterrupt) && (!r.cell.empty() || strings.Contains(line, "\n")) {
			// Lines above the prompt cannot be edited, so this is how a
			// mistake in one is mended: drop the cell and recall it.
			r.cell.add(line)
			r.history.Keep(r.cell.cell())
		}
		if err != nil {
			return "", err
		}
		if r.cell.add(line) {
			r.mu.Lock()
			r.taken, r.early = true, false
			r.mu.Unlock()
			return r.cell.cell(), nil
		}
		prompt = continuation(prompt)
	}
}

// candidates completes the edit line within the cell that it continues.
func (r *REPL) candidates(line string, cursor int) (from int, list []kernel.Candidate) {
	before := ""
	if !r.cell.empty() {
		before = r.cell.source() + "\n"
	}
	from, list = r.kernel.Candidates(before+line, len(before)+cursor)
	for _, c := range []string{"%quit", "%help"} {
		if from == 0 && before == "" && strings.HasPrefix(line, "%") && strings.HasPrefix(c, line[:cursor]) {
			list = append(list, kernel.Candidate{Text: c, Kind: "magic"})
		}
	}
	return from - len(before), list
}

// command runs what is the REPL's own and reports whether cell was that.
func (r *REPL) command(cell string) bool {
	switch cell {
	case "?", "%help":
		fmt.Fprint(r.opt.Out, helpText(r.colour))
		return true
	}
	return false
}

// leaves reports whether cell asks to leave: %quit, or one of the words that
// people try first when no variable has that name.
func (r *REPL) leaves(cell string) bool {
	switch cell {
	case "%quit", "%exit":
		return true
	case "exit", "quit", "exit()", "quit()":
		name := strings.TrimSuffix(cell, "()")
		_, known := r.kernel.Doc(name)
		return !known
	}
	return false
}

// run runs one cell; its events have been rendered when it returns.
func (r *REPL) run(cell string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r.mu.Lock()
	r.cancel, r.presses = cancel, 0
	if r.taken && r.early {
		r.presses = 1
		cancel()
	}
	r.taken = false
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		r.cancel = nil
		r.mu.Unlock()
	}()
	if r.screen != nil {
		magic := strings.HasPrefix(cell, "?") || strings.HasPrefix(cell, "%") && !strings.HasPrefix(cell, "%time") && !strings.HasPrefix(cell, "%run")
		r.screen.start(magic)
		defer r.screen.stop()
	}
	err := r.kernel.Run(ctx, kernel.Cell{Name: fmt.Sprintf("In[%d]", r.number), Source: cell, Show: true})
	r.number++
	if text := r.kernel.Stepped(); strings.HasPrefix(cell, "%step") && text != "" {
		r.remember(text) // Up has it, to edit
	}
	if err == nil && strings.TrimSpace(cell) == "%reset" {
		err = r.setup()
		if err != nil {
			r.notice(err.Error())
		}
	}
	return err
}

// watchSignals handles signals until stop is called. Ctrl-C stops the running
// cell; a terminal in raw mode sends it as a key instead. A signal that ends
// the process restores the terminal first.
func (r *REPL) watchSignals() (stop func()) {
	ch := make(chan os.Signal, 4)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case sig := <-ch:
				r.onSignal(sig)
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(ch)
		close(done)
	}
}

func (r *REPL) onSignal(sig os.Signal) {
	if sig != os.Interrupt {
		if r.term != nil {
			r.term.end()
		}
		code := 1
		if s, ok := sig.(syscall.Signal); ok {
			code = 128 + int(s)
		}
		os.Exit(code)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cancel == nil {
		if r.screen == nil || r.term == nil {
			os.Exit(130) // waiting for input that is not edited
		}
		r.early = true
		return // it came as the cell ended, or before it began
	}
	if r.screen != nil {
		r.screen.interrupt()
	}
	r.cancel()
	r.presses++
	switch r.presses {
	case 1:
	case 2:
		fmt.Fprintln(r.opt.Err, "\nstill stopping: a call does not listen; Ctrl-C again to start anew")
	case 3:
		if r.term == nil {
			os.Exit(130)
		}
		go r.offerRestart()
	default: // instead of an answer
		os.Exit(130)
	}
}
