package ops

import (
	"fmt"

	"loupe/engine/internal/offheap"
	"loupe/engine/internal/simd"
)

// packRows is how many rows of a weight one chunk of packing lays out: a multiple
// of every tier's panel.
const packRows = 64

// Packed is the memory of weights that Pack has laid out anew.
type Packed struct{ mem []byte }

// Bytes is how much memory that is.
func (p *Packed) Bytes() int64 { return int64(len(p.mem)) }

// Lock keeps the memory from being swapped out.
func (p *Packed) Lock() error {
	if err := offheap.Lock(p.mem); err != nil {
		return fmt.Errorf("ops: %w", err)
	}
	return nil
}

// Close gives the memory back. The weights must not be multiplied by any more.
func (p *Packed) Close() {
	if p.mem != nil {
		offheap.Unmap(p.mem)
		p.mem = nil
	}
}

type packTask struct {
	kern *simd.Kernels
	w    *Weight
}

// PackedBytes is the memory that Pack takes for the weights, with these kernels and
// not in the exact way.
func PackedBytes(kern *simd.Kernels, weights []*Weight) (total int64) {
	for _, w := range weights {
		total += int64(panelBytes(kern, w, w.Out))
	}
	return total
}

// panelBytes is what the first rows rows of w take in panels, 0 for a type that the
// kernels have none of. rows is a multiple of a panel's, or all.
func panelBytes(kern *simd.Kernels, w *Weight, rows int) int {
	if n := kern.PanelBytes(w.Type, rows, w.In); n > 0 {
		return n
	}
	return kern.FloatPanelBytes(w.Type, rows, w.In)
}

// Pack lays the weights out in panels of interleaved rows, as the kernels read
// them fastest, in memory of its own. Weights of types without such a kernel, and
// all of them in the exact way, stay as they are.
//
// progress hears, weight by weight, how many of the bytes are laid out. After Cancel
// the result is unusable, as that of any operation.
func (c *CPU) Pack(weights []*Weight, progress func(done, total int64)) (*Packed, error) {
	total := int(PackedBytes(c.kern, weights))
	if c.exact || total == 0 {
		return &Packed{}, nil
	}
	mem, err := offheap.Map(total)
	if err != nil {
		return nil, fmt.Errorf("ops: no memory for %d bytes of weights: %w", total, err)
	}
	at := 0
	for _, w := range weights {
		n := panelBytes(c.kern, w, w.Out)
		if n == 0 {
			continue
		}
		w.panels = mem[at : at+n : at+n]
		if c.Canceled() {
			break
		}
		progress(int64(at), int64(total))
		c.do(&packTask{c.kern, w}, (w.Out+packRows-1)/packRows)
		at += n
	}
	progress(int64(total), int64(total))
	return &Packed{mem}, nil
}

func (t *packTask) Chunk(_, chunk int) {
	w, kern := t.w, t.kern
	from := chunk * packRows
	rows, rb := min(packRows, w.Out-from), w.rowBytes()
	dst, src := w.panels[panelBytes(kern, w, from):][:panelBytes(kern, w, rows)], w.Data[from*rb:(from+rows)*rb]
	if kern.MulPanel(w.Type) != nil {
		kern.Pack(w.Type, dst, src, rows, w.In)
	} else {
		kern.PackFloats(w.Type, dst, src, rows, w.In)
	}
}
