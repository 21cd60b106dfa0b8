package simd

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"loupe/engine/tensor"
)

// rowKernels are the two kernels of attention for one type of cache.
type rowKernels struct {
	typ    tensor.DType
	scores Scores
	mix    Mix
}

func (k *Kernels) rows() []rowKernels {
	return []rowKernels{{tensor.F16, k.Scores, k.Mix}, {tensor.F32, k.ScoresF32, k.MixF32}}
}

// cacheRows are rows of a cache, with bytes between them that no kernel may use.
type cacheRows struct {
	rows, n int
	data    []byte
	stride  int
	values  []float32 // [rows, n]
}

// newCacheRows makes rows of n elements, pad bytes apart, off any alignment. The
// last row ends the data.
func newCacheRows(rng *rand.Rand, typ tensor.DType, rows, n, pad int) cacheRows {
	size := typ.RowBytes(1)
	c := cacheRows{rows: rows, n: n, stride: n*size + pad, values: normal(rng, rows*n)}
	if rows > 0 {
		c.data = make([]byte, (rows-1)*c.stride+n*size+1)[1:]
	}
	for i := range c.data {
		c.data[i] = 0xff // NaN in either type
	}
	for r := range rows {
		row, values := c.data[r*c.stride:][:n*size], c.values[r*n:(r+1)*n]
		if typ == tensor.F16 {
			copy(row, halves(values))
			copy(values, unhalved(row))
			continue
		}
		for i, v := range values {
			binary.LittleEndian.PutUint32(row[4*i:], math.Float32bits(v))
		}
	}
	return c
}

// from is the data from row i on.
func (c cacheRows) from(i int) []byte { return c.data[i*c.stride:] }

var (
	headSizes = []int{0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 63, 64, 65, 71, 72, 80, 96, 100, 104, 127, 128, 129, 192, 256}
	rowCounts = []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 64, 67}
)

// eachRows runs f for every tier, type, head size, number of rows and stride.
func eachRows(t *testing.T, f func(t *testing.T, k rowKernels, c cacheRows, rng *rand.Rand)) {
	for _, k := range All() {
		for _, kernels := range k.rows() {
			t.Run(fmt.Sprintf("%s/%s", k.Name, kernels.typ), func(t *testing.T) {
				run := func(rows, n, pad int) {
					rng := rand.New(rand.NewPCG(uint64(n), uint64(rows)))
					f(t, kernels, newCacheRows(rng, kernels.typ, rows, n, pad), rng)
				}
				for i, n := range headSizes {
					for j, rows := range rowCounts {
						run(rows, n, []int{0, 2, 13, 256}[(i+j)%4])
					}
				}
				// More rows than one call of an assembly function takes.
				run(callRows+5, 64, 0)
				run(4*callRows+7, 8, 8)
				run(9, callRows*64/4, 0)
			})
		}
	}
}

// callRows is at least what one call takes of heads of 64.
const callRows = 1 << 10

func TestScores(t *testing.T) {
	eachRows(t, func(t *testing.T, k rowKernels, c cacheRows, rng *rand.Rand) {
		q, scale := normal(rng, c.n), float32(0.125*(1+rng.Float64()))
		g := newGuarded(c.rows)
		k.scores(g.dst, q, c.data, c.stride, scale)
		for i, v := range g.all {
			if (i < 13 || i >= 13+c.rows) && v != guard {
				t.Fatalf("%d rows: wrote at %d", c.rows, i-13)
			}
		}
		for i, v := range g.dst {
			sum, size := 0.0, 0.0
			for d, x := range q {
				term := float64(x) * float64(c.values[i*c.n+d])
				sum += term
				size += math.Abs(term)
			}
			s := float64(scale)
			near(t, fmt.Sprintf("%d rows of %d", c.rows, c.n), i, v, s*sum, s*float64(c.n+8)*unit*size)
		}
		if c.rows > callRows {
			return
		}
		// The same bits alone and in any company.
		part := make([]float32, c.rows)
		for from := range c.rows {
			for _, n := range []int{1, 2, 3, 4, 6} {
				to := min(from+n, c.rows)
				k.scores(part[:to-from], q, c.from(from), c.stride, scale)
				if !slices.Equal(part[:to-from], g.dst[from:to]) {
					t.Fatalf("%d rows of %d: rows %d to %d alone are %v, want %v", c.rows, c.n, from, to, part[:to-from], g.dst[from:to])
				}
			}
		}
	})
}

func TestMix(t *testing.T) {
	eachRows(t, func(t *testing.T, k rowKernels, c cacheRows, rng *rand.Rand) {
		start, p := normal(rng, c.n), normal(rng, c.rows)
		g := newGuarded(c.n)
		copy(g.dst, start)
		k.mix(g.dst, p, c.data, c.stride)
		for i, v := range g.all {
			if (i < 13 || i >= 13+c.n) && v != guard {
				t.Fatalf("%d rows of %d: wrote at %d", c.rows, c.n, i-13)
			}
		}
		for d, v := range g.dst {
			want := float64(start[d])
			size := math.Abs(want)
			for i, a := range p {
				term := float64(a) * float64(c.values[i*c.n+d])
				want += term
				size += math.Abs(term)
			}
			near(t, fmt.Sprintf("%d rows of %d", c.rows, c.n), d, v, want, float64(c.rows+1)*unit*size)
		}
		// The same bits for any split.
		for _, n := range []int{1, 3, 4, 64} {
			out := append([]float32(nil), start...)
			for from := 0; from < c.rows; from += n {
				to := min(from+n, c.rows)
				k.mix(out, p[from:to], c.from(from), c.stride)
			}
			if !slices.Equal(out, g.dst) {
				t.Fatalf("%d rows of %d: %d at a time make %v, want %v", c.rows, c.n, n, out, g.dst)
			}
		}
	})
}

// TestRowsNotFinite: a key that is not finite shows in its own score alone, and a
// value in its own element.
func TestRowsNotFinite(t *testing.T) {
	const rows, n = 9, 71
	for _, tier := range All() {
		for _, k := range tier.rows() {
			rng := rand.New(rand.NewPCG(1, 2))
			c := newCacheRows(rng, k.typ, rows, n, 0)
			size := k.typ.RowBytes(1)
			bad := c.data[5*c.stride+66*size:][:size]
			for i := range bad {
				bad[i] = 0xff
			}
			dst, out := make([]float32, rows), make([]float32, n)
			k.scores(dst, normal(rng, n), c.data, c.stride, 1)
			k.mix(out, normal(rng, rows), c.data, c.stride)
			for i, v := range dst {
				if (v != v) != (i == 5) {
					t.Errorf("%s %s: score %d is %v", tier.Name, k.typ, i, v)
				}
			}
			for d, v := range out {
				if (v != v) != (d == 66) {
					t.Errorf("%s %s: element %d is %v", tier.Name, k.typ, d, v)
				}
			}
		}
	}
}
