package ops

import (
	"fmt"
	"math"

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
	KType, VType   tensor.DType // f32 or f16
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
func Attends(t tensor.DType) bool { return t == tensor.F32 || t == tensor.F16 }

func (t *attentionTask) Chunk(worker, chunk int) {
	head := chunk / t.blocks
	first := chunk % t.blocks * queriesAChunk
	for i := first; i < min(first+queriesAChunk, t.N); i++ {
		t.query(t.cpu.scores[worker], head, i)
	}
}

// query attends with one head of one query.
func (t *attentionTask) query(scores []float32, head, i int) {
	k := t.cpu.kern
	kvHead := head / (t.Heads / t.KVHeads)
	n := t.From + i + 1
	q := t.Q[(i*t.Heads+head)*t.HeadK:][:t.HeadK]
	at := 0
	kRow, kOff, kLen := t.KType.RowBytes(t.KVHeads*t.HeadK), t.KType.RowBytes(kvHead*t.HeadK), t.KType.RowBytes(t.HeadK)
	for _, s := range t.Segments {
		rows := min(s.N, n-at)
		for r := 0; r < rows; r++ {
			row := s.K[r*kRow+kOff:][:kLen]
			if t.KType == tensor.F32 {
				scores[at+r] = t.scale * k.Dot(q, floatsOf(row))
			} else {
				scores[at+r] = t.scale * k.DotF16(q, row)
			}
		}
		if at += rows; at == n {
			break
		}
	}
	scores = scores[:n]
	k.SoftMax(scores)
	if t.Pattern != nil {
		p := t.Pattern[(i*t.Heads+head)*(t.From+t.N):][:t.From+t.N]
		copy(p, scores)
		clear(p[n:])
	}
	out := t.Out[(i*t.Heads+head)*t.HeadV:][:t.HeadV]
	clear(out)
	at = 0
	vRow, vOff, vLen := t.VType.RowBytes(t.KVHeads*t.HeadV), t.VType.RowBytes(kvHead*t.HeadV), t.VType.RowBytes(t.HeadV)
	for _, s := range t.Segments {
		rows := min(s.N, n-at)
		for r := 0; r < rows; r++ {
			row := s.V[r*vRow+vOff:][:vLen]
			if t.VType == tensor.F32 {
				k.Axpy(out, scores[at+r], floatsOf(row))
			} else {
				k.AxpyF16(out, scores[at+r], row)
			}
		}
		if at += rows; at == n {
			break
		}
	}
}
