package ops

import (
	"fmt"
	"math"

	"loupe/engine/internal/flash"
	"loupe/engine/kvcache"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// queriesAChunk is how many queries a chunk of attention handles, with all the
// heads that share their K/V head: keys and values are decoded once for them.
const queriesAChunk = 32

// nearBytes is what of a block's keys and values the first-level cache takes.
const nearBytes = 40 << 10

// A page of the cache is a page of a tile.
const _ = uint(kvcache.PageCells-flash.PageCells) + uint(flash.PageCells-kvcache.PageCells)

// Attention is one causal attention over a cache (Vaswani et al., 2017) with
// grouped queries (Ainslie et al., 2023): query head h reads K/V head
// h / (Heads/KVHeads).
//
// The plain way forms all scores of a query before their softmax, and multiplies
// values as float32. Flash attention (Dao et al., 2022) goes through the cells in
// blocks and keeps of each only its weighted values, its greatest score and its sum
// of exponentials, from which the whole is put together; one query's blocks can be
// computed at the same time. It multiplies values in block formats in integers. Both
// meet quantised keys with quantised queries, but not in the exact way. Blocks begin
// at multiples of flash.BlockCells cells, so results depend neither on the number of
// threads nor on how a prompt was cut into batches.
type Attention struct {
	Heads, KVHeads int
	HeadK, HeadV   int
	Segments       []kvcache.Segment // of types that Attends allows
	From           int               // cells before the first query: query i sees From+i+1 cells
	N              int               // queries
	Window         int               // 0: none; else query i sees only the last Window cells up to itself
	Cap            float32           // 0: none; else scores s become Cap tanh(s/Cap)
	Q              []float32         // [N, Heads, HeadK]
	Out            []float32         // [N, Heads, HeadV]; nil with Scores or Pattern: those are all that is wanted
	Flash          bool

	// What follows is of the plain way, whatever Flash is.
	Scores  []float32 // nil, or [N, Heads, From+N]: gets the scores, -Inf of cells that the query does not see
	Pattern []float32 // nil, or [N, Heads, From+N]: gets the weights, 0 of those cells
	Given   []bool    // nil, or [N, Heads]: these rows alone get an Out, of what is in Pattern; keys are not read
}

// plain reports whether a goes the plain way.
func (a *Attention) plain() bool { return !a.Flash || a.Scores != nil || a.Pattern != nil }

type attentionTask struct {
	Attention
	cpu     *CPU
	shape   flash.Shape
	scale   float32
	group   int // query heads of a K/V head
	queries int // blocks of queries
	block   int // cells of a block
	splits  int // blocks that are kept apart, to be joined at the end; 1: joined one after another
	run     int // of them, how many a chunk computes
	runs    int // chunks of a K/V head
}

// Attend computes a.
func (c *CPU) Attend(a Attention) {
	cells := 0
	for _, s := range a.Segments {
		cells += s.N
	}
	rows, looked := a.N*a.Heads, a.Scores != nil || a.Pattern != nil
	if cells < a.From+a.N || len(a.Q) < rows*a.HeadK || len(a.Out) < rows*a.HeadV && (a.Out != nil || !looked) ||
		a.Heads%a.KVHeads != 0 || a.Scores != nil && len(a.Scores) < rows*(a.From+a.N) ||
		(a.Pattern != nil || a.Given != nil) && len(a.Pattern) < rows*(a.From+a.N) || a.Given != nil && (len(a.Given) < rows || a.Out == nil) {
		panic(fmt.Sprintf("ops: attention of %d queries after %d cells, %d of %d heads of %d and %d: %d cells, %d in Q, %d in Out, %d in Scores, %d in Pattern, %d Given",
			a.N, a.From, a.Heads, a.KVHeads, a.HeadK, a.HeadV, cells, len(a.Q), len(a.Out), len(a.Scores), len(a.Pattern), len(a.Given)))
	}
	cells = a.From + a.N
	flashed := !a.plain()
	t := &c.attention
	*t = attentionTask{
		Attention: a, cpu: c, scale: flash.Scale(a.HeadK), group: a.Heads / a.KVHeads,
		queries: (a.N + queriesAChunk - 1) / queriesAChunk, block: cells, splits: 1, run: 1, runs: 1,
		shape: flash.Shape{
			HeadK: a.HeadK, HeadV: a.HeadV, KType: a.Segments[0].KType, VType: a.Segments[0].VType, Cells: cells,
			Exact: c.exact, Floats: c.exact || !flashed,
		},
	}
	if flashed {
		t.block, t.shape.Cells = flash.BlockCells, flash.BlockCells
		if t.queries == 1 && c.threads > 1 {
			t.splits = (cells - t.start(0) + flash.BlockCells - 1) / flash.BlockCells
			t.run = max(1, t.splits*a.KVHeads/(chunksAThread*c.threads))
			t.runs = (t.splits + t.run - 1) / t.run
		}
	}
	if t.splits > 1 {
		c.parts = grow(c.parts, t.splits*rows*t.shape.Width())
		c.tops = grow(c.tops, t.splits*flash.Padded(rows))
		c.sums = grow(c.sums, t.splits*flash.Padded(rows))
		// What fills up a multiple of rows is joined too, and must be numbers.
		clear(c.tops)
		clear(c.sums)
	}
	c.do(t, a.KVHeads*t.queries*t.runs)
	if t.splits > 1 {
		t.join()
	}
	t.Segments = nil
}

// ScoreBytes is the memory that all workers' scores take now.
func (c *CPU) ScoreBytes() int64 {
	n := 0
	for i := range c.tiles {
		n += c.tiles[i].ScoreBytes()
	}
	return int64(n)
}

// Attends reports whether Attend reads caches of type t.
func Attends(t tensor.DType) bool { return quant.Readable(t) }

// Chunk attends with some queries of the heads of one K/V head, to all cells or
// to a run of blocks of them.
func (t *attentionTask) Chunk(worker, chunk int) {
	run := chunk % t.runs
	kvHead := chunk / t.runs % t.KVHeads
	// The last queries see the most cells: they come first, so that the threads
	// end together.
	first := (t.queries - 1 - chunk/t.runs/t.KVHeads) * queriesAChunk
	n := min(queriesAChunk, t.N-first)
	if t.Given != nil && !t.given(kvHead, first, n) {
		return
	}
	tile := &t.cpu.tiles[worker]
	tile.Reset(t.cpu.kern, t.shape, n*t.group)
	t.gather(tile, kvHead, first, n)
	cells := t.From + first + n // that the last of the queries sees
	if t.splits > 1 {
		for split := run * t.run; split < min((run+1)*t.run, t.splits); split++ {
			tile.Clear()
			from := t.start(first) + split*t.block
			t.attend(tile, kvHead, first, n, from, min(t.block, cells-from))
			t.keep(tile, split, kvHead, n)
		}
		return
	}
	for from := t.start(first); from < cells; from += t.block {
		t.attend(tile, kvHead, first, n, from, min(t.block, cells-from))
	}
	for r := range n * t.group {
		if at := t.at(first, kvHead, r); t.Out != nil && (t.Given == nil || t.Given[at]) {
			t.put(at, tile.Out[r*tile.Width():], tile.Sum[r])
		}
	}
}

// given reports whether any of the heads of a K/V head has a row that is Given, of n
// queries from first on.
func (t *attentionTask) given(kvHead, first, n int) bool {
	for r := range n * t.group {
		if t.Given[t.at(first, kvHead, r)] {
			return true
		}
	}
	return false
}

// start is the first cell to read for the queries from first on: the beginning of the
// page or block that holds the first cell that they see.
func (t *attentionTask) start(first int) int {
	if t.Window == 0 {
		return 0
	}
	step := kvcache.PageCells
	if !t.plain() {
		step = flash.BlockCells
	}
	return max(0, t.From+first+1-t.Window) / step * step
}

// at is the row in Q and Out, of HeadK and HeadV elements, of a tile's row r.
func (t *attentionTask) at(first, kvHead, r int) int {
	return (first+r/t.group)*t.Heads + kvHead*t.group + r%t.group
}

// gather lays the queries of a group's heads together, scaled.
func (t *attentionTask) gather(tile *flash.Tile, kvHead, first, n int) {
	for r := range n * t.group {
		q := t.Q[t.at(first, kvHead, r)*t.HeadK:][:t.HeadK]
		row := tile.Q[r*t.HeadK:][:t.HeadK]
		for d, v := range q {
			row[d] = v * t.scale
		}
	}
	tile.Start()
}

// attend lets n queries from first on attend to the cells [from, from+cells). Values
// that are multiplied in integers are so by blocks of one type: pages of several types
// are several blocks.
func (t *attentionTask) attend(tile *flash.Tile, kvHead, first, n, from, cells int) {
	if !t.shape.Floats {
		for alike := t.alike(from, cells); alike < cells; alike = t.alike(from, cells) {
			t.attendTo(tile, kvHead, first, n, from, alike)
			from, cells = from+alike, cells-alike
		}
	}
	t.attendTo(tile, kvHead, first, n, from, cells)
}

// alike is how many of the cells from on have values of the same type.
func (t *attentionTask) alike(from, cells int) int {
	pages := t.Segments[from/kvcache.PageCells:]
	for n := kvcache.PageCells; n < cells; n += kvcache.PageCells {
		if pages[n/kvcache.PageCells].VType != pages[0].VType {
			return n
		}
	}
	return cells
}

// keys and values are a K/V head's of a page.
func (t *attentionTask) keys(page *kvcache.Segment, kvHead int) []byte {
	n := len(page.K) / t.KVHeads
	return page.K[kvHead*n:][:n]
}

func (t *attentionTask) values(page *kvcache.Segment, kvHead int) []byte {
	n := len(page.V) / t.KVHeads
	return page.V[kvHead*n:][:n]
}

func (t *attentionTask) attendTo(tile *flash.Tile, kvHead, first, n, from, cells int) {
	for r := range n * t.group {
		tile.Sees[r] = int32(max(0, min(t.From+first+r/t.group+1-from, cells)))
	}
	later := t.Segments[from/kvcache.PageCells:]
	pages := later[:(cells+kvcache.PageCells-1)/kvcache.PageCells]
	// What is asked for: while keys are read, the block's values, and with those the
	// keys of the block after it, so that there is always as much to do as to fetch.
	// Where that is more than the first cache holds, the next page only.
	far := len(pages)*(len(pages[0].K)+len(pages[0].V))/t.KVHeads <= nearBytes
	if t.Given != nil {
		t.take(tile, kvHead, first, n, from, cells)
	} else {
		t.weigh(tile, kvHead, first, n, from, cells, pages, far)
	}
	if t.Out == nil {
		return
	}
	for i := range pages {
		switch next := len(pages) + i; {
		case far && next < len(later):
			tile.Next(t.keys(&later[next], kvHead))
		case !far && i+1 < len(pages):
			tile.Next(t.values(&pages[i+1], kvHead))
		case !far && len(later) > len(pages):
			tile.Next(t.keys(&later[len(pages)], kvHead))
		}
		tile.Types(pages[i].KType, pages[i].VType)
		tile.Values(i, t.values(&pages[i], kvHead), min(kvcache.PageCells, cells-i*kvcache.PageCells))
	}
	tile.Join()
}

// weigh makes the weights of a tile of the keys in pages.
func (t *attentionTask) weigh(tile *flash.Tile, kvHead, first, n, from, cells int, pages []kvcache.Segment, far bool) {
	for i := range pages {
		switch {
		case far:
			tile.Next(t.values(&pages[i], kvHead))
		case i+1 < len(pages):
			tile.Next(t.keys(&pages[i+1], kvHead))
		default:
			tile.Next(t.values(&pages[0], kvHead))
		}
		tile.Types(pages[i].KType, pages[i].VType)
		tile.Keys(i, t.keys(&pages[i], kvHead), min(kvcache.PageCells, cells-i*kvcache.PageCells))
	}
	for r := range n * t.group {
		if t.Cap > 0 {
			tile.Cap(r, int(tile.Sees[r]), t.Cap)
		}
		if before := t.From + first + r/t.group + 1 - t.Window - from; t.Window > 0 && before > 0 {
			tile.Hide(r, before)
		}
	}
	if t.Scores != nil {
		for r := range n * t.group {
			row, end := t.row(t.Scores, first, kvHead, r), from+int(tile.Sees[r])
			tile.Scores(r, row[from:end])
			unseen(row[:from])
			unseen(row[end:])
		}
	}
	tile.Weigh(cells)
	if t.Pattern != nil {
		for r := range n * t.group {
			weights, sum := tile.Weights(r)
			p := t.row(t.Pattern, first, kvHead, r)
			clear(p[:from])
			for j, w := range weights {
				p[from+j] = w / sum
			}
			clear(p[from+len(weights):])
		}
	}
}

// take makes the weights of a tile what is given in Pattern, for the rows of which any
// are.
func (t *attentionTask) take(tile *flash.Tile, kvHead, first, n, from, cells int) {
	for r := range n * t.group {
		var w []float32
		if t.Given[t.at(first, kvHead, r)] {
			w = t.row(t.Pattern, first, kvHead, r)[from:][:tile.Sees[r]]
		}
		tile.Given(r, w, cells)
	}
}

// row is a tile's row r of Scores or Pattern.
func (t *attentionTask) row(of []float32, first, kvHead, r int) []float32 {
	return of[t.at(first, kvHead, r)*(t.From+t.N):][:t.From+t.N]
}

// unseen is the scores of cells that a query does not see.
func unseen(scores []float32) {
	for i := range scores {
		scores[i] = float32(math.Inf(-1))
	}
}

// put divides the weighted sum of the values by the weights, and stores it.
func (t *attentionTask) put(at int, out []float32, sum float32) {
	dst, inverse := t.Out[at*t.HeadV:][:t.HeadV], 1/sum
	for d, v := range out[:t.HeadV] {
		dst[d] = v * inverse
	}
}

// keep stores what a split made of a K/V head's rows.
func (t *attentionTask) keep(tile *flash.Tile, split, kvHead, n int) {
	c, rows, width := t.cpu, t.N*t.Heads, tile.Width()
	for r := range n * t.group {
		at := t.at(0, kvHead, r)
		c.tops[split*flash.Padded(rows)+at], c.sums[split*flash.Padded(rows)+at] = tile.Top[r], tile.Sum[r]
		copy(c.parts[(split*rows+at)*width:][:width], tile.Out[r*width:])
	}
}

// join puts the splits of all queries together, in order.
func (t *attentionTask) join() {
	c, rows, width := t.cpu, t.N*t.Heads, t.shape.Width()
	padded := flash.Padded(rows)
	tops, sums, out := c.tops[:padded], c.sums[:padded], c.parts[:rows*width]
	for split := 1; split < t.splits; split++ {
		c.tiles[0].Joined(tops, sums, out, c.tops[split*padded:][:padded], c.sums[split*padded:][:padded], c.parts[split*rows*width:], rows, width)
	}
	for at := range rows {
		t.put(at, out[at*width:], sums[at])
	}
}
