package engine

import (
	"context"
	"sync/atomic"
)

// Host is what surrounds the program: a notebook kernel gives calls the context
// that its interrupt cancels, and hears what they do. Fields may be nil. They
// are called while the session is at work: they must not use it.
type Host struct {
	// Context is the context of calls that were given none.
	Context func() context.Context
	// Text gets generated text as it comes, from calls without an OnText.
	Text func(s string)
	// Progress gets how many tokens of a text are read, before each layer of each
	// batch, if it is longer than EvalBatchSize or takes a quarter of a second; label
	// is "prompt", or says what it is read for, and unit is "tokens". Of Load it gets
	// how many bytes of weights are "read", "locked" and "packed"; unit is "bytes".
	Progress func(label string, done, total int64, unit string)
	// Warn gets what Load found that runs, but not as somebody may expect:
	// Settings.Warnings of the model, one at a time.
	Warn func(text string)
	// Done gets the account of every generation that gives a reply.
	Done func(s Stats)
}

var host atomic.Pointer[Host]

// SetHost installs h for the whole process and returns what brings back the one
// before. Of several, the last installed is to be removed first.
func SetHost(h *Host) (restore func()) {
	old := host.Swap(h)
	return func() { host.CompareAndSwap(h, old) }
}

func hostContext() context.Context {
	if h := host.Load(); h != nil && h.Context != nil {
		if ctx := h.Context(); ctx != nil {
			return ctx
		}
	}
	return context.Background()
}

func hostText() func(string) {
	if h := host.Load(); h != nil {
		return h.Text
	}
	return nil
}

// hostProgress says how many tokens of a text are read.
func hostProgress(label string, done, total int) {
	if h := host.Load(); h != nil && h.Progress != nil {
		h.Progress(label, int64(done), int64(total), "tokens")
	}
}

// hostLoading says how many bytes of the weights a step of Load is through with.
func hostLoading(label string) func(done, total int64) {
	return func(done, total int64) {
		if h := host.Load(); h != nil && h.Progress != nil {
			h.Progress(label, done, total, "bytes")
		}
	}
}

func hostWarn(text string) {
	if h := host.Load(); h != nil && h.Warn != nil {
		h.Warn(text)
	}
}

func hostDone(s Stats) {
	if h := host.Load(); h != nil && h.Done != nil {
		h.Done(s)
	}
}
