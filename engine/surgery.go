package engine

import (
	"fmt"
	"math"
)

// Surgery is what taking cells out of a cache did.
type Surgery struct {
	Removed, Left int // cells
	// KLDivergence is how far the prediction after the last token is from what it was,
	// in nats; SameTop says that the likeliest token stayed. Before and After are
	// those tokens.
	KLDivergence  float64
	SameTop       bool
	Before, After string
}

// String is the account in a line.
func (x *Surgery) String() string {
	return fmt.Sprintf("%s cells removed, %s left · next token %q, was %q · KL divergence %.4g nats", count(x.Removed), count(x.Left), x.After, x.Before, x.KLDivergence)
}

// Remove takes the cells from to to-1 out of the cache, as llama.cpp's
// llama_memory_seq_rm does: those behind keep their keys, their values and their
// positions. The last cell must stay: it is read anew before and after, to measure what
// the removal does to the next token. Eval goes on from what is left; Generate, whose
// prompt is the whole text, reuses only what stands before the gap.
func (s *Session) Remove(from, to int) (*Surgery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.seq.Len()
	if from < 0 || to < from || to >= n {
		return nil, fmt.Errorf("engine: Remove: cells %d to %d cannot be taken out of %s; from 0 to %d can, the last one stays", from, to-1, count(n), n-2)
	}
	before, err := s.lastLogits()
	if err != nil {
		return nil, err
	}
	cut := s.seq.Fork()
	if err := cut.Remove(from, to); err != nil {
		cut.Free()
		return nil, fmt.Errorf("engine: Remove: %w", err)
	}
	whole := *s.seq
	*s.seq = *cut // the cleanup of the session knows this Seq
	after, err := s.lastLogits()
	if err != nil {
		*s.seq = whole
		cut.Free()
		return nil, err
	}
	whole.Free()
	x := &Surgery{Removed: to - from, Left: s.seq.Len(), KLDivergence: klDivergence(before, after)}
	a, b := top(before), top(after)
	x.SameTop, x.Before, x.After = a == b, s.model.TokenText(a), s.model.TokenText(b)
	return x, nil
}

// KeepSinks removes all cells but the first sinks and the last window: what remains of
// a long text is its attention sinks and a window (StreamingLLM, Xiao et al. 2023,
// arXiv:2309.17453). The window is at least the last cell.
func (s *Session) KeepSinks(sinks, window int) (*Surgery, error) {
	n := s.Len()
	if sinks < 0 || window < 1 {
		return nil, fmt.Errorf("engine: KeepSinks: %d first and %d last cells; there must be 0 or more and 1 or more", sinks, window)
	}
	return s.Remove(min(sinks, max(n-window, 0)), max(n-window, min(sinks, max(n-window, 0))))
}

// lastLogits are the logits after the last cell, which is read anew; the cache stays.
func (s *Session) lastLogits() ([]float32, error) {
	n := s.seq.Len()
	last := s.seq.Cells()[n-1]
	f := newSession(s.model, s.seq.Fork())
	defer f.Close()
	f.seq.Truncate(n - 1)
	f.seq.Skip(last.Pos)
	return f.EvalContext(hostContext(), []int{last.Token})
}

// klDivergence is the KL divergence of the second prediction from the first, in nats.
func klDivergence(a, b []float32) (d float64) {
	la, lb := LogSumExp(a), LogSumExp(b)
	for i := range a {
		p := float64(a[i]) - la
		d += math.Exp(p) * (p - float64(b[i]) + lb)
	}
	return max(d, 0)
}

// top is the likeliest token.
func top(logits []float32) int {
	id := 0
	for i, x := range logits {
		if x > logits[id] {
			id = i
		}
	}
	return id
}
