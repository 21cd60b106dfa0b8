package ops

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"loupe/engine/internal/flash"
	"loupe/engine/internal/ref"
	"loupe/engine/internal/simd"
	"loupe/engine/kvcache"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// attentionCase is a random attention over a cache, and what float64 makes of it.
type attentionCase struct {
	Attention
	cells        int
	KType, VType tensor.DType
	keys, values []float32 // [cells, KVHeads, HeadK or HeadV], as stored
}

// newAttention makes a case; scale makes its scores extreme.
func newAttention(t *testing.T, r *rand.Rand, kType, vType tensor.DType, heads, kvHeads, headK, headV, from, n int, scale float32) *attentionCase {
	t.Helper()
	cfg := kvcache.Config{Layers: 2, KVHeads: kvHeads, HeadK: headK, HeadV: headV, KType: kType, VType: vType, Context: 8192}
	store, err := kvcache.NewStore(cfg)
	if err != nil {
		t.Fatal(err)
	}
	seq := store.NewSeq()
	t.Cleanup(func() {
		seq.Free()
		store.Close()
	})
	a := &attentionCase{cells: from + n, KType: kType, VType: vType}
	a.keys, a.values = random(r, a.cells*cfg.KRow()), random(r, a.cells*cfg.VRow())
	for i := range a.keys {
		a.keys[i] *= scale
	}
	stored(t, kType, a.keys)
	stored(t, vType, a.values)
	plan, err := seq.Plan(a.cells)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.cells {
		if err := seq.Put(plan, 1, i, a.keys[i*cfg.KRow():(i+1)*cfg.KRow()], a.values[i*cfg.VRow():(i+1)*cfg.VRow()]); err != nil {
			t.Fatal(err)
		}
	}
	a.Attention = Attention{
		Heads: heads, KVHeads: kvHeads, HeadK: headK, HeadV: headV,
		Segments: seq.Segments(nil, 1, a.cells), From: from, N: n,
		Q: random(r, n*heads*headK), Out: make([]float32, n*heads*headV),
	}
	return a
}

// stored replaces values by what a cache of that type gives back.
func stored(t *testing.T, typ tensor.DType, x []float32) {
	t.Helper()
	row := make([]byte, typ.RowBytes(len(x)))
	if err := errors.Join(quant.Quantize(typ, row, x), quant.Dequantize(typ, x, row)); err != nil {
		t.Fatal(err)
	}
}

// check compares Out with float64, of the queries as the fast way has them where
// keys are quantised.
func (a *attentionCase) check(t *testing.T, c *CPU, limit float64) {
	t.Helper()
	q := a.Q
	if a.KType.BlockSize() > 1 && !c.exact {
		q = slices.Clone(q)
		var x simd.Q8
		x.Reset(1, a.HeadK)
		for row := range slices.Chunk(q, a.HeadK) {
			for i := range row {
				row[i] *= flash.Scale(a.HeadK)
			}
			c.kern.QuantizeQ8(&x, 0, row)
			for i := range row {
				row[i] = float32(x.Q[i]) * x.D[i/32] / flash.Scale(a.HeadK)
			}
		}
	}
	if a.VType.BlockSize() > 1 && !c.exact && a.Flash {
		limit += 3e-4 // of values of at most 4, with weights in 15 bits
	}
	for i := range a.N {
		for h := range a.Heads {
			kv := h / (a.Heads / a.KVHeads)
			var ks, vs [][]float64
			for j := 0; j <= a.From+i; j++ {
				ks = append(ks, wide(a.keys[(j*a.KVHeads+kv)*a.HeadK:][:a.HeadK]))
				vs = append(vs, wide(a.values[(j*a.KVHeads+kv)*a.HeadV:][:a.HeadV]))
			}
			want := ref.Attend(wide(q[(i*a.Heads+h)*a.HeadK:][:a.HeadK]), ks, vs)
			for d, w := range want {
				if got := float64(a.Out[(i*a.Heads+h)*a.HeadV+d]); !(math.Abs(got-w) <= limit) {
					t.Fatalf("%s/%s flash %v, %d of %d heads of %d, %d queries after %d: query %d head %d dim %d: %v, want %v",
						a.KType, a.VType, a.Flash, a.KVHeads, a.Heads, a.HeadK, a.N, a.From, i, h, d, got, w)
				}
			}
		}
	}
}

var cacheTypes = []tensor.DType{tensor.F32, tensor.F16, tensor.BF16, tensor.Q8_0, tensor.Q5_1, tensor.Q5_0, tensor.Q4_1, tensor.Q4_0, tensor.IQ4_NL}

