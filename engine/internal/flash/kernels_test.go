package flash

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"loupe/engine/internal/simd"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// each runs a test for every tier of this machine but the generic one.
func each(t *testing.T, f func(t *testing.T, k *kernels, r *rand.Rand)) {
	for _, s := range simd.All() {
		if k := kernelsOf(s); k != &generic {
			t.Run(s.Name, func(t *testing.T) { f(t, k, rand.New(rand.NewPCG(1, 2))) })
		}
	}
}

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// guard is in memory that a kernel has no business with.
const guard = float32(-777)

// guarded is n elements and, where a stray write would show, guards.
func guarded(n int) (all, inner []float32) {
	all = make([]float32, n+64)
	for i := range all {
		all[i] = guard
	}
	return all, all[32 : 32+n : 32+n]
}

// same compares what two kernels wrote, guards and gaps included.
func same(t *testing.T, what string, got, want []float32, limit float64) {
	t.Helper()
	for i := range want {
		g, w := float64(got[i]), float64(want[i])
		if !(math.Abs(g-w) <= limit*max(1, math.Abs(w))) {
			t.Fatalf("%s: element %d is %v, want %v", what, i-32, g, w)
		}
	}
}

func TestMul(t *testing.T) {
	each(t, func(t *testing.T, k *kernels, r *rand.Rand) {
		for _, rows := range []int{1, 2, 3, 4, 5, 6, 7, 13, 24} {
			for _, n := range []int{1, 2, 7, 64} {
				for _, cols := range []int{16, 48, 64, 128, 144} {
					ldd, lda := cols+5, n+3
					a, b := random(r, rows*lda), random(r, n*cols)
					words := make([]byte, 2*len(b))
					for _, typ := range []tensor.DType{tensor.F32, tensor.F16, tensor.BF16} {
						for _, add := range []bool{false, true} {
							gotAll, got := guarded((rows-1)*ldd + cols)
							wantAll, want := guarded((rows-1)*ldd + cols)
							if typ == tensor.F32 {
								k.mul(got, ldd, a, lda, rows, b, n, cols, add)
								generic.mul(want, ldd, a, lda, rows, b, n, cols, add)
							} else {
								if err := quant.Quantize(typ, words, b); err != nil {
									t.Fatal(err)
								}
								f, g := k.mulF16, generic.mulF16
								if typ == tensor.BF16 {
									f, g = k.mulBF16, generic.mulBF16
								}
								f(got, ldd, a, lda, rows, words, n, cols, add, 1<<20)
								g(want, ldd, a, lda, rows, words, n, cols, add, 0)
							}
							same(t, fmt.Sprintf("%s, %d rows of %d, %d columns, add %v", typ, rows, n, cols, add), gotAll, wantAll, 1e-5)
						}
					}
				}
			}
		}
	})
}

func TestColumnsAndTurn(t *testing.T) {
	each(t, func(t *testing.T, k *kernels, r *rand.Rand) {
		for _, n := range []int{8, 24, 40, 64, 128, 11} {
			src := random(r, PageCells*n)
			for _, rows := range []int{1, 8, 33, 64} {
				got, want := make([]float32, n*PageCells), make([]float32, n*PageCells)
				k.columns(got, src, rows, n)
				generic.columns(want, src, PageCells, n)
				for d := range n {
					for j := range rows {
						if got[d*PageCells+j] != want[d*PageCells+j] {
							t.Fatalf("element %d of cell %d of %d of %d: %v, want %v", d, j, rows, n, got[d*PageCells+j], want[d*PageCells+j])
						}
					}
				}
			}
		}
		for n := k.turned; n < 200; n += k.turned {
			src := make([]byte, 2*PageCells*n)
			for i := range src {
				src[i] = byte(r.Uint32())
			}
			got, want := make([]byte, len(src)), make([]byte, len(src))
			k.turn(got, src, n, 64)
			generic.turn(want, src, n, 0)
			if string(got) != string(want) {
				t.Fatalf("turn of %d: other bytes", n)
			}
		}
	})
}

