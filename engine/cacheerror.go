package engine

import (
	"context"
	"fmt"
	"math"
	"slices"

	"loupe/engine/kvcache"
	"loupe/engine/observe"
)

// CacheError is what is lost by storing keys and values in a cache's types.
type CacheError struct {
	KType, VType CacheType
	Tokens       []string // [N] the text that was read
	K, V         PartError
	Effects      []CacheEffect
}

// PartError is the loss in K or in V: what is stored against what was computed, in the
// same run.
type PartError struct {
	Name     string // "K" or "V"
	Type     CacheType
	Max, RMS float64     // of all elements
	Relative float64     // RMS by the RMS of what was computed
	Heads    []HeadError // [Layers, KVHeads]
	Cells    []float32   // [N] relative error of each cell over all layers and heads
}

// HeadError is the loss in one K/V head of a layer.
type HeadError struct {
	Layer, Head             int
	Max, RMS, Relative      float64
	ChannelRMS, ChannelSize []float32 // [HeadDim] RMS of the loss, and of what was computed
	// Outliers are the channels whose size is more than outlierTimes the median of the
	// head's: in keys a few are, and they take the precision of their whole block
	// (KIVI: Liu et al. 2024, arXiv:2402.02750).
	Outliers []int
}

// outlierTimes is from how many times the median on a channel is an outlier.
const outlierTimes = 4

// CacheEffect is how far predictions with one kind of cache are from those with K and
// V in f16, over all tokens of a text.
type CacheEffect struct {
	K, V    CacheType
	MeanKL  float64 // nats a token
	MaxKL   float64
	MaxAt   int     // the token after which that is
	SameTop float64 // share of tokens after which the likeliest token is the same
	Differs int     // the first token after which it is another; -1: none
}

// CacheError reads the session's tokens anew beside it and says what its cache types
// lose: for each layer, head, channel and cell, and in predictions. For these the
// text is read with K and V in f16 (the shadow that others are held against), with
// both in the cache's types, with only K and with only V in them, and, to show what
// mere rounding does, in f32. It takes as long as reading the tokens four to five
// times, and changes nothing here.
func (s *Session) CacheError() (*CacheError, error) { return s.CacheErrorContext(hostContext()) }

// CacheErrorContext is CacheError under ctx.
func (s *Session) CacheErrorContext(ctx context.Context) (*CacheError, error) {
	m, ids := s.model, s.Tokens()
	n := len(ids)
	if n == 0 {
		return nil, fmt.Errorf("engine: CacheError: the session has read nothing yet; Generate or Eval first")
	}
	c := m.cells.Config()
	if need := int64(n) * int64(c.Layers) * int64(c.KRow()+c.VRow()) * 4; need > attentionBytes {
		return nil, fmt.Errorf("engine: CacheError: keys and values of %s tokens take %s as computed, more than %s; Rewind to fewer tokens", count(n), Size(need), Size(attentionBytes))
	}
	x := &CacheError{KType: m.cfg.KCacheType, VType: m.cfg.VCacheType}
	for _, id := range ids {
		x.Tokens = append(x.Tokens, m.TokenText(id))
	}
	own, err := m.beside(x.KType, x.VType)
	if err != nil {
		return nil, err
	}
	defer own.Close()
	flow := newFlow(c, n)
	own.Observe(flow)
	runs := []*shadow{{session: own, effect: CacheEffect{K: x.KType, V: x.VType}}}
	for _, types := range [][2]CacheType{{x.KType, F16}, {F16, x.VType}, {F32, F32}} {
		if types != [2]CacheType{F16, F16} && types != [2]CacheType{x.KType, x.VType} {
			beside, err := m.beside(types[0], types[1])
			if err != nil {
				return nil, err
			}
			defer beside.Close()
			runs = append(runs, &shadow{session: beside, effect: CacheEffect{K: types[0], V: types[1]}})
		}
	}
	reference, err := m.beside(F16, F16)
	if err != nil {
		return nil, err
	}
	defer reference.Close()
	if err := compare(ctx, reference, runs, ids); err != nil {
		return nil, err
	}
	for _, r := range runs {
		if r.effect.K != F16 || r.effect.V != F16 {
			x.Effects = append(x.Effects, r.finish(n))
		}
	}
	x.K, err = partError(own, "K", (*Session).k, x.KType, flow.k)
	if err != nil {
		return nil, err
	}
	x.V, err = partError(own, "V", (*Session).v, x.VType, flow.v)
	return x, err
}

// beside is a session whose cache has other types than the model's, and all cells in all
// layers.
func (m *Model) beside(k, v CacheType) (*Session, error) {
	c := m.cells.Config()
	c.KType, c.VType, c.Window = k.dtype(), v.dtype(), 0
	store, err := kvcache.NewStore(c)
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	store.Close() // what its sequence holds goes back with that
	return newSession(m, store.NewSeq()), nil
}

// flow copies keys and values as they are computed, [layer][N, heads, width].
type flow struct {
	k, v [][]float32
	c    kvcache.Config
}

