package measure

import (
	"context"
	"fmt"
	"math"
	"slices"

	"loupe/engine"
)

// Divergence says how far the predictions of a model under test, Q, are from
// those of a base, P, on the same text: the figures of llama-perplexity
// --kl-divergence. Err fields are standard errors.
type Divergence struct {
	PPL        float64 `json:"ppl"` // of Q
	PPLErr     float64 `json:"ppl_err"`
	Tokens     int     `json:"tokens"` // predictions compared
	Chunks     int     `json:"chunks"`
	BasePPL    float64 `json:"base_ppl"`
	BasePPLErr float64 `json:"base_ppl_err"`
	Ratio      float64 `json:"ppl_ratio"` // PPL / BasePPL
	// RatioErr is far smaller than the errors of both would make it: they err
	// together.
	RatioErr float64 `json:"ppl_ratio_err"`
	// The Kullback-Leibler divergence of Q from P, the sum of p ln(p/q), over the
	// predictions: its mean, median, 99th percentile and maximum. The errors of
	// median and percentile are those of their ranks; a maximum has none.
	KLD       float64 `json:"kld"`
	KLDErr    float64 `json:"kld_err"`
	Median    float64 `json:"kld_median"`
	MedianErr float64 `json:"kld_median_err"`
	P99       float64 `json:"kld_p99"`
	P99Err    float64 `json:"kld_p99_err"`
	Max       float64 `json:"kld_max"`
	// SameTop is the share of predictions whose likeliest token is the same.
	SameTop    float64 `json:"same_top"`
	SameTopErr float64 `json:"same_top_err"`
}

// Diverge compares m, the model under test, with base on a text, which is cut
// and scored as in Perplex. Both read it side by side, EvalBatchSize tokens at a
// time, so it takes memory for that many rows of logits.
func Diverge(ctx context.Context, base, m *engine.Model, text string, chunkLen, chunks int, progress func(done, total int, d Divergence)) (Divergence, error) {
	c, err := cut(m, text, chunkLen, chunks)
	if err != nil {
		return Divergence{}, err
	}
	if max := base.Settings().ContextLength; chunkLen > max {
		return Divergence{}, fmt.Errorf("measure: chunks of %d tokens; the base has a context of %d", chunkLen, max)
	}
	vocab := m.Vocabulary()
	if base.Vocabulary() != vocab {
		return Divergence{}, fmt.Errorf("measure: %s has %d tokens, the base %s has %d; a divergence needs the same vocabulary", m.Name(), vocab, base.Name(), base.Vocabulary())
	}
	sb, s := base.NewSession(), m.NewSession()
	defer sb.Close()
	defer s.Close()
	step := min(m.Settings().EvalBatchSize, base.Settings().EvalBatchSize)
	var cmp comparison
	var rows []float32 // the base's of one step, [n, vocab]
	for i := range c.n {
		chunk := c.chunk(m, i)
		sb.Rewind(0)
		s.Rewind(0)
		for at := 0; at < c.len; at += step {
			part := chunk[at:min(at+step, c.len)]
			first := max(c.first()-at, 0)
			rows = rows[:0]
			err := sb.EvalEach(ctx, part, func(_ int, logits []float32) { rows = append(rows, logits...) }, first)
			if err != nil {
				return Divergence{}, err
			}
			err = s.EvalEach(ctx, part, func(j int, logits []float32) {
				if at+j+1 < c.len {
					p := rows[(j-first)*vocab:][:vocab]
					cmp.add(logProbs{p, engine.LogSumExp(p), math.Inf(-1)}, logits, chunk[at+j+1])
				}
			}, first)
			if err != nil {
				return Divergence{}, err
			}
		}
		cmp.chunks++
		if progress != nil {
			progress(i+1, c.n, cmp.result())
		}
	}
	return cmp.result(), nil
}

// logProbs are the base's log-probabilities of one prediction: x - lse. Those not
// above floor count as impossible.
type logProbs struct {
	x     []float32
	lse   float64
	floor float64
}

// comparison gathers predictions.
type comparison struct {
	chunks       int
	nll, nllBase sums
	cross        float64 // sum of products of the two
	kld          sums
	klds         []float64
	same         int
}

// add compares the prediction of Q, as logits, with that of P; next is the token
// that came.
func (c *comparison) add(p logProbs, q []float32, next int) {
	lse := engine.LogSumExp(q)
	kld := 0.0
	topP, topQ := 0, 0
	for i, x := range p.x {
		if x > p.x[topP] {
			topP = i
		}
		if q[i] > q[topQ] {
			topQ = i
		}
		if lp := float64(x) - p.lse; lp > p.floor {
			if w := math.Exp(lp); w > 0 { // else a logit of -Inf makes 0 times infinity
				kld += w * (lp - (float64(q[i]) - lse))
			}
		}
	}
	nll, nllBase := lse-float64(q[next]), p.lse-float64(p.x[next])
	c.nll.add(nll)
	c.nllBase.add(nllBase)
	c.cross += nll * nllBase
	c.kld.add(kld)
	c.klds = append(c.klds, kld)
	if topP == topQ {
		c.same++
	}
}

// result is the account so far.
func (c *comparison) result() Divergence {
	n := c.kld.n
	if n == 0 {
		return Divergence{}
	}
	d := Divergence{Tokens: n, Chunks: c.chunks}
	d.PPL, d.PPLErr = c.nll.exp()
	d.BasePPL, d.BasePPLErr = c.nllBase.exp()
	mean, err := c.nll.mean()
	baseMean, baseErr := c.nllBase.mean()
	d.Ratio = math.Exp(mean - baseMean)
	if n > 1 {
		covariance := (c.cross/float64(n) - mean*baseMean) / float64(n-1)
		d.RatioErr = d.Ratio * math.Sqrt(max(0, err*err+baseErr*baseErr-2*covariance))
	}
	d.KLD, d.KLDErr = c.kld.mean()
	sorted := slices.Sorted(slices.Values(c.klds))
	d.Median, d.MedianErr = quantile(sorted, 0.5)
	d.P99, d.P99Err = quantile(sorted, 0.99)
	d.Max = sorted[n-1]
	d.SameTop = float64(c.same) / float64(n)
	if n > 1 {
		d.SameTopErr = math.Sqrt(d.SameTop * (1 - d.SameTop) / float64(n-1))
	}
	return d
}

// quantile is the value at a fraction of sorted values, interpolated, and its
// standard error by ranks: the rank of a quantile of n values has the standard
// deviation sqrt(n f (1-f)), and the error is half of how far the values that
// many ranks below and above lie apart.
func quantile(sorted []float64, fraction float64) (value, err float64) {
	last := float64(len(sorted) - 1)
	at := func(rank float64) float64 {
		rank = min(max(rank, 0), last)
		i := int(rank)
		part := rank - float64(i)
		return (1-part)*sorted[i] + part*sorted[min(i+1, len(sorted)-1)]
	}
	rank := fraction * last
	off := math.Sqrt(float64(len(sorted)) * fraction * (1 - fraction))
	return at(rank), (at(rank+off) - at(rank-off)) / 2
}
