package model

import (
	"errors"
	"fmt"
	"math"
	"time"

	"loupe/engine/kvcache"
	"loupe/engine/observe"
	"loupe/engine/ops"
	"loupe/engine/tensor"
)

// ErrCanceled is returned by Forward after CPU.Cancel. The sequence is as it
// was before the call.
var ErrCanceled = errors.New("model: canceled")

// LogitRows is how many rows of logits a Pass holds at a time.
const LogitRows = 8

// Pass owns the buffers of a forward pass for up to Batch tokens and runs it.
// One pass at a time: it belongs to one goroutine.
type Pass struct {
	Rope  ops.Rope // as loaded; the caller may set base and scale before use
	Flash bool     // flash attention
	// RotateK turns keys before they are stored, and queries with them; RotateV turns
	// values, and the output of attention back. nil: as they are.
	RotateK, RotateV *ops.Rotation
	// OnLayer, if it is set, hears of every layer before it begins.
	OnLayer func(l int)

	model *Model
	cpu   *ops.CPU
	batch int

	parts []part
	pos   []int // [nTok]: positions
	n     int   // tokens in the batch

	resid    []float32 // [nTok, Embd]: the residual stream
	normed   ops.Input // [nTok, Embd]
	ready    bool      // normed is the norm of resid that comes next
	q        []float32 // [nTok, Heads, HeadK]
	k        []float32 // [nTok, KVHeads, HeadK]
	v        []float32 // [nTok, KVHeads, HeadV]
	attnOut  ops.Input // [nTok, Heads, HeadV]
	gate     []float32 // [nTok, FFN]
	up       []float32 // [nTok, FFN]
	ffn      ops.Input // [nTok, FFN]
	branch   []float32 // [nTok, Embd]: output of attention or feed-forward, before it joins
	logits   []float32 // [LogitRows, Vocab]
	scores   []float32 // [nTok, Heads, nKV], only while watched
	pattern  []float32 // the same
	prints   []uint64  // [nTok, Heads]: fingerprints of their rows, only while watched
	written  []bool    // [nTok, Heads]: the watcher wrote to the row
	table    ops.RopeTable
	local    ops.RopeTable // of layers with a window
	segments []kvcache.Segment

	watcher observe.Observer
	reads   bool  // it is a Reader
	wrote   bool  // the watcher wrote to what keys and values are computed from
	bad     error // it wrote what is not finite there
}

// part is what of a batch continues one sequence: plan.N tokens.
type part struct {
	seq  *kvcache.Seq
	plan kvcache.Plan
}

// NewPass makes buffers for batches of up to batch tokens (the physical batch).
func (m *Model) NewPass(cpu *ops.CPU, batch int) *Pass {
	c := m.Config
	return &Pass{
		model: m, cpu: cpu, batch: batch,
		Rope:   m.rope(),
		resid:  make([]float32, batch*c.Embd),
		q:      make([]float32, batch*c.Heads*c.HeadK),
		k:      make([]float32, batch*c.KVHeads*c.HeadK),
		v:      make([]float32, batch*c.KVHeads*c.HeadV),
		gate:   make([]float32, batch*c.FFN),
		up:     make([]float32, batch*c.FFN),
		branch: make([]float32, batch*c.Embd),
		logits: make([]float32, min(LogitRows, batch)*c.Vocab),
	}
}

// Bytes is the memory of the pass's buffers for activations, and that of its logits.
func (p *Pass) Bytes() (scratch, logits int64) {
	for _, b := range [][]float32{p.resid, p.q, p.k, p.v, p.gate, p.up, p.branch} {
		scratch += int64(4 * cap(b))
	}
	for _, r := range []*ops.Rotation{p.RotateK, p.RotateV} {
		if r != nil {
			scratch += r.Bytes()
		}
	}
	return scratch + p.normed.Bytes() + p.attnOut.Bytes() + p.ffn.Bytes(), int64(4 * cap(p.logits))
}

// PassBytes is what Bytes of a pass for batches of so many tokens becomes once it has
// read one, in the fast way or the exact one.
func (m *Model) PassBytes(batch int, exact bool) (scratch, logits int64) {
	c := m.Config
	n := c.Embd*2 + (c.Heads+c.KVHeads)*c.HeadK + c.KVHeads*c.HeadV + 2*c.FFN
	scratch = 4 * int64(batch) * int64(n)
	for _, x := range []struct {
		n    int
		fine bool
	}{{c.Embd, true}, {c.Heads * c.HeadV, false}, {c.FFN, false}} {
		if exact || !m.integers() {
			scratch += 4 * int64(batch) * int64(x.n)
		} else {
			scratch += ops.InputBytes(batch, x.n, x.fine)
		}
	}
	return scratch, 4 * int64(min(LogitRows, batch)) * int64(c.Vocab)
}