func TestWeigh(t *testing.T) {
	each(t, func(t *testing.T, k *kernels, r *rand.Rand) {
		for _, width := range []int{64, 128, 256, 320} {
			const rows = 40
			ld := width + 16
			scores := random(r, rows*ld)
			sees := make([]int32, rows)
			for i := range sees {
				sees[i] = int32(r.IntN(width + 1))
			}
			sees[0], sees[1], sees[2], sees[3] = 0, 1, int32(width), int32(width)+9
			for i := range scores {
				scores[i] *= float32(i/ld) * 4 // up to hundreds
			}
			gotAll, got := guarded(len(scores))
			wantAll, want := guarded(len(scores))
			copy(got, scores)
			copy(want, scores)
			var top, sum [2][]float32
			for i := range top {
				top[i], sum[i] = make([]float32, rows), make([]float32, rows)
			}
			k.weigh(got, ld, rows, width, sees, top[0], sum[0])
			generic.weigh(want, ld, rows, width, sees, top[1], sum[1])
			same(t, "weights", gotAll, wantAll, 3e-7)
			same(t, "tops", top[0], top[1], 0)
			same(t, "sums", sum[0], sum[1], 1e-6)
		}
	})
}

// The power of two, of the powers that scores have: within two units in the last place.
func TestPower(t *testing.T) {
	each(t, func(t *testing.T, k *kernels, r *rand.Rand) {
		for range 2000 {
			s := make([]float32, PageCells)
			for i := range s[1:] {
				s[1+i] = -130 * r.Float32()
			}
			in := append([]float32(nil), s...)
			var top, sum [1]float32
			k.weigh(s, PageCells, 1, PageCells, []int32{PageCells}, top[:], sum[:])
			for i, x := range in {
				want := math.Exp2(float64(x))
				if x < -126 {
					want = 0
				}
				if math.Abs(float64(s[i])-want) > 2.4e-7*want {
					t.Fatalf("2^%v is %v, want %v", x, s[i], want)
				}
			}
		}
	})
}

func TestRescaleAndJoin(t *testing.T) {
	each(t, func(t *testing.T, k *kernels, r *rand.Rand) {
		const rows = 32
		top, sum, newTop, newSum := random(r, rows), random(r, rows), random(r, rows), random(r, rows)
		top[0], newTop[1], top[2], newTop[2], top[3] = lowest, lowest, lowest, lowest, 500
		clone := func(x []float32) []float32 { return append([]float32(nil), x...) }
		a, b, wantA, wantB := make([]float32, rows), make([]float32, rows), make([]float32, rows), make([]float32, rows)
		gotTop, gotSum, wantTop, wantSum := clone(top), clone(sum), clone(top), clone(sum)
		k.rescale(gotTop, gotSum, newTop, newSum, a, b)
		generic.rescale(wantTop, wantSum, newTop, newSum, wantA, wantB)
		same(t, "top", gotTop, wantTop, 0)
		same(t, "sum", gotSum, wantSum, 1e-6)
		same(t, "a", a, wantA, 3e-7)
		same(t, "b", b, wantB, 3e-7)
		for _, cols := range []int{16, 64, 80} {
			out, part := random(r, rows*cols), random(r, rows*cols)
			gotAll, got := guarded(rows * cols)
			wantAll, want := guarded(rows * cols)
			copy(got, out)
			copy(want, out)
			k.join(got, part, rows, cols, wantA, wantB)
			generic.join(want, part, rows, cols, wantA, wantB)
			same(t, "join", gotAll, wantAll, 1e-6)
		}
	})
}

// pageOf is a page of n elements a cell in type typ, with some odd scales.
func pageOf(t *testing.T, r *rand.Rand, typ tensor.DType, n int) []byte {
	t.Helper()
	x := random(r, PageCells*n)
	for i := range x {
		if i/n%9 == 4 {
			x[i] *= 1e-6 // scales that are subnormal in f16
		}
		if i/n%11 == 3 {
			x[i] = 0
		}
	}
	page := make([]byte, typ.RowBytes(len(x)))
	if err := quant.Quantize(typ, page, x); err != nil {
		t.Fatal(err)
	}
	return page
}

