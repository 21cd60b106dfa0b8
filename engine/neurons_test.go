package engine

import (
	"math"
	"strings"
	"testing"

	"loupe/engine/enginetest"
)

// The softmax of the scores is the weights, on models whose attention is scaled, capped
// and windowed in ways of their own.
func TestNeurons(t *testing.T) {
	for _, c := range []struct {
		model string
		cfg   LoadConfig
	}{
		{"lesson", LoadConfig{}},
		{"lesson", LoadConfig{KCacheType: Q8_0, KRotation: On}},
		{enginetest.SmolLM2(t), LoadConfig{}},
		{enginetest.File(t, "gemma3-270m-q4_k_m.gguf", "get it with: loupe pull gemma3-270m"), LoadConfig{}},
	} {
		c.cfg.Threads, c.cfg.ContextLength = 1, 512
		m, err := Load(c.model, c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		s := m.NewSession()
		if _, err := s.Eval(m.Tokenize(strings.Repeat("Once there was a rabbit. ", 6))); err != nil {
			t.Fatal(err)
		}
		for _, at := range [][3]int{{0, 0, 5}, {m.net.Config.Layers - 1, m.net.Config.Heads - 1, s.Len() - 1}} {
			x, err := s.Neurons(at[0], at[1], at[2])
			if err != nil {
				t.Fatal(err)
			}
			lse := LogSumExp(x.Scores)
			for i, w := range x.Weights {
				if want := math.Exp(float64(x.Scores[i]) - lse); math.Abs(want-float64(w)) > 5e-3 {
					t.Errorf("%s, %v: weight %d is %v, its score says %v", m.Name(), at, i, w, want)
				}
			}
			if len(x.Weights) != at[2]+1 || x.Heat().Check() != nil {
				t.Errorf("%s, %v: %d weights, %v", m.Name(), at, len(x.Weights), x.Heat().Check())
			}
		}
		for _, at := range [][3]int{{99, 0, 0}, {0, 99, 0}, {0, 0, s.Len()}} {
			if _, err := s.Neurons(at[0], at[1], at[2]); err == nil {
				t.Error(at)
			}
		}
		m.Close()
	}
}
