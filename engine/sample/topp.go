package sample

import "math"

// slack is how far apart two probabilities may be and still count as equal:
// logits are float32, so no sum of theirs is known better.
const slack = 1e-6

// topP keeps the fewest likeliest candidates whose probabilities add up to p
// (nucleus sampling, Holtzman et al. 2019, arXiv:1904.09751).
type topP struct{ p float64 }

func (topP) Name() string { return "top_p" }

func (s topP) Apply(c *Candidates) {
	_, total := c.softmax()
	top := float64(c.Items[c.best()].Logit)
	sum := 0.0
	// The nucleus is mostly small, so the whole vocabulary is sorted only when
	// a short front of it does not reach p.
	for n, sorted := 0, 256; ; sorted *= 16 {
		c.sortFirst(sorted)
		for ; n < min(sorted, len(c.Items)); n++ {
			sum += math.Exp(float64(c.Items[n].Logit) - top)
			if sum >= (s.p-slack)*total {
				c.keep(n + 1)
				c.Sorted = true
				return
			}
		}
		if n == len(c.Items) {
			return
		}
	}
}
