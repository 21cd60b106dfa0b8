package sample

import "math"

// minP keeps the candidates that are at least p times as likely as the
// likeliest (Nguyen et al. 2024, arXiv:2407.01082). A ratio of probabilities is
// a difference of logits, so nothing is exponentiated.
type minP struct{ logRatio float64 }

func newMinP(p float64) minP { return minP{math.Log(p) - slack} }

func (minP) Name() string { return "min_p" }

func (s minP) Apply(c *Candidates) {
	limit := float64(c.Items[c.best()].Logit) + s.logRatio
	n := 0
	for _, it := range c.Items {
		if float64(it.Logit) >= limit {
			c.Items[n] = it
			n++
		}
	}
	c.keep(n)
}
