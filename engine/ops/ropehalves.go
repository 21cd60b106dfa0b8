package ops

import (
	"fmt"

	"loupe/engine/internal/simd"
)

type ropeHalvesTask struct {
	kern          *simd.Kernels
	table         *RopeTable
	x             []float32
	rows          int
	heads, headSz int
}

func (t *ropeHalvesTask) Chunk(_, chunk int) {
	half := t.table.half
	for r := chunk * rowsAChunk; r < min((chunk+1)*rowsAChunk, t.rows); r++ {
		row := t.heads * t.headSz
		t.kern.RopeHalves(t.x[r*row:(r+1)*row], t.heads, t.headSz, t.table.cos[r*half:(r+1)*half], t.table.sin[r*half:(r+1)*half])
	}
}

// RopeHalves is RopePairs with pairs (i, i+Dims/2): the order of GPT-NeoX, in which
// GGUF files of Qwen, Phi and Gemma hold their heads.
func (c *CPU) RopeHalves(x []float32, table *RopeTable, rows, heads, headSize int) {
	if len(x) < rows*heads*headSize || headSize < 2*table.half || len(table.cos) < rows*table.half {
		panic(fmt.Sprintf("ops: RopeHalves of [%d, %d, %d] on %d elements with a table of %d", rows, heads, headSize, len(x), len(table.cos)))
	}
	c.halves = ropeHalvesTask{c.kern, table, x, rows, heads, headSize}
	c.do(&c.halves, chunksOf(rows))
}
