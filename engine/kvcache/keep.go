package kvcache

import (
	"errors"
	"fmt"
)

// errTwoTypes says what cannot be done to a cache whose pages are of two kinds.
var errTwoTypes = errors.New("kvcache: cells cannot be taken out of, or put into, a cache whose cells are stored in two types (sinks, residual or start)")

// Keep keeps some cells, numbered as they lie now and ascending, and takes the others
// out. Those kept keep their positions and what is stored for them, bit by bit, and
// move up; pages that forks share are left to them. It changes nothing when it fails.
// Layers with a window have no more of them than before, so that q may not be Whole.
func (q *Seq) Keep(cells []int) error {
	for i, c := range cells {
		if c < 0 || c >= len(q.cells) || i > 0 && c <= cells[i-1] {
			return fmt.Errorf("kvcache: cell %d cannot be kept; there are those from 0 to %d, each once and in their order", c, len(q.cells)-1)
		}
	}
	if len(cells) == len(q.cells) {
		return nil
	}
	if q.store.cfg.Late() {
		return errTwoTypes
	}
	same := 0 // leading cells that stay where they are
	for same < len(cells) && cells[same] == same {
		same++
	}
	first := same / PageCells // page from which on there are new ones
	kept := q.store.NewSeq()
	for _, c := range cells[first*PageCells:] {
		if err := kept.take(q, c); err != nil {
			kept.Free()
			return err
		}
	}
	gone := 0 // those behind first that are kept, and all before them
	for gone < len(cells) && cells[gone] < q.gone {
		gone++
	}
	q.cut(first)
	for g := range q.pages {
		q.pages[g] = append(q.pages[g][:first:first], kept.pages[g]...)
	}
	q.cells = append(q.cells[:first*PageCells:first*PageCells], kept.cells...)
	q.gone = gone
	return nil
}

// Append puts the cells from to to-1 of another sequence of the same Store behind
// those of q, with their positions and what is stored for them. What it had put when
// it fails stays.
func (q *Seq) Append(other *Seq, from, to int) error {
	switch {
	case other.store != q.store:
		return errors.New("kvcache: cells of another store")
	case q.store.cfg.Late():
		return errTwoTypes
	case from < 0 || to < from || to > len(other.cells):
		return fmt.Errorf("kvcache: there are no cells %d to %d; they go from 0 to %d", from, to-1, len(other.cells)-1)
	case len(q.cells)+to-from > q.store.cfg.Context:
		return fmt.Errorf("%w: %d cells and %d more, context %d", ErrFull, len(q.cells), to-from, q.store.cfg.Context)
	}
	if in := len(q.cells) % PageCells; in != 0 && from < to {
		for g := range q.pages {
			if err := q.own(g, len(q.cells)/PageCells, in); err != nil {
				return err
			}
		}
	}
	for c := from; c < to; c++ {
		if err := q.take(other, c); err != nil {
			return err
		}
	}
	return nil
}

// take copies a cell of another sequence behind those of q, whose last page is its own.
// If layers with a window have it no longer, they have none of q's before it any more.
func (q *Seq) take(from *Seq, cell int) error {
	at, row := len(q.cells)/PageCells, len(q.cells)%PageCells
	for g, x := range q.store.groups {
		absent := x.local && cell < from.gone
		if at == len(q.pages[g]) {
			q.pages[g] = append(q.pages[g], nil)
		}
		if absent {
			for i, p := range q.pages[g][:at] {
				if p != nil {
					q.store.drop(p)
					q.pages[g][i] = nil
				}
			}
			q.gone = len(q.cells) + 1
			continue
		}
		if q.pages[g][at] == nil {
			p, err := q.store.newPage(&x.narrow)
			if err != nil {
				return err
			}
			q.pages[g][at] = p
		}
		q.store.copyCell(q.pages[g][at], row, from.pages[g][cell/PageCells], cell%PageCells)
	}
	q.cells = append(q.cells, from.cells[cell])
	return nil
}

// copyCell copies a row of every layer and head from a page to another of its kind.
func (s *Store) copyCell(to *page, row int, from *page, at int) {
	k, v := to.kind.k.typ.RowBytes(s.cfg.HeadK), to.kind.v.typ.RowBytes(s.cfg.HeadV)
	for l := range to.kind.layers {
		for h := range s.cfg.KVHeads {
			copy(to.layerK(l)[(h*PageCells+row)*k:][:k], from.layerK(l)[(h*PageCells+at)*k:])
			copy(to.layerV(l)[(h*PageCells+row)*v:][:v], from.layerV(l)[(h*PageCells+at)*v:])
		}
	}
}
