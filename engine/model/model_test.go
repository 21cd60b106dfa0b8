package model

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"loupe/engine/enginetest"
	"loupe/engine/gguf"
	"loupe/engine/internal/ref"
	"loupe/engine/internal/simd"
	"loupe/engine/kvcache"
	"loupe/engine/observe"
	"loupe/engine/ops"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// bench is a model ready to run.
type bench struct {
	m    *Model
	f    *gguf.File
	cpu  *ops.CPU
	pass *Pass
	seq  *kvcache.Seq
}

func openTiny(t *testing.T, c enginetest.Tiny, kern *simd.Kernels, threads int, exact bool, cache tensor.DType) *bench {
	t.Helper()
	f, err := gguf.Open(c.Write(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	m, err := New(f)
	if err != nil {
		t.Fatal(err)
	}
	store, err := kvcache.NewStore(m.CacheConfig(cache, cache, c.Context))
	if err != nil {
		t.Fatal(err)
	}
	cpu := ops.NewCPU(threads, kern, exact)
	t.Cleanup(cpu.Close)
	return &bench{m, f, cpu, m.NewPass(cpu, 64), store.NewSeq()}
}

// logits reads tokens in batches of the given sizes and returns the logits
// after each, [len(tokens), Vocab].
func (b *bench) logits(t *testing.T, tokens []int, batches ...int) [][]float32 {
	t.Helper()
	var out [][]float32
	for len(tokens) > 0 {
		n := len(tokens)
		if len(batches) > 0 {
			n, batches = min(n, batches[0]), batches[1:]
		}
		n = min(n, b.pass.Batch())
		if err := b.pass.Forward(b.seq, tokens[:n]); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < n; i++ {
			out = append(out, slices.Clone(b.pass.Logits(i, 1)))
		}
		tokens = tokens[n:]
	}
	return out
}

// reference is the same decoder in float64, written for reading.
func reference(t *testing.T, f *gguf.File, tokens []int) [][]float64 {
	t.Helper()
	c, err := ReadConfig(f)
	if err != nil {
		t.Fatal(err)
	}
	load := func(name string) []float64 {
		tn, ok := f.Tensor(name)
		if !ok {
			t.Fatalf("no tensor %s", name)
		}
		x := make([]float32, tn.Shape.Elements())
		if err := quant.Dequantize(tn.Type, x, tn.Data); err != nil {
			t.Fatal(err)
		}
		y := make([]float64, len(x))
		for i, v := range x {
			y[i] = float64(v)
		}
		return y
	}
	embd := load("token_embd.weight")
	head := embd
	if _, ok := f.Tensor("output.weight"); ok {
		head = load("output.weight")
	}
	var factors []float64
	if _, ok := f.Tensor("rope_freqs.weight"); ok {
		factors = load("rope_freqs.weight")
	}
	x := make([][]float64, len(tokens))
	for i, tok := range tokens {
		x[i] = slices.Clone(embd[tok*c.Embd : (tok+1)*c.Embd])
	}
	add := func(a, b []float64) {
		for i := range a {
			a[i] += b[i]
		}
	}
	eps := float64(c.Eps)
	for l := 0; l < c.Layers; l++ {
		w := func(name string) []float64 { return load(fmt.Sprintf("blk.%d.%s.weight", l, name)) }
		keys := make([][][]float64, c.KVHeads) // [KVHeads][nTok][HeadK]
		values := make([][][]float64, c.KVHeads)
		queries := make([][]float64, len(x))
		for i := range x {
			h := ref.RMSNorm(x[i], w("attn_norm"), eps)
			queries[i] = ref.MatVec(w("attn_q"), h)
			k, v := ref.MatVec(w("attn_k"), h), ref.MatVec(w("attn_v"), h)
			for n := 0; n < c.Heads; n++ {
				ref.RopePairs(queries[i][n*c.HeadK:(n+1)*c.HeadK], i, c.RopeDims, c.RopeBase, c.RopeScale, factors)
			}
			for n := 0; n < c.KVHeads; n++ {
				kn := k[n*c.HeadK : (n+1)*c.HeadK]
				ref.RopePairs(kn, i, c.RopeDims, c.RopeBase, c.RopeScale, factors)
				keys[n], values[n] = append(keys[n], kn), append(values[n], v[n*c.HeadV:(n+1)*c.HeadV])
			}
		}
		for i := range x {
			var out []float64
			for n := 0; n < c.Heads; n++ {
				kv := n / (c.Heads / c.KVHeads)
				out = append(out, ref.Attend(queries[i][n*c.HeadK:(n+1)*c.HeadK], keys[kv][:i+1], values[kv][:i+1])...)
			}
			add(x[i], ref.MatVec(w("attn_output"), out))
			h := ref.RMSNorm(x[i], w("ffn_norm"), eps)
			add(x[i], ref.MatVec(w("ffn_down"), ref.SwiGLU(ref.MatVec(w("ffn_gate"), h), ref.MatVec(w("ffn_up"), h))))
		}
	}
	logits := make([][]float64, len(x))
	for i := range x {
		logits[i] = ref.MatVec(head, ref.RMSNorm(x[i], load("output_norm.weight"), eps))
	}
	return logits
}

func randomTokens(n, vocab int) []int {
	r := rand.New(rand.NewPCG(7, 7))
	ids := make([]int, n)
	for i := range ids {
		ids[i] = r.IntN(vocab)
	}
	return ids
}

// maxDiff is the greatest difference between rows, and the greatest magnitude.
func maxDiff(got [][]float32, want [][]float64) (diff, size float64) {
	for i := range want {
		for j := range want[i] {
			diff = max(diff, math.Abs(float64(got[i][j])-want[i][j]))
			size = max(size, math.Abs(want[i][j]))
		}
	}
	return diff, size
}

var weightTypes = []tensor.DType{tensor.F32, tensor.F16, tensor.BF16, tensor.Q8_0, tensor.Q4_0, tensor.Q4_1, tensor.Q5_0, tensor.Q5_1}

// The exact way follows a float64 forward pass for every weight type and shape
// of model, in every kernel tier.
func TestExactFollowsReference(t *testing.T) {
	for _, kern := range simd.All() {
		for _, typ := range weightTypes {
			for _, variant := range []struct {
				name string
				edit func(*enginetest.Tiny)
			}{
				{"grouped", func(*enginetest.Tiny) {}},
				{"untied", func(c *enginetest.Tiny) { c.Tied = false; c.KVHeads = 1 }},
				{"factors", func(c *enginetest.Tiny) { c.RopeFactors = true; c.KVHeads = 4; c.Layers = 1 }},
				{"linear", func(c *enginetest.Tiny) {
					c.Meta = map[string]any{"llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": float32(4), "llama.rope.freq_base": float32(500000)}
				}},
				{"partial", func(c *enginetest.Tiny) { c.Meta = map[string]any{"llama.rope.dimension_count": uint32(16)} }},
			} {
				if variant.name != "grouped" && typ != tensor.F32 && typ != tensor.Q4_1 {
					continue
				}
				t.Run(kern.Name+"/"+typ.String()+"/"+variant.name, func(t *testing.T) {
					c := enginetest.DefaultTiny()
					c.Type = typ
					variant.edit(&c)
					b := openTiny(t, c, kern, 2, true, tensor.F32)
					tokens := randomTokens(20, b.m.Config.Vocab)
					want := reference(t, b.f, tokens)
					diff, size := maxDiff(b.logits(t, tokens), want)
					// float32 rounds each of some hundred operations in a row by 6e-8 of its size.
					if limit := 2e-5 * size; !(diff <= limit) {
						t.Errorf("logits differ by %.2e, limit %.2e", diff, limit)
					}
				})
			}
		}
	}
}

// The fast way rounds activations to 8 bits; what it may lose is bounded, and it
// must lose something, or it would not be the fast way.
func TestFastStaysNearReference(t *testing.T) {
	for _, kern := range simd.All() {
		for _, typ := range weightTypes {
			t.Run(kern.Name+"/"+typ.String(), func(t *testing.T) {
				c := enginetest.DefaultTiny()
				c.Type = typ
				b := openTiny(t, c, kern, 2, false, tensor.F16)
				tokens := randomTokens(20, b.m.Config.Vocab)
				got, want := b.logits(t, tokens), reference(t, b.f, tokens)
				var num, den float64
				for i := range want {
					for j := range want[i] {
						d := float64(got[i][j]) - want[i][j]
						num, den = num+d*d, den+want[i][j]*want[i][j]
					}
				}
				// Normalised mean square error; llama.cpp's test-backend-ops allows
				// 5e-4 for one product, 2e-3 for a layer.
				if nmse := num / den; !(nmse < 2e-3) || nmse == 0 {
					t.Errorf("normalised mean square error %.2e", nmse)
				}
			})
		}
	}
}

// Results do not depend on the number of threads, bit for bit.
func TestThreadsAgreeBitForBit(t *testing.T) {
	for _, exact := range []bool{true, false} {
		c := enginetest.DefaultTiny()
		c.Type = tensor.Q4_1
		tokens := randomTokens(50, 200)
		var want [][]float32
		for _, threads := range []int{1, 2, 3, 5} {
			b := openTiny(t, c, simd.Best(), threads, exact, tensor.F16)
			got := b.logits(t, tokens, 40)
			if want == nil {
				want = got
			}
			for i := range want {
				if !slices.Equal(got[i], want[i]) {
					t.Fatalf("exact %v: logits of token %d differ between 1 and %d threads", exact, i, threads)
				}
			}
		}
	}
}

// A prompt read whole, in pieces or token by token gives the same logits up to
// the order of float32 sums.
func TestSplitsAgree(t *testing.T) {
	for _, kern := range simd.All() {
		for _, exact := range []bool{true, false} {
			c := enginetest.DefaultTiny()
			c.Type = tensor.Q5_1
			tokens := randomTokens(60, 200)
			b := openTiny(t, c, kern, 2, exact, tensor.F32)
			whole := b.logits(t, tokens)
			want := make([][]float64, len(whole))
			for i := range whole {
				for _, v := range whole[i] {
					want[i] = append(want[i], float64(v))
				}
			}
			ones := slices.Repeat([]int{1}, len(tokens))
			for _, split := range [][]int{{7, 30, 23}, {1, 59}, {59, 1}, ones} {
				b.seq.Truncate(0)
				diff, size := maxDiff(b.logits(t, tokens, split...), want)
				limit := 2e-5 * size
				if !exact {
					limit = 2e-3 * size // a last bit may move an activation to the next of 255 steps
				}
				if !(diff <= limit) {
					t.Errorf("%s exact %v split %v: logits differ by %.2e, limit %.2e", kern.Name, exact, split[:2], diff, limit)
				}
			}
		}
	}
}

// A fork, a rewind and a session that starts anew continue bit for bit alike.
func TestForkAndRewindAgreeBitForBit(t *testing.T) {
	c := enginetest.DefaultTiny()
	c.Type = tensor.Q8_0
	b := openTiny(t, c, simd.Best(), 2, false, tensor.F16)
	tokens := randomTokens(120, 200)
	want := b.logits(t, tokens, 60, 30, 30)[90:]

	fork := b.seq.Fork()
	fork.Truncate(90)
	other := &bench{m: b.m, cpu: b.cpu, pass: b.pass, seq: fork}
	for i, row := range other.logits(t, tokens[90:], 30) {
		if !slices.Equal(row, want[i]) {
			t.Fatalf("fork: logits of token %d differ", 90+i)
		}
	}
	b.seq.Truncate(90)
	for i, row := range b.logits(t, tokens[90:], 30) {
		if !slices.Equal(row, want[i]) {
			t.Fatalf("rewind: logits of token %d differ", 90+i)
		}
	}
}

// watch counts and copies what it wants.
type watch struct {
	wants func(layer int, p observe.Point) bool
	seen  map[string][3]int
	edit  func(observe.Event)
}

func (w *watch) Wants(layer int, p observe.Point) bool { return w.wants(layer, p) }
func (w *watch) Observe(e observe.Event) {
	w.seen[fmt.Sprintf("%d.%s", e.Layer, e.Point)] = e.Shape
	if w.edit != nil {
		w.edit(e)
	}
}

func TestObserverSeesEveryPointAndChangesNothing(t *testing.T) {
	c := enginetest.DefaultTiny()
	b := openTiny(t, c, simd.Best(), 2, false, tensor.F16)
	tokens := randomTokens(10, 200)
	want := b.logits(t, tokens)

	b.seq.Truncate(0)
	w := &watch{wants: func(int, observe.Point) bool { return true }, seen: map[string][3]int{}}
	b.pass.Observe(w)
	got := b.logits(t, tokens)
	for i := range want {
		if !slices.Equal(got[i], want[i]) {
			t.Fatalf("logits of token %d differ while watched", i)
		}
	}
	kv := c.KVHeads * c.HeadDim
	for point, elements := range map[string]int{
		"0.resid_pre": 10 * c.Embd(), "1.attn_norm": 10 * c.Embd(), "0.q": 10 * c.Embd(), "0.k": 10 * kv, "1.v": 10 * kv,
		"0.q_rot": 10 * c.Embd(), "0.k_rot": 10 * kv, "1.attn_scores": 10 * c.Heads * 10, "1.attn_pattern": 10 * c.Heads * 10, "0.z": 10 * c.Embd(), "0.attn_out": 10 * c.Embd(),
		"0.resid_mid": 10 * c.Embd(), "0.ffn_norm": 10 * c.Embd(), "0.ffn_out": 10 * c.Embd(), "1.resid_post": 10 * c.Embd(),
		"2.final_norm": c.Embd(), "2.logits": b.m.Config.Vocab,
	} {
		if s, ok := w.seen[point]; !ok || s[0]*s[1]*s[2] != elements {
			t.Errorf("point %s: shape %v, want %d elements", point, s, elements)
		}
	}
}

// An observer that asks for one thing gets that and no more, and writing to it
// changes what follows.
func TestObserverIntervenes(t *testing.T) {
	c := enginetest.DefaultTiny()
	b := openTiny(t, c, simd.Best(), 2, false, tensor.F16)
	tokens := randomTokens(10, 200)
	want := b.logits(t, tokens)
	b.seq.Truncate(0)
	w := &watch{
		wants: func(l int, p observe.Point) bool { return l == 1 && p == observe.AttnOut },
		seen:  map[string][3]int{},
		edit:  func(e observe.Event) { clear(e.X) },
	}
	b.pass.Observe(w)
	got := b.logits(t, tokens)
	if len(w.seen) != 1 {
		t.Errorf("asked for one point, was shown %v", w.seen)
	}
	if slices.Equal(got[9], want[9]) {
		t.Error("clearing the attention of layer 1 changed nothing")
	}
}

func TestCanceledPassLeavesTheSequence(t *testing.T) {
	b := openTiny(t, enginetest.DefaultTiny(), simd.Best(), 2, false, tensor.F16)
	tokens := randomTokens(40, 200)
	want := b.logits(t, tokens, 30)
	b.seq.Truncate(30)
	w := &watch{
		wants: func(l int, p observe.Point) bool { return l == 0 && p == observe.KRot },
		seen:  map[string][3]int{},
		edit:  func(observe.Event) { b.cpu.Cancel() },
	}
	b.pass.Observe(w)
	if err := b.pass.Forward(b.seq, tokens[30:]); !errors.Is(err, ErrCanceled) {
		t.Fatalf("a cancelled pass returned %v", err)
	}
	b.cpu.Resume()
	b.pass.Observe(nil)
	if b.seq.Len() != 30 {
		t.Fatalf("a cancelled pass left %d cells, want 30", b.seq.Len())
	}
	for i, row := range b.logits(t, tokens[30:]) {
		if !slices.Equal(row, want[30+i]) {
			t.Fatalf("after a cancelled pass logits of token %d differ", 30+i)
		}
	}
}

func TestNothingIsAllocatedPerToken(t *testing.T) {
	for _, exact := range []bool{true, false} {
		c := enginetest.DefaultTiny()
		c.Type = tensor.Q4_1
		b := openTiny(t, c, simd.Best(), 2, exact, tensor.F16)
		b.logits(t, randomTokens(10, 200))
		one := []int{5}
		// Up to the next page of the cache: a page is taken once in 64 tokens.
		if n := testing.AllocsPerRun(50, func() {
			if err := b.pass.Forward(b.seq, one); err != nil {
				t.Fatal(err)
			}
			b.pass.Logits(0, 1)
		}); n != 0 {
			t.Errorf("exact %v: a token allocates %v times", exact, n)
		}
	}
}

func TestBadFilesAreRefused(t *testing.T) {
	for _, bad := range []struct {
		name string
		edit func(*enginetest.Tiny)
		want string
	}{
		{"unknown architecture", func(c *enginetest.Tiny) { c.Meta = map[string]any{"general.architecture": "mamba"} },
			`model: architecture "mamba" (a recurrent model) does not run in this build; it runs: ` + strings.Join(Architectures(), ", ") + `. The file is "tiny", 0.3 M parameters, mostly f32`},
		{"adapter", func(c *enginetest.Tiny) { c.Meta = map[string]any{"general.type": "adapter"} }, "a LoRA adapter"},
		{"projector", func(c *enginetest.Tiny) { c.Meta = map[string]any{"general.architecture": "clip"} }, "the vision or audio part of another model"},
		{"other", func(c *enginetest.Tiny) {
			c.Meta = map[string]any{"general.architecture": "new", "general.name": "evil\x1b[2J"}
		}, `model: architecture "new" does not run in this build`},
		{"no architecture", func(c *enginetest.Tiny) { c.Meta = map[string]any{"general.architecture": nil} }, "no general.architecture"},
		{"no layers", func(c *enginetest.Tiny) { c.Meta = map[string]any{"llama.block_count": nil} }, "no llama.block_count"},
		{"huge layers", func(c *enginetest.Tiny) { c.Meta = map[string]any{"llama.block_count": uint32(1 << 31)} }, "llama.block_count is 2147483648"},
		{"zero heads", func(c *enginetest.Tiny) { c.Meta = map[string]any{"llama.attention.head_count": uint32(0)} }, "llama.attention.head_count is 0"},
		{"heads of each layer", func(c *enginetest.Tiny) {
			c.Meta = map[string]any{"llama.attention.head_count_kv": []uint32{2, 1}}
		}, "llama.attention.head_count_kv is 2 in layer 0 and 1 in layer 1; models whose layers differ in it do not run in this build"},
		{"heads of no layer", func(c *enginetest.Tiny) {
			c.Meta = map[string]any{"llama.attention.head_count_kv": []uint32{}}
		}, "llama.attention.head_count_kv is an empty array"},
		{"infinite epsilon", func(c *enginetest.Tiny) {
			c.Meta = map[string]any{"llama.attention.layer_norm_rms_epsilon": float32(math.Inf(1))}
		}, "llama.attention.layer_norm_rms_epsilon is +Inf"},
		{"no magnitude", func(c *enginetest.Tiny) {
			c.Meta = map[string]any{"llama.rope.scaling.attn_factor": float32(0)}
		}, "attention factor 0 (llama.rope.scaling.attn_factor)"},
		{"window's base", func(c *enginetest.Tiny) {
			c.Window, c.Meta = 8, map[string]any{"gemma3.rope.freq_base_swa": float32(-1)}
		}, "RoPE base -1 of layers with a window (gemma3.rope.freq_base_swa)"},
		{"long architecture", func(c *enginetest.Tiny) {
			c.Meta = map[string]any{"general.architecture": strings.Repeat("x", 1000)}
		}, "xxx\" does not run in this build"},
		{"new mixture of experts", func(c *enginetest.Tiny) {
			c.Meta = map[string]any{"general.architecture": "new2moe"}
		}, `architecture "new2moe" (a mixture of experts)`},
		{"odd groups", func(c *enginetest.Tiny) { c.Meta = map[string]any{"llama.attention.head_count_kv": uint32(3)} }, "no multiple of head_count_kv 3"},
		{"unknown scaling", func(c *enginetest.Tiny) { c.Meta = map[string]any{"llama.rope.scaling.type": "longrope"} }, `llama.rope.scaling.type is "longrope", but the file has no tensor rope_factors_long.weight`},
		{"unheard-of scaling", func(c *enginetest.Tiny) { c.Meta = map[string]any{"llama.rope.scaling.type": "twisted"} }, `llama.rope.scaling.type is "twisted"; this build knows none, linear, yarn and longrope`},
		{"encoder", func(c *enginetest.Tiny) { c.Meta = map[string]any{"llama.attention.causal": false} }, "llama.attention.causal is false"},
		{"experts", func(c *enginetest.Tiny) { c.Meta = map[string]any{"llama.expert_count": uint32(8)} }, "llama.expert_count is 8"},
		{"wrong kind", func(c *enginetest.Tiny) { c.Meta = map[string]any{"llama.context_length": "long"} }, "llama.context_length"},
		{"wrong width", func(c *enginetest.Tiny) { c.Meta = map[string]any{"llama.embedding_length": uint32(64)} }, "tensor token_embd.weight has shape [128, 269], the metadata asks for [64, 269]"},
		{"missing tensor", func(c *enginetest.Tiny) { c.Drop = []string{"blk.1.ffn_up.weight"} }, "no tensor blk.1.ffn_up.weight"},
		{"vocabulary only", func(c *enginetest.Tiny) { c.Drop = []string{"token_embd.weight"} }, "no tensor token_embd.weight"},
		{"extra tensor", func(c *enginetest.Tiny) { c.Extra = []string{"blk.0.attn_q.bias"} }, "tensor blk.0.attn_q.bias is none that this architecture uses"},
		{"many", func(c *enginetest.Tiny) {
			c.Extra = []string{"a", "b"}
			c.Drop = []string{"blk.0.ffn_up.weight", "blk.1.ffn_norm.weight"}
		},
			"no tensor blk.0.ffn_up.weight; the file has no tensor blk.1.ffn_norm.weight; tensor a is none that this architecture uses, and running without it would give wrong answers; and 1 more problem"},
		{"vocabulary", func(c *enginetest.Tiny) { c.Meta = map[string]any{"tokenizer.ggml.tokens": make([]string, 270)} }, "the vocabulary has 270 tokens (tokenizer.ggml.tokens), but the head, tensor token_embd.weight, has 269 rows"},
		{"more layers than tensors", func(c *enginetest.Tiny) { c.Meta = map[string]any{"llama.block_count": uint32(1000)} }, "llama.block_count is 1000, but the tensors of the file are 20"},
	} {
		t.Run(bad.name, func(t *testing.T) {
			c := enginetest.DefaultTiny()
			bad.edit(&c)
			f, err := gguf.Open(c.Write(t))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := New(f); err == nil {
				t.Error("the file was accepted")
			} else if !strings.Contains(err.Error(), bad.want) {
				t.Errorf("error %q does not say %q", err, bad.want)
			} else if len(err.Error()) > 700 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
}

// Where only a type is at fault the remedy is another quantisation, else another file.
func TestRemedies(t *testing.T) {
	f, err := gguf.Open(enginetest.DefaultTiny().Write(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	x, _ := f.Tensor("blk.0.ffn_down.weight")
	x.Type = tensor.I8
	const other, again = "blk.0.ffn_down.weight is of type i8, which this build cannot multiply by", "download it again, or take it from another source"
	if _, err := New(f); err == nil || !strings.Contains(err.Error(), other) || !strings.HasSuffix(err.Error(), "Take the model in another quantisation") {
		t.Errorf("error %v", err)
	}
	y, _ := f.Tensor("blk.0.ffn_up.weight")
	y.Shape = tensor.Shape{1, 1}
	if _, err := New(f); err == nil || !strings.Contains(err.Error(), other) || !strings.HasSuffix(err.Error(), again) {
		t.Errorf("error %v", err)
	}
}

// A number for each layer is read where all are the same.
func TestNumbersOfLayers(t *testing.T) {
	c := enginetest.DefaultTiny()
	c.Meta = map[string]any{"llama.attention.head_count_kv": []uint32{2, 2}, "llama.feed_forward_length": []int32{192, 192}}
	f, err := gguf.Open(c.Write(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if m, err := New(f); err != nil || m.Config.KVHeads != 2 || m.Config.FFN != 192 {
		t.Errorf("%v", err)
	}
}

func TestBadBatchesAreRefused(t *testing.T) {
	c := enginetest.DefaultTiny()
	b := openTiny(t, c, simd.Best(), 1, false, tensor.F16)
	for _, tokens := range [][]int{{}, {-1}, {1, 2, 100000}, make([]int, 65)} {
		if err := b.pass.Forward(b.seq, tokens); err == nil {
			t.Errorf("a batch of %d tokens was accepted", len(tokens))
		}
	}
	b.logits(t, randomTokens(c.Context, 200))
	if err := b.pass.Forward(b.seq, []int{1}); !errors.Is(err, kvcache.ErrFull) {
		t.Errorf("a token past the context: %v", err)
	}
	if b.seq.Len() != c.Context {
		t.Errorf("%d cells, want %d", b.seq.Len(), c.Context)
	}
}
