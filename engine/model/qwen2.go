package model

import "fmt"

// Qwen 2 and 2.5 (Yang et al., 2024) are llama with biases on queries, keys and
// values, and heads rotated as halves.
func bindQwen2(c Config, w *Weights) forward {
	m := newLlama(c, w)
	m.halves = true
	for l := range m.layer {
		blk := fmt.Sprintf("blk.%d.", l)
		m.layer[l].qBias = w.vector(blk+"attn_q.bias", c.Heads*c.HeadK)
		m.layer[l].kBias = w.vector(blk+"attn_k.bias", c.KVHeads*c.HeadK)
		m.layer[l].vBias = w.vector(blk+"attn_v.bias", c.KVHeads*c.HeadV)
	}
	return m
}
