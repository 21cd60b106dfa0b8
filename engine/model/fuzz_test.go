package model

import (
	"bytes"
	"errors"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"loupe/engine/enginetest"
	"loupe/engine/gguf"
	"loupe/engine/internal/simd"
	"loupe/engine/kvcache"
	"loupe/engine/ops"
	"loupe/engine/tensor"
)

// odd are values that a damaged file may have for a key.
var odd = []any{
	uint32(0), uint32(1), uint32(2), uint32(3), uint32(15), uint32(17), uint32(24), uint32(math.MaxUint32), uint64(math.MaxUint64), int32(-1), int64(math.MinInt64),
	float32(0), float32(-1), float32(1e-30), float32(1e30), float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), float64(2),
	"", "none", "linear", "yarn", "longrope", "\xff\xfe", true, false,
	[]uint32{}, []uint32{2, 2, 2, 2, 2, 2, 2}, []uint32{1, 2}, []int32{-1, -1}, []bool{}, []bool{true, false}, []bool{true, true, true, true, true, true, true, true}, []float32{1}, []string{"a"},
}

// keysRead are keys that some architecture reads, under its name.
var keysRead = []string{
	"block_count", "context_length", "embedding_length", "feed_forward_length", "attention.head_count", "attention.head_count_kv", "attention.key_length", "attention.value_length",
	"attention.layer_norm_rms_epsilon", "rope.freq_base", "rope.freq_base_swa", "rope.dimension_count", "rope.scaling.type", "rope.scaling.factor", "rope.scale_linear", "rope.scaling.original_context_length",
	"rope.scaling.attn_factor", "rope.scaling.yarn_ext_factor", "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow", "rope.scaling.yarn_log_multiplier", "rope.scaling.finetuned",
	"attention.temperature_scale", "attention.sliding_window", "attention.sliding_window_pattern", "attn_logit_softcapping", "final_logit_softcapping", "embedding_scale", "residual_scale", "attention.scale",
	"logit_scale", "expert_count", "attention.causal",
}

// with is a file with another value for a key; bare: without its tensors.
func with(t testing.TB, f *gguf.File, key string, v any, bare bool) *gguf.File {
	t.Helper()
	w := gguf.NewWriter()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, kv := range f.Meta {
		must(w.Set(kv.Key, kv.Value))
	}
	must(w.Set(key, v))
	for _, x := range f.Tensors {
		if bare && !strings.HasPrefix(x.Name, "rope_factors") {
			continue
		}
		must(w.AddTensor(x.Name, x.Type, x.Shape, x.Data))
	}
	var b bytes.Buffer
	_, err := w.WriteTo(&b)
	must(err)
	g, err := gguf.Parse(b.Bytes())
	must(err)
	return g
}

var errNaN = errors.New("a logit is NaN")

// tryOut binds a file and reads a few tokens: it must be refused in words, or run.
func tryOut(t testing.TB, f *gguf.File) error {
	t.Helper()
	m, err := New(f)
	if err != nil {
		return err
	}
	kern, err := simd.Choose()
	if err != nil {
		t.Fatal(err)
	}
	store, err := kvcache.NewStore(m.CacheConfig(tensor.F16, tensor.F16, 64))
	if err != nil {
		return err
	}
	defer store.Close()
	cpu := ops.NewCPU(1, kern, true)
	defer cpu.Close()
	p := newPass(m, cpu)
	if err := p.Forward(store.NewSeq(), []int{1, 2, 3, 4, 5, 6, 7}); err != nil {
		return err
	}
	for i, x := range p.Logits(6, 1) {
		if x != x {
			return errNaN
		} else if i >= m.Config.Vocab {
			t.Fatalf("%d logits", i)
		}
	}
	return nil
}

// Every key that is read, with every odd value, in every architecture: refused by its
// name, or it runs. A number that is none is never computed with.
func TestOddKeys(t *testing.T) {
	for _, s := range smalls {
		if s.layers > 10 || s.name != s.arch && s.name != "qwen2-yarn" && s.name != "phi3-long" {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			f, err := gguf.Open(s.write(t, t.TempDir()))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			as, err := ReadConfig(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range keysRead {
				key = s.arch + "." + key
				_, has, wrong := f.Float(key)
				for _, v := range odd {
					c, err := ReadConfig(with(t, f, key, v, true))
					if err == nil && !reflect.DeepEqual(c, as) {
						err = tryOut(t, with(t, f, key, v, false))
					}
					switch x, float := v.(float32); {
					case float && x-x != 0 && has && wrong == nil && err == nil:
						t.Errorf("%s %v is computed with", key, v)
					case errors.Is(err, errNaN) && v == float32(1e30): // said when it happens
					case err != nil && !strings.Contains(err.Error(), s.arch) && !strings.Contains(err.Error(), "tensor"):
						t.Errorf("%s %v: %v", key, v, err)
					}
				}
			}
		})
	}
}

// FuzzNew: whatever the bytes of a file are, it is refused or it can be read on.
func FuzzNew(f *testing.F) {
	c := enginetest.Tiny{Layers: 1, Heads: 2, KVHeads: 1, HeadDim: 4, FFN: 8, Context: 32, Type: tensor.F32, Tied: true}
	for _, window := range []int{0, 8} {
		c.Window = window
		data, err := os.ReadFile(c.Write(f))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := gguf.Parse(data)
		if err == nil {
			tryOut(t, g)
		}
	})
}