// integers reports whether the layers' weights are quantised.
func (m *Model) integers() bool {
	for _, w := range m.weights.multiplied {
		if w != m.weights.Output && w.Type.BlockSize() > 1 {
			return true
		}
	}
	return false
}

// rope is the rotation that the file asks for.
func (m *Model) rope() ops.Rope {
	c := m.Config
	return ops.Rope{Dims: c.RopeDims, Base: c.RopeBase, Scale: c.RopeScale, Factors: m.weights.RopeFactors, Magnitude: c.RopeAttn}
}

// Batch is the most tokens one Forward takes.
func (p *Pass) Batch() int { return p.batch }

// Reader is an observer that never writes to what it is shown: nothing is compared.
type Reader interface{ OnlyReads() }

// Observe makes o look at the passes that follow; nil ends that.
func (p *Pass) Observe(o observe.Observer) {
	p.watcher = o
	_, p.reads = o.(Reader)
}

// Forward reads tokens, [1..Batch], as the continuation of seq, and commits
// them to it. The hidden states stay in the pass for Logits.
func (p *Pass) Forward(seq *kvcache.Seq, tokens []int) error {
	p.parts = p.parts[:0]
	if err := p.add(seq, len(tokens)); err != nil {
		return err
	}
	return p.forward(tokens)
}

// ForwardEach reads one token for each of several sequences of one cache, none of
// them twice: tokens[i] continues seqs[i]. The weights are read once for all of them.
// It is not for a pass that is watched. If it fails, none has gone on.
func (p *Pass) ForwardEach(seqs []*kvcache.Seq, tokens []int) error {
	if len(seqs) != len(tokens) {
		return fmt.Errorf("model: %d tokens for %d sequences", len(tokens), len(seqs))
	}
	p.parts = p.parts[:0]
	for _, seq := range seqs {
		if err := p.add(seq, 1); err != nil {
			return err
		}
	}
	return p.forward(tokens)
}

// add plans that the next n tokens of the batch continue seq.
func (p *Pass) add(seq *kvcache.Seq, n int) error {
	if n < 1 || n > p.batch {
		return fmt.Errorf("model: a pass of %d tokens; it takes 1 to %d", n, p.batch)
	}
	plan, err := seq.Plan(n)
	if err != nil {
		return err
	}
	p.parts = append(p.parts, part{seq, plan})
	return nil
}

// forward reads the tokens of the parts.
func (p *Pass) forward(tokens []int) error {
	c := p.model.Config
	if len(tokens) < 1 || len(tokens) > p.batch {
		return fmt.Errorf("model: a pass of %d tokens; it takes 1 to %d", len(tokens), p.batch)
	}
	for i, t := range tokens {
		if t < 0 || t >= c.Vocab {
			return fmt.Errorf("model: token %d of the batch is %d; the vocabulary has %d", i, t, c.Vocab)
		}
	}
	p.n, p.ready, p.wrote, p.bad, p.pos = len(tokens), false, false, nil, p.pos[:0]
	for _, part := range p.parts {
		for i := range part.plan.N {
			p.pos = append(p.pos, part.plan.Pos+i)
		}
	}
	start := time.Now()
	for i, t := range tokens {
		p.model.weights.TokenEmbd.Row(p.resid[i*c.Embd:], t)
	}
	if c.EmbdScale != 0 {
		p.cpu.Scale(p.resid, c.EmbdScale, p.n, c.Embd)
	}
	p.cpu.Spent("embedding", start)
	start = time.Now()
	p.table.Fill(p.ropeFor(p.cache().Context), p.pos)
	if c.Local != nil {
		p.local.Fill(p.localRope(), p.pos)
	}
	p.cpu.Spent("RoPE table", start)
	err := p.model.net.layers(p)
	switch {
	case p.cpu.Canceled():
		return ErrCanceled
	case p.bad != nil:
		return p.bad
	case err != nil:
		return err
	}
	at := 0
	for _, part := range p.parts {
		part.seq.Commit(part.plan, tokens[at:at+part.plan.N])
		if p.wrote {
			part.seq.Mark(part.plan.From)
		}
		at += part.plan.N
	}
	return nil
}

// cache is the geometry of the cache that the sequences are in.
func (p *Pass) cache() kvcache.Config { return p.parts[0].seq.Store().Config() }

