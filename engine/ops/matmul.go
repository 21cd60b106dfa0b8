package ops

import (
	"fmt"

	"loupe/engine/internal/simd"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// maxOuts is how many weights one MatMul may apply to the same input.
const maxOuts = 3

// Out is one product of a MatMul: Dst[t, r] = sum over k of W[r, k] * x[t, k].
type Out struct {
	W   *Weight
	Dst []float32 // [rows of the input, W.Out]
	// Fine makes the fast way use activations of twice 8 bits, at twice the work.
	// It is for keys and values, which are small under grouped queries and whose
	// loss every later token sees, and for the head.
	Fine bool
}

type matMulTask struct {
	cpu   *CPU
	x     *Input
	outs  [maxOuts]Out
	first [maxOuts + 1]int // first chunk of each product
	n     int
	panel int // weight rows of one chunk
}

// Panels of a chunk: enough of them that every thread gets several (a slow or
// busy one then delays little), each big enough to be worth a call.
const (
	minPanel       = 16
	maxPanel       = 128
	chunksAThread  = 8
	exactPanelRows = 16 // what the exact way expands at a time
)

// MatMul multiplies the rows of x by each of the weights.
func (c *CPU) MatMul(x *Input, outs ...Out) {
	t := &c.matMul
	*t = matMulTask{cpu: c, x: x, n: len(outs)}
	rows, integer, fine := 0, false, false
	for i, o := range outs {
		if o.W.In != x.n || len(o.Dst) < x.rows*o.W.Out {
			panic(fmt.Sprintf("ops: MatMul of [%d, %d] by %s [%d, %d] into %d elements",
				x.rows, x.n, o.W.Name, o.W.Out, o.W.In, len(o.Dst)))
		}
		t.outs[i] = o
		rows += o.W.Out
		integer = integer || o.W.integer()
		fine = fine || o.Fine && o.W.integer()
	}
	if integer && !c.exact {
		c.quantizeInput(x, fine)
	}
	t.panel = rows / (c.threads * chunksAThread) / minPanel * minPanel
	t.panel = max(minPanel, min(t.panel, maxPanel))
	chunks := 0
	for i := 0; i < t.n; i++ {
		t.first[i] = chunks
		chunks += (t.outs[i].W.Out + t.panel - 1) / t.panel
	}
	t.first[t.n] = chunks
	c.do(t, chunks)
}

func (t *matMulTask) Chunk(worker, chunk int) {
	i := 0
	for chunk >= t.first[i+1] {
		i++
	}
	o := &t.outs[i]
	from := (chunk - t.first[i]) * t.panel
	n := min(t.panel, o.W.Out-from)
	if t.cpu.exact && o.W.Type != tensor.F32 {
		t.exact(worker, o, from, n)
		return
	}
	rb := o.W.rowBytes()
	w := o.W.Data[from*rb : (from+n)*rb]
	t.mul(o.Dst[from:], o.W.Out, o.W.Type, w, n)
	if o.Fine && o.W.integer() {
		t.addFine(worker, o, w, from, n)
	}
}

// addFine adds the product with what the first 8 bits left.
func (t *matMulTask) addFine(worker int, o *Out, w []byte, from, n int) {
	c, rows := t.cpu, t.x.rows
	rest := c.panelOf(worker, rows*n)
	c.kern.MulQ(o.W.Type)(rest, n, w, n, &t.x.rest, 0, rows)
	for i := 0; i < rows; i++ {
		c.kern.Add(o.Dst[i*o.W.Out+from:][:n], rest[i*n:(i+1)*n])
	}
}

// mul multiplies n weight rows with all input rows.
func (t *matMulTask) mul(dst []float32, ldd int, typ tensor.DType, w []byte, n int) {
	k, x := t.cpu.kern, t.x
	switch typ {
	case tensor.F32:
		k.MulF32(dst, ldd, w, n, x.X, x.n, 0, x.rows)
	case tensor.F16:
		k.MulF16(dst, ldd, w, n, x.X, x.n, 0, x.rows)
	case tensor.BF16:
		k.MulBF16(dst, ldd, w, n, x.X, x.n, 0, x.rows)
	default:
		f := k.MulQ(typ)
		if f == nil {
			panic(fmt.Sprintf("ops: no kernel multiplies %s", typ))
		}
		f(dst, ldd, w, n, &x.q8, 0, x.rows)
	}
}

// exact expands weight rows to float32 and multiplies those.
func (t *matMulTask) exact(worker int, o *Out, from, n int) {
	c := t.cpu
	in, rb := o.W.In, o.W.rowBytes()
	panel, expand := c.panelOf(worker, exactPanelRows*in), c.kern.Expand(o.W.Type)
	for r := from; r < from+n; r += exactPanelRows {
		rows := min(exactPanelRows, from+n-r)
		w := panel[:rows*in]
		expand(w, o.W.Data[r*rb:(r+rows)*rb])
		t.mul(o.Dst[r:], o.W.Out, tensor.F32, bytesOf(w), rows)
	}
}

// Multiplies reports whether MatMul can multiply by weights of type t.
func Multiplies(t tensor.DType) bool {
	switch t {
	case tensor.F32, tensor.F16, tensor.BF16:
		return true
	}
	return simd.Generic().MulQ(t) != nil && quant.Readable(t)
}
