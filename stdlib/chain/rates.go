package chain

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"loupe/engine"
)

// rates are what reading and generating took, in tokens a second: of the steps
// that ran last, or of a short measurement.
type rates struct{ prompt, gen []float64 }

const (
	rateSamples = 64
	fewPrompt   = 16 // tokens below which a rate says nothing
	fewGen      = 4
)

func (r *rates) add(s engine.Stats) {
	if s.EvaluatedTokens >= fewPrompt {
		r.prompt = last(append(r.prompt, s.PromptRate()))
	}
	if s.GeneratedTokens > fewGen {
		r.gen = last(append(r.gen, s.GenRate()))
	}
}

func last(x []float64) []float64 { return x[max(len(x)-rateSamples, 0):] }

// seconds is how long tokens take, from fast to slow.
func (r *rates) seconds(read, generate Span) Span {
	return Span{
		read.Low/slices.Max(r.prompt) + generate.Low/slices.Max(r.gen),
		read.High/slices.Min(r.prompt) + generate.High/slices.Min(r.gen),
	}
}

// measure reads a few short texts and some single tokens behind them, for a
// chain that has not run yet. Longer prompts are slower than these: attention
// grows with what is in the cache.
func (r *rates) measure(ctx context.Context, m *engine.Model) error {
	if len(r.prompt) > 0 && len(r.gen) > 0 {
		return nil
	}
	context := m.Settings().ContextLength
	most := min(256, max(context/2, 1))
	ids := m.Tokenize(strings.Repeat(unit, most))
	for _, n := range []int{most / 4, most / 2, most} {
		n = min(max(n, 1), len(ids))
		if err := r.sample(ctx, m, ids[:n], min(8, context-n)); err != nil {
			return fmt.Errorf("chain: measuring rates: %w", err)
		}
	}
	return nil
}

func (r *rates) sample(ctx context.Context, m *engine.Model, ids []int, singles int) error {
	s := m.NewSession()
	defer s.Close()
	start := time.Now()
	if _, err := s.EvalContext(ctx, ids); err != nil {
		return err
	}
	r.prompt = append(r.prompt, float64(len(ids))/time.Since(start).Seconds())
	for range singles {
		start = time.Now()
		if _, err := s.EvalContext(ctx, ids[len(ids)-1:]); err != nil {
			return err
		}
		r.gen = append(r.gen, 1/time.Since(start).Seconds())
	}
	if len(r.gen) == 0 { // a context of a token or two
		r.gen = r.prompt
	}
	return nil
}
