package ops

import (
	"fmt"

	"loupe/engine/internal/simd"
)

// rowsAChunk is how many rows an element-wise operation handles per chunk. A
// single row, as in decoding, stays on the caller.
const rowsAChunk = 8

func chunksOf(rows int) int { return (rows + rowsAChunk - 1) / rowsAChunk }

type normTask struct {
	kern      *simd.Kernels
	dst, x, w []float32
	y         []float32 // nil, or what x gets first
	rows, n   int
	eps       float32
}

func (t *normTask) Chunk(_, chunk int) {
	for r := chunk * rowsAChunk; r < min((chunk+1)*rowsAChunk, t.rows); r++ {
		dst, x := t.dst[r*t.n:(r+1)*t.n], t.x[r*t.n:(r+1)*t.n]
		if t.y != nil {
			t.kern.AddRMSNorm(dst, x, t.y[r*t.n:(r+1)*t.n], t.w, t.eps)
		} else {
			t.kern.RMSNorm(dst, x, t.w, t.eps)
		}
	}
}

// RMSNorm computes dst = x / sqrt(mean(x^2) + eps) * w for each row
// (Zhang and Sennrich, 2019). dst and x are [rows, len(w)] and may be one.
func (c *CPU) RMSNorm(dst, x, w []float32, rows int, eps float32) {
	n := len(w)
	if len(dst) < rows*n || len(x) < rows*n {
		panic(fmt.Sprintf("ops: RMSNorm of %d rows of %d on %d and %d elements", rows, n, len(dst), len(x)))
	}
	c.norm = normTask{c.kern, dst, x, w, nil, rows, n, eps}
	c.do(&c.norm, chunksOf(rows))
}

// AddRMSNorm is Add of y to x and RMSNorm of x in one, with the bits of the two.
func (c *CPU) AddRMSNorm(dst, x, y, w []float32, rows int, eps float32) {
	n := len(w)
	if min(len(dst), len(x), len(y)) < rows*n {
		panic(fmt.Sprintf("ops: AddRMSNorm of %d rows of %d on %d, %d and %d elements", rows, n, len(dst), len(x), len(y)))
	}
	c.norm = normTask{c.kern, dst, x, w, y, rows, n, eps}
	c.do(&c.norm, chunksOf(rows))
}

type swiGLUTask struct {
	kern          *simd.Kernels
	dst, gate, up []float32
	rows, n       int
}

func (t *swiGLUTask) Chunk(_, chunk int) {
	from, to := chunk*rowsAChunk*t.n, min((chunk+1)*rowsAChunk, t.rows)*t.n
	t.kern.SwiGLU(t.dst[from:to], t.gate[from:to], t.up[from:to])
}

// SwiGLU computes dst = silu(gate) * up (Shazeer, 2020), all [rows, n].
func (c *CPU) SwiGLU(dst, gate, up []float32, rows, n int) {
	if len(dst) < rows*n || len(gate) < rows*n || len(up) < rows*n {
		panic(fmt.Sprintf("ops: SwiGLU of %d rows of %d on %d, %d and %d elements", rows, n, len(dst), len(gate), len(up)))
	}
	c.swiGLU = swiGLUTask{c.kern, dst, gate, up, rows, n}
	c.do(&c.swiGLU, chunksOf(rows))
}

type addTask struct {
	kern    *simd.Kernels
	dst, x  []float32
	rows, n int
}

func (t *addTask) Chunk(_, chunk int) {
	from, to := chunk*rowsAChunk*t.n, min((chunk+1)*rowsAChunk, t.rows)*t.n
	t.kern.Add(t.dst[from:to], t.x[from:to])
}

// Add computes dst += x, both [rows, n].
func (c *CPU) Add(dst, x []float32, rows, n int) {
	if len(dst) < rows*n || len(x) < rows*n {
		panic(fmt.Sprintf("ops: Add of %d rows of %d on %d and %d elements", rows, n, len(dst), len(x)))
	}
	c.add = addTask{c.kern, dst, x, rows, n}
	c.do(&c.add, chunksOf(rows))
}
