package ops

import (
	"fmt"
	"math"

	"loupe/engine/internal/simd"
)

// rowsTask is one of the small operations on rows: those of them that are set.
type rowsTask struct {
	kern    *simd.Kernels
	x, bias []float32 // bias: nil, or [n]
	scale   float32   // 0: none
	cap     float32   // 0: none
	rows, n int
}

func (t *rowsTask) Chunk(_, chunk int) {
	for r := chunk * rowsAChunk; r < min((chunk+1)*rowsAChunk, t.rows); r++ {
		row := t.x[r*t.n : (r+1)*t.n]
		if t.bias != nil {
			t.kern.Add(row, t.bias)
		}
		if t.scale != 0 {
			for i := range row {
				row[i] *= t.scale
			}
		}
		if t.cap != 0 {
			for i, v := range row {
				row[i] = t.cap * float32(math.Tanh(float64(v/t.cap)))
			}
		}
	}
}

func (c *CPU) eachRow(t rowsTask) {
	if len(t.x) < t.rows*t.n {
		panic(fmt.Sprintf("ops: %d rows of %d in %d elements", t.rows, t.n, len(t.x)))
	}
	t.kern = c.kern
	c.rows = t
	c.do(&c.rows, chunksOf(t.rows))
}

// AddBias adds bias, [n], to each row of x, [rows, n].
func (c *CPU) AddBias(x, bias []float32, rows int) {
	c.eachRow(rowsTask{x: x, bias: bias, rows: rows, n: len(bias)})
}

// Scale multiplies x, [rows, n], by s, which is not 0.
func (c *CPU) Scale(x []float32, s float32, rows, n int) {
	c.eachRow(rowsTask{x: x, scale: s, rows: rows, n: n})
}

// SoftCap computes x = most tanh(x/most), x being [rows, n]: Gemma 2's way to keep
// logits within [-most, most] (Gemma Team, 2024).
func (c *CPU) SoftCap(x []float32, most float32, rows, n int) {
	c.eachRow(rowsTask{x: x, cap: most, rows: rows, n: n})
}
