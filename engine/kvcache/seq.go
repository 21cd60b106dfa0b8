package kvcache

import (
	"errors"
	"fmt"
	"slices"

	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// ErrFull is returned, wrapped with numbers, when a sequence has no room.
var ErrFull = errors.New("kvcache: context full")

// ErrGone is returned, wrapped with numbers, when layers with a window no longer have
// what the next cell sees.
var ErrGone = errors.New("kvcache: cells that layers with a sliding window need are gone")

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
	pages [][]*page // of each group, as many; nil where a window's have gone
	cells []Cell
	gone  int       // leading cells that layers with a window have no longer
	row   []float32 // [PageCells, HeadK or HeadV], of pages that are stored anew
	skip  int       // least position of the next cell
}

// NewSeq is an empty sequence; it takes no memory until the first Plan.
func (s *Store) NewSeq() *Seq { return &Seq{store: s, pages: make([][]*page, len(s.groups))} }

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
//
// Of layers with a window it gives pages back that no cell from here on sees. It fails
// with ErrGone when the sequence is not Whole.
func (q *Seq) Plan(n int) (Plan, error) {
	have := len(q.cells)
	if n < 1 || have+n > q.store.cfg.Context {
		return Plan{}, fmt.Errorf("%w: %d cells in use, %d more needed, context %d", ErrFull, have, n, q.store.cfg.Context)
	}
	if !q.Whole() {
		return Plan{}, fmt.Errorf("%w: cell %d sees those from %d on, there are those from %d on", ErrGone, have, q.store.cfg.seen(have), q.gone)
	}
	if q.store.cfg.Window > 0 {
		q.leave(q.store.cfg.first(have, n))
	}
	for g := range q.pages {
		if q.store.cfg.Late() {
			if err := q.settle(g, have); err != nil {
				return Plan{}, err
			}
		}
		if in := have % PageCells; in != 0 {
			if err := q.own(g, have/PageCells, in); err != nil {
				return Plan{}, err
			}
		}
		for len(q.pages[g])*PageCells < have+n {
			if err := q.grow(g); err != nil {
				return Plan{}, err // pages gained so far stay: the next plan uses them
			}
		}
	}
	pos := 0
	if have > 0 {
		pos = q.cells[have-1].Pos + 1
	}
	return Plan{From: have, Pos: max(pos, q.skip), N: n}, nil
}

// grow adds a page to a group.
func (q *Seq) grow(g int) error {
	x := q.store.groups[g]
	k := &x.narrow
	if q.store.cfg.beginsWide(len(q.pages[g])) {
		k = &x.wide
	}
	p, err := q.store.newPage(k)
	if err == nil {
		q.pages[g] = append(q.pages[g], p)
	}
	return err
}

// has reports whether a group has some cell of page i.
func (q *Seq) has(g, i int) bool {
	return !q.store.groups[g].local || min((i+1)*PageCells, len(q.cells)) > q.gone
}

// leave gives back what layers with a window have of the cells before number first, as
// far as that is whole pages.
func (q *Seq) leave(first int) {
	for g, x := range q.store.groups {
		if x.local {
			// From the last on, as those before were given back long ago.
			for i := min(first/PageCells, len(q.pages[g])) - 1; i >= 0 && q.pages[g][i] != nil; i-- {
				q.store.drop(q.pages[g][i])
				q.pages[g][i] = nil
			}
			q.gone = max(q.gone, min(first/PageCells*PageCells, len(q.cells)))
		}
	}
}

// Whole reports whether the sequence can go on: layers with a window have all that the
// next cell sees there.
func (q *Seq) Whole() bool { return q.WholeAt(len(q.cells)) == len(q.cells) }

// WholeAt is the greatest number of cells, at most n, that the sequence can be cut to
// and be Whole.
func (q *Seq) WholeAt(n int) int {
	n = max(0, min(n, len(q.cells)))
	if min(q.gone, n) > q.store.cfg.seen(n) {
		return 0
	}
	return n
}

// First is the first cell that a layer has: 0, but where a window has left some behind.
func (q *Seq) First(layer int) int {
	if q.store.groups[q.store.places[layer].group].local {
		return q.gone
	}
	return 0
}

// own makes page i of a group private to q, copying its first rows cells if it is shared.
func (q *Seq) own(g, i, rows int) error {
	old := q.pages[g][i]
	if old == nil || old.refs.Load() == 1 {
		return nil
	}
	p, err := q.store.newPage(old.kind)
	if err != nil {
		return err
	}
	c, k := q.store.cfg, old.kind
	for l := range k.layers {
		copyRows(p.layerK(l), old.layerK(l), rows, c.KVHeads, k.k.typ.RowBytes(c.HeadK))
		copyRows(p.layerV(l), old.layerV(l), rows, c.KVHeads, k.v.typ.RowBytes(c.HeadV))
	}
	q.pages[g][i] = p
	q.store.drop(old)
	return nil
}

