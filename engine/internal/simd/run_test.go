package simd

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"loupe/engine/tensor"
)

// kernelCalls lists one call of every kernel of k, on operands that alloc
// makes; each operand is the last thing in its memory.
func kernelCalls(k *Kernels, n, rows, tokens int, alloc func(n int) []byte) map[string]func() {
	floats := func(n int) []float32 { return asFloats(alloc(4 * n)) }
	calls := map[string]func(){}
	for _, typ := range panelTypes {
		// A batch whose arrays end where the memory does.
		n := n / typ.BlockSize() * typ.BlockSize()
		if typ.BlockSize() > blockLen {
			n += typ.BlockSize() // one block at least
		}
		batch := func() *Q8 {
			scales := tokens * n / blockLen
			return &Q8{N: n, Q: asInt8(alloc(tokens * n)), D: floats(scales), S: floats(scales), B: asInt32(alloc(4 * scales)), H: asInt16(alloc(4 * scales))}
		}
		q, rest := batch(), batch()
		w, dst, x := alloc(rows*typ.RowBytes(n)), floats(rows*tokens), floats(n)
		if mul := k.MulQ(typ); mul != nil {
			calls[typ.String()] = func() {
				for t := range tokens {
					k.QuantizeQ8(q, t, x)
					k.QuantizeQ8Fine(q, rest, t, x)
				}
				mul(dst, rows, w, rows, q, 0, tokens)
			}
		}
		panels := alloc(k.PanelBytes(typ, rows, n))
		calls["panels of "+typ.String()] = func() {
			k.Pack(typ, panels, w, rows, n)
			k.MulPanel(typ)(dst, rows, panels, rows, q, 0, tokens)
			k.MulPanelFine(typ)(dst, rows, panels, rows, q, q, 0, 1)
			k.MulPanelFine(typ)(dst, rows, panels, rows, q, q, 0, tokens)
		}
	}
	for typ, mul := range map[tensor.DType]MulF{tensor.F32: k.MulF32, tensor.F16: k.MulF16, tensor.BF16: k.MulBF16} {
		w, dst, x := alloc(rows*typ.RowBytes(n)), floats(rows*tokens), floats(tokens*n)
		calls[typ.String()] = func() { mul(dst, rows, w, rows, x, n, 0, tokens) }
		panels := alloc(k.FloatPanelBytes(typ, rows, n))
		calls["panels of "+typ.String()] = func() {
			k.PackFloats(typ, panels, w, rows, n)
			k.MulPanelF(typ)(dst, rows, panels, rows, x, n, 0, tokens)
		}
	}
	for _, typ := range expandTypes {
		n := n / typ.BlockSize() * typ.BlockSize()
		src, dst := alloc(typ.RowBytes(n)), floats(n)
		calls["Expand "+typ.String()] = func() { k.Expand(typ)(dst, src) }
	}
	for _, r := range k.rows() {
		stride := r.typ.RowBytes(n) + 48
		data := alloc(rows*stride - 48)
		q, out, p := floats(n), floats(n), floats(rows)
		calls["Scores "+r.typ.String()] = func() { r.scores(p, q, data, stride, 0.125) }
		calls["Mix "+r.typ.String()] = func() { r.mix(out, p, data, stride) }
	}
	a, b, c, h := floats(n), floats(n), floats(n), alloc(2*n)
	for i := range a {
		a[i], b[i], c[i] = float32(i%7), float32(i%5), float32(i%3)
	}
	calls["Dot"] = func() { k.Dot(a, b) }
	calls["DotF16"] = func() { k.DotF16(a, h) }
	calls["Axpy"] = func() { k.Axpy(c, 0.5, a) }
	calls["AxpyF16"] = func() { k.AxpyF16(c, 0.5, h) }
	calls["Add"] = func() { k.Add(c, a) }
	calls["SoftMax"] = func() { k.SoftMax(c) }
	calls["RMSNorm"] = func() { k.RMSNorm(c, a, b, 1e-5) }
	calls["AddRMSNorm"] = func() { k.AddRMSNorm(c, a, b, b, 1e-5) }
	for _, half := range []int{n / 2, n / 3} {
		heads, table := floats(rows*n), floats(half)
		calls[fmt.Sprintf("RopePairs %d", half)] = func() { k.RopePairs(heads, rows, n, table, table) }
		calls[fmt.Sprintf("RopeHalves %d", half)] = func() { k.RopeHalves(heads, rows, n, table, table) }
	}
	for _, typ := range storeTypes {
		n := n / typ.BlockSize() * typ.BlockSize()
		src, dst := floats(n), alloc(typ.RowBytes(n))
		calls["Store "+typ.String()] = func() { k.Store(typ)(dst, src) }
	}
	calls["SwiGLU"] = func() { k.SwiGLU(c, a, b) }
	calls["F32ToF16"] = func() { k.F32ToF16(h, a) }
	return calls
}

func TestNoAllocations(t *testing.T) {
	for _, k := range All() {
		calls := kernelCalls(k, 100, 7, 5, func(n int) []byte { return make([]byte, n) })
		for name, call := range calls {
			if n := testing.AllocsPerRun(10, call); n != 0 {
				t.Errorf("%s %s: %v allocations", k.Name, name, n)
			}
		}
	}
}

// TestCollectorRuns: goroutines that do nothing but call kernels can be stopped,
// so collections end. If they could not, the test would not return.
func TestCollectorRuns(t *testing.T) {
	for _, k := range All() {
		var stop atomic.Bool
		done := make(chan struct{})
		workers := runtime.GOMAXPROCS(0)
		for range workers {
			calls := kernelCalls(k, 1024, 32, 4, func(n int) []byte { return make([]byte, n) })
			go func() {
				for !stop.Load() {
					for _, call := range calls {
						if call(); stop.Load() {
							break
						}
					}
				}
				done <- struct{}{}
			}()
		}
		for range 3 {
			runtime.GC()
		}
		stop.Store(true)
		for range workers {
			<-done
		}
	}
}
