package sample

import (
	"math"
	"strings"
	"testing"
)

// The cases of llama.cpp's tests/test-sampling.cpp.
func TestTypicalAndXTC(t *testing.T) {
	for _, x := range []struct {
		cfg  Config
		in   []float32
		want map[int]float64
	}{
		{Config{Temperature: 1, Typical: 0.5}, logs(0.97, 0.01, 0.01, 0.01), map[int]float64{0: 1}},
		{Config{Temperature: 1, Typical: 0.5}, logs(0.4, 0.2, 0.2, 0.2), map[int]float64{1: 1. / 3, 2: 1. / 3, 3: 1. / 3}},
		{Config{Temperature: 1, XTCProbability: 1, XTCThreshold: 0.09}, logs(0.4, 0.3, 0.2, 0.1), map[int]float64{3: 1}},
		{Config{Temperature: 1, XTCProbability: 1, XTCThreshold: 0.19}, logs(0.4, 0.3, 0.2, 0.1), map[int]float64{2: 2. / 3, 3: 1. / 3}},
		{Config{Temperature: 1, XTCProbability: 1, XTCThreshold: 0.29}, logs(0.4, 0.3, 0.2, 0.1), map[int]float64{1: 0.5, 2: 1. / 3, 3: 1. / 6}},
		{Config{Temperature: 1, XTCProbability: 1, XTCThreshold: 0.39}, logs(0.4, 0.3, 0.2, 0.1), map[int]float64{0: 0.4, 1: 0.3, 2: 0.2, 3: 0.1}},
		{Config{Temperature: 1, LogitBias: map[int]float64{0: math.Inf(-1), 2: math.Log(2), 99: 5}}, logs(0.4, 0.2, 0.2, 0.2), map[int]float64{1: 0.25, 2: 0.5, 3: 0.25}},
	} {
		got := probs(t, chain(t, x.cfg), x.in)
		for id, p := range got {
			if p == 0 {
				delete(got, id)
			}
		}
		if len(got) != len(x.want) {
			t.Errorf("%+v: %v, want %v", x.cfg, got, x.want)
		}
		for id, p := range x.want {
			if math.Abs(got[id]-p) > 1e-5 {
				t.Errorf("%+v: %v, want %v", x.cfg, got, x.want)
				break
			}
		}
	}
	if s := chain(t, Config{Temperature: 0.5, TopK: 3, Typical: 0.9, TopP: 0.9, MinP: 0.1, XTCProbability: 0.5, RepeatPenalty: 2, LogitBias: map[int]float64{1: 1}}).String(); s !=
		"logit_bias, penalties, top_k, typ_p, top_p, min_p, xtc, temperature, dist" {
		t.Error(s)
	}
}

// XTC strikes as often as it is told to, the same way for the same seed.
func TestXTCProbability(t *testing.T) {
	logits, hits := logs(0.6, 0.4), 0
	a, b := chain(t, Config{Temperature: 1, XTCProbability: 0.25, Seed: 3}), chain(t, Config{Temperature: 1, XTCProbability: 0.25, Seed: 3})
	for range 4000 {
		p, q := probs(t, a, logits), probs(t, b, logits)
		if len(p) != len(q) {
			t.Fatal("the same seed gives something else")
		}
		if len(p) == 1 {
			hits++
		}
	}
	if hits < 880 || hits > 1120 { // 1000 +- 4.4 standard deviations
		t.Errorf("%d of 4000", hits)
	}
}

// A bias decides even what is chosen greedily.
func TestBiasAndGreedy(t *testing.T) {
	logits := logs(0.6, 0.3, 0.1)
	for want, b := range []map[int]float64{{}, {0: math.Inf(-1)}, {2: 5}} {
		id, err := chain(t, Config{LogitBias: b}).Sample(logits)
		if err != nil || id != want {
			t.Errorf("%v: %d, %v", b, id, err)
		}
	}
	if id, err := chain(t, Config{LogitBias: map[int]float64{0: math.Inf(-1), 1: math.Inf(-1), 2: math.Inf(-1)}}).Sample(logits); err == nil {
		t.Errorf("of no token, %d was chosen", id)
	}
}

func TestBadSamplerSettings(t *testing.T) {
	for want, cfg := range map[string]Config{
		"Typical":        {Typical: -1},
		"XTCProbability": {XTCProbability: 1.1},
		"XTCThreshold":   {XTCThreshold: 0.6},
		"LogitBias":      {LogitBias: map[int]float64{3: math.NaN()}},
		"token -1":       {LogitBias: map[int]float64{-1: 1}},
		"1e6":            {LogitBias: map[int]float64{1: math.Inf(1)}},
	} {
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}