// Logits computes the logits of n tokens of the last Forward, from token first
// of that batch on; n is at most LogitRows. The result, [n, Vocab], is valid
// until the next call.
func (p *Pass) Logits(first, n int) []float32 {
	c := p.model.Config
	if first < 0 || n < 1 || first+n > p.n || n*c.Vocab > len(p.logits) {
		panic(fmt.Sprintf("model: logits of tokens [%d, %d) of a batch of %d", first, first+n, p.n))
	}
	p.finalNorm(p.resid[first*c.Embd:], n)
	p.showFrom(c.Layers, observe.FinalNorm, first, [3]int{n, c.Embd, 1}, p.normed.X)
	p.normed.Changed()
	logits := p.logits[:n*c.Vocab]
	p.head(logits, n)
	p.showFrom(c.Layers, observe.Logits, first, [3]int{n, c.Vocab, 1}, logits)
	return logits
}

// LogitsOf puts the logits of any residual stream, [n, Embd], into dst, [n, Vocab]: as
// those of the last layer are made, by the last norm and the head. n is at most Batch.
// No observer sees it.
func (p *Pass) LogitsOf(dst, resid []float32, n int) {
	c := p.model.Config
	if n < 1 || n > p.batch || n*c.Vocab > len(dst) || n*c.Embd > len(resid) {
		panic(fmt.Sprintf("model: logits of %d rows of %d elements in %d", n, len(resid), len(dst)))
	}
	p.finalNorm(resid, n)
	p.head(dst[:n*c.Vocab], n)
}

// finalNorm puts n rows of a residual stream through the last norm, into normed.
func (p *Pass) finalNorm(resid []float32, n int) {
	c := p.model.Config
	p.cpu.RMSNorm(p.normed.Reset(n, c.Embd), resid, p.model.weights.OutputNorm, n, c.Eps)
}

// head multiplies n rows in normed by the output matrix, into logits, [n, Vocab].
func (p *Pass) head(logits []float32, n int) {
	c := p.model.Config
	// Fine, as every figure is taken from the logits; it costs a twentieth of a
	// token's time on SmolLM2.
	p.cpu.MatMul(&p.normed, ops.Out{W: p.model.weights.Output, Dst: logits, Fine: true})
	if c.LogitScale != 0 {
		p.cpu.Scale(logits, c.LogitScale, n, c.Vocab)
	}
	if c.LogitCap != 0 {
		p.cpu.SoftCap(logits, c.LogitCap, n, c.Vocab)
	}
}

// begin tells of a layer that begins.
func (p *Pass) begin(l int) {
	if p.OnLayer != nil {
		p.OnLayer(l)
	}
}

// show offers a buffer to the observer, if there is one and it wants it.
func (p *Pass) show(layer int, at observe.Point, shape [3]int, x []float32) {
	p.showFrom(layer, at, 0, shape, x)
}

// showFrom is show for a buffer whose first row is token first of the batch.
func (p *Pass) showFrom(layer int, at observe.Point, first int, shape [3]int, x []float32) {
	if p.wants(layer, at) {
		p.observe(layer, at, first, shape, x)
	}
}

func (p *Pass) wants(layer int, at observe.Point) bool {
	return p.watcher != nil && p.watcher.Wants(layer, at)
}

func (p *Pass) observe(layer int, at observe.Point, first int, shape [3]int, x []float32) {
	x = x[:shape[0]*shape[1]*shape[2]]
	e := observe.Event{Layer: layer, Point: at, Pos: p.pos[first], Shape: shape, X: x}
	if p.reads || !p.reachesKeys(layer, at) {
		p.watcher.Observe(e)
		return
	}
	before := fingerprint(x)
	p.watcher.Observe(e)
	if fingerprint(x) != before {
		p.wrote = true
		p.mustBeFinite(layer, at, x)
	}
}

// reachesKeys reports whether keys or values are computed from a point's buffer.
func (p *Pass) reachesKeys(layer int, at observe.Point) bool {
	last := p.model.Config.Layers - 1
	switch at {
	case observe.Q, observe.QRot:
		return layer < last
	}
	return layer < last || layer == last && at <= observe.KRot
}

// scaleBranch is ResidualScale, where there is one.
func (p *Pass) scaleBranch() {
	if c := p.model.Config; c.ResidualScale != 0 {
		p.cpu.Scale(p.branch, c.ResidualScale, p.n, c.Embd)
	}
}

// join adds branch to the residual stream and, unless the stream is watched, norms
// it in the same go for the norm call that follows.
func (p *Pass) join(w []float32, watched bool) {
	c := p.model.Config
	if watched {
		p.cpu.Add(p.resid, p.branch, p.n, c.Embd)
		return
	}
	p.cpu.AddRMSNorm(p.normed.Reset(p.n, c.Embd), p.resid, p.branch, w, p.n, c.Eps)
	p.ready = true
}

