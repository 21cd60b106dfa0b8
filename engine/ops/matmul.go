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
	minPanel      = 16
	maxPanel      = 128
	chunksAThread = 8
	expandedRows  = 16 // what is expanded to float32 at a time
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
		integer = integer || c.integer(o.W)
		fine = fine || o.Fine && c.integer(o.W)
	}
	if integer {
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
	rb := o.W.rowBytes()
	w := o.W.Data[from*rb : (from+n)*rb]
	dst, kern := o.Dst[from:], t.cpu.kern
	switch mul := t.cpu.floatKernel(o.W.Type); {
	case t.cpu.integer(o.W):
		t.integer(worker, o, w, from, n)
	case o.W.panels != nil:
		kern.MulPanelF(o.W.Type)(dst, o.W.Out, o.W.panels[panelBytes(kern, o.W, from):], n, t.x.X, t.x.n, 0, t.x.rows)
	case mul != nil:
		mul(dst, o.W.Out, w, n, t.x.X, t.x.n, 0, t.x.rows)
	default:
		t.expanded(worker, dst, o.W, w, n)
	}
}

// floatKernel is the kernel that multiplies by weights of type t as they lie, or
// nil. The exact way reads weights of 2 bytes as float32 too.
func (c *CPU) floatKernel(t tensor.DType) simd.MulF {
	switch {
	case t == tensor.F32:
		return c.kern.MulF32
	case t == tensor.F16 && !c.exact:
		return c.kern.MulF16
	case t == tensor.BF16 && !c.exact:
		return c.kern.MulBF16
	}
	return nil
}

// integer multiplies n weight rows w, from number from on, in integers: by way of
// panels where Pack has made some.
func (t *matMulTask) integer(worker int, o *Out, w []byte, from, n int) {
	c, x := t.cpu, t.x
	dst, ldd := o.Dst[from:], o.W.Out
	mul := c.kern.MulQ(o.W.Type)
	if o.W.panels != nil {
		w = o.W.panels[panelBytes(c.kern, o.W, from):]
		if o.Fine {
			c.kern.MulPanelFine(o.W.Type)(dst, ldd, w, n, &x.q8, &x.rest, 0, x.rows)
			return
		}
		mul = c.kern.MulPanel(o.W.Type)
	}
	mul(dst, ldd, w, n, &x.q8, 0, x.rows)
	if !o.Fine {
		return
	}
	// The product with what the first 8 bits left.
	rest := c.panelOf(worker, x.rows*n)
	mul(rest, n, w, n, &x.rest, 0, x.rows)
	for i := range x.rows {
		c.kern.Add(dst[i*ldd:][:n], rest[i*n:(i+1)*n])
	}
}

// expanded multiplies n weight rows w by way of float32: the exact way, and the
// only one for types without an integer kernel.
func (t *matMulTask) expanded(worker int, dst []float32, weight *Weight, w []byte, n int) {
	c, in, rb := t.cpu, weight.In, weight.rowBytes()
	panel := c.panelOf(worker, expandedRows*in)
	for r := 0; r < n; r += expandedRows {
		rows := min(expandedRows, n-r)
		c.expand(weight.Type, panel[:rows*in], w[r*rb:(r+rows)*rb])
		c.kern.MulF32(dst[r:], weight.Out, bytesOf(panel[:rows*in]), rows, t.x.X, t.x.n, 0, t.x.rows)
	}
}

// Multiplies reports whether MatMul can multiply by weights of type t.
func Multiplies(t tensor.DType) bool { return quant.Readable(t) }
