package model

// SmolLM3 (Bakouch et al., 2025) is llama without RoPE in every fourth layer, which
// then goes by content alone (NoPE: Kazemnejad et al., 2023).
func bindSmolLM3(c Config, w *Weights) forward {
	m := newLlama(c, w)
	for l := range m.layer {
		m.layer[l].unrotated = l%4 == 3
	}
	return m
}
