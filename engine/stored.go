package engine

import (
	"fmt"
	"strconv"
	"strings"

	"loupe/engine/kvcache"
	"loupe/engine/quant"
	"loupe/engine/tensor"

	"loupe/engine/tables"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Stored is what one cell holds in one layer, as it lies in memory.
type Stored struct {
	Layer, Cell, Pos, ID int
	Text                 string
	K, V                 []StoredHead // [KVHeads]
	// KTurned and VTurned say that what is stored was turned by KRotation and
	// VRotation: the quants are those of the turned row.
	KTurned, VTurned bool
}

// StoredHead is the key or the value of one K/V head.
type StoredHead struct {
	Type   CacheType
	Bytes  []byte        // a copy
	Blocks []StoredBlock // of types that have blocks, else empty
	Values []float32     // what Bytes stand for, KTurned or VTurned if that is so
}

// StoredBlock is 32 elements: value i is Scale*Quants[i] + Offset. The quants of iq4_nl
// are its table's values.
type StoredBlock struct {
	Scale, Offset float32
	Quants        []int // [32]
}

// Stored is what a cell, counted from 0, holds in a layer.
func (s *Session) Stored(layer, cell int) (*Stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored(layer, cell)
}

func (s *Session) stored(layer, cell int) (*Stored, error) {
	c := s.seq.Store().Config()
	if err := within("Stored", "layer", layer, c.Layers); err != nil {
		return nil, err
	}
	if s.seq.Len() == 0 {
		return nil, fmt.Errorf("engine: Stored: the session has read nothing yet; Generate or Eval first")
	}
	if err := within("Stored", "cell", cell, s.seq.Len()); err != nil {
		return nil, err
	}
	if first := s.seq.First(layer); cell < first {
		return nil, fmt.Errorf("engine: Stored: layer %d has a sliding window and the cells from %d on; load the model with SWAFull for cell %d", layer, first, cell)
	}
	at := s.seq.Cells()[cell]
	x := &Stored{
		Layer: layer, Cell: cell, Pos: at.Pos, ID: at.Token, Text: s.model.TokenText(at.Token),
		KTurned: s.model.pass.RotateK != nil, VTurned: s.model.pass.RotateV != nil,
	}
	seg := s.seq.Segments(nil, layer, s.seq.Len())[cell/kvcache.PageCells]
	for h := range c.KVHeads {
		k, err := storedHead(seg.K, seg.KType, h, cell%kvcache.PageCells, c.HeadK)
		if err != nil {
			return nil, err
		}
		v, err := storedHead(seg.V, seg.VType, h, cell%kvcache.PageCells, c.HeadV)
		if err != nil {
			return nil, err
		}
		x.K, x.V = append(x.K, k), append(x.V, v)
	}
	return x, nil
}

func storedHead(page []byte, t tensor.DType, head, row, width int) (StoredHead, error) {
	size := t.RowBytes(width)
	h := StoredHead{Type: CacheType(t.String()), Values: make([]float32, width)}
	h.Bytes = append(h.Bytes, page[(head*kvcache.PageCells+row)*size:][:size]...)
	if err := quant.Dequantize(t, h.Values, h.Bytes); err != nil {
		return h, fmt.Errorf("engine: %w", err)
	}
	if n := t.BlockSize(); n > 1 {
		for b := range width / n {
			block := StoredBlock{Quants: make([]int, n)}
			var err error
			if block.Scale, block.Offset, err = quant.Open(t, h.Bytes[b*t.BlockBytes():][:t.BlockBytes()], block.Quants); err != nil {
				return h, fmt.Errorf("engine: %w", err)
			}
			h.Blocks = append(h.Blocks, block)
		}
	}
	return h, nil
}

// build lays the cell out, a row for each block, or for each head without blocks.
func (x *Stored) build() *tables.Table {
	w := tables.New()
	w.SetTitle("%s", x.title())
	w.AppendHeader(table.Row{"part", "head", "block", "scale", "offset", "quants, or values"})
	for _, part := range []struct {
		name  string
		heads []StoredHead
	}{{"K", x.K}, {"V", x.V}} {
		for i, h := range part.heads {
			if len(h.Blocks) == 0 {
				w.AppendRow(table.Row{part.name + " " + string(h.Type), i, "", "", "", list(len(h.Values), func(j int) string { return strconv.FormatFloat(float64(h.Values[j]), 'g', 4, 32) })})
			}
			for j, b := range h.Blocks {
				w.AppendRow(table.Row{part.name + " " + string(h.Type), i, j, fmt.Sprintf("%.5g", b.Scale), fmt.Sprintf("%.5g", b.Offset),
					list(len(b.Quants), func(k int) string { return strconv.Itoa(b.Quants[k]) })})
			}
		}
	}
	return w
}

func (x *Stored) title() string {
	s := fmt.Sprintf("cell %d, position %d, %q, layer %d: %d bytes", x.Cell, x.Pos, x.Text, x.Layer, x.bytes())
	switch {
	case x.KTurned && x.VTurned:
		s += ", K and V turned"
	case x.KTurned:
		s += ", K turned"
	case x.VTurned:
		s += ", V turned"
	}
	return s
}

func (x *Stored) bytes() (n int) {
	for _, h := range append(append([]StoredHead{}, x.K...), x.V...) {
		n += len(h.Bytes)
	}
	return n
}

// list is the first of n texts, and how many are left out.
func list(n int, text func(i int) string) string {
	const most = 16
	var b strings.Builder
	for i := range min(n, most) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(text(i))
	}
	if n > most {
		fmt.Fprintf(&b, " ... %d more", n-most)
	}
	return b.String()
}

// String is the cell as a table: the first quants of each block.
func (x *Stored) String() string { return x.build().Render() }

// Terminal is the table for a terminal of so many columns.
func (x *Stored) Terminal(width, _ int) string { return x.build().Within(width) }

// Display is the table as text, Markdown and HTML.
func (x *Stored) Display() map[string]string {
	return map[string]string{"text/plain": x.String(), "text/markdown": x.build().RenderMarkdown(), "text/html": x.build().RenderHTML()}
}
