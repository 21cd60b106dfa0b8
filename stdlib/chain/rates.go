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
// that ran last, or of a short measurement. What was decoded together has rates of
// its own: all sequences' tokens by the clock.
type rates struct{ prompt, gen, together []float64 }

const (
	rateSamples = 64
	fewPrompt   = 16 // tokens below which a rate says nothing
	fewGen      = 4
)

func (r *rates) add(s engine.Stats) {
	if s.EvaluatedTokens >= fewPrompt && s.PromptTime > 0 {
		r.prompt = last(append(r.prompt, s.PromptRate()))
	}
	if s.GeneratedTokens <= fewGen {
		return
	}
	if s.Batch > 1 {
		r.together = last(append(r.together, s.GenRate()*s.Batch))
	} else {
		r.gen = last(append(r.gen, s.GenRate()))
	}
}

func last(x []float64) []float64 { return x[max(len(x)-rateSamples, 0):] }

// seconds is how long tokens take, from fast to slow; of those generated some are
// decoded together. It is not a number where a rate is not known.
func (r *rates) seconds(read, generate, together Span) Span {
	s := Span{}
	for _, x := range []struct {
		tokens Span
		rates  []float64
	}{{read, r.prompt}, {Span{generate.Low - together.Low, generate.High - together.High}, r.gen}, {together, r.together}} {
		switch {
		case x.tokens == Span{}:
		case len(x.rates) == 0:
			s = unknown
		default:
			s.Low, s.High = s.Low+x.tokens.Low/slices.Max(x.rates), s.High+x.tokens.High/slices.Min(x.rates)
		}
	}
	return s
}

// measure reads a few short texts and some single tokens behind them, for a
// chain that has not run yet. Longer prompts are slower than these: attention
// grows with what is in the cache.
func (r *rates) measure(ctx context.Context, m *engine.Model, together int) error {
	if len(r.together) == 0 && together > 1 {
		if err := r.sampleTogether(ctx, m, together); err != nil {
			return fmt.Errorf("chain: measuring rates: %w", err)
		}
	}
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

// sampleTogether reads a few tokens at once with the logits of each, which is the work
// of decoding as many sequences together: the smallest wave and the largest.
func (r *rates) sampleTogether(ctx context.Context, m *engine.Model, most int) error {
	s := m.NewSession()
	defer s.Close()
	for _, width := range []int{2, most} {
		ids := m.Tokenize(strings.Repeat(unit, width))
		ids = ids[:min(width, len(ids), m.Settings().ContextLength)]
		for range 4 {
			s.Rewind(0)
			start := time.Now()
			if err := s.EvalEach(ctx, ids, func(int, []float32) {}, 0); err != nil {
				return err
			}
			r.together = append(r.together, float64(len(ids))/time.Since(start).Seconds())
		}
	}
	return nil
}
