package engine

import (
	"context"
	"math"
	"strings"
	"testing"
)

// Turned keys and values of exact types change nothing but rounding; of 4 bits they
// lose less.
func TestCacheRotation(t *testing.T) {
	saving(t)
	const text = "Once there was a clever otter called Mia who lived near the bridge. Mia liked fine cake more than soup. At the pond Mia found " +
		"a small yellow lamp. \"What a shiny lamp!\" said Otto the crow. In the end they all ate pie and soup and were glad. The code of the " +
		"red box is 4711. The code of the blue jar is 0815. "
	ids := lesson(t, LoadConfig{}).Tokenize(strings.Repeat(text, 4))
	logits := func(cfg LoadConfig) (all [][]float32) {
		m := lesson(t, cfg)
		s := m.NewSession()
		defer s.Close()
		err := s.EvalEach(context.Background(), ids, func(_ int, row []float32) { all = append(all, append([]float32{}, row...)) }, 0)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	// off is the mean distance of log-probabilities, weighted by the probabilities.
	off := func(a, b [][]float32) (sum float64) {
		for i := range a {
			la, lb := LogSumExp(a[i]), LogSumExp(b[i])
			for j := range a[i] {
				p := float64(a[i][j]) - la
				sum += math.Exp(p) * (p - (float64(b[i][j]) - lb))
			}
		}
		return sum / float64(len(a))
	}
	base := logits(LoadConfig{Exact: true})
	exact := logits(LoadConfig{Exact: true, KRotation: On, VRotation: On})
	for i := range base {
		for j := range base[i] {
			if d := math.Abs(float64(base[i][j] - exact[i][j])); d > 1e-3 {
				t.Fatalf("token %d: logit %d is off by %v", i, j, d)
			}
		}
	}
	q4 := LoadConfig{Exact: true, KCacheType: Q4_0, VCacheType: Q4_0}
	plain := off(base, logits(q4))
	q4.KRotation, q4.VRotation = On, On
	turned := off(base, logits(q4))
	if turned > 0.9*plain {
		t.Errorf("KL divergence with q4_0: %v turned, %v plain", turned, plain)
	} else {
		t.Logf("KL divergence with q4_0: %v turned, %v plain", turned, plain)
	}
}
