package sample

import "math"

// greedy takes the likeliest candidate.
type greedy struct{}

func (greedy) name() string             { return "greedy" }
func (greedy) choose(c *Candidates) int { return c.best() }

// Greedy is the id of the largest logit, the lowest of equals. It is -1 when
// there is none: no logits, a NaN among them, or all -Inf.
func Greedy(logits []float32) int {
	id, best := -1, float32(math.Inf(-1))
	for i, l := range logits {
		if l > best {
			id, best = i, l
		} else if l != l {
			return -1
		}
	}
	return id
}
