package kvcache

import (
	"errors"
	"fmt"

	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// ErrFull is returned, wrapped with numbers, when a sequence has no room.
var ErrFull = errors.New("kvcache: context full")

// Cell is what one row of the cache stands for.
type Cell struct {
	Pos    int  // position, as given to RoPE
	Token  int  // token id
	Edited bool // what is stored is not what reading the tokens makes: see Edit
}

// Seq is one sequence. Its methods must not be called from two goroutines at
// once, Put excepted.
type Seq struct {
	store *Store
	pages []*page
	cells []Cell
	row   []float32 // [PageCells, HeadK or HeadV], of pages that are stored anew
	skip  int       // least position of the next cell
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

// Skip lets the next cell begin at a position, if it is not past that already.
func (q *Seq) Skip(pos int) { q.skip = pos }

// Plan is room for the next N cells, found but not yet taken.
type Plan struct {
	From int // index of the first new cell
	Pos  int // its position
	N    int
}

// Plan finds room for n more cells and makes the pages they fall in private to
// q. It fails with ErrFull, changing nothing, when n do not fit.
//
// With Config.Start, Sinks or Residual it also stores anew, in KType and VType, the
// wide pages that are past all three: so what one plan's tokens see of the cells
// before them depends on how many the plan is for. What was stored anew stays so when
// the sequence is cut shorter. Of a page that forks share each gets its own.
func (q *Seq) Plan(n int) (Plan, error) {
	have := len(q.cells)
	if n < 1 || have+n > q.store.cfg.Context {
		return Plan{}, fmt.Errorf("%w: %d cells in use, %d more needed, context %d", ErrFull, have, n, q.store.cfg.Context)
	}
	if q.store.cfg.Late() {
		if err := q.settle(have); err != nil {
			return Plan{}, err
		}
	}
	if in := have % PageCells; in != 0 {
		if err := q.own(have/PageCells, in); err != nil {
			return Plan{}, err
		}
	}
	for len(q.pages)*PageCells < have+n {
		k := &q.store.narrow
		if q.store.cfg.beginsWide(len(q.pages)) {
			k = &q.store.wide
		}
		p, err := q.store.newPage(k)
		if err != nil {
			return Plan{}, err // pages gained so far stay: the next plan uses them
		}
		q.pages = append(q.pages, p)
	}
	pos := 0
	if have > 0 {
		pos = q.cells[have-1].Pos + 1
	}
	return Plan{From: have, Pos: max(pos, q.skip), N: n}, nil
}

// own makes page i private to q, copying its first rows cells if it is shared.
func (q *Seq) own(i, rows int) error {
	old := q.pages[i]
	if old.refs.Load() == 1 {
		return nil
	}
	p, err := q.store.newPage(old.kind)
	if err != nil {
		return err
	}
	c, k := q.store.cfg, old.kind
	for l := range c.Layers {
		copyRows(p.layerK(l), old.layerK(l), rows, c.KVHeads, k.k.typ.RowBytes(c.HeadK))
		copyRows(p.layerV(l), old.layerV(l), rows, c.KVHeads, k.v.typ.RowBytes(c.HeadV))
	}
	q.pages[i] = p
	q.store.drop(old)
	return nil
}

// settle stores the wide pages in the cache's types that so many cells leave behind.
func (q *Seq) settle(cells int) error {
	c := q.store.cfg
	for i, old := range q.pages[:cells/PageCells] {
		if old.kind == &q.store.narrow || c.staysWide(i, cells) {
			continue
		}
		p, err := q.store.newPage(&q.store.narrow)
		if err != nil {
			return err
		}
		for l := range c.Layers {
			if err = q.convert(p.layerK(l), &p.kind.k, old.layerK(l), &old.kind.k); err != nil {
				err = fmt.Errorf("kvcache: K of layer %d, cells from %d on: %w", l, i*PageCells, err)
			} else if err = q.convert(p.layerV(l), &p.kind.v, old.layerV(l), &old.kind.v); err != nil {
				err = fmt.Errorf("kvcache: V of layer %d, cells from %d on: %w", l, i*PageCells, err)
			}
			if err != nil {
				q.store.drop(p)
				return err
			}
		}
		q.pages[i] = p
		q.store.drop(old)
	}
	return nil
}

// convert stores a layer's rows of a page in another type.
func (q *Seq) convert(dst []byte, to *part, src []byte, from *part) error {
	if to.typ == from.typ {
		copy(dst, src)
		return nil
	}
	n := PageCells * from.head
	if len(q.row) < n {
		q.row = make([]float32, n)
	}
	for h, size := 0, from.typ.RowBytes(n); len(src) > 0; h, src = h+1, src[size:] {
		row := q.row[:n]
		if from.expand != nil {
			from.expand(row, src[:size])
		} else if err := quant.Dequantize(from.typ, row, src[:size]); err != nil {
			return err
		}
		for i := range PageCells {
			if err := to.put(dst, h, i, row[i*from.head:][:from.head]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Put stores the key and value of the i-th planned token in one layer.
// k is [KVHeads, HeadK], v is [KVHeads, HeadV]. Different i may be put from
// different goroutines. It fails for what the cache type cannot hold: NaN, an
// infinity, or a value beyond its range in a block format.
func (q *Seq) Put(p Plan, layer, i int, k, v []float32) error {
	page, row := q.pages[(p.From+i)/PageCells], (p.From+i)%PageCells
	if err := page.kind.k.rows(page.layerK(layer), row, k); err != nil {
		return fmt.Errorf("kvcache: K of layer %d, position %d: %w", layer, p.Pos+i, err)
	}
	if err := page.kind.v.rows(page.layerV(layer), row, v); err != nil {
		return fmt.Errorf("kvcache: V of layer %d, position %d: %w", layer, p.Pos+i, err)
	}
	return nil
}

// rows writes src, [KVHeads, head], as one row of each head of dst, [KVHeads,
// PageCells, head].
func (p *part) rows(dst []byte, row int, src []float32) error {
	for h := 0; h*p.head < len(src); h++ {
		if err := p.put(dst, h, row, src[h*p.head:][:p.head]); err != nil {
			return err
		}
	}
	return nil
}

// put writes one row of a head. What encode fails on, package quant has the words for.
func (p *part) put(dst []byte, h, row int, src []float32) error {
	size := p.typ.RowBytes(p.head)
	to := dst[(h*PageCells+row)*size:][:size]
	if p.store != nil && p.store(to, src) {
		return nil
	}
	return quant.Quantize(p.typ, to, src)
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
	q.skip = 0
}

// Segment is a page of one layer: K is [KVHeads, PageCells, HeadK] and V is
// [KVHeads, PageCells, HeadV] in storage format. The rows of a head lie together;
// the first N of each are those of cells.
type Segment struct {
	K, V         []byte
	KType, VType tensor.DType // those of the Config, or WideK and WideV
	N            int
}

// Segments appends to dst the rows of one layer for the first n cells, oldest
// first, planned ones included.
func (q *Seq) Segments(dst []Segment, layer, n int) []Segment {
	for i := 0; n > 0; i++ {
		rows := min(n, PageCells)
		dst = append(dst, Segment{
			K: q.pages[i].layerK(layer), KType: q.pages[i].kind.k.typ,
			V: q.pages[i].layerV(layer), VType: q.pages[i].kind.v.typ,
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

// UsedBytes is what the cells take: Len times Config.CellBytes, and more for those
// that are wide.
func (q *Seq) UsedBytes() int64 {
	n := int64(0)
	for i, p := range q.pages {
		n += int64(max(0, min(PageCells, len(q.cells)-i*PageCells)) * (p.kind.pageLen / PageCells))
	}
	return n
}

// Types are the types that cell i is stored in.
func (q *Seq) Types(i int) (k, v tensor.DType) {
	kind := q.pages[i/PageCells].kind
	return kind.k.typ, kind.v.typ
}

// Free gives the pages back. The sequence is empty and usable afterwards.
func (q *Seq) Free() {
	for _, p := range q.pages {
		q.store.drop(p)
	}
	q.pages, q.cells = nil, nil
}
