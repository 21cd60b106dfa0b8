package model

import (
	"math"
	"testing"

	"loupe/engine/internal/simd"
)

// The logits of a residual stream are those of float64 arithmetic on the same weights,
// on every architecture; those of the pass's own are its Logits.
func TestLogitsOf(t *testing.T) {
	for _, s := range smalls {
		t.Run(s.name, func(t *testing.T) {
			b := s.open(t, s.write(t, t.TempDir()), simd.Best(), true)
			ids := s.ids()[:3]
			if err := b.pass.Forward(b.seq, ids); err != nil {
				t.Fatal(err)
			}
			c, w := b.m.Config, b.m.weights
			resid := append([]float32(nil), b.pass.resid[:3*c.Embd]...)
			own := append([]float32(nil), b.pass.Logits(0, 3)...)
			row := make([]float32, c.Embd)
			all := make([]float32, 3*c.Vocab)
			b.pass.LogitsOf(all, resid, 3)
			for i, got := range all {
				if got != own[i] {
					t.Fatalf("logit %d is %v, in the pass %v", i, got, own[i])
				}
				if i/c.Vocab != 1 {
					continue
				}
				x := resid[c.Embd : 2*c.Embd]
				squares := 0.0
				for _, v := range x {
					squares += float64(v) * float64(v)
				}
				w.Output.Row(row, i%c.Vocab)
				want := 0.0
				for j, v := range x {
					want += float64(v) / math.Sqrt(squares/float64(c.Embd)+float64(c.Eps)) * float64(w.OutputNorm[j]) * float64(row[j])
				}
				if c.LogitScale != 0 {
					want *= float64(c.LogitScale)
				}
				if c.LogitCap != 0 {
					want = float64(c.LogitCap) * math.Tanh(want/float64(c.LogitCap))
				}
				if d := math.Abs(float64(got) - want); d > 1e-4*(1+math.Abs(want)) {
					t.Fatalf("logit %d is %v, in float64 %v", i%c.Vocab, got, want)
				}
			}
		})
	}
}
