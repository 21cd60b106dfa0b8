package sample

import (
	"math"
	"math/rand/v2"
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

// Tail free sampling keeps what comes before the part of the bend is reached, at least
// one, and all of a straight line.
func TestTailFree(t *testing.T) {
	for _, x := range []struct {
		z    float64
		in   []float32
		want int
	}{
		// Bends of 0.4, 0.04 and 0.01 at the first, second and third.
		{0.5, logs(0.6, 0.2, 0.2, 0.16, 0.13), 1}, {0.95, logs(0.6, 0.2, 0.2, 0.16, 0.13), 1}, {0.99, logs(0.6, 0.2, 0.2, 0.16, 0.13), 2},
		{0.25, logs(0.4, 0.3, 0.2, 0.1), 4}, {0.1, logs(0.7, 0.3), 2}, {0.99, logs(0.25, 0.25, 0.25, 0.25), 4},
	} {
		n := 0
		for _, p := range probs(t, chain(t, Config{Temperature: 1, TailFree: x.z}), x.in) {
			if p > 0 {
				n++
			}
		}
		if n != x.want {
			t.Errorf("z %v of %v: %d are left, want %d", x.z, x.in, n, x.want)
		}
	}
}

// Mirostat brings the surprise of what it draws to tau, wherever it begins.
func TestMirostat(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	logits := make([]float32, 2000)
	for i := range logits {
		logits[i] = -1.1 * float32(math.Log(float64(1+i))) // Zipf's law
	}
	r.Shuffle(len(logits), func(i, j int) { logits[i], logits[j] = logits[j], logits[i] })
	for _, version := range []int{1, 2} {
		for _, tau := range []float64{2, 3.5, 5} {
			c := chain(t, Config{Temperature: 1, Mirostat: version, MirostatTau: tau, MirostatEta: 0.05, Seed: 3})
			c.Accept(5) // of the prompt
			sum := 0.0
			for i := range 3000 {
				id, err := c.Sample(logits)
				if err != nil {
					t.Fatal(err)
				}
				if i >= 500 {
					sum += c.mirostat.surprise / 2500
				}
				c.Accept(id)
			}
			if math.Abs(sum-tau) > 0.1 {
				t.Errorf("version %d: %.2f bits a token, tau %v", version, sum, tau)
			}
		}
	}
	for _, bad := range []Config{{Mirostat: 2}, {Mirostat: 3, Temperature: 1}, {Mirostat: 1, Temperature: 1, TopK: 40}, {Mirostat: -1, Temperature: 1}, {Mirostat: 2, Temperature: 1, MirostatTau: -1}, {Mirostat: 2, Temperature: 1, MirostatEta: math.NaN()}} {
		if _, err := New(bad); err == nil || !strings.Contains(err.Error(), "Mirostat") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if s := chain(t, Config{Temperature: 0.8, Mirostat: 1}).String(); s != "temperature, mirostat" && s != "temp, mirostat" {
		t.Errorf("%s", s)
	}
}
