package ops

// eachTask is a function of row numbers.
type eachTask struct{ f func(i int) }

func (t *eachTask) Chunk(_, chunk int) { t.f(chunk) }

// Each calls f for every number in [0, n), on all threads: what f does with different
// numbers must not meet. It is not for what is done for every token.
func (c *CPU) Each(n int, f func(i int)) { c.do(&eachTask{f}, n) }

// SoftMax replaces x by its softmax, on the caller's thread. x is not empty, and one
// element at least is finite.
func (c *CPU) SoftMax(x []float32) { c.kern.SoftMax(x) }
