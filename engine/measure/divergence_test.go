package measure

import (
	"math"
	"testing"
)

// Three predictions over two tokens, computed by hand.
func TestComparisonByHand(t *testing.T) {
	ln := func(p ...float64) []float32 {
		out := make([]float32, len(p))
		for i, x := range p {
			out[i] = float32(math.Log(x))
		}
		return out
	}
	var c comparison
	// p = (1/2, 1/2), q = (1/4, 3/4): KLD = ln(2)/2 + ln(2/3)/2 = ln(4/3)/2. Logits
	// may be off by any constant.
	q := ln(0.25, 0.75)
	q[0], q[1] = q[0]+7, q[1]+7
	c.add(logProbs{ln(0.5, 0.5), 0, math.Inf(-1)}, q, 0)
	// Equal: KLD = 0.
	c.add(logProbs{ln(0.9, 0.1), 0, math.Inf(-1)}, ln(0.9, 0.1), 0)
	// p = (1, 0): KLD = -ln q0 = ln(5), though ln p1 is infinite.
	c.add(logProbs{[]float32{0, float32(math.Inf(-1))}, 0, math.Inf(-1)}, ln(0.2, 0.8), 0)
	d := c.result()
	k := []float64{math.Log(4.0/3) / 2, 0, math.Log(5)}
	mean := (k[0] + k[1] + k[2]) / 3
	spread := math.Sqrt((k[0]*k[0]+k[1]*k[1]+k[2]*k[2])/3-mean*mean) / math.Sqrt(2)
	// Negative log-likelihoods of Q: ln 4, -ln .9, ln 5; of the base: ln 2, -ln .9, 0.
	a := []float64{math.Log(4), -math.Log(0.9), math.Log(5)}
	b := []float64{math.Log(2), -math.Log(0.9), 0}
	diff := 0.0
	for i := range a {
		diff += (a[i] - b[i]) / 3
	}
	var0 := 0.0 // of the differences: the error of the ratio is theirs
	for i := range a {
		var0 += (a[i] - b[i] - diff) * (a[i] - b[i] - diff) / 3
	}
	for _, x := range []struct {
		name      string
		got, want float64
	}{
		{"tokens", float64(d.Tokens), 3},
		{"mean", d.KLD, mean},
		{"error of the mean", d.KLDErr, spread},
		{"median", d.Median, k[0]},
		{"maximum", d.Max, k[2]},
		{"99 %", d.P99, 0.02*k[0] + 0.98*k[2]},
		{"same top", d.SameTop, 1.0 / 3}, // the first of equals is the top
		{"its error", d.SameTopErr, math.Sqrt(1.0 / 3 * 2 / 3 / 2)},
		{"PPL", d.PPL, math.Exp((a[0] + a[1] + a[2]) / 3)},
		{"base PPL", d.BasePPL, math.Exp((b[0] + b[1] + b[2]) / 3)},
		{"ratio", d.Ratio, math.Exp(diff)},
		{"error of the ratio", d.RatioErr, math.Exp(diff) * math.Sqrt(var0/2)},
	} {
		if math.Abs(x.got-x.want) > 1e-6 {
			t.Errorf("%s: %v, want %v", x.name, x.got, x.want)
		}
	}
	if z := (&comparison{}).result(); z != (Divergence{}) {
		t.Errorf("of nothing: %+v", z)
	}
}

func TestQuantile(t *testing.T) {
	x := make([]float64, 101)
	for i := range x {
		x[i] = float64(i)
	}
	for _, c := range []struct{ fraction, value, err float64 }{
		{0.5, 50, math.Sqrt(101 * 0.25)}, // ranks are values here
		{0.99, 99, math.Sqrt(101 * 0.99 * 0.01)},
		{0, 0, 0},
		{1, 100, 0},
	} {
		if v, e := quantile(x, c.fraction); math.Abs(v-c.value) > 1e-9 || math.Abs(e-c.err) > 1e-6 {
			t.Errorf("%v: %v ± %v, want %v ± %v", c.fraction, v, e, c.value, c.err)
		}
	}
	if v, e := quantile([]float64{3}, 0.99); v != 3 || e != 0 {
		t.Errorf("of one: %v ± %v", v, e)
	}
}

// Rows keep log-probabilities to half a step of the range.
func TestBaseRow(t *testing.T) {
	logits := []float32{1, 2, 3.5, -4, -40, 2, 0}
	row := make([]byte, baseRowBytes(len(logits)))
	if len(row) != 2*(8+4) {
		t.Fatalf("%d bytes", len(row))
	}
	encodeBaseRow(row, logits)
	scale, low, values := decodeBaseRow(row, len(logits))
	lse := 0.0
	for _, x := range logits {
		lse += math.Exp(float64(x))
	}
	lse = math.Log(lse)
	for i, x := range logits {
		want := math.Max(float64(x), 3.5-16) - lse
		if math.Abs(float64(values[i])-want) > float64(scale)/2+1e-6 {
			t.Errorf("token %d: %v, want %v (scale %v, lowest %v)", i, values[i], want, scale, low)
		}
	}
	encodeBaseRow(row, []float32{2, 2, 2, 2, 2, 2, 2})
	if scale, _, values := decodeBaseRow(row, 7); scale != 0 || math.Abs(float64(values[3])+math.Log(7)) > 1e-6 {
		t.Errorf("of equal logits: scale %v, values %v", scale, values)
	}
}
