package nb

import (
	"context"
	"fmt"
	"os"
	"sync"
)

// Displayer is a value with forms of its own, by MIME type. "text/plain"
// should be among them; others that front-ends know are "text/html",
// "text/markdown" and "image/svg+xml".
type Displayer interface {
	Display() map[string]string
}

// Sizer is a value that owns memory outside of what reflection can see.
type Sizer interface {
	Bytes() int64
}

// Parter is a Sizer that knows what its memory is for: "weights", "cache".
type Parter interface {
	BytesByPart() map[string]int64
}

// Host is what a kernel gives to this package. Any field may be nil.
type Host struct {
	// Context is the context of the running cell.
	Context func() context.Context
	// Show displays values in place of printing them.
	Show func(values []any)
	// Text receives generated text of an engine call without a callback.
	Text func(text string)
	// Progress receives the progress of long native work.
	Progress func(label string, done, total int64, unit string)
	// Warn receives what runs, but not as somebody may expect.
	Warn func(text string)
	// Stats receives one line about an engine call, and the value behind it.
	Stats func(line string, data any)
}

var (
	mu    sync.Mutex
	hosts []*Host
)

// Attach makes h the host until detach is called. Hosts nest: the latest one
// that is still attached is the current one. The engine's text, progress and
// statistics go to the same host.
func Attach(h Host) (detach func()) {
	mu.Lock()
	defer mu.Unlock()
	p := &h
	hosts = append(hosts, p)
	restore := attachEngine(p)
	var once sync.Once
	return func() {
		once.Do(func() {
			mu.Lock()
			defer mu.Unlock()
			restore()
			for i, q := range hosts {
				if q == p {
					hosts = append(hosts[:i:i], hosts[i+1:]...)
					return
				}
			}
		})
	}
}

func current() *Host {
	mu.Lock()
	defer mu.Unlock()
	if len(hosts) == 0 {
		return &Host{}
	}
	return hosts[len(hosts)-1]
}

// Context is the context of the running cell: it ends when the cell is
// interrupted. In a compiled program it is context.Background().
func Context() context.Context {
	if h := current(); h.Context != nil {
		return h.Context()
	}
	return context.Background()
}

// Show displays values, each in its best form. A compiled program prints the
// text form of each on a line of its own: Display()["text/plain"] if there is
// one, else what fmt.Println prints.
func Show(values ...any) {
	if h := current(); h.Show != nil {
		h.Show(values)
		return
	}
	for _, v := range values {
		fmt.Fprintln(os.Stdout, Text(v))
	}
}

// Text is the text form of a value as Show prints it, without the newline.
func Text(v any) string {
	if d, ok := v.(Displayer); ok {
		if t, ok := d.Display()["text/plain"]; ok {
			return t
		}
	}
	return fmt.Sprint(v)
}

// Progress reports that done of total units of a labelled work are done.
// Total 0 means that it is not known. Without a kernel it does nothing.
func Progress(label string, done, total int64, unit string) {
	if h := current(); h.Progress != nil {
		h.Progress(label, done, total, unit)
	}
}
