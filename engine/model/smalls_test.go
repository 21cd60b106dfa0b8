package model

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"loupe/engine/enginetest"
	"loupe/engine/gguf"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// small is a random model of some architecture, in the proportions of true ones.
type small struct {
	name, arch                                 string
	layers, embd, heads, kvHeads, headDim, ffn int
	context                                    int // to load it with; 0: 512
	tokens                                     int // to read; 0: 300
	meta                                       map[string]any
	untied, biases, qkNorm, postNorm, fused    bool
	factors                                    []string // tensors of RoPE factors
	drop, halve                                string   // a tensor to leave out; one to halve every second value of
}

// smalls has each architecture, with what its files can have: windows, factors and
// original contexts are so short that all of them are passed.
var smalls = []small{
	{name: "llama", arch: "llama", layers: 2, embd: 96, heads: 6, kvHeads: 2, headDim: 16, ffn: 256, untied: true},
	{name: "llama-linear", arch: "llama", layers: 2, embd: 96, heads: 3, kvHeads: 3, headDim: 32, ffn: 256,
		meta: map[string]any{"rope.scaling.type": "linear", "rope.scaling.factor": float32(4)}},
	{name: "llama3", arch: "llama", layers: 2, embd: 128, heads: 4, kvHeads: 1, headDim: 32, ffn: 320, untied: true,
		factors: []string{"rope_freqs.weight"}, meta: map[string]any{"rope.freq_base": float32(500000)}},
	{name: "qwen2", arch: "qwen2", layers: 3, embd: 112, heads: 7, kvHeads: 1, headDim: 16, ffn: 256, biases: true, meta: map[string]any{"rope.freq_base": float32(1e6)}},
	{name: "qwen2-yarn", arch: "qwen2", layers: 2, embd: 96, heads: 3, kvHeads: 1, headDim: 32, ffn: 256, biases: true, untied: true,
		meta: map[string]any{"rope.freq_base": float32(10000), "rope.scaling.type": "yarn", "rope.scaling.factor": float32(4), "rope.scaling.original_context_length": uint32(64)}},
	{name: "qwen3", arch: "qwen3", layers: 3, embd: 96, heads: 4, kvHeads: 2, headDim: 48, ffn: 192, qkNorm: true, meta: map[string]any{"rope.freq_base": float32(1e6)}},
	{name: "mistral3", arch: "mistral3", layers: 3, embd: 96, heads: 4, kvHeads: 2, headDim: 32, ffn: 256,
		meta: map[string]any{"rope.freq_base": float32(10000), "rope.scaling.type": "yarn", "rope.scaling.factor": float32(4), "rope.scaling.original_context_length": uint32(48),
			"rope.scaling.yarn_log_multiplier": float32(0.5), "attention.temperature_scale": float32(0.3)}},
	{name: "phi3", arch: "phi3", layers: 2, embd: 96, heads: 3, kvHeads: 3, headDim: 32, ffn: 256, fused: true, untied: true},
	{name: "phi3-short", arch: "phi3", layers: 2, embd: 96, heads: 3, kvHeads: 1, headDim: 32, ffn: 256, fused: true, context: 256, tokens: 250,
		factors: []string{"rope_factors_long.weight", "rope_factors_short.weight"},
		meta:    map[string]any{"rope.scaling.original_context_length": uint32(256), "rope.scaling.attn_factor": float32(1.19), "rope.dimension_count": uint32(24)}},
	{name: "phi3-long", arch: "phi3", layers: 2, embd: 96, heads: 3, kvHeads: 1, headDim: 32, ffn: 256, fused: true, tokens: 400,
		factors: []string{"rope_factors_long.weight", "rope_factors_short.weight"},
		meta:    map[string]any{"rope.scaling.type": "longrope", "rope.scaling.factor": float32(1.5), "rope.scaling.original_context_length": uint32(256), "rope.scaling.attn_factor": float32(1.19), "rope.dimension_count": uint32(24)}},
	{name: "smollm3", arch: "smollm3", layers: 5, embd: 96, heads: 4, kvHeads: 2, headDim: 24, ffn: 256},
	{name: "granite", arch: "granite", layers: 3, embd: 96, heads: 6, kvHeads: 2, headDim: 16, ffn: 256,
		meta: map[string]any{"embedding_scale": float32(12), "residual_scale": float32(0.22), "attention.scale": float32(1.0 / 16), "logit_scale": float32(8)}},
	{name: "granite-nope", arch: "granite", layers: 2, embd: 96, heads: 6, kvHeads: 2, headDim: 16, ffn: 256, untied: true,
		meta: map[string]any{"logit_scale": float32(0.5), "rope.scaling.finetuned": false}},
	{name: "gemma2", arch: "gemma2", layers: 4, embd: 80, heads: 4, kvHeads: 2, headDim: 32, ffn: 224, postNorm: true,
		meta: map[string]any{"attention.sliding_window": uint32(48), "attn_logit_softcapping": float32(2), "final_logit_softcapping": float32(30)}},
	{name: "gemma2-27b", arch: "gemma2", layers: gemma2Layers27B, embd: 36, heads: 2, kvHeads: 1, headDim: 16, ffn: 128, postNorm: true, tokens: 100,
		meta: map[string]any{"attention.sliding_window": uint32(40), "rope.scaling.type": "linear", "rope.scaling.factor": float32(2)}},
	{name: "gemma3", arch: "gemma3", layers: 7, embd: 80, heads: 4, kvHeads: 1, headDim: 64, ffn: 224, qkNorm: true, postNorm: true,
		meta: map[string]any{"rope.freq_base": float32(1e6), "attention.sliding_window": uint32(24)}},
	{name: "gemma3-4b", arch: "gemma3", layers: 7, embd: 80, heads: 4, kvHeads: 2, headDim: 32, ffn: 224, qkNorm: true, postNorm: true,
		meta: map[string]any{"rope.freq_base": float32(10000), "rope.freq_base_swa": float32(500), "attention.sliding_window": uint32(100), "attention.sliding_window_pattern": uint32(3),
			"rope.scaling.type": "linear", "rope.scaling.factor": float32(8), "final_logit_softcapping": float32(10)}},
	{name: "gemma3-27b", arch: "gemma3", layers: gemma3Layers27B, embd: 42, heads: 2, kvHeads: 1, headDim: 16, ffn: 128, qkNorm: true, postNorm: true, tokens: 100,
		meta: map[string]any{"rope.freq_base": float32(1e6), "attention.sliding_window": uint32(32), "rope.scaling.type": "linear", "rope.scaling.factor": float32(8)}},
}

