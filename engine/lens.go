package engine

import (
	"context"
	"fmt"

	"loupe/engine/model"
	"loupe/engine/observe"
)

// Lens is what a model would say after each of its layers: the residual stream put
// through the last norm and the head, as if there were no layers left (the logit lens of
// nostalgebraist 2020, lesswrong.com/posts/AcKRB8wDpdaN6v6ru).
type Lens struct {
	Tokens []string    // [N] behind each of these it guesses the next
	After  []LensLayer // [Layers+1]; After[0] is the embedding, the last what the model says
}

// LensLayer is the guesses after so many layers.
type LensLayer struct {
	Guesses [][]Guess // [N, 5] best first
	// Answer is the probability of what the model says in the end, [N]; Rank is its
	// place among all tokens, 1 for the likeliest.
	Answer []float64
	Rank   []int
}

// LogitLens looks behind the last so many tokens that the cache holds; 0 is all. The
// session's tokens are read anew beside it, which changes nothing here; it takes as long
// as reading them and the head's time for each layer and token.
func (s *Session) LogitLens(last int) (*Lens, error) {
	return s.LogitLensContext(hostContext(), last)
}

// LogitLensContext is LogitLens under ctx.
func (s *Session) LogitLensContext(ctx context.Context, last int) (*Lens, error) {
	m, ids := s.model, s.Tokens()
	c := m.net.Config
	switch {
	case len(ids) == 0:
		return nil, fmt.Errorf("engine: LogitLens: the session has read nothing yet; Generate or Eval first")
	case last < 0 || last > len(ids):
		return nil, fmt.Errorf("engine: LogitLens: the last %d tokens; the cache holds %s, 0 is all", last, count(len(ids)))
	case last == 0:
		last = len(ids)
	}
	if need := int64(last) * int64(c.Layers+1) * int64(c.Embd) * 4; need > attentionBytes {
		return nil, fmt.Errorf("engine: LogitLens: the residual streams of %s tokens take %s, more than %s; ask for fewer", count(last), Size(need), Size(attentionBytes))
	}
	w := newResiduals(c, len(ids)-last, last)
	beside := m.NewSession()
	defer beside.Close()
	beside.Observe(w)
	if err := beside.EvalEach(ctx, ids, func(int, []float32) {}, len(ids)); err != nil {
		return nil, err
	}
	x := &Lens{After: make([]LensLayer, c.Layers+1)}
	for _, id := range ids[len(ids)-last:] {
		x.Tokens = append(x.Tokens, m.TokenText(id))
	}
	t := m.begin(ctx)
	defer m.end(t)
	answer := make([]int, last)
	for l := c.Layers; l >= 0; l-- { // the answer first
		hostProgress("logit lens", c.Layers-l, c.Layers+1)
		of := &x.After[l]
		err := m.eachLogits(t, w.after[l], func(i int, row []float32) {
			g := m.guesses(row, shownGuesses)
			if l == c.Layers {
				answer[i] = g[0].ID
			}
			of.Guesses = append(of.Guesses, g)
			of.Answer = append(of.Answer, probability(row, answer[i]))
			of.Rank = append(of.Rank, rank(row, answer[i]))
		})
		if err != nil {
			return nil, err
		}
	}
	hostProgress("logit lens", c.Layers+1, c.Layers+1)
	return x, nil
}

// eachLogits hands out the logits of residual streams, [n, Embd], one row at a time.
func (m *Model) eachLogits(t *turn, resid []float32, f func(i int, row []float32)) error {
	embd := m.net.Config.Embd
	for i, n := 0, len(resid)/embd; i < n; {
		rows := min(model.LogitRows, m.cfg.PhysicalBatchSize, n-i)
		if err := m.take(t); err != nil {
			return err
		}
		m.cpu.SetThreads(m.cfg.BatchThreads)
		logits := m.pass.LogitsOf(resid[i*embd:], rows)
		canceled := m.cpu.Canceled()
		if !canceled {
			width := len(logits) / rows
			for r := range rows {
				f(i+r, m.known(logits[r*width:(r+1)*width]))
			}
		}
		m.give()
		if canceled {
			return t.ctx.Err()
		}
		i += rows
	}
	return nil
}

// rank is a token's place among all, 1 for the likeliest; of equals the first counts.
func rank(logits []float32, id int) int {
	n := 1
	for i, x := range logits {
		if x > logits[id] || x == logits[id] && i < id {
			n++
		}
	}
	return n
}

// residuals copies the residual stream as it enters the first layer and leaves each.
type residuals struct {
	from  int // first position
	embd  int
	after [][]float32 // [Layers+1][n, Embd]
}

func newResiduals(c model.Config, from, n int) *residuals {
	w := &residuals{from: from, embd: c.Embd}
	for range c.Layers + 1 {
		w.after = append(w.after, make([]float32, n*c.Embd))
	}
	return w
}

func (w *residuals) Wants(layer int, p observe.Point) bool {
	return p == observe.ResidPost || layer == 0 && p == observe.ResidPre
}

func (w *residuals) Observe(e observe.Event) {
	to := w.after[0]
	if e.Point == observe.ResidPost {
		to = w.after[e.Layer+1]
	}
	x, at := e.X, e.Pos-w.from
	if at < 0 {
		x, at = x[min(-at*w.embd, len(x)):], 0
	}
	copy(to[at*w.embd:], x)
}
