//go:build amd64 && !purego

package simd

import (
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestExp measures the vector exponential in units of the last place of the
// exact result, over all that soft-max asks for.
func TestExp(t *testing.T) {
	if !slices.Contains(All(), &avx2) {
		t.Skip("this machine does not run the avx2 tier")
	}
	const limit = 2
	x := make([]float32, lanes)
	worst := 0.0
	bits := math.Float32bits(87.33654)
	for b := uint32(0); b <= bits; b += 997 * lanes {
		in := [lanes]float32{}
		for i := range in {
			in[i] = -math.Float32frombits(min(b+uint32(997*i), bits))
		}
		copy(x, in[:])
		sum := expSumAVX2(&x[0], lanes, 0)
		total := 0.0
		for i, v := range in {
			want := math.Exp(float64(v))
			ulp := math.Ldexp(1, max(math.Ilogb(want), -126)-23)
			if e := math.Abs(float64(x[i])-want) / ulp; e > limit {
				t.Fatalf("exp(%v) is %v, want %v: %.2f units", v, x[i], want, e)
			} else {
				worst = max(worst, e)
			}
			total += float64(x[i])
		}
		if math.Abs(sum-total) > 1e-12*total {
			t.Fatalf("sum is %v, want %v", sum, total)
		}
	}
	t.Logf("at most %.2f units", worst)

	inf := float32(math.Inf(1))
	copy(x, []float32{0, -inf, -88, -1e30, 1, 88.7, 89, inf})
	expSumAVX2(&x[0], lanes, 0)
	for i, want := range []float64{1, 0, 0, 0, math.E, math.Exp(float64(float32(88.7))), math.Inf(1), math.Inf(1)} {
		if got := float64(x[i]); got != want && math.Abs(got-want) > 4*unit*want {
			t.Errorf("edge %d is %v, want %v", i, got, want)
		}
	}
}

// TestAssembly holds every assembly function to the rules that the scheduler,
// the garbage collector and the processor need: a stack check on entry (a frame
// of 128 bytes or more, not NOSPLIT), no pointers in the frame, and clean upper
// halves of the registers on return.
func TestAssembly(t *testing.T) {
	for _, tier := range []string{"AVX2", "AVXVNNI", "AVX512"} {
		checkAssembly(t, strings.ToLower(tier)+"_amd64.s", tier)
	}
}

func checkAssembly(t *testing.T, file, suffix string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head := regexp.MustCompile(`^TEXT ·\w+` + suffix + `\(SB\), \$(\d{3,})-\d+$`)
	lines := strings.Split(string(text), "\n")
	functions := 0
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "TEXT"):
			functions++
			m := head.FindStringSubmatch(line)
			frame := 0
			if m != nil {
				frame, _ = strconv.Atoi(m[1])
			}
			if frame < 128 || lines[i+1] != "\tNO_LOCAL_POINTERS" {
				t.Errorf("%s:%d: %s", file, i+1, line)
			}
		case strings.TrimSpace(line) == "RET" && strings.TrimSpace(lines[i-1]) != "VZEROUPPER":
			t.Errorf("%s:%d: RET after %s", file, i+1, lines[i-1])
		}
	}
	if functions < 20 {
		t.Errorf("%s: %d functions found", file, functions)
	}
}
