package model

import "fmt"

// Qwen 3 (Yang et al., 2025) is llama with a norm of each head of queries and keys
// before RoPE (Dehghani et al., 2023), and heads rotated as halves, whose size is not
// the width divided by their number.
func bindQwen3(c Config, w *Weights) forward {
	m := newLlama(c, w)
	m.halves = true
	for l := range m.layer {
		blk := fmt.Sprintf("blk.%d.", l)
		m.layer[l].qNorm = w.vector(blk+"attn_q_norm.weight", c.HeadK)
		m.layer[l].kNorm = w.vector(blk+"attn_k_norm.weight", c.HeadK)
	}
	return m
}
