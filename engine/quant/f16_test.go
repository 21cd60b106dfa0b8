package quant

import (
	"math"
	"testing"
)

// f16Value is what the fields of a finite h mean by IEEE 754.
func f16Value(h uint16) float64 {
	exp, frac := int(h>>10&0x1f), float64(h&0x3ff)
	v := math.Ldexp(1+frac/1024, exp-15)
	if exp == 0 {
		v = math.Ldexp(frac, -24)
	}
	if h&0x8000 != 0 {
		return -v
	}
	return v
}

func TestF16All(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		f := F16ToF32(h)
		if h&0x7c00 == 0x7c00 {
			if h&0x3ff == 0 {
				if !math.IsInf(float64(f), 1-int(h>>15)*2) {
					t.Fatalf("%#04x is %v, want infinity", h, f)
				}
			} else if f == f || math.Signbit(float64(f)) != (h>>15 == 1) {
				t.Fatalf("%#04x is %v, want NaN of its sign", h, f)
			}
			want := h
			if h&0x3ff != 0 {
				want |= f16Quiet
			}
			if got := F32ToF16(f); got != want {
				t.Fatalf("%#04x came back as %#04x, want %#04x", h, got, want)
			}
			continue
		}
		if want := f16Value(h); float64(f) != want || math.Signbit(float64(f)) != math.Signbit(want) {
			t.Fatalf("%#04x is %v, want %v", h, f, want)
		}
		if got := F32ToF16(f); got != h {
			t.Fatalf("%v became %#04x, want %#04x", f, got, h)
		}
	}
}

// TestF16Rounds checks both neighbours of every midpoint between two f16
// values, and the midpoint itself, which goes to the even one.
func TestF16Rounds(t *testing.T) {
	for i := range 0x7c00 {
		lo, hi := uint16(i), uint16(i+1)
		top := 65536.0 // the value that infinity stands for when rounding
		if hi != f16Inf {
			top = f16Value(hi)
		}
		mid := float32((f16Value(lo) + top) / 2) // exact: one more bit than an f16
		even := lo
		if lo&1 == 1 {
			even = hi
		}
		for _, sign := range []float32{1, -1} {
			s := uint16(0)
			if sign < 0 {
				s = 0x8000
			}
			if got := F32ToF16(sign * mid); got != s|even {
				t.Fatalf("%v became %#04x, want %#04x", sign*mid, got, s|even)
			}
			if got := F32ToF16(sign * math.Nextafter32(mid, 0)); got != s|lo {
				t.Fatalf("just below %v became %#04x, want %#04x", sign*mid, got, s|lo)
			}
			if got := F32ToF16(sign * math.Nextafter32(mid, 1e9)); got != s|hi {
				t.Fatalf("just above %v became %#04x, want %#04x", sign*mid, got, s|hi)
			}
		}
	}
}

func TestBF16(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		f := BF16ToF32(h)
		want := h
		if f != f {
			want |= 0x40
		}
		if got := F32ToBF16(f); got != want {
			t.Fatalf("%#04x came back as %#04x, want %#04x", h, got, want)
		}
		if h&0x7f80 == 0x7f80 {
			continue
		}
		// Half a step up from h is a tie, which goes to the even neighbour.
		mid := math.Float32frombits(uint32(h)<<16 | 0x8000)
		if got, want := F32ToBF16(mid), h+h&1; got != want {
			t.Fatalf("%v became %#04x, want %#04x", mid, got, want)
		}
		if got := F32ToBF16(math.Float32frombits(uint32(h)<<16 | 0x8001)); got != h+1 {
			t.Fatalf("just above %v became %#04x, want %#04x", mid, got, h+1)
		}
	}
}