// settle stores the wide pages of a group in the cache's types that so many cells leave
// behind.
func (q *Seq) settle(g, cells int) error {
	c, x := q.store.cfg, q.store.groups[g]
	for i, old := range q.pages[g][:cells/PageCells] {
		if old == nil || old.kind == &x.narrow || c.staysWide(i, cells) {
			continue
		}
		p, err := q.store.newPage(&x.narrow)
		if err != nil {
			return err
		}
		for l := range x.layers {
			part := K
			if err = q.convert(p.layerK(l), &p.kind.k, old.layerK(l), &old.kind.k); err == nil {
				part = V
				err = q.convert(p.layerV(l), &p.kind.v, old.layerV(l), &old.kind.v)
			}
			if err != nil {
				q.store.drop(p)
				return fmt.Errorf("kvcache: %c of layer %d, cells from %d on: %w", part, slices.Index(q.store.places, place{g, l}), i*PageCells, err)
			}
		}
		q.pages[g][i] = p
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
	at := q.store.places[layer]
	page, row := q.pages[at.group][(p.From+i)/PageCells], (p.From+i)%PageCells
	if err := page.kind.k.rows(page.layerK(at.layer), row, k); err != nil {
		return fmt.Errorf("kvcache: K of layer %d, position %d: %w", layer, p.Pos+i, err)
	}
	if err := page.kind.v.rows(page.layerV(at.layer), row, v); err != nil {
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
// first, planned ones included. For pages that the layer has no longer (see First) there
// stand others, so that what reads whole blocks finds numbers there; without any the
// rows are nil.
func (q *Seq) Segments(dst []Segment, layer, n int) []Segment {
	at := q.store.places[layer]
	pages := q.pages[at.group]
	var there *page // in the place of those that are gone
	for i := 0; i*PageCells < n && there == nil; i++ {
		there = pages[i]
	}
	for i := 0; n > 0; i++ {
		rows := min(n, PageCells)
		p := pages[i]
		if p == nil {
			p = there
		}
		s := Segment{N: rows}
		if p != nil {
			s = Segment{
				K: p.layerK(at.layer), KType: p.kind.k.typ,
				V: p.layerV(at.layer), VType: p.kind.v.typ,
				N: rows,
			}
		}
		dst = append(dst, s)
		n -= rows
	}
	return dst
}

// Truncate keeps the first n cells. It does nothing when there are no more. The
// sequence may not be Whole then: WholeAt says it beforehand.
func (q *Seq) Truncate(n int) {
	if n >= len(q.cells) {
		return
	}
	n = max(n, 0)
	q.cells = q.cells[:n]
	q.gone = min(q.gone, n)
	q.cut((n + PageCells - 1) / PageCells)
}

// cut keeps the first n pages of each group.
func (q *Seq) cut(n int) {
	for g, pages := range q.pages {
		n := min(n, len(pages))
		for _, p := range pages[n:] {
			if p != nil {
				q.store.drop(p)
			}
		}
		clear(pages[n:])
		q.pages[g] = pages[:n]
	}
}

// Fork is a second sequence with the same cells. Pages are shared until one
// side writes to them, so it costs no copy of keys and values.
func (q *Seq) Fork() *Seq {
	n := (len(q.cells) + PageCells - 1) / PageCells
	f := q.store.NewSeq()
	f.cells, f.gone = append([]Cell(nil), q.cells...), q.gone
	for g, pages := range q.pages {
		f.pages[g] = append([]*page(nil), pages[:n]...)
		for _, p := range f.pages[g] {
			if p != nil {
				p.refs.Add(1)
			}
		}
	}
	return f
}

// Replace gives q the cells of another sequence of its store, which is empty afterwards.
// Where q was told to Skip to stays.
func (q *Seq) Replace(other *Seq) {
	q.cut(0)
	q.pages, q.cells, q.gone = other.pages, other.cells, other.gone
	*other = *other.store.NewSeq()
}

// Shared is the number of leading cells that lie in pages held by another
// sequence too.
func (q *Seq) Shared() int {
	n := 0
	for i := 0; i*PageCells < len(q.cells); i++ {
		for _, pages := range q.pages {
			if p := pages[i]; p != nil {
				if p.refs.Load() == 1 {
					return n
				}
				n = min((i+1)*PageCells, len(q.cells))
			}
		}
	}
	return n
}

// Holders is how many sequences hold the pages that cell i lies in, q among them.
func (q *Seq) Holders(i int) int {
	n := 1
	for _, pages := range q.pages {
		if p := pages[i/PageCells]; p != nil {
			n = max(n, int(p.refs.Load()))
		}
	}
	return n
}

// UsedBytes is what the cells take: Len times Config.CellBytes, more for those that are
// wide, and less where layers with a window have them no longer.
func (q *Seq) UsedBytes() int64 {
	n := int64(0)
	for g, pages := range q.pages {
		from := 0
		if q.store.groups[g].local {
			from = q.gone
		}
		for i, p := range pages {
			if p != nil {
				n += int64(max(0, min((i+1)*PageCells, len(q.cells))-max(i*PageCells, from)) * (p.kind.pageLen / PageCells))
			}
		}
	}
	return n
}

// Types are the types that cell i is stored in.
func (q *Seq) Types(i int) (k, v tensor.DType) {
	for _, pages := range q.pages {
		if p := pages[i/PageCells]; p != nil {
			return p.kind.k.typ, p.kind.v.typ
		}
	}
	return q.store.cfg.KType, q.store.cfg.VType // nowhere
}

// Layers is how many layers have cell i.
func (q *Seq) Layers(i int) int {
	n := 0
	for _, g := range q.store.groups {
		if !g.local || i >= q.gone {
			n += g.layers
		}
	}
	return n
}

// Free gives the pages back. The sequence is empty and usable afterwards.
func (q *Seq) Free() {
	q.cut(0)
	q.cells, q.gone = nil, 0
}
