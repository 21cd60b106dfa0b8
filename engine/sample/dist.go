package sample

import "math/rand/v2"

// dist draws a candidate by its probability.
type dist struct{ rng *rand.PCG }

func newDist(seed uint64) dist {
	// The stream number is fixed: a seed alone names the sequence.
	return dist{rand.NewPCG(seed, 0x6c6f757065)}
}

func (dist) name() string { return "dist" }

func (s dist) choose(c *Candidates) int {
	weights, total := c.softmax()
	// 53 random bits, as rand.Float64 takes them, in [0, total).
	rest := float64(s.rng.Uint64()<<11>>11) / (1 << 53) * total
	last := 0
	for i, w := range weights {
		if w == 0 {
			continue
		}
		last = i
		if rest -= w; rest < 0 {
			break
		}
	}
	// Rounding can leave rest at 0 after the last weight: that one it is.
	return last
}
