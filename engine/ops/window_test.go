package ops

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"loupe/engine/tensor"
)

// With a window a query sees what it would see in a cache of its last cells alone,
// in both ways, whatever page or block the window begins in.
func TestAttentionWindow(t *testing.T) {
	each(t, func(t *testing.T, c *CPU) {
		r := rand.New(rand.NewPCG(4, 3))
		for i, k := range []struct{ window, from, n int }{
			{1, 0, 1}, {1, 70, 3}, {5, 0, 20}, {64, 63, 3}, {64, 200, 40}, {100, 600, 1}, {100, 600, 70}, {256, 511, 1}, {512, 300, 90},
			{512, 1000, 1}, {1000, 20, 30}, {300, 255, 2}, {33, 511, 33},
		} {
			for j := range 2 {
				kType, vType := cacheTypes[(i*2+j)%len(cacheTypes)], cacheTypes[(i+3*j)%len(cacheTypes)]
				a := newAttention(t, r, kType, vType, 2, 1, 32, 32, k.from, k.n, 1)
				a.Window = k.window
				check := func() {
					t.Helper()
					for q := 0; q < a.N; q += 1 + a.N/5 {
						sees := min(k.window, a.From+q+1)
						first := a.From + q + 1 - sees
						one := *a
						one.From, one.N = sees-1, 1
						one.keys, one.values = a.keys[first*a.KVHeads*a.HeadK:], a.values[first*a.KVHeads*a.HeadV:]
						one.Q, one.Out = a.Q[q*a.Heads*a.HeadK:], a.Out[q*a.Heads*a.HeadV:]
						one.check(t, c, 2e-5)
					}
				}
				a.Flash = true
				c.Attend(a.Attention)
				check()
				a.Flash = false
				c.Attend(a.Attention)
				check()
				plain := slices.Clone(a.Out)
				a.Pattern = make([]float32, a.N*a.Heads*a.cells)
				for i := range a.Pattern {
					a.Pattern[i] = 7 // must be written over
				}
				c.Attend(a.Attention)
				if !slices.Equal(plain, a.Out) {
					t.Errorf("window %d: the output differs while the pattern is kept", k.window)
				}
				for row := range a.N * a.Heads {
					p, end := a.Pattern[row*a.cells:][:a.cells], a.From+row/a.Heads+1
					sum := float32(0)
					for cell, w := range p {
						if sum += w; w != 0 && (cell >= end || cell < end-k.window) {
							t.Fatalf("window %d after %d: query %d weighs cell %d with %v", k.window, a.From, row/a.Heads, cell, w)
						}
					}
					if sum < 0.999 || sum > 1.001 {
						t.Fatalf("the weights of query %d add up to %v", row/a.Heads, sum)
					}
				}
			}
		}
	})
}

// Soft-capped scores weigh as the definition says, in both ways and with a window.
func TestAttentionCap(t *testing.T) {
	each(t, func(t *testing.T, c *CPU) {
		r := rand.New(rand.NewPCG(5, 3))
		for _, k := range []struct{ window, from, n int }{{0, 0, 5}, {0, 300, 1}, {40, 300, 33}} {
			a := newAttention(t, r, tensor.F32, tensor.F32, 2, 1, 32, 32, k.from, k.n, 3)
			a.Window, a.Cap = k.window, 1.5
			for _, flash := range []bool{false, true} {
				a.Flash = flash
				c.Attend(a.Attention)
				for row := range a.N * a.Heads {
					end := a.From + row/a.Heads + 1
					first := 0
					if k.window > 0 {
						first = max(0, end-k.window)
					}
					q, out, sum := a.Q[row*32:][:32], make([]float64, 32), 0.0
					for cell := first; cell < end; cell++ {
						score := 0.0
						for d, x := range q {
							score += float64(x) * float64(a.keys[cell*32+d]) / math.Sqrt(32)
						}
						w := math.Exp(1.5 * math.Tanh(score/1.5))
						sum += w
						for d := range out {
							out[d] += w * float64(a.values[cell*32+d])
						}
					}
					for d := range out {
						if got, want := float64(a.Out[row*32+d]), out[d]/sum; !(math.Abs(got-want) <= 2e-5) {
							t.Fatalf("flash %v, window %d: row %d dim %d: %v, want %v", flash, k.window, row, d, got, want)
						}
					}
				}
			}
		}
	})
}