// metadata is all keys below the architecture's name.
func (s small) metadata() map[string]any {
	meta := map[string]any{
		"block_count": uint32(s.layers), "context_length": uint32(1024), "embedding_length": uint32(s.embd), "feed_forward_length": uint32(s.ffn),
		"attention.head_count": uint32(s.heads), "attention.head_count_kv": uint32(s.kvHeads),
		"attention.key_length": uint32(s.headDim), "attention.value_length": uint32(s.headDim),
		"attention.layer_norm_rms_epsilon": float32(0.01), "rope.freq_base": float32(10000), "rope.dimension_count": uint32(s.headDim),
	}
	maps.Copy(meta, s.meta)
	return meta
}

func (s small) write(t *testing.T, dir string) string {
	t.Helper()
	w := gguf.NewWriter()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tokens, merges, types := enginetest.DefaultTiny().Vocab()
	meta := s.metadata()
	must(w.Set("general.architecture", s.arch))
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		if v := meta[key]; v != nil {
			must(w.Set(s.arch+"."+key, v))
		}
	}
	must(w.Set("tokenizer.ggml.model", "gpt2"))
	must(w.Set("tokenizer.ggml.pre", "smollm"))
	must(w.Set("tokenizer.ggml.tokens", tokens))
	must(w.Set("tokenizer.ggml.token_type", types))
	must(w.Set("tokenizer.ggml.merges", merges))
	must(w.Set("tokenizer.ggml.bos_token_id", uint32(len(tokens)-2)))
	must(w.Set("tokenizer.ggml.eos_token_id", uint32(len(tokens)-1)))

	r := rand.New(rand.NewPCG(11, 0))
	add := func(name string, base, spread float64, shape ...int) {
		t.Helper()
		x := make([]float32, tensor.Shape(shape).Elements())
		for i := range x {
			// A sum of uniform numbers: products of a logarithm differ between machines.
			sum := -2.0
			for range 4 {
				sum += r.Float64()
			}
			x[i] = float32(base + spread*math.Sqrt(3)*sum)
		}
		switch name {
		case s.drop:
			return
		case s.halve:
			for i := 0; i < len(x); i += 2 {
				x[i] /= 2
			}
		}
		data := make([]byte, tensor.F32.RowBytes(len(x)))
		must(quant.Quantize(tensor.F32, data, x))
		must(w.AddTensor(name, tensor.F32, shape, data))
	}
	in := 1 / math.Sqrt(float64(s.embd))
	q, kv := s.heads*s.headDim, s.kvHeads*s.headDim
	// Gemma's embedding is multiplied by sqrt(Embd). What its layers add is as large as
	// their last norm makes it. Feed-forward is kept small: llama.cpp rounds GELU to f16,
	// and where a value is rounded the other way logits differ, the more the more layers.
	embd, post := 1.0, 1.0
	if s.postNorm {
		embd, post = in, 1/math.Sqrt(float64(s.layers))
	}
	add("token_embd.weight", 0, embd, s.embd, len(tokens))
	add("output_norm.weight", 1, 0.1, s.embd)
	if s.untied {
		add("output.weight", 0, in, s.embd, len(tokens))
	}
	rotated := s.headDim
	if n, ok := s.meta["rope.dimension_count"].(uint32); ok {
		rotated = int(n)
	}
	for _, name := range s.factors {
		add(name, 3, 1, rotated/2)
	}
	for l := range s.layers {
		blk := fmt.Sprintf("blk.%d.", l)
		add(blk+"attn_norm.weight", 1, 0.1, s.embd)
		if s.fused {
			add(blk+"attn_qkv.weight", 0, 1.5*in, s.embd, q+2*kv)
			add(blk+"ffn_up.weight", 0, in, s.embd, 2*s.ffn)
		} else {
			add(blk+"attn_q.weight", 0, 2*in, s.embd, q)
			add(blk+"attn_k.weight", 0, 2*in, s.embd, kv)
			add(blk+"attn_v.weight", 0, in, s.embd, kv)
			add(blk+"ffn_gate.weight", 0, in, s.embd, s.ffn)
			add(blk+"ffn_up.weight", 0, in, s.embd, s.ffn)
		}
		if s.biases {
			add(blk+"attn_q.bias", 0, 1, q)
			add(blk+"attn_k.bias", 0, 1, kv)
			add(blk+"attn_v.bias", 0, 1, kv)
		}
		if s.qkNorm {
			add(blk+"attn_q_norm.weight", 1, 0.2, s.headDim)
			add(blk+"attn_k_norm.weight", 1, 0.2, s.headDim)
		}
		add(blk+"attn_output.weight", 0, 1/math.Sqrt(float64(q)), q, s.embd)
		add(blk+"ffn_norm.weight", 1, 0.1, s.embd)
		add(blk+"ffn_down.weight", 0, 1/math.Sqrt(float64(s.ffn)), s.ffn, s.embd)
		if s.postNorm {
			add(blk+"post_attention_norm.weight", post, 0.1*post, s.embd)
			add(blk+"post_ffw_norm.weight", post/3, 0.1*post/3, s.embd)
		}
	}
	path := filepath.Join(dir, s.name+".gguf")
	must(w.WriteFile(path))
	return path
}

func (s small) ids() []int {
	n := s.tokens
	if n == 0 {
		n = 300
	}
	return randomTokens(n, 260)
}

func (s small) ctx() int {
	if s.context == 0 {
		return 512
	}
	return s.context
}
