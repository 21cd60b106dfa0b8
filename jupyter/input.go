package jupyter

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"sync"
	"time"
)

// input is the standard input of cells: a pipe in place of the process's own,
// which no front-end can write to. When a cell waits in a read of it, the
// front-end is asked for a line.
//
// That a goroutine waits is seen in the stacks of all goroutines. It is looked
// for only while a cell runs whose session has mentioned standard input.
type input struct {
	mu      sync.Mutex
	r, w    *os.File
	written time.Time // when a line was last written
	before  *os.File  // the process's own
}

// readsInput finds source that may read standard input.
var readsInput = regexp.MustCompile(`\b(Stdin|Scan|Scanf|Scanln)\b`)

const inputEvery = 20 * time.Millisecond

func newInput() (*input, error) {
	in := &input{before: os.Stdin}
	if err := in.renew(); err != nil {
		return nil, fmt.Errorf("jupyter: %w", err)
	}
	return in, nil
}

// renew makes a new pipe and ends what readers of the old one wait for.
func (in *input) renew() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("standard input: a pipe: %w", err)
	}
	old := in.w
	in.r, in.w = r, w
	setStdin(r)
	if old != nil {
		// A cell that sees the old pipe's end and reads on must see the new
		// one. Writing orders memory, as package syscall has it; closing alone
		// does not.
		_, _ = old.Write(nil)
		old.Close()
	}
	return nil
}

func (in *input) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.w.Close()
	setStdin(in.before)
}

// setStdin replaces a variable that a cell has read before it began to wait.
// That it waits was seen in its stack, of which the race detector knows nothing.
//
//go:norace
func setStdin(f *os.File) { os.Stdin = f }

// waits reports whether a cell waits for input. That nothing is pending must be
// seen before that a goroutine reads: one that has been woken by a line looks
// for a while as if it still waited.
func (in *input) waits() bool {
	in.mu.Lock()
	r, written := in.r, in.written
	in.mu.Unlock()
	const wakes = 500 * time.Millisecond // after which a woken goroutine has run
	if n, known := pending(r); n > 0 || !known && time.Since(written) < wakes {
		return false
	}
	return reading()
}

// watch asks for a line each time a read waits, until ctx ends; without a line
// the read gets the end of the file. What still waits when ctx ends gets it
// too, so that it takes nothing from a later cell.
func (in *input) watch(ctx context.Context, ask func(context.Context) (line string, ok bool)) error {
	t := time.NewTicker(inputEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		if !in.waits() {
			if ctx.Err() != nil {
				return nil
			}
			continue
		}
		line, ok := "", false
		if ctx.Err() == nil {
			line, ok = ask(ctx)
		}
		if !ok {
			if err := in.renew(); err != nil || ctx.Err() != nil {
				return err
			}
			continue
		}
		in.mu.Lock()
		_, err := io.WriteString(in.w, line+"\n")
		in.written = time.Now()
		in.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// reading reports whether a goroutine waits in a read of a file. The files that
// the process reads besides standard input are the kernel's own pipes of
// standard output, whose readers have a method of package kernel on the stack.
func reading() bool {
	buf := make([]byte, 256<<10)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	for stack := range bytes.SplitSeq(buf, []byte("\n\n")) {
		head, _, _ := bytes.Cut(stack, []byte("\n"))
		if bytes.Contains(head, []byte("[IO wait")) && bytes.Contains(stack, []byte("\nos.(*File).Read(")) && !bytes.Contains(stack, []byte("kernel.(*output).read(")) {
			return true
		}
	}
	return false
}
