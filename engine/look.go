package engine

import (
	"fmt"

	"loupe/engine/kvcache"
	"loupe/engine/ops"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// K is the keys of one K/V head in one layer, a row of HeadDim elements for each cell:
// what is stored, dequantised, and turned back where KRotation turned it. RoPE is in
// them, as in llama.cpp's cache. Layers and heads count from 0. A layer with a sliding
// window has the last cells only (LoadConfig.SWAFull); Positions says which.
func (s *Session) K(layer, head int) (*Matrix, error) { return s.locked(layer, head, (*Session).k) }

// RawK is K before RoPE: each row is turned back by the position of its cell. In a
// quantised cache it has the rounding of what is stored. Layers without RoPE have K.
func (s *Session) RawK(layer, head int) (*Matrix, error) {
	return s.locked(layer, head, (*Session).rawK)
}

// V is the values of one K/V head in one layer, as K is the keys.
func (s *Session) V(layer, head int) (*Matrix, error) { return s.locked(layer, head, (*Session).v) }

// readHead reads what is stored of a head, the session being locked: k, rawK or v.
type readHead func(s *Session, layer, head int) (*Matrix, error)

func (s *Session) locked(layer, head int, of readHead) (*Matrix, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return of(s, layer, head)
}

func (s *Session) k(layer, head int) (*Matrix, error) { return s.matrix("K", layer, head) }
func (s *Session) v(layer, head int) (*Matrix, error) { return s.matrix("V", layer, head) }

func (s *Session) rawK(layer, head int) (*Matrix, error) {
	m, err := s.k(layer, head)
	if err != nil {
		return nil, err
	}
	m.Name = "K before RoPE"
	turner := s.model.pass.Turner(layer, s.model.cfg.ContextLength)
	for i, pos := range m.Positions {
		turner.Raw(m.Row(i), pos)
	}
	return m, nil
}

func (s *Session) matrix(name string, layer, head int) (*Matrix, error) {
	c := s.seq.Store().Config()
	if err := within(name, "layer", layer, c.Layers); err != nil {
		return nil, err
	}
	if err := within(name, "K/V head", head, c.KVHeads); err != nil {
		return nil, err
	}
	cells, width, turned := s.seq.Cells(), c.HeadK, s.model.pass.RotateK
	if name == "V" {
		width, turned = c.HeadV, s.model.pass.RotateV
	}
	first := s.seq.First(layer)
	rows := len(cells) - first
	m := &Matrix{Name: name, Layer: layer, Head: head, Rows: rows, Cols: width, Values: make([]float32, rows*width)}
	at := 0
	for i, seg := range s.seq.Segments(nil, layer, len(cells)) {
		skip := min(max(0, first-i*kvcache.PageCells), seg.N)
		if seg.N -= skip; seg.N == 0 {
			continue
		}
		data, t := seg.K, seg.KType
		if name == "V" {
			data, t = seg.V, seg.VType
		}
		if err := expand(m.Values[at*width:][:seg.N*width], data, t, head, skip, width); err != nil {
			return nil, err
		}
		for i := range seg.N {
			cell := cells[first+at+i]
			m.Labels = append(m.Labels, s.model.TokenText(cell.Token))
			m.Positions = append(m.Positions, cell.Pos)
			m.Types = append(m.Types, CacheType(t.String()))
		}
		at += seg.N
	}
	unturn(m.Values, turned)
	return m, nil
}

// expand reads rows of one head of a page, [KVHeads, PageCells, width], from row first on.
func expand(dst []float32, data []byte, t tensor.DType, head, first, width int) error {
	size := t.RowBytes(width)
	data = data[(head*kvcache.PageCells+first)*size:]
	for i := 0; i*width < len(dst); i++ {
		if err := quant.Dequantize(t, dst[i*width:(i+1)*width], data[i*size:(i+1)*size]); err != nil {
			return fmt.Errorf("engine: %w", err)
		}
	}
	return nil
}

// unturn undoes a rotation of rows of whole blocks; nil is none.
func unturn(x []float32, r *ops.Rotation) {
	for ; r != nil && len(x) > 0; x = x[r.Block:] {
		hadamard(x[:r.Block])
	}
}

// within refuses a number that counts none of n things.
func within(what, thing string, i, n int) error {
	if i < 0 || i >= n {
		return fmt.Errorf("engine: %s: there is no %s %d; they go from 0 to %d", what, thing, i, n-1)
	}
	return nil
}
