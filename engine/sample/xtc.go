package sample

import "math/rand/v2"

// xtc takes the likeliest candidates out, now and then: with some probability all that
// reach a threshold but the least likely of them ("exclude top choices", llama.cpp PR
// 9742).
type xtc struct {
	probability, threshold float64
	rng                    *rand.PCG
}

func newXTC(probability, threshold float64, seed uint64) *xtc {
	return &xtc{probability, threshold, rand.NewPCG(seed, 0x787463)}
}

func (*xtc) Name() string { return "xtc" }

func (s *xtc) Apply(c *Candidates) {
	if float64(s.rng.Uint64()<<11>>11)/(1<<53) >= s.probability {
		return
	}
	c.sortFirst(len(c.Items))
	weights, total := c.softmax()
	n := 0 // that reach the threshold
	for n < len(weights) && weights[n] >= (s.threshold-slack)*total {
		n++
	}
	if n > 1 {
		c.Items = append(c.Items[:0], c.Items[n-1:]...)
	}
}
