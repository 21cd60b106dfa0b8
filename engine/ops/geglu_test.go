package ops

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"loupe/engine/internal/simd"
)

func gelu(x float64) float64 {
	return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*x*(1+0.044715*x*x)))
}

func TestGeGLU(t *testing.T) {
	each(t, func(t *testing.T, c *CPU) {
		r := rand.New(rand.NewPCG(1, 5))
		const rows, n = 19, 72
		gate, up := random(r, rows*n), random(r, rows*n)
		for i := range gate {
			gate[i] *= 3
		}
		copy(gate, []float32{0, -0.001, 9.99, 10, 10.01, -9.99, -10, 30, -30, 500, -500, 1e7, -1e7, 1e12, -1e12, 1e-20, -1e-30})
		g, u := slices.Clone(gate), slices.Clone(up)
		dst := make([]float32, rows*n)
		c.GeGLU(dst, g, u, rows, n)
		limit := 2e-6
		if c.exact {
			limit = 2e-3 // f16, of the argument and of the result
		}
		for i := range dst {
			want := gelu(float64(gate[i])) * float64(up[i])
			if d := math.Abs(float64(dst[i]) - want); !(d <= limit*(math.Abs(want)+math.Abs(float64(up[i])))) {
				t.Fatalf("geglu(%v, %v) = %v, want %v", gate[i], up[i], dst[i], want)
			}
		}
	})
}

// The two orders of pairs are one rotation, of heads laid out anew.
func TestRopeHalves(t *testing.T) {
	each(t, func(t *testing.T, c *CPU) {
		const rows, heads, size, dims = 21, 3, 40, 32
		var table RopeTable
		var positions []int
		for i := range rows {
			positions = append(positions, 5+i)
		}
		table.Fill(Rope{Dims: dims, Base: 10000, Scale: 1}, positions)
		halves := random(rand.New(rand.NewPCG(1, 6)), rows*heads*size)
		pairs := slices.Clone(halves)
		order := func(i int) int { // where element i of the halves lies in the pairs
			switch {
			case i < dims/2:
				return 2 * i
			case i < dims:
				return 2*(i-dims/2) + 1
			}
			return i
		}
		for h := 0; h < len(halves); h += size {
			for i := range size {
				pairs[h+order(i)] = halves[h+i]
			}
		}
		c.RopeHalves(halves, &table, rows, heads, size)
		c.RopePairs(pairs, &table, rows, heads, size)
		for h := 0; h < len(halves); h += size {
			for i := range size {
				if halves[h+i] != pairs[h+order(i)] {
					t.Fatalf("element %d of a head is %v, %v in the other order", i, halves[h+i], pairs[h+order(i)])
				}
			}
		}
	})
}

func TestRowOperations(t *testing.T) {
	each(t, func(t *testing.T, c *CPU) {
		const rows, n = 19, 37
		r := rand.New(rand.NewPCG(1, 7))
		x, bias := random(r, rows*n), random(r, n)
		for _, op := range []struct {
			name string
			run  func(y []float32)
			want func(x, bias float64) float64
		}{
			{"AddBias", func(y []float32) { c.AddBias(y, bias, rows) }, func(x, b float64) float64 { return x + b }},
			{"Scale", func(y []float32) { c.Scale(y, -1.5, rows, n) }, func(x, _ float64) float64 { return -1.5 * x }},
			{"SoftCap", func(y []float32) { c.SoftCap(y, 0.7, rows, n) }, func(x, _ float64) float64 { return 0.7 * math.Tanh(x/0.7) }},
		} {
			y := slices.Clone(x)
			op.run(y)
			for i := range y {
				if want := op.want(float64(x[i]), float64(bias[i%n])); !(math.Abs(float64(y[i])-want) <= 1e-6) {
					t.Fatalf("%s(%v) = %v, want %v", op.name, x[i], y[i], want)
				}
			}
		}
	})
}

func BenchmarkGeGLU(b *testing.B) {
	c := NewCPU(1, simd.Best(), false)
	defer c.Close()
	const rows, n = 64, 2048
	r := rand.New(rand.NewPCG(1, 8))
	gate, up, dst := random(r, rows*n), random(r, rows*n), make([]float32, rows*n)
	g, u := make([]float32, rows*n), make([]float32, rows*n)
	for b.Loop() {
		copy(g, gate)
		copy(u, up)
		c.GeGLU(dst, g, u, rows, n)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows/n, "ns/element")
}
