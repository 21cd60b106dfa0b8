package model

import (
	"fmt"
	"math"

	"loupe/engine/gguf"
)

// Config is the geometry of a decoder, from the metadata of its file. The
// comments name the keys, with ARCH for general.architecture.
type Config struct {
	Arch     string  // general.architecture
	Name     string  // general.name
	Layers   int     // ARCH.block_count
	Embd     int     // ARCH.embedding_length
	FFN      int     // ARCH.feed_forward_length
	Heads    int     // ARCH.attention.head_count
	KVHeads  int     // ARCH.attention.head_count_kv; Heads when absent
	HeadK    int     // ARCH.attention.key_length; Embd/Heads when absent
	HeadV    int     // ARCH.attention.value_length; Embd/Heads when absent
	Vocab    int     // rows of token_embd.weight
	Context  int     // ARCH.context_length: what the model was trained on
	Eps      float32 // ARCH.attention.layer_norm_rms_epsilon
	RopeDims int     // ARCH.rope.dimension_count; HeadK when absent
	RopeBase float64 // ARCH.rope.freq_base; 10,000 when absent
	// RopeScaling is ARCH.rope.scaling.type: "none", "linear" or "yarn"; RopeScale is 1 /
	// ARCH.rope.scaling.factor but where it is none.
	RopeScaling string
	RopeScale   float64
	RopeAttn    float64 // ARCH.rope.scaling.attn_factor: what cos and sin are multiplied with
	// Of YaRN, from the same keys: the context it was trained on before, and llama.cpp's
	// parameters.
	RopeOrigContext                       int
	YarnExt, YarnAttn, BetaFast, BetaSlow float64

	// What some architectures have. Where they say nothing else, the zero value is
	// none.
	EmbdScale     float32 // the residual stream begins with the embedding times this
	ResidualScale float32 // attention and feed-forward join it times this
	AttnScale     float32 // queries times this meet the keys; 1/sqrt(HeadK) when 0
	AttnTemp      float64 // ARCH.attention.temperature_scale: how queries grow past RopeOrigContext
	AttnCap       float32 // ARCH.attn_logit_softcapping: bound of the scores
	LogitScale    float32 // logits are multiplied by this
	LogitCap      float32 // ARCH.final_logit_softcapping: bound of the logits
	// Window is ARCH.attention.sliding_window: the layers that Local names attend to so
	// many cells up to the query's own, the others to all. Local layers rotate by
	// LocalRopeBase and LocalRopeScale, and no setting stretches their context.
	Window                        int
	Local                         []bool // [Layers], or nil: none
	LocalRopeBase, LocalRopeScale float64
	// UnusedWindow is a window of the file that is not applied, as in llama.cpp.
	UnusedWindow int
}

// WindowOf is how many cells layer l attends to; 0: all.
func (c *Config) WindowOf(l int) int {
	if c.Local != nil && c.Local[l] {
		return c.Window
	}
	return 0
}

