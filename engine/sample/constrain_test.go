package sample

import (
	"fmt"
	"math"
	"testing"
)

// set is a constraint that allows some tokens; its loose mask has more.
type set struct{ tight, loose map[int]bool }

func (s set) Allows(id int) bool { return s.tight[id] }

func (s set) Mask(tight bool) ([]uint64, error) {
	m := make([]uint64, 1)
	from := s.loose
	if tight || from == nil {
		from = s.tight
	}
	for id := range from {
		m[0] |= 1 << id
	}
	return m, nil
}

// What is drawn under a constraint is distributed as if the other logits were
// -Inf: chi-square stays under its 0.999 quantile. The seeds are fixed.
func TestConstrainedDistribution(t *testing.T) {
	logits := logs(0.3, 0.2, 0.15, 0.1, 0.08, 0.07, 0.05, 0.03, 0.02)
	for _, cfg := range []Config{
		{Temperature: 1},
		{Temperature: 0.6},
		{Temperature: 2, PresencePenalty: 1, RepeatPenalty: 1.3},
		{Temperature: 1, LogitBias: map[int]float64{3: 1.5, 1: math.Inf(-1)}},
		{Temperature: 1, TopK: 3},
		{Temperature: 1, TopP: 0.7},
		{Temperature: 1.2, MinP: 0.3},
		{Temperature: 1, Typical: 0.6},
		{Temperature: 1, XTCProbability: 0.5, XTCThreshold: 0.15},
		{Temperature: 1, TailFree: 0.7},
		{Temperature: 1, Mirostat: 2, MirostatTau: 1, MirostatEta: 0.1},
		{Temperature: 1.3, Mirostat: 1, MirostatTau: 0.9, MirostatEta: 0.1},
		{Temperature: 0.9, TopK: 4, TopP: 0.9, MinP: 0.05, RepeatPenalty: 1.1},
	} {
		for name, allowed := range map[string]set{
			"few":   {tight: map[int]bool{1: true, 3: true, 7: true, 8: true}},
			"most":  {tight: map[int]bool{0: true, 1: true, 2: true, 3: true, 5: true, 6: true, 7: true, 8: true}},
			"loose": {tight: map[int]bool{3: true, 4: true, 8: true}, loose: map[int]bool{0: true, 3: true, 4: true, 8: true}},
		} {
			if name == "loose" && (cfg.TopK > 0 || cfg.TopP > 0 || cfg.MinP > 0 || cfg.Typical > 0 || cfg.XTCProbability > 0 || cfg.TailFree > 0 || cfg.Mirostat > 0) {
				continue // the loose mask counts there
			}
			t.Run(fmt.Sprintf("%s/%+v", name, cfg), func(t *testing.T) {
				masked := append([]float32(nil), logits...)
				for id := range masked {
					if !allowed.tight[id] {
						masked[id] = float32(math.Inf(-1))
					}
				}
				count := func(constrained bool, seed uint64) []float64 {
					cfg := cfg
					cfg.Seed = seed
					c, in := chain(t, cfg), masked
					c.Accept(3)
					if constrained {
						c.Constrain(allowed)
						in = logits
					}
					n := make([]float64, len(logits))
					for range 40000 {
						id, err := c.Sample(in)
						if err != nil {
							t.Fatal(err)
						}
						n[id]++
					}
					return n
				}
				// Two samples of one distribution: chi-square of their difference.
				a, b := count(true, 1), count(false, 2)
				chi := 0.0
				for id := range a {
					if a[id]+b[id] == 0 {
						continue
					}
					if !allowed.tight[id] {
						t.Fatalf("token %d was drawn", id)
					}
					chi += (a[id] - b[id]) * (a[id] - b[id]) / (a[id] + b[id])
				}
				if chi > 26 {
					t.Errorf("chi-square %.1f: %v, masked first %v", chi, a, b)
				}
			})
		}
	}
}

func TestConstrainedGreedy(t *testing.T) {
	logits := []float32{5, 4, 3, 2, 1}
	for _, c := range []struct {
		cfg     Config
		allowed set
		want    int
	}{
		{Config{}, set{tight: map[int]bool{0: true, 3: true}}, 0},
		{Config{}, set{tight: map[int]bool{3: true, 2: true}}, 2},
		{Config{}, set{tight: map[int]bool{4: true}, loose: map[int]bool{1: true, 4: true}}, 4},
		{Config{LogitBias: map[int]float64{4: 9}}, set{tight: map[int]bool{3: true, 4: true}}, 4},
		{Config{LogitBias: map[int]float64{3: math.Inf(-1)}}, set{tight: map[int]bool{3: true, 4: true}}, 4},
	} {
		x := chain(t, c.cfg)
		x.Constrain(c.allowed)
		if id, err := x.Sample(logits); err != nil || id != c.want {
			t.Errorf("%+v: %d, %v, want %d", c, id, err, c.want)
		}
	}
	x := chain(t, Config{LogitBias: map[int]float64{3: math.Inf(-1)}})
	x.Constrain(set{tight: map[int]bool{3: true}})
	if _, err := x.Sample(logits); err == nil {
		t.Error("what LogitBias forbids was chosen")
	}
}
