package kvcache

import "fmt"

// Remove takes the cells from to to-1 out. Those behind keep their positions and what
// is stored for them, bit by bit, and move up; pages that forks share are left to them.
// It changes nothing when it fails.
func (q *Seq) Remove(from, to int) error {
	n := len(q.cells)
	if from < 0 || to < from || to > n {
		return fmt.Errorf("kvcache: there are no cells %d to %d; they go from 0 to %d", from, to-1, n-1)
	}
	if from == to {
		return nil
	}
	if q.store.cfg.Late() {
		return fmt.Errorf("kvcache: cells cannot be removed from a cache whose cells are stored in two types (sinks, residual or start)")
	}
	first := from / PageCells
	kept := &Seq{store: q.store}
	for i := from - from%PageCells; i < n; i++ {
		if i == from {
			i = to
			if i == n {
				break
			}
		}
		row := len(kept.cells) % PageCells
		if row == 0 {
			p, err := q.store.newPage(&q.store.narrow)
			if err != nil {
				kept.Free()
				return err
			}
			kept.pages = append(kept.pages, p)
		}
		q.store.copyCell(kept.pages[len(kept.pages)-1], row, q.pages[i/PageCells], i%PageCells)
		kept.cells = append(kept.cells, q.cells[i])
	}
	for _, p := range q.pages[first:] {
		q.store.drop(p)
	}
	q.pages = append(q.pages[:first:first], kept.pages...)
	q.cells = append(q.cells[:first*PageCells:first*PageCells], kept.cells...)
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
