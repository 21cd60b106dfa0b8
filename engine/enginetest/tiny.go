package enginetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"loupe/engine/gguf"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// Tiny is the geometry of a random model of the llama architecture.
type Tiny struct {
	Layers, Heads, KVHeads, HeadDim, FFN int
	Context                              int
	Type                                 tensor.DType // of the matrices
	Tied                                 bool         // no output.weight
	RopeFactors                          bool         // with rope_freqs.weight
	Window                               int          // as Gemma 3 is, with a sliding window of so many cells in all layers but the last
	Seed                                 uint64
	Meta                                 map[string]any // metadata to add or replace; nil values remove a key
	Drop                                 []string       // tensors to leave out
	Extra                                []string       // tensors to add, [32] of f32
}

// DefaultTiny is a small model with grouped queries.
func DefaultTiny() Tiny {
	return Tiny{Layers: 2, Heads: 4, KVHeads: 2, HeadDim: 32, FFN: 192, Context: 256, Type: tensor.F32, Tied: true, Seed: 1}
}

// Embd is the width of the residual stream.
func (c Tiny) Embd() int { return c.Heads * c.HeadDim }

// Vocab is the vocabulary: the 256 bytes in byte-level BPE's alphabet, some
// merges, and the two control tokens.
func (c Tiny) Vocab() (tokens, merges []string, types []int32) {
	for b := 0; b < 256; b++ {
		tokens, types = append(tokens, string(byteRune(byte(b)))), append(types, 1)
	}
	for _, m := range []string{"h e", "t he", "Ġ the", "Ġ a", "i n", "o n", "e r", "r e", "a n", "an d"} {
		var left, right string
		fmt.Sscan(m, &left, &right)
		merges = append(merges, m)
		tokens, types = append(tokens, left+right), append(types, 1)
	}
	return append(tokens, "<|endoftext|>", "<|im_start|>", "<|im_end|>"), merges, append(types, 3, 3, 3)
}

// byteRune is byte-level BPE's printable stand-in for a byte (Radford et al., 2019).
func byteRune(b byte) rune {
	n := rune(0)
	for i := 0; i < 256; i++ {
		printable := i >= '!' && i <= '~' || i >= 0xA1 && i <= 0xAC || i >= 0xAE
		if i == int(b) {
			if printable {
				return rune(i)
			}
			return 256 + n
		}
		if !printable {
			n++
		}
	}
	panic("unreachable")
}

// Write writes the model to a file of the test and returns its path.
func (c Tiny) Write(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	w := gguf.NewWriter()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tokens, merges, types := c.Vocab()
	type entry struct {
		key   string
		value any
	}
	arch, prefix := "llama", "llama."
	var more []entry
	if c.Window > 0 {
		arch, prefix = "gemma3", "gemma3."
		local := make([]bool, c.Layers)
		for l := range c.Layers - 1 {
			local[l] = true
		}
		more = []entry{{prefix + "attention.sliding_window", uint32(c.Window)}, {prefix + "attention.sliding_window_pattern", local}}
	}
	meta := append([]entry{
		{"general.architecture", arch},
		{"general.name", "tiny"},
		{prefix + "block_count", uint32(c.Layers)},
		{prefix + "context_length", uint32(c.Context)},
		{prefix + "embedding_length", uint32(c.Embd())},
		{prefix + "feed_forward_length", uint32(c.FFN)},
		{prefix + "attention.head_count", uint32(c.Heads)},
		{prefix + "attention.head_count_kv", uint32(c.KVHeads)},
		{prefix + "attention.layer_norm_rms_epsilon", float32(1e-5)},
		{prefix + "rope.freq_base", float32(10000)},
		{"tokenizer.ggml.model", "gpt2"},
		{"tokenizer.ggml.pre", "smollm"},
		{"tokenizer.ggml.tokens", tokens},
		{"tokenizer.ggml.token_type", types},
		{"tokenizer.ggml.merges", merges},
		{"tokenizer.ggml.bos_token_id", uint32(len(tokens) - 2)},
		{"tokenizer.ggml.eos_token_id", uint32(len(tokens) - 1)},
		{"tokenizer.ggml.add_bos_token", false},
		{"tokenizer.chat_template", "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"},
	}, more...)
	done := map[string]bool{}
	for _, kv := range meta {
		v, replaced := c.Meta[kv.key]
		if !replaced {
			v = kv.value
		}
		if done[kv.key] = true; v != nil {
			must(w.Set(kv.key, v))
		}
	}
	for k, v := range c.Meta {
		if !done[k] && v != nil {
			must(w.Set(k, v))
		}
	}
	r := rand.New(rand.NewPCG(c.Seed, 0))
	add := func(name string, typ tensor.DType, base, spread float64, shape ...int) {
		t.Helper()
		for _, d := range c.Drop {
			if d == name {
				return
			}
		}
		x := make([]float32, tensor.Shape(shape).Elements())
		for i := range x {
			x[i] = float32(base + spread*r.NormFloat64())
		}
		data := make([]byte, typ.RowBytes(len(x)))
		must(quant.Quantize(typ, data, x))
		must(w.AddTensor(name, typ, shape, data))
	}
	embd, kv := c.Embd(), c.KVHeads*c.HeadDim
	in := 1 / math.Sqrt(float64(embd))
	add("token_embd.weight", c.Type, 0, 1, embd, len(tokens))
	if !c.Tied {
		add("output.weight", c.Type, 0, in, embd, len(tokens))
	}
	add("output_norm.weight", tensor.F32, 1, 0.1, embd)
	if c.RopeFactors {
		add("rope_freqs.weight", tensor.F32, 4, 0.5, c.HeadDim/2)
	}
	for l := 0; l < c.Layers; l++ {
		blk := fmt.Sprintf("blk.%d.", l)
		add(blk+"attn_norm.weight", tensor.F32, 1, 0.1, embd)
		add(blk+"attn_q.weight", c.Type, 0, 2*in, embd, embd)
		add(blk+"attn_k.weight", c.Type, 0, 2*in, embd, kv)
		add(blk+"attn_v.weight", c.Type, 0, in, embd, kv)
		add(blk+"attn_output.weight", c.Type, 0, in, embd, embd)
		add(blk+"ffn_norm.weight", tensor.F32, 1, 0.1, embd)
		add(blk+"ffn_gate.weight", c.Type, 0, in, embd, c.FFN)
		add(blk+"ffn_up.weight", c.Type, 0, in, embd, c.FFN)
		add(blk+"ffn_down.weight", c.Type, 0, 1/math.Sqrt(float64(c.FFN)), c.FFN, embd)
		if c.Window > 0 {
			for _, name := range []string{"attn_q_norm", "attn_k_norm"} {
				add(blk+name+".weight", tensor.F32, 1, 0.1, c.HeadDim)
			}
			for _, name := range []string{"post_attention_norm", "post_ffw_norm"} {
				add(blk+name+".weight", tensor.F32, 1, 0.1, embd)
			}
		}
	}
	for _, name := range c.Extra {
		add(name, tensor.F32, 0, 1, 32)
	}
	must(w.WriteFile(path))
	return path
}
