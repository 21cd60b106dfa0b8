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
	kept := &Seq{store: q.store}
	for _, c := range cells[first*PageCells:] {
		if err := kept.take(q, c); err != nil {
			kept.Free()
			return err
		}
	}
	for _, p := range q.pages[first:] {
		q.store.drop(p)
	}
	q.pages = append(q.pages[:first:first], kept.pages...)
	q.cells = append(q.cells[:first*PageCells:first*PageCells], kept.cells...)
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
		if err := q.own(len(q.cells)/PageCells, in); err != nil {
			return err
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
func (q *Seq) take(from *Seq, cell int) error {
	row := len(q.cells) % PageCells
	if len(q.cells) == len(q.pages)*PageCells {
		p, err := q.store.newPage(&q.store.narrow)
		if err != nil {
			return err
		}
		q.pages = append(q.pages, p)
	}
	q.store.copyCell(q.pages[len(q.cells)/PageCells], row, from.pages[cell/PageCells], cell%PageCells)
	q.cells = append(q.cells, from.cells[cell])
	return nil
}

// copyCell copies a row of every layer and head from a page to another of its kind.
func (s *Store) copyCell(to *page, row int, from *page, at int) {
	k, v := to.kind.k.typ.RowBytes(s.cfg.HeadK), to.kind.v.typ.RowBytes(s.cfg.HeadV)
	for l := range s.cfg.Layers {
		for h := range s.cfg.KVHeads {
			copy(to.layerK(l)[(h*PageCells+row)*k:][:k], from.layerK(l)[(h*PageCells+at)*k:])
			copy(to.layerV(l)[(h*PageCells+row)*v:][:v], from.layerV(l)[(h*PageCells+at)*v:])
		}
	}
}
