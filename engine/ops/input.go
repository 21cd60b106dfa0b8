package ops

import "loupe/engine/internal/simd"

// Input is a batch of activation rows, with the 8-bit form that the fast way
// multiplies. The 8-bit form is made once per content, by the first MatMul that
// needs it, and serves all weights that read the same input.
type Input struct {
	X      []float32 // [rows, n]
	rows   int
	n      int
	q8     simd.Q8
	fresh  bool // q8 holds X
	buffer []float32
}

// Reset makes x a batch of rows rows of n elements and returns its buffer,
// [rows, n], to be filled.
func (x *Input) Reset(rows, n int) []float32 {
	x.buffer = grow(x.buffer, rows*n)
	x.X, x.rows, x.n, x.fresh = x.buffer, rows, n, false
	return x.X
}

// Rows shows x with only rows [from, from+n) of its content.
func (x *Input) Rows(from, n int) {
	x.X = x.buffer[from*x.n : (from+n)*x.n]
	x.rows, x.fresh = n, false
}

// Changed says that the content of X was written to.
func (x *Input) Changed() { x.fresh = false }

type quantizeTask struct {
	kern *simd.Kernels
	x    *Input
	rows int // of one chunk
}

func (t *quantizeTask) Chunk(_, chunk int) {
	x := t.x
	for r := chunk * t.rows; r < min((chunk+1)*t.rows, x.rows); r++ {
		t.kern.QuantizeQ8(&x.q8, r, x.X[r*x.n:(r+1)*x.n])
	}
}

// quantizeInput makes the 8-bit form of x unless it is there.
func (c *CPU) quantizeInput(x *Input) {
	if x.fresh {
		return
	}
	x.q8.Reset(x.rows, x.n)
	c.quantize = quantizeTask{c.kern, x, 16}
	c.do(&c.quantize, (x.rows+15)/16)
	x.fresh = true
}
