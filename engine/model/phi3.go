package model

import "fmt"

// Phi-3 and 4 mini (Abdin et al., 2024) are llama with queries, keys and values in one
// tensor, gate and up in another, and heads rotated as halves. Those for long contexts
// slow each pair of a head by a factor of its own (LongRoPE: Ding et al., 2024): one
// set for contexts up to the original one, another for longer ones. As in llama.cpp the
// sliding window of some files is not applied.
func configPhi3(k *keys, arch string, c *Config) {
	c.UnusedWindow = k.optional(arch + "attention.sliding_window")
}

func bindPhi3(c Config, w *Weights) forward {
	m := &llama{halves: true}
	for l := 0; l < c.Layers; l++ {
		blk := fmt.Sprintf("blk.%d.", l)
		qkv := w.parts(blk+"attn_qkv.weight", c.Embd, c.Heads*c.HeadK, c.KVHeads*c.HeadK, c.KVHeads*c.HeadV)
		ffn := w.parts(blk+"ffn_up.weight", c.Embd, c.FFN, c.FFN)
		m.layer = append(m.layer, llamaLayer{
			attnNorm: w.vector(blk+"attn_norm.weight", c.Embd),
			q:        qkv[0],
			k:        qkv[1],
			v:        qkv[2],
			out:      w.matrix(blk+"attn_output.weight", c.Heads*c.HeadV, c.Embd),
			ffnNorm:  w.vector(blk+"ffn_norm.weight", c.Embd),
			gate:     ffn[0],
			up:       ffn[1],
			down:     w.matrix(blk+"ffn_down.weight", c.FFN, c.Embd),
		})
	}
	w.RopeLong = w.want("rope_factors_long.weight", c.RopeDims/2)
	w.RopeShort = w.want("rope_factors_short.weight", c.RopeDims/2)
	if (w.RopeLong == nil) != (w.RopeShort == nil) {
		w.fail("the file has one of rope_factors_long.weight and rope_factors_short.weight; it takes both")
	}
	return m
}
