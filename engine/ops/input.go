package ops

import "loupe/engine/internal/simd"

// Input is a batch of activation rows, with the 8-bit form that the fast way
// multiplies. The 8-bit form is made once per content, by the first MatMul that
// needs it, and serves all weights that read the same input.
type Input struct {
	X     []float32 // [rows, n]
	rows  int
	n     int
	q8    simd.Q8
	rest  simd.Q8 // X less q8: the next 8 bits
	fresh bool    // q8 holds X
	fine  bool    // rest holds what q8 leaves of X
}

// Reset makes x a batch of rows rows of n elements and returns its buffer,
// [rows, n], to be filled.
func (x *Input) Reset(rows, n int) []float32 {
	x.X = grow(x.X, rows*n)
	x.rows, x.n, x.fresh = rows, n, false
	return x.X
}

// Changed says that the content of X was written to.
func (x *Input) Changed() { x.fresh = false }

type quantizeTask struct {
	kern *simd.Kernels
	x    *Input
	fine bool
}

func (t *quantizeTask) Chunk(_, chunk int) {
	x, kern := t.x, t.kern
	for r := chunk * rowsAChunk; r < min((chunk+1)*rowsAChunk, x.rows); r++ {
		row := x.X[r*x.n : (r+1)*x.n]
		if t.fine {
			kern.QuantizeQ8Fine(&x.q8, &x.rest, r, row)
		} else {
			kern.QuantizeQ8(&x.q8, r, row)
		}
	}
}

// quantizeInput makes the 8-bit form of x, and with fine the next 8 bits too,
// unless it is there.
func (c *CPU) quantizeInput(x *Input, fine bool) {
	if x.fresh && (x.fine || !fine) {
		return
	}
	x.q8.Reset(x.rows, x.n)
	if fine {
		x.rest.Reset(x.rows, x.n)
	}
	c.quantize = quantizeTask{c.kern, x, fine}
	c.do(&c.quantize, chunksOf(x.rows))
	x.fresh, x.fine = true, fine
}
