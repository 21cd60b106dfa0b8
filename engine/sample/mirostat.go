package sample

import "math"

// mirostat draws a token so that the surprise of the text, in bits a token, stays
// around tau: it keeps the tokens whose surprise is at most mu, and moves mu by eta
// times what the drawn one was off (Basu et al. 2021, arXiv:2007.14966). Version 1
// finds how many tokens that are from the law that it fits to the likeliest ones,
// version 2 by counting them; both as llama.cpp does.
type mirostat struct {
	dist
	version  int
	tau, eta float64
	mu       float64
	surprise float64 // of the token drawn last, in bits; NaN: none, or accepted
}

// fitted is how many of the likeliest tokens version 1 fits its law to.
const fitted = 100

func newMirostat(cfg Config) *mirostat {
	return &mirostat{dist: newDist(cfg.Seed), version: cfg.Mirostat, tau: cfg.MirostatTau, eta: cfg.MirostatEta, mu: 2 * cfg.MirostatTau, surprise: math.NaN()}
}

func (s *mirostat) name() string {
	if s.version == 1 {
		return "mirostat"
	}
	return "mirostat_v2"
}

func (s *mirostat) choose(c *Candidates) int {
	c.sortFirst(len(c.Items))
	weights, total := c.softmax()
	n := 1
	if s.version == 1 {
		n = s.law(weights)
	} else {
		for n < len(weights) && -math.Log2(weights[n]/total) <= s.mu {
			n++
		}
	}
	c.keep(max(1, min(n, len(c.Items))))
	i := s.dist.choose(c)
	weights, total = c.softmax()
	s.surprise = -math.Log2(weights[i] / total)
	return i
}

// law is how many tokens have a surprise of at most mu, if probabilities fall as those
// of the likeliest tokens do, by a power of their rank.
func (s *mirostat) law(weights []float64) int {
	var tb, tt float64
	for i := 0; i < min(fitted, len(weights))-1 && weights[i+1] > 0; i++ {
		t := math.Log(float64(i+2) / float64(i+1))
		tb += t * math.Log(weights[i]/weights[i+1])
		tt += t * t
	}
	if tb <= 0 {
		return len(weights) // all alike: no rank is less likely
	}
	power := tb / tt
	e := power - 1
	k := math.Pow(e*math.Exp2(s.mu)/(1-math.Pow(float64(len(weights)), -e)), 1/power)
	if !(k < float64(len(weights))) {
		return len(weights)
	}
	return int(k)
}

// accept moves mu by the token that was drawn.
func (s *mirostat) accept() {
	if s.surprise == s.surprise {
		s.mu -= s.eta * (s.surprise - s.tau)
		s.surprise = math.NaN()
	}
}
