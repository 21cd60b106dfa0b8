package ops

import (
	"fmt"
	"math"

	"loupe/engine/internal/simd"
	"loupe/engine/kvcache"
	"loupe/engine/tensor"
)

// queriesAChunk is how many queries of one head a chunk of attention handles.
const queriesAChunk = 8

// scoresStep is what score buffers grow by, in cells.
const scoresStep = 1024

// Attention is one causal attention over a cache: the plain path, which forms
// every score, as in Vaswani et al. (2017), with grouped queries (Ainslie et
// al., 2023): query head h reads K/V head h / (Heads/KVHeads).
type Attention struct {
	Heads, KVHeads int
	HeadK, HeadV   int
	KType, VType   tensor.DType // what Attends allows
	Segments       []kvcache.Segment
	From           int       // cells before the first query: query i sees From+i+1 cells
	N              int       // queries
	Q              []float32 // [N, Heads, HeadK]
	Out            []float32 // [N, Heads, HeadV]
	Pattern        []float32 // nil, or [N, Heads, From+N]: gets the weights, zero past the query
}

type attentionTask struct {
	Attention
	cpu    *CPU
	scale  float32
	blocks int // chunks along the queries
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
	for w := range c.scores {
		// Rounded up, so that a context growing by one cell a token seldom allocates.
		c.scores[w] = grow(c.scores[w], (cells+scoresStep-1)/scoresStep*scoresStep)
	}
	c.attention = attentionTask{
		Attention: a, cpu: c,
		scale:  float32(1 / math.Sqrt(float64(a.HeadK))),
		blocks: (a.N + queriesAChunk - 1) / queriesAChunk,
	}
	c.do(&c.attention, a.Heads*c.attention.blocks)
	c.attention.Segments = nil
}

// Attends reports whether Attend reads caches of type t.
func Attends(t tensor.DType) bool { return t == tensor.F32 || simd.Generic().Expand(t) != nil }

// expand decodes rows of n elements to float32 in the worker's panel, and gives
// them with their stride in bytes.
func (t *attentionTask) expand(worker int, typ tensor.DType, data []byte, stride, rows, n int) ([]byte, int) {
	panel := t.cpu.panelOf(worker, rows*n)
	t.cpu.kern.Expand(typ)(panel, data[:rows*stride])
	return bytesOf(panel), 4 * n
}

func (t *attentionTask) Chunk(worker, chunk int) {
	head := chunk / t.blocks
	first := chunk % t.blocks * queriesAChunk
	for i := first; i < min(first+queriesAChunk, t.N); i++ {
		t.query(worker, head, i)
	}
}

// query attends with one head of one query.
func (t *attentionTask) query(worker, head, i int) {
	scores := t.cpu.scores[worker]
	kern := t.cpu.kern
	kvHead := head / (t.Heads / t.KVHeads)
	n := t.From + i + 1
	q := t.Q[(i*t.Heads+head)*t.HeadK:][:t.HeadK]
	at := 0
	kRow := t.KType.RowBytes(t.HeadK)
	for _, s := range t.Segments {
		rows := min(s.N, n-at)
		k, stride, score := s.K[kvHead*kvcache.PageCells*kRow:], kRow, kern.ScoresF32
		if t.KType == tensor.F16 {
			score = kern.Scores
		} else if t.KType != tensor.F32 {
			k, stride = t.expand(worker, t.KType, k, kRow, rows, t.HeadK)
		}
		score(scores[at:at+rows], q, k, stride, t.scale)
		if at += rows; at == n {
			break
		}
	}
	scores = scores[:n]
	kern.SoftMax(scores)
	if t.Pattern != nil {
		p := t.Pattern[(i*t.Heads+head)*(t.From+t.N):][:t.From+t.N]
		copy(p, scores)
		clear(p[n:])
	}
	out := t.Out[(i*t.Heads+head)*t.HeadV:][:t.HeadV]
	clear(out)
	at = 0
	vRow := t.VType.RowBytes(t.HeadV)
	for _, s := range t.Segments {
		rows := min(s.N, n-at)
		v, stride, mix := s.V[kvHead*kvcache.PageCells*vRow:], vRow, kern.MixF32
		if t.VType == tensor.F16 {
			mix = kern.Mix
		} else if t.VType != tensor.F32 {
			v, stride = t.expand(worker, t.VType, v, vRow, rows, t.HeadV)
		}
		mix(out, scores[at:at+rows], v, stride)
		if at += rows; at == n {
			break
		}
	}
}