// Both ways over pages, from any cell on, with grouped heads and ragged lengths,
// for K and V of every type.
func TestAttention(t *testing.T) {
	each(t, func(t *testing.T, c *CPU) {
		r := rand.New(rand.NewPCG(3, 3))
		for i, kType := range cacheTypes {
			vType := cacheTypes[(i*3+i/3)%len(cacheTypes)]
			for _, k := range []struct{ heads, kvHeads, headK, headV, from, n int }{
				{1, 1, 32, 32, 0, 1}, {4, 2, 64, 64, 0, 20}, {9, 3, 64, 64, 63, 3}, {2, 1, 40, 24, 64, 9}, {6, 6, 16, 16, 130, 70},
				{4, 2, 32, 64, 255, 1}, {3, 1, 32, 32, 256, 1}, {6, 2, 32, 32, 600, 1}, {2, 2, 32, 32, 500, 40},
			} {
				if k.headK%kType.BlockSize() != 0 || k.headV%vType.BlockSize() != 0 {
					continue
				}
				a := newAttention(t, r, kType, vType, k.heads, k.kvHeads, k.headK, k.headV, k.from, k.n, 1)
				a.Flash = true
				c.Attend(a.Attention)
				a.check(t, c, 2e-5)
				a.Flash = false
				a.Pattern = make([]float32, k.n*k.heads*a.cells)
				for i := range a.Pattern {
					a.Pattern[i] = 7 // must be written over
				}
				c.Attend(a.Attention)
				a.check(t, c, 2e-5)
				for row := range k.n * k.heads {
					sum, p := 0.0, a.Pattern[row*a.cells:][:a.cells]
					for j, v := range p {
						sum += float64(v)
						if query := row / k.heads; j > k.from+query && v != 0 {
							t.Fatalf("%+v query %d sees cell %d", k, query, j)
						}
					}
					if !(math.Abs(sum-1) <= 1e-5) {
						t.Fatalf("%+v row %d: weights sum to %v", k, row, sum)
					}
				}
			}
		}
	})
}

// Scores that differ by hundreds, so that whole blocks weigh nothing, or only one
// cell weighs anything.
func TestAttentionOfExtremeScores(t *testing.T) {
	each(t, func(t *testing.T, c *CPU) {
		r := rand.New(rand.NewPCG(4, 3))
		for _, scale := range []float32{0, 30, 1000} {
			for _, flash := range []bool{false, true} {
				for _, n := range []int{1, 20} {
					a := newAttention(t, r, tensor.F32, tensor.F32, 3, 1, 32, 32, 700, n, scale)
					a.Flash = flash
					c.Attend(a.Attention)
					// Scores of thousands are rounded by a ten-thousandth in float32.
					a.check(t, c, 2e-5+3e-6*float64(scale))
				}
			}
		}
	})
}

// Flash attention gives the same bits with any number of threads, and whether the
// queries come at once or one by one.
func TestFlashAttentionBits(t *testing.T) {
	for _, kern := range simd.All() {
		r := rand.New(rand.NewPCG(5, 3))
		for _, k := range []struct {
			kType, vType tensor.DType
			headV        int
		}{{tensor.F16, tensor.Q8_0, 32}, {tensor.Q8_0, tensor.Q4_1, 64}, {tensor.BF16, tensor.F16, 64}} {
			a := newAttention(t, r, k.kType, k.vType, 6, 2, 64, k.headV, 550, 70, 1)
			a.Flash = true
			var want []float32
			for _, threads := range []int{1, 2, 3} {
				c := NewCPU(threads, kern, false)
				for _, step := range []int{70, 33, 1} {
					clear(a.Out)
					for at := 0; at < a.N; at += step {
						part := a.Attention
						part.From, part.N = a.From+at, min(step, a.N-at)
						part.Q, part.Out = a.Q[at*6*64:], a.Out[at*6*k.headV:]
						c.Attend(part)
					}
					if want == nil {
						want = slices.Clone(a.Out)
					}
					if !slices.Equal(a.Out, want) {
						t.Errorf("%s: %s/%s: %d threads, %d queries at a time: other bits", kern.Name, k.kType, k.vType, threads, step)
					}
				}
				c.Close()
			}
		}
	}
}

// One token's attention allocates nothing.
func TestAttentionAllocatesNothing(t *testing.T) {
	c := NewCPU(1, simd.Best(), false)
	defer c.Close()
	a := newAttention(t, rand.New(rand.NewPCG(6, 3)), tensor.F16, tensor.F16, 3, 1, 64, 64, 900, 1, 1)
	for _, flash := range []bool{false, true} {
		a.Flash = flash
		c.Attend(a.Attention)
		if n := testing.AllocsPerRun(20, func() { c.Attend(a.Attention) }); n != 0 {
			t.Errorf("flash %v: %v allocations", flash, n)
		}
	}
}
