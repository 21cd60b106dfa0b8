package kvcache

import (
	"errors"
	"fmt"

	"loupe/engine/internal/simd"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// ErrFull is returned, wrapped with numbers, when a sequence has no room.
var ErrFull = errors.New("kvcache: context full")

// Cell is what one row of the cache stands for.
type Cell struct {
	Pos   int // position, as given to RoPE
	Token int // token id
}

// Seq is one sequence. Its methods must not be called from two goroutines at
// once, Put excepted.
type Seq struct {
	store *Store
	pages []*page
	cells []Cell
}

// NewSeq is an empty sequence; it takes no memory until the first Plan.
func (s *Store) NewSeq() *Seq { return &Seq{store: s} }

// Store is the memory behind the sequence.
func (q *Seq) Store() *Store { return q.store }

// Len is the number of cells.
func (q *Seq) Len() int { return len(q.cells) }

// Cells lists what the cells stand for, oldest first. The slice is the
// sequence's own: copy it to keep it.
func (q *Seq) Cells() []Cell { return q.cells }

// Plan is room for the next N cells, found but not yet taken.
type Plan struct {
	From int // index of the first new cell
	Pos  int // its position
	N    int
}

// Plan finds room for n more cells and makes the pages they fall in private to
// q. It fails with ErrFull, changing nothing, when n do not fit.
func (q *Seq) Plan(n int) (Plan, error) {
	have := len(q.cells)
	if n < 1 || have+n > q.store.cfg.Context {
		return Plan{}, fmt.Errorf("%w: %d cells in use, %d more needed, context %d", ErrFull, have, n, q.store.cfg.Context)
	}
	if in := have % PageCells; in != 0 {
		if err := q.own(have/PageCells, in); err != nil {
			return Plan{}, err
		}
	}
	for len(q.pages)*PageCells < have+n {
		p, err := q.store.newPage()
		if err != nil {
			return Plan{}, err // pages gained so far stay: the next plan uses them
		}
		q.pages = append(q.pages, p)
	}
	pos := 0
	if have > 0 {
		pos = q.cells[have-1].Pos + 1
	}
	return Plan{From: have, Pos: pos, N: n}, nil
}

// own makes page i private to q, copying its first rows cells if it is shared.
func (q *Seq) own(i, rows int) error {
	old := q.pages[i]
	if old.refs.Load() == 1 {
		return nil
	}
	p, err := q.store.newPage()
	if err != nil {
		return err
	}
	c := q.store.cfg
	for l := range c.Layers {
		copyRows(q.store.k(p, l), q.store.k(old, l), rows, c.KVHeads, c.KType.RowBytes(c.HeadK))
		copyRows(q.store.v(p, l), q.store.v(old, l), rows, c.KVHeads, c.VType.RowBytes(c.HeadV))
	}
	q.pages[i] = p
	q.store.drop(old)
	return nil
}

// Put stores the key and value of the i-th planned token in one layer.
// k is [KVHeads, HeadK], v is [KVHeads, HeadV]. Different i may be put from
// different goroutines. It fails for what the cache type cannot hold: NaN, an
// infinity, or a value beyond its range in a block format.
func (q *Seq) Put(p Plan, layer, i int, k, v []float32) error {
	page, row := q.pages[(p.From+i)/PageCells], (p.From+i)%PageCells
	c := q.store.cfg
	if err := store(c.KType, q.store.storeK, q.store.k(page, layer), row, k, c.HeadK); err != nil {
		return fmt.Errorf("kvcache: K of layer %d, position %d: %w", layer, p.Pos+i, err)
	}
	if err := store(c.VType, q.store.storeV, q.store.v(page, layer), row, v, c.HeadV); err != nil {
		return fmt.Errorf("kvcache: V of layer %d, position %d: %w", layer, p.Pos+i, err)
	}
	return nil
}

// store writes src, [KVHeads, n], in storage format as one row of each head of
// dst, [KVHeads, PageCells, n]. What encode fails on, package quant has the words for.
func store(t tensor.DType, encode simd.Store, dst []byte, row int, src []float32, n int) error {
	size := t.RowBytes(n)
	for h := 0; h*n < len(src); h++ {
		if encode != nil && encode(dst[(h*PageCells+row)*size:][:size], src[h*n:(h+1)*n]) {
			continue
		}
		if err := quant.Quantize(t, dst[(h*PageCells+row)*size:][:size], src[h*n:(h+1)*n]); err != nil {
			return err
		}
	}
	return nil
}

// copyRows copies the first rows rows of each head, of size bytes each.
func copyRows(dst, src []byte, rows, heads, size int) {
	for h := range heads {
		at := h * PageCells * size
		copy(dst[at:at+rows*size], src[at:])
	}
}

// Commit makes the planned rows cells. tokens are their ids, [N].
func (q *Seq) Commit(p Plan, tokens []int) {
	if p.From != len(q.cells) || len(tokens) != p.N {
		panic(fmt.Sprintf("kvcache: commit of %d tokens at cell %d to a plan of %d at %d", len(tokens), len(q.cells), p.N, p.From))
	}
	for i, t := range tokens {
		q.cells = append(q.cells, Cell{Pos: p.Pos + i, Token: t})
	}
}

// Segment is a page of one layer: K is [KVHeads, PageCells, HeadK] and V is
// [KVHeads, PageCells, HeadV] in storage format. The rows of a head lie together;
// the first N of each are those of cells.
type Segment struct {
	K, V []byte
	N    int
}

// Segments appends to dst the rows of one layer for the first n cells, oldest
// first, planned ones included.
func (q *Seq) Segments(dst []Segment, layer, n int) []Segment {
	for i := 0; n > 0; i++ {
		rows := min(n, PageCells)
		dst = append(dst, Segment{
			K: q.store.k(q.pages[i], layer),
			V: q.store.v(q.pages[i], layer),
			N: rows,
		})
		n -= rows
	}
	return dst
}

// Truncate keeps the first n cells. It does nothing when there are no more.
func (q *Seq) Truncate(n int) {
	if n >= len(q.cells) {
		return
	}
	n = max(n, 0)
	q.cells = q.cells[:n]
	keep := (n + PageCells - 1) / PageCells
	for _, p := range q.pages[keep:] {
		q.store.drop(p)
	}
	clear(q.pages[keep:])
	q.pages = q.pages[:keep]
}

// Fork is a second sequence with the same cells. Pages are shared until one
// side writes to them, so it costs no copy of keys and values.
func (q *Seq) Fork() *Seq {
	pages := (len(q.cells) + PageCells - 1) / PageCells
	f := &Seq{store: q.store, pages: append([]*page(nil), q.pages[:pages]...), cells: append([]Cell(nil), q.cells...)}
	for _, p := range f.pages {
		p.refs.Add(1)
	}
	return f
}

// Shared is the number of leading cells that lie in pages held by another
// sequence too.
func (q *Seq) Shared() int {
	n := 0
	for _, p := range q.pages {
		if p.refs.Load() == 1 {
			break
		}
		n += PageCells
	}
	return min(n, len(q.cells))
}

// UsedBytes is what the cells take: Len times Config.CellBytes.
func (q *Seq) UsedBytes() int64 { return int64(len(q.cells)) * int64(q.store.cfg.CellBytes()) }

// Free gives the pages back. The sequence is empty and usable afterwards.
func (q *Seq) Free() {
	for _, p := range q.pages {
		q.store.drop(p)
	}
	q.pages, q.cells = nil, nil
}
