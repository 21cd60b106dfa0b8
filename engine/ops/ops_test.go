package ops

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"loupe/engine/internal/ref"
	"loupe/engine/internal/simd"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// weight makes a random weight and returns what its bytes stand for.
func weight(t *testing.T, r *rand.Rand, typ tensor.DType, in, out int) (*Weight, []float64) {
	t.Helper()
	x := random(r, in*out)
	data := make([]byte, typ.RowBytes(in)*out)
	if err := quant.Quantize(typ, data, x); err != nil {
		t.Fatal(err)
	}
	if err := quant.Dequantize(typ, x, data); err != nil {
		t.Fatal(err)
	}
	return &Weight{Name: "w", Type: typ, In: in, Out: out, Data: data}, wide(x)
}

// each runs f for every tier, way and number of threads.
func each(t *testing.T, f func(t *testing.T, c *CPU)) {
	for _, kern := range simd.All() {
		for _, exact := range []bool{true, false} {
			for _, threads := range []int{1, 3} {
				t.Run(fmt.Sprintf("%s/exact=%v/%d", kern.Name, exact, threads), func(t *testing.T) {
					c := NewCPU(threads, kern, exact)
					defer c.Close()
					f(t, c)
				})
			}
		}
	}
}

// Products of every type with rows that fill no panel, against float64. The
// fast way is allowed the rounding of activations to 8 bits; fine products a
// hundredth of it.
func TestMatMul(t *testing.T) {
	each(t, func(t *testing.T, c *CPU) {
		r := rand.New(rand.NewPCG(1, 1))
		for _, typ := range []tensor.DType{tensor.F32, tensor.F16, tensor.BF16, tensor.Q8_0, tensor.Q4_0, tensor.Q4_1, tensor.Q5_0, tensor.Q5_1, tensor.IQ4_NL, tensor.MXFP4,
			tensor.Q6_K, tensor.Q5_K, tensor.Q4_K, tensor.Q3_K, tensor.Q2_K, tensor.IQ4_XS} {
			for _, shape := range [][3]int{{32, 1, 1}, {64, 33, 1}, {96, 200, 5}, {320, 17, 13}, {256, 33, 1}, {512, 40, 6}} {
				if shape[0]%typ.BlockSize() != 0 {
					continue
				}
				in, out, rows := shape[0], shape[1], shape[2]
				w, wide64 := weight(t, r, typ, in, out)
				w2, wide2 := weight(t, r, typ, in, 7)
				var x Input
				copy(x.Reset(rows, in), random(r, rows*in))
				dst, dst2 := make([]float32, rows*out), make([]float32, rows*7)
				for i := range 2 * rows {
					if i == rows {
						packed, err := c.Pack([]*Weight{w, w2}, func(int64, int64) {})
						if err != nil {
							t.Fatal(err)
						}
						defer packed.Close()
						if want := int64(panelBytes(c.kern, w, out) + panelBytes(c.kern, w2, 7)); !c.exact && packed.Bytes() != want || c.exact && packed.Bytes() != 0 {
							t.Errorf("%s: %d bytes packed, %d expected of the fast way", typ, packed.Bytes(), want)
						}
					}
					if i%rows == 0 { // as they lie, then in panels
						clear(dst)
						clear(dst2)
						c.MatMul(&x, Out{W: w, Dst: dst}, Out{W: w2, Dst: dst2, Fine: true})
					}
					i := i % rows
					row := wide(x.X[i*in : (i+1)*in])
					check := func(name string, got []float32, w []float64, fine bool) {
						want := ref.MatVec(w, row)
						var top float64
						for _, v := range row {
							top = max(top, math.Abs(v))
						}
						limit := 1e-5 * top * float64(in)
						if !c.Exact() && typ != tensor.F32 && typ != tensor.F16 && typ != tensor.BF16 {
							// Each activation is off by at most half of 1/127 of the largest;
							// errors of in of them add like a random walk, with weights of about 1.
							step := top / 127
							if fine {
								step /= 127
							}
							limit += 4 * step * math.Sqrt(float64(in))
						}
						for j := range want {
							if d := math.Abs(float64(got[j]) - want[j]); !(d <= limit) {
								t.Errorf("%s %s %v token %d row %d: off by %.2e, limit %.2e", typ, name, shape, i, j, d, limit)
								return
							}
						}
					}
					check("plain", dst[i*out:(i+1)*out], wide64, false)
					check("fine", dst2[i*7:(i+1)*7], wide2, true)
				}
			}
		}
	})
}

