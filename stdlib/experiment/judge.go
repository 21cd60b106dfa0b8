package experiment

import (
	"math"
	"slices"

	"loupe/engine"
)

// maxPredictions bounds the memory for the reference's predictions: a row of
// the vocabulary each.
const maxPredictions = 256

// predictions are log-probabilities at some places of a text.
type predictions struct {
	at   []int       // tokens read before each
	rows [][]float32 // logits, [vocabulary] each
	sums []float64   // their log-sum-exp
}

// places spreads at most maxPredictions predictions evenly: the first predicts
// token from of n, the last none behind the text.
func places(from, n int) []int {
	all := n - from
	count := min(all, maxPredictions)
	at := make([]int, count)
	for i := range at {
		at[i] = from + i*all/count
	}
	return at
}

// judge compares row i with the reference, which it becomes if there is none.
func (b *bench) judge(i int, m *engine.Model, prompt []int) error {
	r := &b.Rows[i]
	if b.Reference < 0 {
		text := append(slices.Clone(prompt), r.IDs...)
		p, err := b.predict(m, text, places(len(prompt), len(text)))
		if err != nil {
			return err
		}
		b.Reference, b.text, b.base = i, text, p
		r.SameTop, r.Predictions = 1, len(p.at)
		return nil
	}
	ref := &b.Rows[b.Reference]
	r.Differs = firstDifference(ref.IDs, r.IDs)
	text, at := b.text, b.base.at
	if room := r.Effective.ContextLength; len(text) > room { // what fits is compared
		text = text[:room]
		end, _ := slices.BinarySearch(at, room+1)
		at = at[:end]
	}
	if len(at) == 0 {
		return nil
	}
	p, err := b.predict(m, text, at)
	if err != nil {
		return err
	}
	r.KLD, r.KLDMax, r.SameTop = p.diverge(b.base)
	r.Predictions = len(p.at)
	return nil
}

// predict reads a text and keeps the predictions at some places of it.
func (b *bench) predict(m *engine.Model, text []int, at []int) (*predictions, error) {
	p := &predictions{at: at}
	s := m.NewSession()
	defer s.Close()
	if len(at) == 0 {
		return p, nil
	}
	last := at[len(at)-1]
	err := s.EvalEach(b.ctx, text[:last], func(i int, row []float32) {
		if n := len(p.rows); n < len(at) && i+1 == at[n] {
			p.rows = append(p.rows, slices.Clone(row))
			p.sums = append(p.sums, engine.LogSumExp(row))
		}
	}, at[0]-1)
	return p, err
}

// diverge is the mean and the greatest divergence of p from base, and how often
// both have the same likeliest token.
func (p *predictions) diverge(base *predictions) (mean, most, sameTop float64) {
	for n, q := range p.rows {
		kld, topP, topQ := 0.0, 0, 0
		for i, x := range base.rows[n] {
			if x > base.rows[n][topP] {
				topP = i
			}
			if q[i] > q[topQ] {
				topQ = i
			}
			lp := float64(x) - base.sums[n]
			if w := math.Exp(lp); w > 0 {
				kld += w * (lp - (float64(q[i]) - p.sums[n]))
			}
		}
		mean += kld
		most = max(most, kld)
		if topP == topQ {
			sameTop++
		}
	}
	n := float64(len(p.rows))
	return mean / n, most, sameTop / n
}

// firstDifference is where two texts part, -1 if they are the same.
func firstDifference(a, b []int) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) == len(b) {
		return -1
	}
	return min(len(a), len(b))
}

// scoreBytes is what the scores of all threads take when so many tokens are read
// as a prompt.
func scoreBytes(m *engine.Model, tokens int) (int64, error) {
	cfg := m.Settings().LoadConfig
	cfg.Profile = engine.BuiltIn // all is set already
	cfg.ContextLength = max(tokens, 2)
	cfg.EvalBatchSize = min(cfg.EvalBatchSize, cfg.ContextLength)
	cfg.PhysicalBatchSize = min(cfg.PhysicalBatchSize, cfg.EvalBatchSize)
	x, err := engine.Estimate(m.Name(), cfg)
	return x.Scores, err
}