// norm is the residual stream normed with w, in normed, [nTok, Embd].
func (p *Pass) norm(w []float32) []float32 {
	c := p.model.Config
	if p.ready {
		p.ready = false
		return p.normed.X
	}
	h := p.normed.Reset(p.n, c.Embd)
	p.cpu.RMSNorm(h, p.resid, w, p.n, c.Eps)
	return h
}

// storeKV puts the keys and values of the batch into layer l of the cache, turned if
// they are to be, and turns the queries to match.
func (p *Pass) storeKV(l int) error {
	c := p.model.Config
	if p.RotateK != nil {
		p.cpu.Rotate(p.RotateK, p.k[:p.n*c.KVHeads*c.HeadK])
		p.cpu.Rotate(p.RotateK, p.q[:p.n*c.Heads*c.HeadK])
	}
	if p.RotateV != nil {
		p.cpu.Rotate(p.RotateV, p.v[:p.n*c.KVHeads*c.HeadV])
	}
	start := time.Now()
	kRow, vRow := c.KVHeads*c.HeadK, c.KVHeads*c.HeadV
	at := 0
	for _, part := range p.parts {
		for i := range part.plan.N {
			if err := part.seq.Put(part.plan, l, i, p.k[at*kRow:(at+1)*kRow], p.v[at*vRow:(at+1)*vRow]); err != nil {
				return fmt.Errorf("model: %w; use another cache type, or the weights are damaged", err)
			}
			at++
		}
	}
	p.cpu.Spent("K and V to the cache", start)
	return nil
}

// rotation is the table of layer l.
func (p *Pass) rotation(l int) *ops.RopeTable {
	if p.model.Config.WindowOf(l) > 0 {
		return &p.local
	}
	return &p.table
}

// attend lets the queries of the batch attend to layer l of the cache, each to the
// cells of its own sequence.
func (p *Pass) attend(l int) {
	c := p.model.Config
	if c.AttnScale != 0 {
		// What ops.Attention multiplies by is taken back.
		p.cpu.Scale(p.q, float32(float64(c.AttnScale)*math.Sqrt(float64(c.HeadK))), p.n, c.Heads*c.HeadK)
	}
	if c.AttnTemp != 0 {
		for i, pos := range p.pos {
			if pos >= c.RopeOrigContext {
				times := 1 + c.AttnTemp*math.Log(1+float64(pos/c.RopeOrigContext))
				p.cpu.Scale(p.q[i*c.Heads*c.HeadK:], float32(times), 1, c.Heads*c.HeadK)
			}
		}
	}
	out, at := p.attnOut.Reset(p.n, c.Heads*c.HeadV), 0
	for i := range p.parts {
		p.attendPart(l, &p.parts[i], p.q[at*c.Heads*c.HeadK:], out[at*c.Heads*c.HeadV:])
		at += p.parts[i].plan.N
	}
	if p.RotateV != nil {
		p.cpu.Rotate(p.RotateV, p.attnOut.X[:p.n*c.Heads*c.HeadV])
	}
	p.show(l, observe.Z, [3]int{p.n, c.Heads, c.HeadV}, p.attnOut.X)
}

// attendPart lets the queries of one sequence, q, [plan.N, Heads, HeadK], attend to
// its cells of layer l; out is [plan.N, Heads, HeadV].
func (p *Pass) attendPart(l int, of *part, q, out []float32) {
	c, n := p.model.Config, of.plan.N
	cells := of.plan.From + n
	p.segments = of.seq.Segments(p.segments[:0], l, cells)
	a := ops.Attention{
		Heads: c.Heads, KVHeads: c.KVHeads, HeadK: c.HeadK, HeadV: c.HeadV,
		Segments: p.segments, From: of.plan.From, N: n, Window: c.WindowOf(l), Cap: c.AttnCap,
		Q: q, Out: out, Flash: p.Flash,
	}
	if p.wants(l, observe.AttnScores) || p.wants(l, observe.AttnPattern) {
		p.attendWatched(l, a)
		return
	}
	p.cpu.Attend(a)
}

// CacheConfig is the geometry of a cache for this model.
func (m *Model) CacheConfig(k, v tensor.DType, context int) kvcache.Config {
	c := m.Config
	return kvcache.Config{
		Layers: c.Layers, KVHeads: c.KVHeads, HeadK: c.HeadK, HeadV: c.HeadV,
		KType: k, VType: v, Context: context,
	}
}
