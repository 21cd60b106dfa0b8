package model

import (
	"fmt"

	"loupe/engine/observe"
	"loupe/engine/ops"
)

// llama is the decoder of Touvron et al. (2023), with grouped-query attention:
//
//	x = embed(token)
//	for each layer:
//	    h = rmsnorm(x);  q, k, v = h Wq, h Wk, h Wv;  rotate q and k by position
//	    x = x + attention(q, keys, values) Wo
//	    h = rmsnorm(x);  x = x + (silu(h Wgate) * h Wup) Wdown
//	logits = rmsnorm(x) Wout
//
// SmolLM2, TinyLlama, Mistral, Llama 2 and Llama 3 are of this architecture. Others
// are this with something added or left out, and use it: each says what in a file of
// its own.
type llama struct {
	layer  []llamaLayer
	halves bool // heads are rotated as halves, not as pairs
}

type llamaLayer struct {
	attnNorm []float32   // [Embd]
	q        *ops.Weight // Embd -> Heads*HeadK
	k        *ops.Weight // Embd -> KVHeads*HeadK
	v        *ops.Weight // Embd -> KVHeads*HeadV
	out      *ops.Weight // Heads*HeadV -> Embd
	ffnNorm  []float32   // [Embd]
	gate     *ops.Weight // Embd -> FFN
	up       *ops.Weight // Embd -> FFN
	down     *ops.Weight // FFN -> Embd

	// Not of Llama.
	qBias, kBias, vBias []float32 // nil, or as long as q, k, v
	qNorm, kNorm        []float32 // nil, or [HeadK]
	unrotated           bool      // no RoPE
}

func bindLlama(c Config, w *Weights) forward {
	m := newLlama(c, w)
	return m
}

func newLlama(c Config, w *Weights) *llama {
	m := &llama{}
	for l := 0; l < c.Layers; l++ {
		blk := fmt.Sprintf("blk.%d.", l)
		m.layer = append(m.layer, llamaLayer{
			attnNorm: w.vector(blk+"attn_norm.weight", c.Embd),
			q:        w.matrix(blk+"attn_q.weight", c.Embd, c.Heads*c.HeadK),
			k:        w.matrix(blk+"attn_k.weight", c.Embd, c.KVHeads*c.HeadK),
			v:        w.matrix(blk+"attn_v.weight", c.Embd, c.KVHeads*c.HeadV),
			out:      w.matrix(blk+"attn_output.weight", c.Heads*c.HeadV, c.Embd),
			ffnNorm:  w.vector(blk+"ffn_norm.weight", c.Embd),
			gate:     w.matrix(blk+"ffn_gate.weight", c.Embd, c.FFN),
			up:       w.matrix(blk+"ffn_up.weight", c.Embd, c.FFN),
			down:     w.matrix(blk+"ffn_down.weight", c.FFN, c.Embd),
		})
	}
	return m
}

// rotate turns the heads of x, [n, heads, HeadK], of layer l.
func (m *llama) rotate(p *Pass, l int, x []float32, heads int) {
	c := p.model.Config
	switch how, _ := m.turning(l); how {
	case turnsHalves:
		p.cpu.RopeHalves(x, &p.table, p.n, heads, c.HeadK)
	case turnsPairs:
		p.cpu.RopePairs(x, &p.table, p.n, heads, c.HeadK)
	}
}

func (m *llama) turning(l int) (turning, bool) {
	switch {
	case m.layer[l].unrotated:
		return unturned, false
	case m.halves:
		return turnsHalves, false
	}
	return turnsPairs, false
}

func (m *llama) layers(p *Pass) error {
	c, cpu, n := p.model.Config, p.cpu, p.n
	for l := range m.layer {
		w := &m.layer[l]
		if cpu.Canceled() {
			return ErrCanceled
		}
		p.begin(l)
		p.show(l, observe.ResidPre, [3]int{n, c.Embd, 1}, p.resid)

		// Attention.
		h := p.norm(w.attnNorm)
		p.show(l, observe.AttnNorm, [3]int{n, c.Embd, 1}, h)
		cpu.MatMul(&p.normed, ops.Out{W: w.q, Dst: p.q}, ops.Out{W: w.k, Dst: p.k, Fine: true}, ops.Out{W: w.v, Dst: p.v, Fine: true})
		if w.qBias != nil {
			cpu.AddBias(p.q, w.qBias, n)
			cpu.AddBias(p.k, w.kBias, n)
			cpu.AddBias(p.v, w.vBias, n)
		}
		if w.qNorm != nil {
			cpu.RMSNorm(p.q, p.q, w.qNorm, n*c.Heads, c.Eps)
			cpu.RMSNorm(p.k, p.k, w.kNorm, n*c.KVHeads, c.Eps)
		}
		p.show(l, observe.Q, [3]int{n, c.Heads, c.HeadK}, p.q)
		p.show(l, observe.K, [3]int{n, c.KVHeads, c.HeadK}, p.k)
		p.show(l, observe.V, [3]int{n, c.KVHeads, c.HeadV}, p.v)
		m.rotate(p, l, p.q, c.Heads)
		m.rotate(p, l, p.k, c.KVHeads)
		p.show(l, observe.QRot, [3]int{n, c.Heads, c.HeadK}, p.q)
		p.show(l, observe.KRot, [3]int{n, c.KVHeads, c.HeadK}, p.k)
		if err := p.storeKV(l); err != nil {
			return err
		}
		p.attend(l)
		cpu.MatMul(&p.attnOut, ops.Out{W: w.out, Dst: p.branch})
		p.scaleBranch()
		p.show(l, observe.AttnOut, [3]int{n, c.Embd, 1}, p.branch)
		p.join(w.ffnNorm, p.wants(l, observe.ResidMid))
		p.show(l, observe.ResidMid, [3]int{n, c.Embd, 1}, p.resid)

		// Feed forward.
		h = p.norm(w.ffnNorm)
		p.show(l, observe.FFNNorm, [3]int{n, c.Embd, 1}, h)
		cpu.MatMul(&p.normed, ops.Out{W: w.gate, Dst: p.gate}, ops.Out{W: w.up, Dst: p.up})
		cpu.SwiGLU(p.ffn.Reset(n, c.FFN), p.gate, p.up, n, c.FFN)
		cpu.MatMul(&p.ffn, ops.Out{W: w.down, Dst: p.branch})
		p.scaleBranch()
		p.show(l, observe.FFNOut, [3]int{n, c.Embd, 1}, p.branch)
		if l+1 < len(m.layer) {
			p.join(m.layer[l+1].attnNorm, p.wants(l, observe.ResidPost) || p.wants(l+1, observe.ResidPre))
		} else {
			cpu.Add(p.resid, p.branch, n, c.Embd)
		}
		p.show(l, observe.ResidPost, [3]int{n, c.Embd, 1}, p.resid)
	}
	return nil
}
