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

// LogitLens looks behind the last so many tokens that the cache holds; 0 is all. They are
// read anew behind the cells before them, in a fork, which changes nothing here: it takes
// as long as that, and the head's time for each layer and token. Where the cache is not
// what reading makes (surgery, or an observer that wrote), the whole text is read anew.
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
	if s.changed() {
		if err := m.readBeside(ctx, "reading", ids, w); err != nil {
			return nil, err
		}
	} else {
		f := s.Fork()
		defer f.Close()
		f.Rewind(len(ids) - last)
		f.Observe(w)
		if err := f.evalEach(ctx, "reading", ids[len(ids)-last:], func(int, []float32) {}, last); err != nil {
			return nil, err
		}
	}
	x := &Lens{After: make([]LensLayer, c.Layers+1)}
	for _, id := range ids[len(ids)-last:] {
		x.Tokens = append(x.Tokens, m.TokenText(id))
	}
	t := m.begin(ctx)
	defer m.end(t)
	answer := make([]int, last)
	for i := range answer {
		answer[i] = -1
	}
	for l := c.Layers; l >= 0; l-- { // the answer first
		of := &x.After[l]
		of.Guesses, of.Answer, of.Rank = make([][]Guess, last), make([]float64, last), make([]int, last)
		progress := func(done int) {
			hostProgress("logit lens", ((c.Layers-l)*last+done)/(c.Layers+1), last)
		}
		err := m.eachLogits(t, w.after[l], progress, func(i int, row []float32) {
			of.Guesses[i], of.Answer[i], of.Rank[i] = m.glance(row, answer[i])
			if l == c.Layers {
				answer[i] = of.Guesses[i][0].ID
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return x, nil
}

// The logits of so many rows are made at once, and so many bytes of them if that is more
// than LogitRows: the head's weights are read once for all of them.
const (
	lensRows  = 64
	lensBytes = 32 << 20
)

// eachLogits hands out the logits of residual streams, [n, Embd], a row at a time, which
// f may write to. Several threads call f, each for rows of its own. progress hears how
// many rows are done.
func (m *Model) eachLogits(t *turn, resid []float32, progress func(done int), f func(i int, row []float32)) error {
	embd, vocab := m.net.Config.Embd, m.net.Config.Vocab
	n := len(resid) / embd
	most := min(max(min(lensRows, lensBytes/(4*vocab)), model.LogitRows), m.cfg.PhysicalBatchSize, n)
	logits := make([]float32, most*vocab)
	for i := 0; i < n; {
		progress(i)
		rows := min(most, n-i)
		if err := m.take(t); err != nil {
			return err
		}
		m.cpu.SetThreads(m.cfg.BatchThreads)
		m.pass.LogitsOf(logits, resid[i*embd:], rows)
		if !m.cpu.Canceled() {
			m.cpu.Each(rows, func(r int) { f(i+r, m.known(logits[r*vocab:][:vocab])) })
		}
		canceled := m.cpu.Canceled()
		m.give()
		if canceled {
			return t.ctx.Err()
		}
		i += rows
	}
	progress(n)
	return nil
}

// glance is the best guesses of logits, and the probability and the rank of an answer;
// -1 is the best guess. The logits become probabilities.
func (m *Model) glance(logits []float32, answer int) ([]Guess, float64, int) {
	top := topLogits(logits, shownGuesses)
	if answer < 0 {
		answer = top[0].ID
	}
	place := rank(logits, answer)
	m.cpu.SoftMax(logits)
	guesses := make([]Guess, len(top))
	for i, t := range top {
		guesses[i] = Guess{t.ID, m.TokenText(t.ID), float64(logits[t.ID])}
	}
	return guesses, float64(logits[answer]), place
}

// rank is a token's place among all, 1 for the likeliest; of equals the first counts.
func rank(logits []float32, id int) int {
	// Counted without a branch, as which are greater is anybody's guess.
	n, x := 1, logits[id]
	for _, y := range logits[:id] {
		one := 0
		if y >= x {
			one = 1
		}
		n += one
	}
	for _, y := range logits[id+1:] {
		one := 0
		if y > x {
			one = 1
		}
		n += one
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

func (*residuals) OnlyReads() {}

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
