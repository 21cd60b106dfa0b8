package model

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loupe/engine/enginetest"
	"loupe/engine/gguf"
	"loupe/engine/internal/simd"
	"loupe/engine/kvcache"
	"loupe/engine/ops"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

var archs = flag.String("archs", "", "folder to write the small models into, for testdata/arch/llama.cpp")

// small is a random model of some architecture, in the proportions of true ones.
type small struct {
	name, arch                                 string
	layers, embd, heads, kvHeads, headDim, ffn int
	context                                    int // to load it with
	tokens                                     int // to read
	meta                                       map[string]any
	untied, biases, qkNorm, postNorm, fused    bool
	factors                                    []string // tensors of RoPE factors
	drop                                       string   // a tensor to leave out
}

var smalls = []small{
	{name: "llama", arch: "llama", layers: 2, embd: 96, heads: 6, kvHeads: 2, headDim: 16, ffn: 256, untied: true},
	{name: "llama3", arch: "llama", layers: 2, embd: 128, heads: 4, kvHeads: 1, headDim: 32, ffn: 320, untied: true,
		factors: []string{"rope_freqs.weight"}, meta: map[string]any{"rope.freq_base": float32(500000)}},
	{name: "qwen2", arch: "qwen2", layers: 3, embd: 112, heads: 7, kvHeads: 1, headDim: 16, ffn: 256, biases: true, meta: map[string]any{"rope.freq_base": float32(1e6)}},
	{name: "qwen3", arch: "qwen3", layers: 3, embd: 96, heads: 4, kvHeads: 2, headDim: 48, ffn: 192, qkNorm: true, meta: map[string]any{"rope.freq_base": float32(1e6)}},
	{name: "mistral3", arch: "mistral3", layers: 3, embd: 96, heads: 4, kvHeads: 2, headDim: 32, ffn: 256, tokens: 70,
		meta: map[string]any{"rope.freq_base": float32(10000), "rope.scaling.type": "yarn", "rope.scaling.factor": float32(4), "rope.scaling.original_context_length": uint32(24),
			"rope.scaling.yarn_log_multiplier": float32(0.5), "attention.temperature_scale": float32(0.3)}},
	{name: "phi3", arch: "phi3", layers: 2, embd: 96, heads: 3, kvHeads: 3, headDim: 32, ffn: 256, fused: true, untied: true},
	{name: "phi3-short", arch: "phi3", layers: 2, embd: 96, heads: 3, kvHeads: 1, headDim: 32, ffn: 256, fused: true,
		factors: []string{"rope_factors_long.weight", "rope_factors_short.weight"},
		meta:    map[string]any{"rope.scaling.original_context_length": uint32(256), "rope.scaling.attn_factor": float32(1.19), "rope.dimension_count": uint32(24)}},
	{name: "phi3-long", arch: "phi3", layers: 2, embd: 96, heads: 3, kvHeads: 1, headDim: 32, ffn: 256, fused: true, context: 512,
		factors: []string{"rope_factors_long.weight", "rope_factors_short.weight"},
		meta:    map[string]any{"rope.scaling.original_context_length": uint32(256), "rope.scaling.attn_factor": float32(1.19), "rope.dimension_count": uint32(24)}},
	{name: "smollm3", arch: "smollm3", layers: 5, embd: 96, heads: 4, kvHeads: 2, headDim: 24, ffn: 256},
	{name: "granite", arch: "granite", layers: 3, embd: 96, heads: 6, kvHeads: 2, headDim: 16, ffn: 256,
		meta: map[string]any{"embedding_scale": float32(12), "residual_scale": float32(0.22), "attention.scale": float32(1.0 / 16), "logit_scale": float32(8)}},
	{name: "gemma2", arch: "gemma2", layers: 4, embd: 80, heads: 4, kvHeads: 2, headDim: 32, ffn: 224, postNorm: true, tokens: 60,
		meta: map[string]any{"attention.sliding_window": uint32(16), "attn_logit_softcapping": float32(2), "final_logit_softcapping": float32(30)}},
	{name: "gemma3", arch: "gemma3", layers: 7, embd: 80, heads: 4, kvHeads: 1, headDim: 64, ffn: 224, qkNorm: true, postNorm: true, tokens: 90,
		meta: map[string]any{"rope.freq_base": float32(1e6), "attention.sliding_window": uint32(24)}},
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
	meta := map[string]any{
		"block_count": uint32(s.layers), "context_length": uint32(1024), "embedding_length": uint32(s.embd), "feed_forward_length": uint32(s.ffn),
		"attention.head_count": uint32(s.heads), "attention.head_count_kv": uint32(s.kvHeads),
		"attention.key_length": uint32(s.headDim), "attention.value_length": uint32(s.headDim),
		"attention.layer_norm_rms_epsilon": float32(1e-6), "rope.freq_base": float32(10000), "rope.dimension_count": uint32(s.headDim),
	}
	maps.Copy(meta, s.meta)
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
		if name == s.drop {
			return
		}
		data := make([]byte, tensor.F32.RowBytes(len(x)))
		must(quant.Quantize(tensor.F32, data, x))
		must(w.AddTensor(name, tensor.F32, shape, data))
	}
	in := 1 / math.Sqrt(float64(s.embd))
	q, kv := s.heads*s.headDim, s.kvHeads*s.headDim
	add("token_embd.weight", 0, 1, s.embd, len(tokens))
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
			add(blk+"post_attention_norm.weight", 1, 0.1, s.embd)
			add(blk+"post_ffw_norm.weight", 1, 0.1, s.embd)
		}
	}
	path := filepath.Join(dir, s.name+".gguf")
	must(w.WriteFile(path))
	return path
}