// ReadConfig reads the geometry. It fails when the architecture is not one of
// Architectures, when a key is missing or of another kind, or when a setting
// asks for something that is not built: nothing is guessed.
func ReadConfig(f *gguf.File) (Config, error) {
	if kind, _, _ := f.Text("general.type"); otherKinds[kind] != "" {
		return Config{}, fmt.Errorf("model: the file is no model but %s (general.type %q); name the model itself", otherKinds[kind], kind)
	}
	k := keys{f: f}
	c := Config{Arch: k.text("general.architecture", "")}
	if k.err != nil {
		return Config{}, k.err
	}
	arc, ok := architectures[c.Arch]
	if !ok {
		return Config{}, unknownArch(f, c.Arch)
	}
	arch := c.Arch + "."
	c.Name = k.text("general.name", c.Arch)
	c.Layers = k.int(arch+"block_count", 0)
	c.Embd = k.int(arch+"embedding_length", 0)
	c.FFN = k.int(arch+"feed_forward_length", 0)
	c.Heads = k.int(arch+"attention.head_count", 0)
	c.KVHeads = k.int(arch+"attention.head_count_kv", c.Heads)
	c.Context = k.int(arch+"context_length", 0)
	c.Eps = float32(k.float(arch+"attention.layer_norm_rms_epsilon", 0))
	if k.err != nil {
		return Config{}, k.err
	}
	if c.Heads%c.KVHeads != 0 {
		return Config{}, fmt.Errorf("model: %sattention.head_count %d is no multiple of head_count_kv %d", arch, c.Heads, c.KVHeads)
	}
	if c.Embd%c.Heads != 0 {
		k.need(arch + "attention.key_length")
	}
	c.HeadK = k.int(arch+"attention.key_length", c.Embd/c.Heads)
	c.HeadV = k.int(arch+"attention.value_length", c.Embd/c.Heads)
	c.RopeDims = k.int(arch+"rope.dimension_count", c.HeadK)
	c.RopeBase = k.float(arch+"rope.freq_base", 10000)
	c.RopeScale = 1
	// As llama.cpp: without a type a factor is linear, and old files have it under
	// another key.
	switch c.RopeScaling = k.text(arch+"rope.scaling.type", "linear"); c.RopeScaling {
	case "none":
	case "linear", "yarn", "longrope":
		if c.RopeScaling == "longrope" { // linear, with factors that are tensors
			if _, ok := f.Tensor("rope_factors_long.weight"); !ok {
				return Config{}, fmt.Errorf("model: %srope.scaling.type is %q, but the file has no tensor rope_factors_long.weight", arch, c.RopeScaling)
			}
			c.RopeScaling = "linear"
		}
		if factor := k.float(arch+"rope.scaling.factor", k.float(arch+"rope.scale_linear", 1)); factor != 0 {
			c.RopeScale = 1 / factor
		}
	default:
		return Config{}, fmt.Errorf("model: %srope.scaling.type is %q; this build knows none, linear, yarn and longrope", arch, c.RopeScaling)
	}
	c.RopeOrigContext = k.int(arch+"rope.scaling.original_context_length", c.Context)
	c.YarnAttn = k.float(arch+"rope.scaling.attn_factor", 1)
	c.YarnExt, c.BetaFast, c.BetaSlow = k.float(arch+"rope.scaling.yarn_ext_factor", 1), k.float(arch+"rope.scaling.yarn_beta_fast", 32), k.float(arch+"rope.scaling.yarn_beta_slow", 1)
	c.RopeAttn = c.YarnAttn
	if arc.config != nil {
		arc.config(&k, arch, &c)
	}
	if causal, ok, err := f.Bool(arch + "attention.causal"); err != nil {
		k.fail(fmt.Errorf("model: %w", err))
	} else if ok && !causal {
		return Config{}, fmt.Errorf("model: %sattention.causal is false: the model reads a text in both directions to make embeddings, which does not run in this build", arch)
	}
	if n := k.optional(arch + "expert_count"); n > 0 {
		return Config{}, fmt.Errorf("model: %sexpert_count is %d; mixture-of-experts models do not run in this build", arch, n)
	}
	if k.err != nil {
		return Config{}, k.err
	}
	if c.RopeDims%2 != 0 || c.RopeDims > c.HeadK {
		return Config{}, fmt.Errorf("model: %srope.dimension_count %d must be even and at most the head size %d", arch, c.RopeDims, c.HeadK)
	}
	if !(c.RopeBase > 0 && c.RopeScale > 0 && c.RopeAttn > 0) || c.Eps < 0 {
		return Config{}, fmt.Errorf("model: RoPE base %g (%[5]s.rope.freq_base), RoPE scale %[2]g (1 / %[5]s.rope.scaling.factor), attention factor %[3]g (%[5]s.rope.scaling.attn_factor) and norm epsilon %[4]g (%[5]s.attention.layer_norm_rms_epsilon) must be positive: the file is damaged", c.RopeBase, c.RopeScale, c.RopeAttn, c.Eps, c.Arch)
	}
	if c.Local != nil && !(c.LocalRopeBase > 0 && c.LocalRopeScale > 0) {
		return Config{}, fmt.Errorf("model: RoPE base %g of layers with a window (%srope.freq_base_swa) must be positive: the file is damaged", c.LocalRopeBase, arch)
	}
	if c.RopeScaling == "yarn" && !(c.YarnExt >= 0 && c.BetaFast > 0 && c.BetaSlow > 0) {
		return Config{}, fmt.Errorf("model: YaRN's parameters %g, %g and %g (%[4]srope.scaling.yarn_ext_factor, yarn_beta_fast, yarn_beta_slow) must be positive: the file is damaged", c.YarnExt, c.BetaFast, c.BetaSlow, arch)
	}
	return c, nil
}

