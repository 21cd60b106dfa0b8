package sample

// topK keeps the k likeliest candidates, in order. Where there are no more than
// k it does nothing.
type topK struct{ k int }

func (topK) Name() string { return "top_k" }

func (s topK) Apply(c *Candidates) {
	if s.k >= len(c.Items) {
		return
	}
	c.sortFirst(s.k)
	c.keep(s.k)
	c.Sorted = true
}