// Changed and Reset make the 8-bit form anew.
func TestInputIsQuantisedAnew(t *testing.T) {
	c := NewCPU(1, simd.Best(), false)
	defer c.Close()
	r := rand.New(rand.NewPCG(2, 2))
	w, _ := weight(t, r, tensor.Q8_0, 64, 3)
	var x Input
	copy(x.Reset(1, 64), random(r, 64))
	a, b := make([]float32, 3), make([]float32, 3)
	c.MatMul(&x, Out{W: w, Dst: a})
	clear(x.X)
	x.Changed()
	c.MatMul(&x, Out{W: w, Dst: b})
	for i := range b {
		if b[i] != 0 || a[i] == 0 {
			t.Errorf("before %v, of zeros %v", a, b)
		}
	}
}

// Rotating by p and then by q is rotating by p+q (llama.cpp's test-rope), and
// the table's rotations are those of float64.
func TestRope(t *testing.T) {
	c := NewCPU(2, simd.Best(), false)
	defer c.Close()
	r := rand.New(rand.NewPCG(4, 4))
	factors := []float32{1, 1, 2, 2, 4, 4, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8}
	for _, rope := range []Rope{
		{Dims: 32, Base: 10000, Scale: 1}, {Dims: 32, Base: 500000, Scale: 0.25}, {Dims: 16, Base: 10000, Scale: 1},
		{Dims: 32, Base: 500000, Scale: 1, Factors: factors},
	} {
		const rows, heads, size = 5, 3, 32
		x := random(r, rows*heads*size)
		twice, once := append([]float32(nil), x...), append([]float32(nil), x...)
		var table RopeTable
		turn := func(x []float32, pos int) {
			table.Fill(rope, []int{pos, pos + 1, pos + 2, pos + 3, pos + 4})
			c.RopePairs(x, &table, rows, heads, size)
		}
		turn(once, 70)
		// Rows of a table count on from its position: turn each by 30+r, then by 40.
		turn(twice, 30)
		for i := range rows {
			table.Fill(rope, []int{40})
			c.RopePairs(twice[i*heads*size:(i+1)*heads*size], &table, 1, heads, size)
		}
		for i := range once {
			if d := math.Abs(float64(once[i] - twice[i])); !(d <= 1e-5) {
				t.Fatalf("%+v: element %d differs by %v", rope, i, d)
			}
		}
		var f64 []float64
		if rope.Factors != nil {
			f64 = wide(rope.Factors)
		}
		for i := range rows {
			for h := range heads {
				want := wide(x[(i*heads+h)*size:][:size])
				ref.RopePairs(want, 70+i, rope.Dims, rope.Base, rope.Scale, f64)
				for d, w := range want {
					if got := float64(once[(i*heads+h)*size+d]); !(math.Abs(got-w) <= 1e-5) {
						t.Fatalf("%+v row %d head %d dim %d: %v, want %v", rope, i, h, d, got, w)
					}
				}
			}
		}
	}
}

func TestShapesAreChecked(t *testing.T) {
	c := NewCPU(1, simd.Best(), false)
	defer c.Close()
	r := rand.New(rand.NewPCG(5, 5))
	w, _ := weight(t, r, tensor.Q8_0, 64, 3)
	for name, f := range map[string]func(){
		"MatMul width": func() { var x Input; x.Reset(1, 32); c.MatMul(&x, Out{W: w, Dst: make([]float32, 3)}) },
		"MatMul dst":   func() { var x Input; x.Reset(2, 64); c.MatMul(&x, Out{W: w, Dst: make([]float32, 5)}) },
		"RMSNorm":      func() { c.RMSNorm(make([]float32, 3), make([]float32, 4), make([]float32, 4), 1, 0) },
		"SwiGLU":       func() { c.SwiGLU(make([]float32, 4), make([]float32, 4), make([]float32, 3), 2, 2) },
		"Add":          func() { c.Add(make([]float32, 4), make([]float32, 3), 2, 2) },
		"AddRMSNorm": func() {
			c.AddRMSNorm(make([]float32, 4), make([]float32, 4), make([]float32, 3), make([]float32, 4), 1, 0)
		},
		"Attend": func() { c.Attend(Attention{Heads: 3, KVHeads: 2, HeadK: 4, HeadV: 4, N: 1}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: a wrong shape was accepted", name)
				}
			}()
			f()
		}()
	}
}