// maxDim bounds what a file may claim of its geometry, so that products stay
// far from overflow; the largest models known are below a tenth of it.
const maxDim = 1 << 24

// keys reads metadata and remembers the first error.
type keys struct {
	f   *gguf.File
	err error
}

func (k *keys) fail(err error) {
	if k.err == nil {
		k.err = err
	}
}

func (k *keys) need(key string) {
	if _, ok := k.f.Get(key); !ok {
		k.fail(fmt.Errorf("model: the file has no %s; it is incomplete or was converted by something unknown", key))
	}
}

// int reads a count of at least 1; def 0 means that the key must be there. Some files
// have a number for each layer: it is read where all are the same.
func (k *keys) int(key string, def int) int {
	v, ok, err := k.f.Uint(key)
	if list, isList, e := k.f.Ints(key); isList && e == nil {
		v, err = k.same(key, list), nil
		if k.err != nil {
			return 1
		}
	}
	switch {
	case err != nil:
		k.fail(fmt.Errorf("model: %w", err))
	case !ok && def == 0:
		k.need(key)
	case !ok:
		return def
	case v < 1 || v > maxDim:
		k.fail(fmt.Errorf("model: %s is %d; it must be from 1 to %d: the file is damaged", key, v, maxDim))
	}
	return int(min(v, maxDim))
}

// same is what all numbers of a list are.
func (k *keys) same(key string, list []int) uint64 {
	if len(list) == 0 {
		k.fail(fmt.Errorf("model: %s is an empty array: the file is damaged", key))
		return 0
	}
	for l, n := range list {
		if n != list[0] {
			k.fail(fmt.Errorf("model: %s is %d in layer 0 and %d in layer %d; models whose layers differ in it do not run in this build", key, list[0], n, l))
			return 0
		}
	}
	return uint64(max(list[0], 0))
}

// optional reads a count that may be absent or 0.
func (k *keys) optional(key string) int {
	v, _, err := k.f.Uint(key)
	if err != nil {
		k.fail(fmt.Errorf("model: %w", err))
	}
	return int(min(v, maxDim))
}

// float reads a number; def 0 means that the key must be there.
func (k *keys) float(key string, def float64) float64 {
	if _, ok := k.f.Get(key); !ok {
		if def == 0 {
			k.need(key)
		}
		return def
	}
	return k.maybe(key)
}

// maybe reads a number that may be absent: then it is 0.
func (k *keys) maybe(key string) float64 {
	v, _, err := k.f.Float(key)
	if err != nil {
		k.fail(fmt.Errorf("model: %w", err))
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		k.fail(fmt.Errorf("model: %s is %g, which is no number to compute with: the file is damaged; download it again", key, v))
	}
	return v
}

// text reads a string; def "" means that the key must be there.
func (k *keys) text(key, def string) string {
	v, ok, err := k.f.Text(key)
	switch {
	case err != nil:
		k.fail(fmt.Errorf("model: %w", err))
	case !ok && def == "":
		k.need(key)
	case !ok:
		return def
	}
	return v
}
