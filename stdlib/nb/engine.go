package nb

import (
	"context"

	"loupe/engine"
)

// attachEngine connects the engine's host hook to h until restore is called.
func attachEngine(h *Host) (restore func()) {
	e := &engine.Host{Text: h.Text}
	if h.Context != nil {
		e.Context = func() context.Context { return h.Context() }
	}
	if h.Progress != nil {
		e.Progress = func(label string, done, total int) { h.Progress(label, int64(done), int64(total), "tokens") }
	}
	if h.Stats != nil {
		e.Done = func(s engine.Stats) { h.Stats(s.String(), s) }
	}
	return engine.SetHost(e)
}
