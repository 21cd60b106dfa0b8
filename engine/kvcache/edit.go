package kvcache

import (
	"fmt"

	"loupe/engine/quant"
)

// Part is K or V.
type Part byte

// The parts of a cell.
const (
	K Part = 'K'
	V Part = 'V'
)

// Edit changes what is stored for the cells from to to-1 in one head of one layer: f
// gets each row, dequantised, [HeadK] or [HeadV], and what it leaves there is stored
// anew in the row's own type. The cells are Edited from then on. Pages that forks
// share are left to them. Cells before First are passed over. When it fails, some rows
// may be changed: edit a Fork.
func (q *Seq) Edit(part Part, layer, head, from, to int, f func(cell int, row []float32)) error {
	c := q.store.cfg
	if layer < 0 || layer >= c.Layers || head < 0 || head >= c.KVHeads || from < 0 || to < from || to > len(q.cells) {
		return fmt.Errorf("kvcache: there are no cells %d to %d in layer %d, head %d; there are %d cells, %d layers, %d heads", from, to-1, layer, head, len(q.cells), c.Layers, c.KVHeads)
	}
	at := q.store.places[layer]
	for i := max(from, q.First(layer)); i < to; i++ {
		if err := q.own(at.group, i/PageCells, min(PageCells, len(q.cells)-i/PageCells*PageCells)); err != nil {
			return err
		}
		page := q.pages[at.group][i/PageCells]
		p, data := &page.kind.k, page.layerK(at.layer)
		if part == V {
			p, data = &page.kind.v, page.layerV(at.layer)
		}
		if len(q.row) < p.head {
			q.row = make([]float32, PageCells*max(c.HeadK, c.HeadV))
		}
		row, size := q.row[:p.head], p.typ.RowBytes(p.head)
		if err := quant.Dequantize(p.typ, row, data[(head*PageCells+i%PageCells)*size:][:size]); err != nil {
			return err
		}
		f(i, row)
		if err := p.put(data, head, i%PageCells, row); err != nil {
			return fmt.Errorf("kvcache: %c of layer %d, head %d, cell %d: %w", part, layer, head, i, err)
		}
		q.cells[i].Edited = true
	}
	return nil
}

// Shift moves the positions of the cells from to to-1 by delta, so that they stay
// ascending and none is below 0. What is stored is left to Edit, since this package
// knows no RoPE. The cells are Edited from then on.
func (q *Seq) Shift(from, to, delta int) error {
	n := len(q.cells)
	switch {
	case to < from:
		return fmt.Errorf("kvcache: from %d to %d is no range of cells; to counts the first that stays", from, to)
	case from < 0 || to > n:
		return fmt.Errorf("kvcache: there are no cells %d to %d; they go from 0 to %d", from, to-1, n-1)
	case from == to:
		return nil
	}
	least := 0
	if from > 0 {
		least = q.cells[from-1].Pos + 1
	}
	if at := q.cells[from].Pos + delta; at < least {
		return fmt.Errorf("kvcache: cell %d would come to position %d; %d is the least that is free", from, at, least)
	}
	if to < n && q.cells[to-1].Pos+delta >= q.cells[to].Pos {
		return fmt.Errorf("kvcache: cell %d would come to position %d; cell %d behind it stands at %d", to-1, q.cells[to-1].Pos+delta, to, q.cells[to].Pos)
	}
	for i := from; i < to; i++ {
		q.cells[i].Pos += delta
		q.cells[i].Edited = true
	}
	return nil
}

// Mark says that the cells from number from on are not what reading their tokens makes.
func (q *Seq) Mark(from int) {
	for i := max(from, 0); i < len(q.cells); i++ {
		q.cells[i].Edited = true
	}
}
