package quant

import (
	"math"
	"testing"
)

// TestRoundAway checks every half and its neighbours within the range of q8_0.
func TestRoundAway(t *testing.T) {
	for i := -254; i <= 254; i++ {
		half := float32(i) / 2
		for _, f := range []float32{half, math.Nextafter32(half, 200), math.Nextafter32(half, -200)} {
			if got, want := int(roundAway(f)), int(math.Round(float64(f))); got != want {
				t.Errorf("%v rounds to %d, want %d", f, got, want)
			}
		}
	}
}

// TestRoundEven checks the same for the rounding of the searches, and that what has
// no nearest integer there gives some integer.
func TestRoundEven(t *testing.T) {
	for i := -8300; i <= 8300; i++ {
		half := float32(i) / 2
		for _, f := range []float32{half, math.Nextafter32(half, 9e9), math.Nextafter32(half, -9e9)} {
			if got, want := roundEven(f), int(math.RoundToEven(float64(f))); got != want {
				t.Errorf("%v rounds to %d, want %d", f, got, want)
			}
		}
	}
	for _, f := range []float32{float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 1e30, -1e30} {
		if got := clampRound(f, -4, 3); got < -4 || got > 3 {
			t.Errorf("%v is clamped to %d", f, got)
		}
	}
}

// TestCodeIQ4 compares the table with the nearest value by distance, about every
// midpoint and value, and beyond the ends.
func TestCodeIQ4(t *testing.T) {
	nearest := func(x float32) (best uint8) {
		for c, v := range valuesIQ4 {
			if math.Abs(float64(v)-float64(x)) <= math.Abs(float64(valuesIQ4[best])-float64(x)) {
				best = uint8(c)
			}
		}
		return best
	}
	for i := -600; i <= 600; i++ {
		half := float32(i) / 2
		for _, x := range []float32{half, math.Nextafter32(half, 999), math.Nextafter32(half, -999)} {
			if got := codeIQ4(x); got != nearest(x) {
				t.Errorf("%v has the code %d, want %d", x, got, nearest(x))
			}
		}
	}
	if codeIQ4(float32(math.Inf(-1))) != 0 || codeIQ4(float32(math.Inf(1))) != 15 || codeIQ4(float32(math.NaN())) != 15 {
		t.Error("infinities or NaN have odd codes")
	}
}

// TestExtreme: extreme and bounds give the first one among equals, for zeros of
// either sign too, and find what is not finite at every place.
func TestExtreme(t *testing.T) {
	zero := float32(math.Copysign(0, -1))
	for _, c := range []struct {
		x              []float32
		top, low, high float32
	}{
		{[]float32{0, zero, 0, zero}, 0, 0, 0},
		{[]float32{zero, 0, 0, 0}, 0, zero, zero},
		{[]float32{1, -1, 2, -2}, 2, -2, 2},
		{[]float32{1, -2, 1, 2}, -2, -2, 2},
		{[]float32{-3, -1, -2, -3}, -3, -3, -1},
		{[]float32{3, 1, 0, zero}, 3, 0, 3},
		{[]float32{-3, zero, 0, -1}, -3, -3, zero},
		{[]float32{math.MaxFloat32, -math.MaxFloat32}, math.MaxFloat32, -math.MaxFloat32, math.MaxFloat32},
		{[]float32{1e-45, -1e-45}, 1e-45, -1e-45, 1e-45},
	} {
		top, ok := extreme(c.x)
		low, high, ok2 := bounds(c.x)
		same := func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }
		if !ok || !ok2 || !same(top, c.top) || !same(low, c.low) || !same(high, c.high) {
			t.Errorf("%v: extreme %v %v, bounds %v %v %v", c.x, top, ok, low, high, ok2)
		}
	}
	nan := math.Float32frombits(0xffc00001)
	for _, v := range []float32{nan, -nan, float32(math.Inf(1)), float32(math.Inf(-1))} {
		for at := range 32 {
			x := make([]float32, 32)
			x[at] = v
			if _, ok := extreme(x); ok {
				t.Errorf("extreme takes %v at %d", v, at)
			}
			if _, _, ok := bounds(x); ok {
				t.Errorf("bounds takes %v at %d", v, at)
			}
		}
	}
}
