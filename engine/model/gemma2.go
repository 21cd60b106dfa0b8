package model

import (
	"fmt"
	"math"
)

// gemma2Layers27B is how many layers the 27B model has; see gemma3Layers27B.
const gemma2Layers27B = 46

// Gemma 2 (Gemma Team, 2024) is gemma3 without the norms of queries and keys, every
// second layer global, one RoPE for all, and soft-capping: the scores of attention
// and the logits are kept within bounds by a tanh.
func configGemma2(k *keys, arch string, c *Config) {
	c.EmbdScale = float32(math.Sqrt(float64(c.Embd)))
	c.AttnCap = float32(k.float(arch+"attn_logit_softcapping", 50))
	c.LogitCap = float32(k.float(arch+"final_logit_softcapping", 30))
	c.window(k, arch, 4096, 2)
	c.LocalRopeBase, c.LocalRopeScale = k.float(arch+"rope.freq_base_swa", c.RopeBase), c.RopeScale
	if c.Layers == gemma2Layers27B {
		c.AttnScale = float32(1 / math.Sqrt(float64(c.Embd/c.Heads)))
	}
	if !(c.AttnCap > 0 && c.LogitCap > 0) {
		k.fail(fmt.Errorf("model: %sattn_logit_softcapping is %g and %sfinal_logit_softcapping %g; both must be positive", arch, c.AttnCap, arch, c.LogitCap))
	}
}

func bindGemma2(c Config, w *Weights) forward { return newGemma3(c, w, false) }
