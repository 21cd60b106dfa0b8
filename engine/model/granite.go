package model

import "fmt"

// Granite 3 (IBM, 2024) is llama with four factors in place of what initialisation
// and training would have to find: on the embedding, on what joins the residual
// stream, on the scores of attention, and on the logits.
func configGranite(k *keys, arch string, c *Config) {
	c.EmbdScale = float32(k.maybe(arch + "embedding_scale"))
	c.ResidualScale = float32(k.maybe(arch + "residual_scale"))
	c.AttnScale = float32(k.maybe(arch + "attention.scale"))
	by := k.float(arch+"logit_scale", 0)
	if by == 0 && k.err == nil {
		k.fail(fmt.Errorf("model: %slogit_scale is 0, and logits are divided by it: the file is damaged", arch))
	}
	c.LogitScale = float32(1 / by)
}

func bindGranite(c Config, w *Weights) forward {
	m := newLlama(c, w)
	if rotated, ok, err := w.f.Bool(c.Arch + ".rope.scaling.finetuned"); err != nil {
		w.fail("%v", err)
	} else if ok && !rotated {
		for l := range m.layer {
			m.layer[l].unrotated = true
		}
	}
	return m
}
