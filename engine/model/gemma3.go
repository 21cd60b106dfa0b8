package model

import (
	"fmt"
	"math"

	"loupe/engine/observe"
	"loupe/engine/ops"
)

// gemma3 is the text decoder of Gemma 3 (Gemma Team, 2025):
//
//	x = embed(token) sqrt(Embd)
//	for each layer:
//	    h = rmsnorm(x);  q, k, v = h Wq, h Wk, h Wv
//	    q, k = rmsnorm of each head of q, of k;  rotate q and k by position
//	    x = x + rmsnorm(attention(q, keys, values) Wo)
//	    h = rmsnorm(x);  x = x + rmsnorm((gelu(h Wgate) * h Wup) Wdown)
//	logits = rmsnorm(x) Wembed
//
// Of six layers five are local: they attend to the last Window cells only, and rotate
// by a base of 10,000. The sixth attends to all, by a base of its own. The norms'
// weights are as in the file, which has added Gemma's 1 to them.
type gemma3 struct {
	layer []gemma3Layer
	local []bool // [Layers] Config.Local
}

type gemma3Layer struct {
	attnNorm []float32   // [Embd]
	q        *ops.Weight // Embd -> Heads*HeadK
	k        *ops.Weight // Embd -> KVHeads*HeadK
	v        *ops.Weight // Embd -> KVHeads*HeadV
	qNorm    []float32   // [HeadK]; nil in Gemma 2
	kNorm    []float32   // [HeadK]; nil in Gemma 2
	out      *ops.Weight // Heads*HeadV -> Embd
	attnPost []float32   // [Embd]
	ffnNorm  []float32   // [Embd]
	gate     *ops.Weight // Embd -> FFN
	up       *ops.Weight // Embd -> FFN
	down     *ops.Weight // FFN -> Embd
	ffnPost  []float32   // [Embd]
}

// gemma3Layers27B is how many layers the 27B model has, which scales queries by the
// width that its heads would have had.
const gemma3Layers27B = 62

func configGemma3(k *keys, arch string, c *Config) {
	c.EmbdScale = float32(math.Sqrt(float64(c.Embd)))
	c.LogitCap = float32(k.maybe(arch + "final_logit_softcapping"))
	c.window(k, arch, 0, 6)
	c.LocalRopeBase, c.LocalRopeScale = k.float(arch+"rope.freq_base_swa", 10000), 1
	if c.Layers == gemma3Layers27B {
		c.AttnScale = float32(1 / math.Sqrt(float64(c.Embd/c.Heads)))
	}
}

func bindGemma3(c Config, w *Weights) forward { return newGemma3(c, w, true) }

func newGemma3(c Config, w *Weights, headNorms bool) *gemma3 {
	m := &gemma3{local: c.Local}
	for l := 0; l < c.Layers; l++ {
		blk := fmt.Sprintf("blk.%d.", l)
		m.layer = append(m.layer, gemma3Layer{
			attnNorm: w.vector(blk+"attn_norm.weight", c.Embd),
			q:        w.matrix(blk+"attn_q.weight", c.Embd, c.Heads*c.HeadK),
			k:        w.matrix(blk+"attn_k.weight", c.Embd, c.KVHeads*c.HeadK),
			v:        w.matrix(blk+"attn_v.weight", c.Embd, c.KVHeads*c.HeadV),
			out:      w.matrix(blk+"attn_output.weight", c.Heads*c.HeadV, c.Embd),
			attnPost: w.vector(blk+"post_attention_norm.weight", c.Embd),
			ffnNorm:  w.vector(blk+"ffn_norm.weight", c.Embd),
			gate:     w.matrix(blk+"ffn_gate.weight", c.Embd, c.FFN),
			up:       w.matrix(blk+"ffn_up.weight", c.Embd, c.FFN),
			down:     w.matrix(blk+"ffn_down.weight", c.FFN, c.Embd),
			ffnPost:  w.vector(blk+"post_ffw_norm.weight", c.Embd),
		})
		if headNorms {
			m.layer[l].qNorm = w.vector(blk+"attn_q_norm.weight", c.HeadK)
			m.layer[l].kNorm = w.vector(blk+"attn_k_norm.weight", c.HeadK)
		}
	}
	return m
}

func (m *gemma3) turning(l int) (turning, bool) {
	return turnsHalves, m.local != nil && m.local[l]
}

func (m *gemma3) layers(p *Pass) error {
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
		if w.qNorm != nil {
			cpu.RMSNorm(p.q, p.q, w.qNorm, n*c.Heads, c.Eps)
			cpu.RMSNorm(p.k, p.k, w.kNorm, n*c.KVHeads, c.Eps)
		}
		p.show(l, observe.Q, [3]int{n, c.Heads, c.HeadK}, p.q)
		p.show(l, observe.K, [3]int{n, c.KVHeads, c.HeadK}, p.k)
		p.show(l, observe.V, [3]int{n, c.KVHeads, c.HeadV}, p.v)
		cpu.RopeHalves(p.q, p.rotation(l), n, c.Heads, c.HeadK)
		cpu.RopeHalves(p.k, p.rotation(l), n, c.KVHeads, c.HeadK)
		p.show(l, observe.QRot, [3]int{n, c.Heads, c.HeadK}, p.q)
		p.show(l, observe.KRot, [3]int{n, c.KVHeads, c.HeadK}, p.k)
		if err := p.storeKV(l); err != nil {
			return err
		}
		p.attend(l)
		cpu.MatMul(&p.attnOut, ops.Out{W: w.out, Dst: p.branch})
		cpu.RMSNorm(p.branch, p.branch, w.attnPost, n, c.Eps)
		p.show(l, observe.AttnOut, [3]int{n, c.Embd, 1}, p.branch)
		p.join(w.ffnNorm, p.wants(l, observe.ResidMid))
		p.show(l, observe.ResidMid, [3]int{n, c.Embd, 1}, p.resid)

		// Feed forward.
		h = p.norm(w.ffnNorm)
		p.show(l, observe.FFNNorm, [3]int{n, c.Embd, 1}, h)
		cpu.MatMul(&p.normed, ops.Out{W: w.gate, Dst: p.gate}, ops.Out{W: w.up, Dst: p.up})
		cpu.GeGLU(p.ffn.Reset(n, c.FFN), p.gate, p.up, n, c.FFN)
		cpu.MatMul(&p.ffn, ops.Out{W: w.down, Dst: p.branch})
		cpu.RMSNorm(p.branch, p.branch, w.ffnPost, n, c.Eps)
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