func newFlow(c kvcache.Config, n int) *flow {
	f := &flow{c: c}
	for range c.Layers {
		f.k = append(f.k, make([]float32, n*c.KRow()))
		f.v = append(f.v, make([]float32, n*c.VRow()))
	}
	return f
}

func (*flow) OnlyReads() {}

func (f *flow) Wants(layer int, p observe.Point) bool {
	return layer < f.c.Layers && (p == observe.KRot || p == observe.V)
}

func (f *flow) Observe(e observe.Event) {
	if e.Point == observe.V {
		copy(f.v[e.Layer][e.Pos*f.c.VRow():], e.X)
	} else {
		copy(f.k[e.Layer][e.Pos*f.c.KRow():], e.X)
	}
}

// shadow is one of the runs that are held against the reference.
type shadow struct {
	session *Session
	effect  CacheEffect
	sum     float64
	same    int
}

// compareStep is how many tokens the runs read in turn: the reference's logits of so
// many are held.
const compareStep = 32

// compare reads the tokens in all sessions.
func compare(ctx context.Context, reference *Session, runs []*shadow, ids []int) error {
	var logits [compareStep][]float32
	for _, r := range runs {
		r.effect.Differs = -1
	}
	for from := 0; from < len(ids); from += compareStep {
		some := ids[from:min(from+compareStep, len(ids))]
		hostProgress("cache error", from, len(ids))
		err := reference.EvalEach(ctx, some, func(i int, row []float32) { logits[i] = append(logits[i][:0], row...) }, 0)
		if err != nil {
			return err
		}
		for _, r := range runs {
			if err := r.session.EvalEach(ctx, some, func(i int, row []float32) { r.add(from+i, logits[i], row) }, 0); err != nil {
				return err
			}
		}
	}
	hostProgress("cache error", len(ids), len(ids))
	return nil
}

// add takes the predictions after token i.
func (r *shadow) add(i int, reference, row []float32) {
	e, kl := &r.effect, klDivergence(reference, row)
	if r.sum += kl; kl > e.MaxKL {
		e.MaxKL, e.MaxAt = kl, i
	}
	if top(reference) == top(row) {
		r.same++
	} else if e.Differs < 0 {
		e.Differs = i
	}
}

func (r *shadow) finish(n int) CacheEffect {
	r.effect.MeanKL, r.effect.SameTop = r.sum/float64(n), float64(r.same)/float64(n)
	return r.effect
}

// partError holds what a session stored, which of reads, against what was computed, [layer][N, heads,
// width].
func partError(s *Session, name string, of readHead, t CacheType, computed [][]float32) (PartError, error) {
	c := s.seq.Store().Config()
	p := PartError{Name: name, Type: t}
	n := s.Len()
	lossOf, sizeOf := make([]float64, n), make([]float64, n) // sums of squares
	var loss, size float64
	elements := 0
	for layer := range c.Layers {
		for head := range c.KVHeads {
			stored, err := s.locked(layer, head, of)
			if err != nil {
				return p, err
			}
			width := stored.Cols
			h := HeadError{Layer: layer, Head: head, ChannelRMS: make([]float32, width), ChannelSize: make([]float32, width)}
			channelLoss, channelSize := make([]float64, width), make([]float64, width)
			for i := range n {
				was := computed[layer][(i*c.KVHeads+head)*width:][:width]
				for j, x := range stored.Row(i) {
					d, y := float64(x)-float64(was[j]), float64(was[j])
					h.Max = max(h.Max, math.Abs(d))
					channelLoss[j] += d * d
					channelSize[j] += y * y
					lossOf[i] += d * d
					sizeOf[i] += y * y
				}
			}
			var headLoss, headSize float64
			for j := range width {
				headLoss, headSize = headLoss+channelLoss[j], headSize+channelSize[j]
				h.ChannelRMS[j] = float32(math.Sqrt(channelLoss[j] / float64(n)))
				h.ChannelSize[j] = float32(math.Sqrt(channelSize[j] / float64(n)))
			}
			h.RMS, h.Relative = math.Sqrt(headLoss/float64(n*width)), ratio(headLoss, headSize)
			h.Outliers = outliers(h.ChannelSize)
			p.Heads = append(p.Heads, h)
			p.Max = max(p.Max, h.Max)
			loss, size, elements = loss+headLoss, size+headSize, elements+n*width
		}
	}
	p.RMS, p.Relative = math.Sqrt(loss/float64(elements)), ratio(loss, size)
	for i := range n {
		p.Cells = append(p.Cells, float32(ratio(lossOf[i], sizeOf[i])))
	}
	return p, nil
}

// ratio is the root of a ratio of squares; 0 of nothing.
func ratio(loss, size float64) float64 {
	if size == 0 {
		return 0
	}
	return math.Sqrt(loss / size)
}

func outliers(size []float32) (list []int) {
	sorted := slices.Clone(size)
	slices.Sort(sorted)
	for j, x := range size {
		if x > outlierTimes*sorted[len(sorted)/2] {
			list = append(list, j)
		}
	}
	return list
}