// Packing is the same in all tiers; every byte a code can be occurs in random pages.
func TestPack(t *testing.T) {
	each(t, func(t *testing.T, k *kernels, r *rand.Rand) {
		for _, f := range formats {
			for _, n := range []int{32, 64, 96, 128} {
				page := pageOf(t, r, f.typ, n)
				for i := range page {
					if r.IntN(3) == 0 {
						page[i] = byte(r.Uint32())
					}
				}
				keys, want := make([]byte, n*PageCells), make([]byte, n*PageCells)
				k.packKeys(f.typ, keys, page, n, 1000)
				generic.packKeys(f.typ, want, page, n, 0)
				if string(keys) != string(want) {
					t.Fatalf("%s of %d: other keys", f.typ, n)
				}
				const ldd = columnInts + 64
				values, wanted := make([]int16, n/32*ldd), make([]int16, n/32*ldd)
				k.packValues(f.typ, values, ldd, page, n, 1000)
				generic.packValues(f.typ, wanted, ldd, page, n, 0)
				for i := range wanted {
					if values[i] != wanted[i] {
						t.Fatalf("%s of %d: value %d is %d, want %d", f.typ, n, i, values[i], wanted[i])
					}
				}
				stride := f.typ.RowBytes(n)
				d, wantD := make([]float32, n/32*100), make([]float32, n/32*100)
				k.halves(d, 100, page, stride, n/32, f.typ.BlockBytes())
				generic.halves(wantD, 100, page, stride, n/32, f.typ.BlockBytes())
				for j := range d {
					if d[j] != wantD[j] && d[j] == d[j] {
						t.Fatalf("%s of %d: scale %d is %v, want %v", f.typ, n, j, d[j], wantD[j])
					}
				}
			}
		}
	})
}

// Scores are sums of integers times two scales: the tiers differ by rounding only.
func TestScores(t *testing.T) {
	each(t, func(t *testing.T, k *kernels, r *rand.Rand) {
		for _, f := range formats {
			for _, rows := range []int{1, 2, 3, 4, 5, 6, 7, 12, 23} {
				const n, ldd = 64, PageCells + 16
				var q simd.Q8
				q.Reset(rows, n)
				for row := range rows {
					simd.Generic().QuantizeQ8(&q, row, random(r, n))
				}
				q.Q[0], q.Q[1] = 127, -127
				codes := make([]byte, columnBytes)
				most := 1<<f.bits - 1
				for i := range codes {
					codes[i] = byte(r.IntN(most + 1))
				}
				for i := range 64 { // what would overflow 16 bits
					codes[4*i], codes[4*i+1] = byte(most), 0
				}
				d, m := random(r, PageCells), random(r, PageCells)
				for _, add := range []bool{false, true} {
					gotAll, got := guarded((rows-1)*ldd + PageCells)
					wantAll, want := guarded((rows-1)*ldd + PageCells)
					switch {
					case f.offset:
						k.scoresOffset(got, ldd, q.Q[32:], n, q.D[1:], q.S[1:], 2, rows, codes, d, m, add)
						generic.scoresOffset(want, ldd, q.Q[32:], n, q.D[1:], q.S[1:], 2, rows, codes, d, m, add)
					case f.wide():
						k.scoresBytes(got, ldd, q.Q[32:], n, q.D[1:], q.B[1:], 2, rows, codes, d, f.shift(), add)
						generic.scoresBytes(want, ldd, q.Q[32:], n, q.D[1:], q.B[1:], 2, rows, codes, d, f.shift(), add)
					default:
						k.scores(got, ldd, q.Q[32:], n, q.D[1:], q.B[1:], 2, rows, codes, d, f.shift(), add)
						generic.scores(want, ldd, q.Q[32:], n, q.D[1:], q.B[1:], 2, rows, codes, d, f.shift(), add)
					}
					same(t, fmt.Sprintf("%s, %d rows, add %v", f.typ, rows, add), gotAll, wantAll, 2e-5)
				}
			}
		}
	})
}

