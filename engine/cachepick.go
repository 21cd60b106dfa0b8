package engine

import (
	"fmt"
	"strings"
)

// Between is the cells whose positions are from from to to-1.
func (t CacheTable) Between(from, to int) CacheTable {
	return t.where(func(c CacheCell) bool { return c.Pos >= from && c.Pos < to })
}

// Tokens is the cells in whose text some text occurs: Tokens(" rabbit").
func (t CacheTable) Tokens(text string) CacheTable {
	return t.where(func(c CacheCell) bool { return strings.Contains(c.Text, text) })
}

func (t CacheTable) where(keep func(c CacheCell) bool) CacheTable {
	all, shared := t.Cells, 0
	t.Cells, t.KBytes, t.VBytes = nil, 0, 0
	for _, c := range all {
		if keep(c) {
			t.Cells = append(t.Cells, c)
			t.KBytes += int64(c.KBytes)
			t.VBytes += int64(c.VBytes)
			if c.Sequences > 1 {
				shared++
			}
		}
	}
	t.SharedCells = shared
	t.ByLayer = append(CacheLayers(nil), t.ByLayer...)
	t.ByLayer.count(t.Cells)
	return t
}

// K is the keys of these cells, as Session.K is those of all. It is an error when the
// session no longer has them as they were; that it went on does not matter.
func (t CacheTable) K(layer, head int) (*Matrix, error) {
	return t.matrix("K", layer, head, (*Session).k)
}

// RawK is K before RoPE, as Session.RawK.
func (t CacheTable) RawK(layer, head int) (*Matrix, error) {
	return t.matrix("RawK", layer, head, (*Session).rawK)
}

// V is the values of these cells, as K is the keys.
func (t CacheTable) V(layer, head int) (*Matrix, error) {
	return t.matrix("V", layer, head, (*Session).v)
}

func (t CacheTable) matrix(name string, layer, head int, of readHead) (*Matrix, error) {
	s, err := t.open(name)
	if err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	m, err := of(s, layer, head)
	if err != nil {
		return nil, err
	}
	picked, first := map[int]bool{}, s.seq.First(layer)
	for _, c := range t.Cells {
		picked[c.Cell-first] = true
	}
	return m.where(func(row int) bool { return picked[row] }), nil
}

// Stored is what the cell at a position holds in a layer, as Session.Stored.
func (t CacheTable) Stored(layer, pos int) (*Stored, error) {
	s, err := t.open("Stored")
	if err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	for _, c := range t.Cells {
		if c.Pos == pos {
			return s.stored(layer, c.Cell)
		}
	}
	return nil, fmt.Errorf("engine: Stored: none of the %s cells stands at position %d", count(len(t.Cells)), pos)
}

// open locks the session, if it still has the cells.
func (t CacheTable) open(name string) (*Session, error) {
	s := t.session
	if s == nil {
		return nil, fmt.Errorf("engine: %s: this table is of no session; take it from Session.Cache", name)
	}
	s.mu.Lock()
	cells := s.seq.Cells()
	for _, c := range t.Cells {
		if c.Cell < len(cells) && s.changes == t.changes {
			if x := cells[c.Cell]; x.Pos == c.Pos && x.Token == c.ID && x.Edited == c.Edited {
				continue
			}
		}
		s.mu.Unlock()
		return nil, fmt.Errorf("engine: %s: the session no longer has cell %d, %q, as it was; take its Cache anew", name, c.Cell, c.Text)
	}
	return s, nil
}
