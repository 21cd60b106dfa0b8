package ops

import (
	"fmt"
	"math"

	"loupe/engine/kvcache"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

const (
	// queriesAChunk is how many queries a chunk of attention handles, with all the
	// heads that share their K/V head: keys and values are decoded once for them.
	queriesAChunk = 16
	// flashBlock is how many cells flash attention handles before it merges, and
	// forgets, their scores: a whole number of pages.
	flashBlock = 4 * kvcache.PageCells
)

// Attention is one causal attention over a cache (Vaswani et al., 2017) with
// grouped queries (Ainslie et al., 2023): query head h reads K/V head
// h / (Heads/KVHeads).
//
// The plain way forms all scores of a query before their softmax. Flash attention
// (Dao et al., 2022) goes through the cells in blocks and keeps of each only its
// weighted values and the logarithm of its sum of exponentials, from which the
// whole is put together; one query's blocks can be computed at the same time.
// Blocks begin at multiples of flashBlock cells, so results depend neither on the
// number of threads nor on how a prompt was cut into batches.
type Attention struct {
	Heads, KVHeads int
	HeadK, HeadV   int
	KType, VType   tensor.DType // what Attends allows
	Segments       []kvcache.Segment
	From           int       // cells before the first query: query i sees From+i+1 cells
	N              int       // queries
	Q              []float32 // [N, Heads, HeadK]
	Out            []float32 // [N, Heads, HeadV]
	Flash          bool
	Pattern        []float32 // nil, or [N, Heads, From+N]: gets the weights, zero past the query; the plain way
}

type attentionTask struct {
	Attention
	cpu     *CPU
	scale   float32
	group   int // query heads of a K/V head
	queries int // blocks of queries
	splits  int // blocks of cells that are computed at the same time; 1: one after another
	block   int // cells of a block
}

// attentionScratch is a worker's memory.
type attentionScratch struct {
	q      []float32 // [rows, HeadK]: scaled queries of the heads of a group
	tile   []float32 // [PageCells, HeadK or HeadV]: keys or values as float32
	scores []float32 // [rows, block]
	raw    []float32 // [block]: scores of a row before their softmax
	sum    []float64 // [rows]: log of the sum of exponentials so far
	part   []float32 // [rows, HeadV]: output of one block
}

// Attend computes a.
func (c *CPU) Attend(a Attention) {
	cells := 0
	for _, s := range a.Segments {
		cells += s.N
	}
	if cells < a.From+a.N || len(a.Q) < a.N*a.Heads*a.HeadK || len(a.Out) < a.N*a.Heads*a.HeadV ||
		a.Heads%a.KVHeads != 0 || a.Pattern != nil && len(a.Pattern) < a.N*a.Heads*(a.From+a.N) {
		panic(fmt.Sprintf("ops: attention of %d queries after %d cells, %d of %d heads of %d and %d: %d cells, %d in Q, %d in Out, %d in Pattern",
			a.N, a.From, a.Heads, a.KVHeads, a.HeadK, a.HeadV, cells, len(a.Q), len(a.Out), len(a.Pattern)))
	}
	cells = a.From + a.N
	t := &c.attention
	*t = attentionTask{
		Attention: a, cpu: c,
		scale: float32(1 / math.Sqrt(float64(a.HeadK))), group: a.Heads / a.KVHeads,
		queries: (a.N + queriesAChunk - 1) / queriesAChunk, splits: 1, block: cells,
	}
	if a.Flash && a.Pattern == nil {
		t.block = flashBlock
		if t.queries == 1 {
			t.splits = (cells + flashBlock - 1) / flashBlock
		}
	}
	rows := min(a.N, queriesAChunk) * t.group
	// Rounded up, so that a context growing by one cell a token seldom allocates.
	block := (min(t.block, cells) + flashBlock - 1) / flashBlock * flashBlock
	for w := range c.scratch {
		s := &c.scratch[w]
		s.q = grow(s.q, rows*a.HeadK)
		s.tile = grow(s.tile, kvcache.PageCells*max(a.HeadK, a.HeadV))
		s.scores = grow(s.scores, rows*block)
		s.raw = grow(s.raw, block)
		s.sum = grow(s.sum, rows)
		s.part = grow(s.part, rows*a.HeadV)
	}
	c.total = grow(c.total, a.N*a.Heads)
	if t.splits > 1 {
		c.parts = grow(c.parts, t.splits*a.N*a.Heads*a.HeadV)
		c.sums = grow(c.sums, t.splits*a.N*a.Heads)
	}
	c.do(t, a.KVHeads*t.queries*t.splits)
	if t.splits > 1 {
		t.join()
	}
	t.Segments = nil
}

// ScoreBytes is the memory that all workers' scores take now.
func (c *CPU) ScoreBytes() int64 {
	n := 0
	for _, s := range c.scratch {
		n += 4 * cap(s.scores)
	}
	return int64(n)
}

// Attends reports whether Attend reads caches of type t.
func Attends(t tensor.DType) bool { return quant.Readable(t) }

// Chunk attends with some queries of the heads of one K/V head, to all cells or
// to one block of them.
func (t *attentionTask) Chunk(worker, chunk int) {
	split := chunk % t.splits
	kvHead := chunk / t.splits % t.KVHeads
	// The last queries see the most cells: they come first, so that the threads
	// end together.
	first := (t.queries - 1 - chunk/t.splits/t.KVHeads) * queriesAChunk
	n := min(queriesAChunk, t.N-first)
	s := &t.cpu.scratch[worker]
	t.gather(s, kvHead, first, n)
	cells := t.From + first + n // that the last of the queries sees
	if t.splits > 1 {
		from := split * t.block
		t.attend(s, kvHead, first, n, from, min(t.block, cells-from))
		t.keep(s, split, kvHead, first, n)
		return
	}
	for from := 0; from < cells; from += t.block {
		t.attend(s, kvHead, first, n, from, min(t.block, cells-from))
		t.merge(s, kvHead, first, n, from == 0)
	}
}

// gather lays the queries of a group's heads together, scaled.
func (t *attentionTask) gather(s *attentionScratch, kvHead, first, n int) {
	for i := range n {
		for g := range t.group {
			q := t.Q[((first+i)*t.Heads+kvHead*t.group+g)*t.HeadK:][:t.HeadK]
			row := s.q[(i*t.group+g)*t.HeadK:][:t.HeadK]
			for d, v := range q {
				row[d] = v * t.scale
			}
		}
	}
}

// attend computes, for n queries from first on and the cells [from, from+cells),
// part and the logarithm of the sum of exponentials. A query that sees none of the
// cells has a part of zeros and the sum -Inf.
func (t *attentionTask) attend(s *attentionScratch, kvHead, first, n, from, cells int) {
	kern, rows := t.cpu.kern, n*t.group
	for at := 0; at < cells; at += kvcache.PageCells {
		seg := t.Segments[(from+at)/kvcache.PageCells]
		in := min(kvcache.PageCells, cells-at)
		k := t.decode(s, t.KType, seg.K, kvHead, in, t.HeadK)
		kern.MulF32(s.scores[at:], t.block, k, in, s.q, t.HeadK, 0, rows)
	}
	for r := range rows {
		i := first + r/t.group
		sees := max(0, min(t.From+i+1-from, cells))
		row := s.scores[r*t.block:][:cells]
		s.sum[r] = t.softMax(s, row[:sees])
		if t.Pattern != nil {
			p := t.Pattern[(i*t.Heads+kvHead*t.group+r%t.group)*(t.From+t.N):][:t.From+t.N]
			copy(p, row[:sees])
			clear(p[sees:])
		}
	}
	clear(s.part[:rows*t.HeadV])
	for at := 0; at < cells; at += kvcache.PageCells {
		seg := t.Segments[(from+at)/kvcache.PageCells]
		in := min(kvcache.PageCells, cells-at)
		v := t.decode(s, t.VType, seg.V, kvHead, in, t.HeadV)
		for r := range rows {
			sees := min(t.From+first+r/t.group+1-from-at, in)
			if sees > 0 {
				kern.MixF32(s.part[r*t.HeadV:][:t.HeadV], s.scores[r*t.block+at:][:sees], v, 4*t.HeadV)
			}
		}
	}
}

// decode gives the first rows rows of a head of a page as float32.
func (t *attentionTask) decode(s *attentionScratch, typ tensor.DType, page []byte, head, rows, n int) []byte {
	size := typ.RowBytes(n)
	data := page[head*kvcache.PageCells*size:][:rows*size]
	if typ == tensor.F32 {
		return data
	}
	t.cpu.expand(typ, s.tile[:rows*n], data)
	return bytesOf(s.tile[:rows*n])
}

// softMax replaces scores by their weights and gives the logarithm of the sum of
// their exponentials, -Inf for none.
func (t *attentionTask) softMax(s *attentionScratch, x []float32) float64 {
	if len(x) == 0 {
		return math.Inf(-1)
	}
	raw := s.raw[:len(x)]
	copy(raw, x)
	t.cpu.kern.SoftMax(x)
	// Every weight is exp(score)/sum, so any that is not rounded away tells the sum.
	// That of the last cell, the query's own neighbour, mostly will.
	best := len(x) - 1
	if x[best] < 1e-3 {
		for i, p := range x {
			if p > x[best] {
				best = i
			}
		}
	}
	return float64(raw[best]) - math.Log(float64(x[best]))
}

// merge joins a block's part into the output, and its sum into total.
func (t *attentionTask) merge(s *attentionScratch, kvHead, first, n int, begin bool) {
	for r := range n * t.group {
		at := (first+r/t.group)*t.Heads + kvHead*t.group + r%t.group
		out, part := t.Out[at*t.HeadV:][:t.HeadV], s.part[r*t.HeadV:][:t.HeadV]
		if begin {
			copy(out, part)
			t.cpu.total[at] = s.sum[r]
			continue
		}
		t.cpu.total[at] = join(out, t.cpu.total[at], part, s.sum[r])
	}
}

// keep stores the part of a split.
func (t *attentionTask) keep(s *attentionScratch, split, kvHead, first, n int) {
	for r := range n * t.group {
		at := split*t.N*t.Heads + (first+r/t.group)*t.Heads + kvHead*t.group + r%t.group
		copy(t.cpu.parts[at*t.HeadV:][:t.HeadV], s.part[r*t.HeadV:])
		t.cpu.sums[at] = s.sum[r]
	}
}

// join puts the splits of all queries together, in order.
func (t *attentionTask) join() {
	c, rows := t.cpu, t.N*t.Heads
	for at := range rows {
		out := t.Out[at*t.HeadV:][:t.HeadV]
		copy(out, c.parts[at*t.HeadV:])
		sum := c.sums[at]
		for split := 1; split < t.splits; split++ {
			i := split*rows + at
			sum = join(out, sum, c.parts[i*t.HeadV:][:t.HeadV], c.sums[i])
		}
	}
}

// join makes out, of the cells whose exponentials add up to exp(sum), the output
// of those and of part's, and gives the new sum.
func join(out []float32, sum float64, part []float32, partSum float64) float64 {
	if math.IsInf(partSum, -1) {
		return sum
	}
	top := max(sum, partSum)
	both := top + math.Log(math.Exp(sum-top)+math.Exp(partSum-top))
	a, b := float32(math.Exp(sum-both)), float32(math.Exp(partSum-both))
	for d, v := range part {
		out[d] = a*out[d] + b*v
	}
	return both
}