func TestMix(t *testing.T) {
	each(t, func(t *testing.T, k *kernels, r *rand.Rand) {
		for _, rows := range []int{1, 2, 3, 4, 5, 6, 7, 12, 13, 30} {
			const ldd, ldp = 96, BlockCells
			p, v := make([]int16, rows*ldp), make([]int16, columnInts)
			for i := range p {
				p[i] = int16(r.IntN(most16 + 1))
			}
			for i := range v {
				v[i] = int16(r.IntN(256) - 128)
			}
			for i := range 32 {
				p[i] = most16 // the greatest sum there can be
			}
			for i := range 64 {
				v[i] = -128
			}
			got, want := make([]int32, rows*ldd), make([]int32, rows*ldd)
			for _, add := range []bool{false, true, true, true} {
				k.mix(got[32:], ldd, p, ldp, rows, v, add)
				generic.mix(want[32:], ldd, p, ldp, rows, v, add)
				for i := range want {
					if got[i] != want[i] {
						t.Fatalf("%d rows, add %v: element %d is %d, want %d", rows, add, i, got[i], want[i])
					}
				}
			}
			a, b, d, m := random(r, rows), random(r, rows), random(r, rows), random(r, rows)
			gotAll, gotF := guarded(rows * ldd)
			wantAll, wantF := guarded(rows * ldd)
			for i := range d {
				d[i] *= 1e-8
			}
			k.joinInts(gotF[32:], got[32:], ldd, rows, a, b, d, m)
			generic.joinInts(wantF[32:], want[32:], ldd, rows, a, b, d, m)
			same(t, "joinInts", gotAll, wantAll, 1e-5)
		}
	})
}

func TestQuantise(t *testing.T) {
	each(t, func(t *testing.T, k *kernels, r *rand.Rand) {
		for _, n := range []int{64, 192, 256} {
			const rows, ld = 5, BlockCells
			p, d, m := random(r, rows*ld), random(r, n), random(r, n)
			for i := range p {
				p[i] = r.Float32()
			}
			most := k.largest(d)
			if want := largestGeneric(d); most != want {
				t.Fatalf("largest %v, want %v", most, want)
			}
			scale := make([]float32, rows)
			for i := range scale {
				scale[i] = most16 / most
			}
			got, want := make([]int16, rows*ld), make([]int16, rows*ld)
			offset, wanted := make([]float32, rows), make([]float32, rows)
			for _, offsets := range [][]float32{nil, m} {
				k.quantise(got, p, ld, rows, d, scale, offsets, offset)
				generic.quantise(want, p, ld, rows, d, scale, offsets, wanted)
				for i := range want {
					if g := int(got[i]) - int(want[i]); g < -1 || g > 1 {
						t.Fatalf("element %d is %d, want %d", i, got[i], want[i])
					}
				}
				same(t, "offsets", offset, wanted, 1e-5)
			}
		}
	})
}

// What multiplies by values as they lie gives what packing and mixing do.
func TestMixCodes(t *testing.T) {
	each(t, func(t *testing.T, k *kernels, r *rand.Rand) {
		if k.mixCodes == nil {
			return
		}
		for _, f := range formats {
			for _, rows := range []int{1, 2, 3, 4, 7} {
				const n, ldd, ldp, ldb = 128, 130, BlockCells, 8 * BlockCells
				page := pageOf(t, r, f.typ, n)
				for i := range page {
					page[i] = byte(r.Uint32())
				}
				p := make([]int16, ldb+rows*ldp)
				for i := range p {
					p[i] = int16(r.IntN(most16 + 1))
				}
				values := make([]int16, n/blockLen*columnInts)
				generic.packValues(f.typ, values, columnInts, page, n, 0)
				got, want := make([]int32, rows*ldd), make([]int32, rows*ldd)
				for _, add := range []bool{false, true} {
					k.mixCodes(f.typ, got[64:], ldd, p, ldp, ldb, rows, page[2*f.typ.BlockBytes():], f.typ.RowBytes(n), add, 4096)
					for b := range 2 {
						generic.mix(want[64+b*blockLen:], ldd, p[b*ldb:], ldp, rows, values[(2+b)*columnInts:], add)
					}
					for i := range want {
						if got[i] != want[i] {
							t.Fatalf("%s, %d rows, add %v: element %d is %d, want %d", f.typ, rows, add, i, got[i], want[i])
						}
					}
				}
			}
		}
	})
}
