package ops

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A rotation keeps lengths and products, spreads an outlier over its block, and
// undoes itself.
func TestRotation(t *testing.T) {
	each(t, func(t *testing.T, c *CPU) {
		rng := rand.New(rand.NewPCG(9, 9))
		for n, block := range map[int]int{32: 32, 64: 64, 96: 32, 256: 256} {
			r := NewRotation(n, 0)
			if r.Block != block {
				t.Errorf("heads of %d: blocks of %d, want %d", n, r.Block, block)
			}
			for packed := range 2 {
				if packed == 1 {
					p, err := c.Pack(r.Weights(), func(int64, int64) {})
					if err != nil {
						t.Fatal(err)
					}
					defer p.Close()
				}
				x, y := random(rng, 3*n), random(rng, 3*n)
				a, b := append([]float32{}, x...), append([]float32{}, y...)
				c.Rotate(r, a)
				c.Rotate(r, b)
				var before, after, moved float64
				for i := range x {
					before += float64(x[i]) * float64(y[i])
					after += float64(a[i]) * float64(b[i])
					moved = max(moved, math.Abs(float64(a[i]-x[i])))
				}
				if math.Abs(before-after) > 1e-4*float64(n) || moved < 0.5 {
					t.Errorf("heads of %d: a product of %v became %v; moved by %v", n, before, after, moved)
				}
				c.Rotate(r, a)
				for i := range x {
					if math.Abs(float64(a[i]-x[i])) > 1e-5 {
						t.Fatalf("heads of %d: element %d is %v after two turns, was %v", n, i, a[i], x[i])
					}
				}
				spike := make([]float32, n)
				spike[5] = 8
				c.Rotate(r, spike)
				for i, v := range spike[:block] {
					if d := math.Abs(float64(v)) - 8/math.Sqrt(float64(block)); math.Abs(d) > 1e-5 {
						t.Fatalf("element %d of a turned spike is %v", i, v)
					}
				}
			}
		}
	})
}
