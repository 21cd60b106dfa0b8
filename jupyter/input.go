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
	mu     sync.Mutex
	w      *os.File
	before *os.File // the process's own
}

// readsInput finds source that may read standard input.
var readsInput = regexp.MustCompile(`\b(Stdin|Scan|Scanf|Scanln)\b`)

const inputEvery = 20 * time.Millisecond

func newInput() (*input, error) {
	in := &input{before: os.Stdin}
	if err := in.renew(); err != nil {
		return nil, err
	}
	return in, nil
}

// renew ends what readers of the old pipe wait for and makes a new one.
func (in *input) renew() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("jupyter: a pipe for standard input: %w", err)
	}
	if in.w != nil {
		in.w.Close() // the reader sees the end of the file
	}
	in.w, os.Stdin = w, r
	return nil
}

func (in *input) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.w.Close()
	os.Stdin = in.before
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
			if reading() {
				return in.renew()
			}
			return nil
		case <-t.C:
		}
		if !reading() {
			continue
		}
		line, ok := ask(ctx)
		var err error
		if ok {
			in.mu.Lock()
			_, err = io.WriteString(in.w, line+"\n")
			in.mu.Unlock()
		} else {
			err = in.renew()
		}
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
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
