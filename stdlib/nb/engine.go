package nb

import (
	"context"

	"loupe/engine"
)

// attachEngine connects the engine's host hook to h until restore is called.
func attachEngine(h *Host) (restore func()) {
	e := &engine.Host{Text: h.Text, Warn: h.Warn, Progress: h.Progress}
	if h.Context != nil {
		e.Context = func() context.Context { return h.Context() }
	}
	if h.Stats != nil {
		e.Done = func(s engine.Stats) { h.Stats(s.String(), s) }
	}
	return engine.SetHost(e)
}

// Parts is what the memory of a value is for, by name: what a Parter says of
// itself, and of a model its weights, what loading laid out anew of them, and
// the rest, which is the pages of its sessions' caches and the file's own
// tables. nil for other values.
func Parts(v any) map[string]int64 {
	switch v := v.(type) {
	case Parter:
		return v.BytesByPart()
	case *engine.Model:
		if v == nil || v.Bytes() == 0 {
			return nil
		}
		weights, _ := v.WeightBytes()
		packed := v.PackedBytes()
		return map[string]int64{"weights": weights, "packed": packed, "caches and tables": v.Bytes() - weights - packed}
	}
	return nil
}
