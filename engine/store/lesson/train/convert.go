package main

import (
	"fmt"
	"slices"

	"loupe/engine/gguf"
	"loupe/engine/quant"
	"loupe/engine/store/lesson/train/corpus"
	"loupe/engine/tensor"
)

// chatTemplate has no role for a system: its text goes before the next user's.
const chatTemplate = `{% set ns = namespace(before='') %}{% for m in messages %}` +
	`{% if m.role == 'system' %}{% set ns.before = m.content + '\n' %}` +
	`{% elif m.role == 'assistant' %}<|assistant|>{{ m.content }}<|end|>` +
	`{% else %}<|user|>{{ ns.before + m.content }}<|end|>{% set ns.before = '' %}{% endif %}{% endfor %}` +
	`{% if add_generation_prompt %}<|assistant|>{% endif %}`

// Convert writes a checkpoint as a GGUF file: matrices as q8_0, norms as f32. The
// training turns adjacent pairs in RoPE, as the llama architecture does in GGUF,
// so the rows of Q and K stay where they are.
func Convert(from, path string) error {
	c, err := readCheckpoint(from)
	if err != nil {
		return err
	}
	v, w := corpus.NewVocab(), gguf.NewWriter()
	if len(v.Tokens) != c.config.Vocab {
		return fmt.Errorf("%s has %d tokens but the corpus makes %d: it was trained on another corpus", from, c.config.Vocab, len(v.Tokens))
	}
	parameters := 0
	for _, t := range c.tensors {
		parameters += len(t.x)
	}
	kinds := make([]int32, len(v.Kinds))
	for i, k := range v.Kinds {
		kinds[i] = int32(k)
	}
	for _, kv := range []struct {
		key   string
		value any
	}{
		{"general.architecture", "llama"},
		{"general.name", "Loupe lesson"},
		{"general.description", fmt.Sprintf("a %.1f M parameter teaching model; it knows only its own small world", float64(parameters)/1e6)},
		{"general.license", "mit"},
		{"lesson.stages", c.stages},      // of the training, as train.py was told: LENGTH:ROWS:STEPS, ...
		{"general.file_type", uint32(7)}, // mostly q8_0
		{"general.quantization_version", uint32(2)},
		{"llama.vocab_size", uint32(c.config.Vocab)},
		{"llama.context_length", uint32(c.config.Context)},
		{"llama.embedding_length", uint32(c.config.Embedding)},
		{"llama.block_count", uint32(c.config.Blocks)},
		{"llama.feed_forward_length", uint32(c.config.FFN)},
		{"llama.attention.head_count", uint32(c.config.Heads)},
		{"llama.attention.head_count_kv", uint32(c.config.KVHeads)},
		{"llama.attention.layer_norm_rms_epsilon", float32(1e-5)},
		{"llama.rope.dimension_count", uint32(c.config.HeadDim)},
		{"llama.rope.freq_base", c.config.RopeBase},
		{"tokenizer.ggml.model", v.Model},
		{"tokenizer.ggml.pre", v.Pre},
		{"tokenizer.ggml.tokens", v.Tokens},
		{"tokenizer.ggml.token_type", kinds},
		{"tokenizer.ggml.merges", v.Merges},
		{"tokenizer.ggml.bos_token_id", uint32(v.BOS)},
		{"tokenizer.ggml.eos_token_id", uint32(v.EOS)},
		{"tokenizer.ggml.add_bos_token", true},
		{"tokenizer.chat_template", chatTemplate},
	} {
		if err := w.Set(kv.key, kv.value); err != nil {
			return err
		}
	}
	add := func(name, source string) error {
		t, ok := c.tensors[source]
		if !ok {
			return fmt.Errorf("%s has no tensor %s", from, source)
		}
		typ := tensor.Q8_0
		if len(t.shape) == 1 {
			typ = tensor.F32
		}
		data := make([]byte, typ.RowBytes(len(t.x)))
		if err := quant.Quantize(typ, data, t.x); err != nil {
			return err
		}
		shape := slices.Clone(t.shape)
		slices.Reverse(shape)
		return w.AddTensor(name+".weight", typ, shape, data)
	}
	if err := add("token_embd", "token_embd"); err != nil {
		return err
	}
	if err := add("output_norm", "output_norm"); err != nil {
		return err
	}
	for l := range c.config.Blocks {
		for _, part := range []string{"attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate", "ffn_up", "ffn_down"} {
			if err := add(fmt.Sprintf("blk.%d.%s", l, part), fmt.Sprintf("blk_%d_%s", l, part)); err != nil {
				return err
			}
		}
	}
	return w.WriteFile(path)
}
