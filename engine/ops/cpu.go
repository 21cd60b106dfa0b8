package ops

import (
	"fmt"

	"loupe/engine/internal/flash"
	"loupe/engine/internal/pool"
	"loupe/engine/internal/simd"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// CPU runs operations on a pool of threads with one set of kernels. It holds
// the scratch memory of every worker and one task object per operation, so that
// operations allocate nothing. One operation runs at a time.
type CPU struct {
	pool    *pool.Pool
	kern    *simd.Kernels
	exact   bool
	threads int
	panel   [][]float32  // per worker: what was expanded to float32, and other scratch
	tiles   []flash.Tile // per worker
	parts   []float32    // [splits, queries, heads, HeadV]: outputs of attention's splits
	tops    []float32    // [splits, queries, heads]: their greatest scores
	sums    []float32    // [splits, queries, heads]: their sums of weights

	profile *Profile // nil: none is kept

	matMul    matMulTask
	quantize  quantizeTask
	norm      normTask
	rope      ropeTask
	attention attentionTask
	swiGLU    swiGLUTask
	add       addTask
	halves    ropeHalvesTask
	geGLU     geGLUTask
	rows      rowsTask
}

// NewCPU makes a CPU with threads threads. exact chooses the exact way of
// multiplying by quantised weights.
func NewCPU(threads int, kern *simd.Kernels, exact bool) *CPU {
	p := pool.New(threads)
	return &CPU{
		pool: p, kern: kern, exact: exact, threads: p.Threads(),
		panel: make([][]float32, p.Threads()), tiles: make([]flash.Tile, p.Threads()),
	}
}

// SetThreads bounds the threads of the operations that follow to n of those the
// CPU was made with.
func (c *CPU) SetThreads(n int) { c.threads = max(1, min(n, c.pool.Threads())) }

// Exact reports which way of multiplying was chosen.
func (c *CPU) Exact() bool { return c.exact }

// Kernels is the name of the kernel tier: "generic", "avx2".
func (c *CPU) Kernels() string { return c.kern.Name }

// Cancel makes running and following operations end early, with unusable
// results, until Resume. It may be called from any goroutine.
func (c *CPU) Cancel() { c.pool.Cancel() }

// Canceled reports whether Cancel was called since the last Resume.
func (c *CPU) Canceled() bool { return c.pool.Canceled() }

// Resume ends the effect of Cancel.
func (c *CPU) Resume() { c.pool.Resume() }

// Close ends the threads.
func (c *CPU) Close() { c.pool.Close() }

// expand decodes whole blocks of type t to float32. The type was checked when the
// weight or cache was made, so an error is a bug.
func (c *CPU) expand(t tensor.DType, dst []float32, src []byte) {
	if f := c.kern.Expand(t); f != nil {
		f(dst, src)
	} else if err := quant.Dequantize(t, dst, src); err != nil {
		panic(fmt.Sprintf("ops: %v", err))
	}
}

// integer reports whether the fast way multiplies w in integers.
func (c *CPU) integer(w *Weight) bool {
	return !c.exact && (c.kern.MulQ(w.Type) != nil || w.panels != nil && c.kern.MulPanel(w.Type) != nil)
}

// panelOf is a worker's scratch memory of n elements, unset.
func (c *CPU) panelOf(worker, n int) []float32 {
	c.panel[worker] = grow(c.panel[worker], n)
	return c.panel[worker][:n]
}

// grow gives a slice of n elements, s itself when it is long enough.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
