package engine

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"testing"
)

// Stretched contexts give llama.cpp's logits (testdata/rope/llama.cpp).
func TestRopeScaling(t *testing.T) {
	data, err := os.ReadFile("testdata/rope/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string][][]float64 // setting, token, logit
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	ids := make([]int, 900)
	for i := range ids {
		ids[i] = 100 + i*i%389
	}
	for name, cfg := range map[string]LoadConfig{
		"none":   {},
		"base":   {RopeFrequencyBase: 50000},
		"linear": {RopeScaling: RopeLinear, RopeFrequencyScale: 0.5},
		"yarn":   {RopeScaling: RopeYarn, RopeFrequencyScale: 0.25},
		"parts":  {RopeScaling: RopeYarn, RopeFrequencyScale: 0.5, RopeFrequencyBase: 20000, YarnExtFactor: 0.7, YarnBetaFast: 16, YarnBetaSlow: 2, YarnOrigContext: 256},
		"shrink": {RopeScaling: RopeYarn, RopeFrequencyScale: 1.5},
	} {
		cfg.Exact, cfg.ContextLength, cfg.Profile = true, 1024, BuiltIn
		m, err := Load("lesson", cfg)
		if err != nil {
			t.Fatal(err)
		}
		s := m.NewSession()
		worst := 0.0
		err = s.EvalEach(context.Background(), ids, func(i int, logits []float32) {
			if i%100 != 99 {
				return
			}
			for k, want := range golden[name][i/100] {
				worst = max(worst, math.Abs(float64(logits[k*37])-want))
			}
		}, 0)
		if err != nil {
			t.Fatal(err)
		}
		// Positions of some hundreds turn fast pairs by angles that llama.cpp has in
		// float32: its own error is of this size.
		if limit := 1e-3; !(worst <= limit) {
			t.Errorf("%s: logits are off by %.2e, limit %.0e", name, worst, limit)
		} else {
			t.Logf("%s: logits are off by %.2e at worst", name, worst)
		}
		m.Close()
	}
	var setting *SettingError
	for _, bad := range []LoadConfig{{RopeScaling: "dynamic"}, {RopeScaling: RopeNone, RopeFrequencyScale: 0.5}, {YarnExtFactor: -1}, {YarnBetaFast: math.NaN()}, {YarnOrigContext: -1}} {
		if _, err := Load("lesson", bad); err == nil || !errors.As(err, &setting) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
