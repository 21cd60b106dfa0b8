package ops

import (
	"fmt"
	"math"
	"sync"

	"loupe/engine/internal/simd"
	"loupe/engine/quant"
)

type geGLUTask struct {
	kern          *simd.Kernels
	dst, gate, up []float32
	rows, n       int
	table         []float32 // nil, or geluF16: the exact way
}

// gelu(x) by its tanh is x sigmoid(z) with z = geluScale (x + geluCube x^3), so that
// gelu(x) u is silu(z) u x/z: SwiGLU of z and of u x/z.
const (
	geluScale = float32(1.5957691216057308) // 2 sqrt(2/pi)
	geluCube  = float32(0.044715)
	// Of a square past this gelu is 0 or its argument, and the cube need not grow.
	geluMost = float32(1e12)
)

func (t *geGLUTask) Chunk(_, chunk int) {
	from, to := chunk*rowsAChunk*t.n, min((chunk+1)*rowsAChunk, t.rows)*t.n
	gate, up := t.gate[from:to], t.up[from:to]
	if t.table != nil {
		for i, x := range gate {
			switch {
			case x <= -10:
				x = 0
			case x < 10:
				x = t.table[quant.F32ToF16(x)]
			}
			t.dst[from+i] = x * up[i]
		}
		return
	}
	up = up[:len(gate)]
	for i, x := range gate {
		square := x * x
		if square > geluMost {
			square = geluMost
		}
		slope := geluScale + geluScale*geluCube*square
		gate[i] = x * slope
		up[i] /= slope
	}
	t.kern.SwiGLU(t.dst[from:to], gate, up)
}

// geluF16 is gelu of every f16 number, as f16.
var geluF16 = sync.OnceValue(func() []float32 {
	table := make([]float32, 1<<16)
	for h := range table {
		x := float64(quant.F16ToF32(uint16(h)))
		z := math.Sqrt(2/math.Pi) * x * (1 + 0.044715*x*x)
		table[h] = quant.F16ToF32(quant.F32ToF16(float32(0.5 * x * (1 + math.Tanh(z)))))
	}
	return table
})

// GeGLU computes dst = gelu(gate) * up (Shazeer, 2020), all [rows, n], with gelu by
// tanh (Hendrycks and Gimpel, 2016). It spoils gate and up.
//
// The exact way rounds gelu and its argument to f16, because llama.cpp does so
// whatever the type of its activations (ggml_vec_geglu_f32), and the exact way is
// what one compares with it: on Gemma 3 270M not to round moves logits by 0.01.
func (c *CPU) GeGLU(dst, gate, up []float32, rows, n int) {
	if len(dst) < rows*n || len(gate) < rows*n || len(up) < rows*n {
		panic(fmt.Sprintf("ops: GeGLU of %d rows of %d on %d, %d and %d elements", rows, n, len(dst), len(gate), len(up)))
	}
	c.geGLU = geGLUTask{c.kern, dst, gate, up, rows, n, nil}
	if c.exact {
		c.geGLU.table = geluF16()
	}
	c.do(&c.geGLU, chunksOf(rows))
}
