package ops

import (
	"math/rand/v2"
	"slices"
	"testing"
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