func (s small) ids() []int {
	n := s.tokens
	if n == 0 {
		n = 24
	}
	return randomTokens(n, 260)
}

func (s small) ctx() int { return max(s.context, 256) }

// Every architecture gives llama.cpp's logits on a small random model, in every tier
// of kernels, read at once or in pieces.
func TestArchitectures(t *testing.T) {
	if *archs != "" {
		var list strings.Builder
		for _, s := range smalls {
			fmt.Fprintf(&list, "%s %d %s", s.name, s.ctx(), sum(t, s.write(t, *archs)))
			for _, id := range s.ids() {
				fmt.Fprintf(&list, " %d", id)
			}
			list.WriteString("\n")
		}
		if err := os.WriteFile(filepath.Join(*archs, "list"), []byte(list.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	type reference struct {
		Name, SHA256 string
		Positions    []struct {
			Pos    int
			Logits []float64
		}
	}
	var golden struct{ Cases []reference }
	data, err := os.ReadFile("testdata/arch/golden.json")
	if err == nil {
		err = json.Unmarshal(data, &golden)
	}
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range smalls {
		t.Run(s.name, func(t *testing.T) {
			seen[s.arch] = true
			path := s.write(t, t.TempDir())
			at := slices.IndexFunc(golden.Cases, func(c reference) bool { return c.Name == s.name })
			if at < 0 || golden.Cases[at].SHA256 != sum(t, path) {
				t.Fatal("testdata/arch/golden.json is of other files; its program tells how to make it")
			}
			for _, kern := range simd.All() {
				for _, split := range [][]int{nil, {1, 10, 3}} {
					b := s.open(t, path, kern, true)
					got := b.logits(t, s.ids(), split...)
					for _, p := range golden.Cases[at].Positions {
						diff, size := maxDiff([][]float32{got[p.Pos]}, [][]float64{p.Logits})
						if split == nil {
							t.Logf("%s: position %d: logits of up to %.1f differ by %.1e", kern.Name, p.Pos, size, diff)
						}
						if !(diff <= 1e-3) {
							t.Errorf("%s, pieces %v: position %d: logits of up to %.1f differ by %.1e", kern.Name, split, p.Pos, size, diff)
						}
					}
				}
			}
			// The fast way computes the same model.
			b := s.open(t, path, simd.Best(), false)
			b.pass.Flash = true
			got := b.logits(t, s.ids(), 7)
			for _, p := range golden.Cases[at].Positions {
				if diff, size := maxDiff([][]float32{got[p.Pos]}, [][]float64{p.Logits}); !(diff <= 0.05*size) {
					t.Errorf("flash attention and f16 K/V: position %d: logits of up to %.1f differ by %.1e", p.Pos, size, diff)
				}
			}
		})
	}
	for _, a := range Architectures() {
		if !seen[a] {
			t.Errorf("no small model of architecture %s", a)
		}
	}
}

func (s small) open(t *testing.T, path string, kern *simd.Kernels, exact bool) *bench {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	m, err := New(f)
	if err != nil {
		t.Fatal(err)
	}
	cache := tensor.F16
	if exact {
		cache = tensor.F32
	}
	store, err := kvcache.NewStore(m.CacheConfig(cache, cache, s.ctx()))
	if err != nil {
		t.Fatal(err)
	}
	cpu := ops.NewCPU(1, kern, exact)
	t.Cleanup(cpu.Close)
	return &bench{m, f, cpu, newPass(m, cpu), store.NewSeq()}
}

// newPass makes a pass, and does the caller's part of its rotation.
func newPass(m *Model, cpu *ops.CPU) *Pass {
	p, c := m.NewPass(cpu, 128), m.Config
	if c.RopeScaling == "yarn" {
		p.Rope.Yarn = ops.Yarn{Ext: c.YarnExt, BetaFast: c.BetaFast, BetaSlow: c.BetaSlow, OrigContext: c.RopeOrigContext}
		p.Rope.Magnitude = c.YarnAttn * (1 + 0.1*math.Log(1/c.RopeScale))
	}
	return p
}

func sum(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

// Whatever the architecture, results do not depend on the number of threads, and
// nothing is allocated per token.
func TestArchitecturesThreadsAndMemory(t *testing.T) {
	for _, s := range smalls {
		t.Run(s.name, func(t *testing.T) {
			path := s.write(t, t.TempDir())
			b := s.open(t, path, simd.Best(), false)
			want := b.logits(t, s.ids(), 20)
			one := []int{5}
			if n := testing.AllocsPerRun(3, func() {
				if err := b.pass.Forward(b.seq, one); err != nil {
					t.Fatal(err)
				}
				b.pass.Logits(0, 1)
			}); n != 0 {
				t.Errorf("a token allocates %v times", n)
			}
			many := s.open(t, path, simd.Best(), false)
			many.cpu = ops.NewCPU(3, simd.Best(), false)
			t.Cleanup(many.cpu.Close)
			many.pass = newPass(many.m, many.cpu)
			for i, row := range many.logits(t, s.ids(), 20) {
				if !slices.Equal(row, want[i]) {
					t.Fatalf("logits of token %d differ between 1 and 3 threads", i)
				}
			}
		})
	}
}

// Whatever the architecture, sequences that read a token each in one pass get the
// logits that each gets alone, and nothing is allocated for it.
func TestArchitecturesInOnePass(t *testing.T) {
	for _, s := range smalls {
		t.Run(s.name, func(t *testing.T) {
			b := s.open(t, s.write(t, t.TempDir()), simd.Best(), true)
			ids := s.ids()
			at := []int{len(ids) - 2, 1, len(ids) / 2, 20}
			var seqs []*kvcache.Seq
			var tokens []int
			want := make([][]float32, len(at))
			read := func(seq *kvcache.Seq, n int) {
				for seq.Len() < n {
					end := min(n, seq.Len()+b.pass.Batch())
					if err := b.pass.Forward(seq, ids[seq.Len():end]); err != nil {
						t.Fatal(err)
					}
				}
			}
			for i, n := range at {
				seq := b.seq.Store().NewSeq()
				read(seq, n)
				alone := seq.Fork()
				if err := b.pass.Forward(alone, ids[n:n+1]); err != nil {
					t.Fatal(err)
				}
				want[i] = slices.Clone(b.pass.Logits(0, 1))
				seqs, tokens = append(seqs, seq), append(tokens, ids[n])
			}
			if err := b.pass.ForwardEach(seqs, tokens); err != nil {
				t.Fatal(err)
			}
			got := b.pass.Logits(0, len(at))
			for i, n := range at {
				row := got[i*b.m.Config.Vocab:][:b.m.Config.Vocab]
				for j := range row {
					if d := math.Abs(float64(row[j] - want[i][j])); !(d <= 1e-4) {
						t.Fatalf("position %d: logit %d is %v, alone %v", n, j, row[j], want[i][j])
					}
				}
				if seqs[i].Len() != n+1 || seqs[i].Cells()[n] != (kvcache.Cell{Pos: n, Token: ids[n]}) {
					t.Errorf("%d cells after position %d", seqs[i].Len(), n)
				}
			}
			for _, seq := range seqs {
				seq.Truncate(30) // away from the end of a page
			}
			if n := testing.AllocsPerRun(3, func() {
				if err := b.pass.ForwardEach(seqs, tokens); err != nil {
					t.Fatal(err)
				}
				b.pass.Logits(0, len(at))
			}); n != 0 {
				t.Errorf("a pass allocates %v times", n)
			}
		})
	}
}

// A tensor that is left out is missed by name, before anything runs.
func TestArchitecturesMissTensors(t *testing.T) {
	done := map[string]bool{}
	for _, s := range smalls {
		if done[s.arch] {
			continue
		}
		done[s.arch] = true
		s.embd, s.layers = s.embd/2, 2 // smaller still: many files are written
		dir := t.TempDir()
		f, err := gguf.Open(s.write(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, tensor := range f.Tensors {
			names = append(names, tensor.Name)
		}
		f.Close()
		for _, name := range names {
			if blk, ok := strings.CutPrefix(name, "blk."); name == "output.weight" || name == "rope_freqs.weight" || ok && !strings.HasPrefix(blk, "1.") {
				continue // may be absent, or is like that of layer 1
			}
			s.drop = name
			f, err := gguf.Open(s.write(t, dir))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := New(f); err == nil || !strings.Contains(err.Error(), strings.TrimSuffix(name, ".weight")) {
				t.Errorf("%s without %s: error %v", s.name, name, err)
			}
			f.Close()
		}
	}
}

// Which layers are local, as files say it in three ways.
func TestWindowPattern(t *testing.T) {
	var s small
	for _, s = range smalls {
		if s.name == "gemma3" {
			break
		}
	}
	s.layers = 4
	for _, c := range []struct {
		pattern any
		want    string
		err     string
	}{
		{nil, "[true true true true]", ""},
		{uint32(2), "[true false true false]", ""},
		{uint32(1), "[false false false false]", ""},
		{[]bool{false, true, true, false}, "[false true true false]", ""},
		{[]int32{0, 1, 0, 1, 1}, "[false true false true]", ""},
		{[]bool{true}, "", "gemma3.attention.sliding_window_pattern has 1 entries for 4 layers"},
		{uint32(0), "[true true true true]", ""},
		{"all", "", "gemma3.attention.sliding_window_pattern"},
	} {
		s.meta = map[string]any{"attention.sliding_window": uint32(24), "attention.sliding_window_pattern": c.pattern}
		f, err := gguf.Open(s.write(t, t.TempDir()))
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := ReadConfig(f)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%v: error %v, want %q", c.pattern, err, c.err)
			}
		case err != nil || fmt.Sprint(cfg.Local) != c.want:
			t.Errorf("%v: %v, %v, want %s", c.pattern, cfg.Local, err, c.want)
		}
		f.Close()
	}
}
