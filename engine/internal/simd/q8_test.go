package simd

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// edgeBlocks are activations where a rule of Q8 shows.
func edgeBlocks() [][]float32 {
	fill := func(f func(i int) float32) []float32 {
		x := make([]float32, blockLen)
		for i := range x {
			x[i] = f(i)
		}
		return x
	}
	one := func(at int, v float32) []float32 {
		return fill(func(i int) float32 {
			if i == at {
				return v
			}
			return float32(i) * 0.25
		})
	}
	return [][]float32{
		fill(func(int) float32 { return 0 }),
		fill(func(int) float32 { return float32(math.Copysign(0, -1)) }),
		fill(func(i int) float32 { return float32(i-16) + 0.5 }), // scale 15.5/127
		one(31, 127), // ties at .5, up and down
		one(0, -127), //
		fill(func(i int) float32 { return 1 - 2*float32(i&1) }),    // only +-127
		fill(func(i int) float32 { return smallest * float32(i) }), // just large enough
		fill(func(i int) float32 { return smallest / 64 * float32(i) }),
		fill(func(i int) float32 { return math.SmallestNonzeroFloat32 * float32(i) }),
		fill(func(i int) float32 { return math.MaxFloat32 / float32(i+1) }),
		one(5, float32(math.NaN())),
		one(6, float32(math.Inf(1))),
		one(7, float32(math.Inf(-1))),
	}
}

func TestQuantizeQ8(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	rows := edgeBlocks()
	for range 300 {
		x := make([]float32, blockLen)
		scale := math.Exp2(rng.Float64()*200 - 100)
		for i := range x {
			x[i] = float32(rng.NormFloat64() * scale)
		}
		rows = append(rows, x)
	}
	// Rows of 1, 2, ... blocks, one byte off the alignment of a vector.
	for nb := 1; nb <= 9; nb++ {
		n := nb * blockLen
		var ref Q8
		ref.Reset(3, n)
		for start := 0; start+nb <= len(rows); start += nb {
			x := make([]float32, n+1)[1:]
			for b := range nb {
				copy(x[b*blockLen:], rows[start+b])
			}
			clear(ref.Q)
			generic.QuantizeQ8(&ref, 1, x)
			checkQ8(t, &ref, 1, x)
			for _, k := range All() {
				var got Q8
				got.Reset(3, n)
				for i := range got.Q {
					got.Q[i] = -128
				}
				k.QuantizeQ8(&got, 1, x)
				for i, v := range got.Q {
					if want := ref.Q[i]; i < n || i >= 2*n {
						if v != -128 {
							t.Fatalf("%s: wrote outside its row", k.Name)
						}
					} else if v != want {
						t.Fatalf("%s: element %d is %d, want %d", k.Name, i, v, want)
					}
				}
				var fine, rest Q8
				fine.Reset(3, n)
				rest.Reset(3, n)
				k.QuantizeQ8Fine(&fine, &rest, 1, x)
				sameRow(t, k.Name+" fine", &fine, &ref, 1)
				left := make([]float32, n)
				for i := range left {
					left[i] = x[i] - float32(ref.D[nb+i/blockLen]*float32(ref.Q[n+i]))
				}
				generic.QuantizeQ8(&ref, 0, left)
				copy(ref.Q[n:], ref.Q[:n])
				copy(ref.D[nb:], ref.D[:nb])
				copy(ref.S[nb:], ref.S[:nb])
				copy(ref.B[nb:], ref.B[:nb])
				copy(ref.H[2*nb:], ref.H[:2*nb])
				sameRow(t, k.Name+" rest", &rest, &ref, 1)
				generic.QuantizeQ8(&ref, 1, x)
				for b := nb; b < 2*nb; b++ {
					if !slices.Equal(got.H[2*b:2*b+2], ref.H[2*b:2*b+2]) {
						t.Fatalf("%s: block %d has the half sums %v, want %v", k.Name, b, got.H[2*b:2*b+2], ref.H[2*b:2*b+2])
					}
					if got.B[b] != ref.B[b] {
						t.Fatalf("%s: block %d has the integer sum %d, want %d", k.Name, b, got.B[b], ref.B[b])
					}
					if !same(got.D[b], ref.D[b]) || !same(got.S[b], ref.S[b]) {
						t.Fatalf("%s: block %d has scale %v and sum %v, want %v and %v", k.Name, b, got.D[b], got.S[b], ref.D[b], ref.S[b])
					}
				}
			}
		}
	}
}

