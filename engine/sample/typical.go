package sample

import (
	"math"
	"slices"
)

// typical keeps the candidates whose information is nearest to what is expected of
// this choice, the entropy, up to the probability p (locally typical sampling: Meister
// et al. 2022, arXiv:2202.00666).
type typical struct {
	p     float64
	order []int
	far   []float64
}

func (*typical) Name() string { return "typ_p" }

func (s *typical) Apply(c *Candidates) {
	weights, total := c.softmax()
	entropy := 0.0
	for _, w := range weights {
		if p := w / total; p > 0 {
			entropy -= p * math.Log(p)
		}
	}
	s.order, s.far = s.order[:0], s.far[:0]
	for i, w := range weights {
		s.order = append(s.order, i)
		s.far = append(s.far, math.Abs(-math.Log(w/total)-entropy)) // +Inf for what cannot be chosen
	}
	slices.SortStableFunc(s.order, func(a, b int) int {
		switch {
		case s.far[a] < s.far[b]-slack:
			return -1
		case s.far[b] < s.far[a]-slack:
			return 1
		}
		return 0
	})
	sum, n := 0.0, 0
	for _, i := range s.order {
		sum += weights[i] / total
		n++
		if sum > s.p {
			break
		}
	}
	kept := s.order[:n]
	slices.Sort(kept) // the order of the candidates stays
	for i, from := range kept {
		c.Items[i] = c.Items[from]
	}
	c.keep(n)
}
