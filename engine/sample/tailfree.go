package sample

import "math"

// tailFree drops the tail: the candidates after which probabilities bend no more. What
// the curve bends at each place adds up to 1, and z of it stays (tail free sampling:
// Phan 2019; llama.cpp had it as tfs_z until 2024).
type tailFree struct {
	z    float64
	bend []float64
}

func (*tailFree) Name() string { return "tfs_z" }

func (s *tailFree) Apply(c *Candidates) {
	if len(c.Items) < 3 {
		return
	}
	c.sortFirst(len(c.Items))
	weights, total := c.softmax()
	s.bend = s.bend[:0]
	sum := 0.0
	for i := 0; i+2 < len(weights); i++ {
		b := math.Abs((weights[i] - weights[i+1]) - (weights[i+1] - weights[i+2]))
		s.bend = append(s.bend, b)
		sum += b
	}
	if sum <= slack*total {
		return // straight: there is no tail
	}
	bent := 0.0
	for i, b := range s.bend {
		if bent += b / sum; bent > s.z && i > 0 {
			c.keep(i)
			return
		}
	}
}