// sameRow: row row of got has the bits of that of want.
func sameRow(t *testing.T, name string, got, want *Q8, row int) {
	t.Helper()
	n, nb := got.N, got.N/blockLen
	if !slices.Equal(got.Q[row*n:(row+1)*n], want.Q[row*n:(row+1)*n]) ||
		!slices.Equal(got.B[row*nb:(row+1)*nb], want.B[row*nb:(row+1)*nb]) ||
		!slices.Equal(got.H[2*row*nb:2*(row+1)*nb], want.H[2*row*nb:2*(row+1)*nb]) ||
		!slices.EqualFunc(got.D[row*nb:(row+1)*nb], want.D[row*nb:(row+1)*nb], same) ||
		!slices.EqualFunc(got.S[row*nb:(row+1)*nb], want.S[row*nb:(row+1)*nb], same) {
		t.Fatalf("%s: a row of %d is %v, want %v", name, n, *got, *want)
	}
}

func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// checkQ8 holds a quantised row against what Q8 promises.
func checkQ8(t *testing.T, q *Q8, row int, x []float32) {
	t.Helper()
	nb := q.N / blockLen
	for b := range nb {
		d, s := float64(q.D[row*nb+b]), float64(q.S[row*nb+b])
		in := x[b*blockLen : (b+1)*blockLen]
		greatest, finite := 0.0, true
		for _, v := range in {
			greatest = max(greatest, math.Abs(float64(v)))
			finite = finite && v-v == 0
		}
		if !finite {
			if !math.IsNaN(d) || !math.IsNaN(s) {
				t.Fatalf("block of %v has scale %v and sum %v, want NaN", in, d, s)
			}
			continue
		}
		sum := 0
		for i, v := range in {
			c := q.Q[row*q.N+b*blockLen+i]
			sum += int(c)
			if e := math.Abs(float64(v) - d*float64(c)); e > 0.5001*greatest/127+smallest {
				t.Fatalf("%v became %d times %v", v, c, d)
			}
			if c == -128 {
				t.Fatalf("%v became -128", v)
			}
		}
		if e := math.Abs(s - d*float64(sum)); e > unit*math.Abs(s) {
			t.Fatalf("sum of block %d is %v, want %v", b, s, d*float64(sum))
		}
		for half := range 2 {
			sum := 0
			for _, c := range q.Q[row*q.N+b*blockLen+half*halfLen:][:halfLen] {
				sum += int(c)
			}
			if got := q.H[2*(row*nb+b)+half]; int(got) != -sum {
				t.Fatalf("negative sum of half %d of block %d is %d, want %d", half, b, got, -sum)
			}
		}
		if got := q.B[row*nb+b]; int(got) != -sum {
			t.Fatalf("negative sum of block %d is %d, want %d", b, got, -sum)
		}
	}
}

func TestQ8Reset(t *testing.T) {
	var q Q8
	q.Reset(4, 96)
	if n := testing.AllocsPerRun(10, func() { q.Reset(2, 64); q.Reset(4, 96); q.Reset(3, 128) }); n != 0 {
		t.Errorf("%v allocations for batches that fit", n)
	}
	q.Reset(2, 64)
	if q.N != 64 || len(q.Q) != 128 || len(q.D) != 4 || len(q.S) != 4 || len(q.B) != 4 {
		t.Errorf("N %d with %d values, %d scales, %d and %d sums", q.N, len(q.Q), len(q.D), len(q.S), len(q.B))
	}
}
