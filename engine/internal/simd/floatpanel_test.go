package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// packedFloats is w in panels of k, one byte off any alignment.
func (p *product) packedFloats(k *Kernels) []byte {
	dst := make([]byte, k.FloatPanelBytes(p.typ, p.rows, p.n)+1)[1:]
	for i := range dst {
		dst[i] = 0xa5
	}
	k.PackFloats(p.typ, dst, p.w, p.rows, p.n)
	return dst
}

// checkChain is check for sums in one chain.
func (p *product) checkChain(t *testing.T, name string, r, tok int, got float32) {
	t.Helper()
	at := tok*p.rows + r
	// The limit of a sum in 4 lanes, times 4.
	if want, limit := p.want[at], 4*p.limit[at]; !(math.Abs(float64(got)-want) <= limit) {
		t.Fatalf("%s %s n=%d: row %d token %d is %v, want %v within %.3g", name, p.typ, p.n, r, tok, got, want, limit)
	}
}

// TestMulPanelF runs every tier over every shape: against the exact product, and
// each smaller shape against the bits of the largest.
func TestMulPanelF(t *testing.T) {
	for _, k := range panelTiers() {
		for _, typ := range floatTypes {
			t.Run(fmt.Sprintf("%s/%s", k.Name, typ), func(t *testing.T) {
				mul := k.MulPanelF(typ)
				for _, c := range []struct{ n, rows, tokens int }{
					{1, 150, 3}, {2, 17, 40}, {3, 41, 9}, {4, 8, 5}, {33, 90, 27}, {576, 41, 14}, {640, 3, 13}, {641, 35, 101}, {70, 18, 97}, {1537, 70, 3}, {2048, 9, 2},
				} {
					p := newProduct(typ, c.rows, c.n, c.tokens, uint64(c.n))
					w := p.packedFloats(k)
					full := make([]float32, c.tokens*c.rows)
					mul(full, c.rows, w, c.rows, p.x, p.n, 0, c.tokens)
					for i, v := range full {
						p.checkChain(t, k.Name, i%c.rows, i/c.rows, v)
					}
					for i := range 40 {
						r0 := i % 3 * k.PanelRows
						r0 = min(r0, (c.rows-1)/k.PanelRows*k.PanelRows)
						rows := 1 + (i*7)%(c.rows-r0)
						tokens := 1 + i%c.tokens
						t0 := (i * 5) % (c.tokens - tokens + 1)
						ldd := rows + i%4
						g := newGuarded((t0+tokens-1)*ldd + rows)
						mul(g.dst, ldd, w[k.FloatPanelBytes(typ, r0, c.n):][:k.FloatPanelBytes(typ, rows, c.n)], rows, p.x, p.n, t0, t0+tokens)
						checkPart(t, g, full, c.rows, ldd, r0, rows, t0, t0+tokens)
					}
				}
			})
		}
	}
}

// TestMulPanelFChunks: more rows than stay in a cache together.
func TestMulPanelFChunks(t *testing.T) {
	for _, tokens := range []int{1, 13} {
		p := newProduct(tensor.F16, 200, 2100, tokens, 1)
		for _, k := range panelTiers() {
			w, dst := p.packedFloats(k), make([]float32, tokens*p.rows)
			k.MulPanelF(p.typ)(dst, p.rows, w, p.rows, p.x, p.n, 0, tokens)
			for i, v := range dst {
				p.checkChain(t, k.Name, i%p.rows, i/p.rows, v)
			}
		}
	}
}

// TestPackFloats: every element is where a panel has it, rows that fill up the last
// one are zeros, and parts of the rows make parts of the panels.
func TestPackFloats(t *testing.T) {
	for _, k := range panelTiers() {
		for _, typ := range floatTypes {
			size := floatSize(typ)
			for _, rows := range []int{1, 7, 8, 16, 33} {
				for _, n := range []int{1, 4, 7, 32} {
					p := newProduct(typ, rows, n, 0, uint64(rows))
					w := p.packedFloats(k)
					for i := range len(w) / size {
						panel, at := i/(k.PanelRows*n), i%(k.PanelRows*n)
						r, e := panel*k.PanelRows+at%k.PanelRows, at/k.PanelRows
						want := make([]byte, size)
						if r < rows {
							want = p.w[(r*n+e)*size:][:size]
						}
						if !slices.Equal(w[i*size:(i+1)*size], want) {
							t.Fatalf("%s %s, %d rows of %d: element %d of row %d differs", k.Name, typ, rows, n, e, r)
						}
					}
					parts := make([]byte, len(w))
					for r := 0; r < rows; r += k.PanelRows {
						m, at := min(k.PanelRows, rows-r), k.FloatPanelBytes(typ, r, n)
						k.PackFloats(typ, parts[at:at+k.FloatPanelBytes(typ, m, n)], p.w[r*n*size:(r+m)*n*size], m, n)
					}
					if !slices.Equal(parts, w) {
						t.Fatalf("%s %s: %d rows packed in parts differ", k.Name, typ, rows)
					}
				}
			}
		}
	}
}

// TestPanelFNothing: no rows, no tokens, no elements, no panels, and operands that
// do not fit.
func TestPanelFNothing(t *testing.T) {
	const rows, n, ldd, tokens = 3, 5, 4, 2
	f := func(n int) []float32 { return make([]float32, n) }
	for _, k := range panelTiers() {
		for _, typ := range floatTypes {
			mul, size := k.MulPanelF(typ), floatSize(typ)
			w, src, x := make([]byte, k.FloatPanelBytes(typ, rows, n)), make([]byte, rows*n*size), f(tokens*n)
			g := newGuarded(3)
			mul(g.dst, 3, nil, 0, x, n, 0, 1)
			mul(g.dst, 3, w, 3, x, n, 1, 1)
			for _, v := range g.all {
				if v != guard {
					t.Fatalf("%s %s: wrote where there is nothing to compute", k.Name, typ)
				}
			}
			if mul(g.dst, 3, nil, 3, nil, 0, 0, 1); !slices.Equal(g.dst, f(3)) || g.all[16] != guard {
				t.Fatalf("%s %s: a product over nothing is %v", k.Name, typ, g.dst)
			}
			for _, c := range []struct {
				want   string
				dst    []float32
				ldd    int
				w      []byte
				rows   int
				x      []float32
				n      int
				t0, t1 int
			}{
				{"", f(ldd + rows), ldd, w, rows, x, n, 0, tokens},
				{shortDst, f(ldd + rows - 1), ldd, w, rows, x, n, 0, tokens},
				{shortW, f(99), ldd, w[1:], rows, x, n, 0, tokens},
				{shortW, f(99), ldd, w, -1, x, n, 0, tokens},
				{shortW, f(99), 20, w, 17, x, n, 0, tokens},
				{shortInput, f(99), ldd, w, rows, x[1:], n, 0, tokens},
				{shortInput, f(99), ldd, w, rows, x, -n, 0, tokens},
				{badTokens, f(99), ldd, w, rows, x, n, -1, tokens},
				{badTokens, f(99), ldd, w, rows, x, n, 2, 1},
				{badLdd, f(99), rows - 1, w, rows, x, n, 0, tokens},
			} {
				refuses(t, k.Name+" "+typ.String(), c.want, func() { mul(c.dst, c.ldd, c.w, c.rows, c.x, c.n, c.t0, c.t1) })
			}
			refuses(t, k.Name, "", func() { k.PackFloats(typ, w, src, rows, n) })
			refuses(t, k.Name, badLength, func() { k.PackFloats(typ, w[1:], src, rows, n) })
			refuses(t, k.Name, badLength, func() { k.PackFloats(typ, w, src[1:], rows, n) })
			refuses(t, k.Name, badLength, func() { k.PackFloats(typ, nil, nil, -1, n) })
		}
		if k.MulPanelF(tensor.Q4_0) != nil || k.FloatPanelBytes(tensor.Q4_0, 32, 256) != 0 {
			t.Errorf("%s: there are panels of floats of q4_0", k.Name)
		}
		refuses(t, k.Name, noPanels, func() { k.PackFloats(tensor.Q4_0, nil, nil, 0, 256) })
	}
}

// BenchmarkPanelFPrompt multiplies some tokens with one matrix of floats, in panels
// and in rows.
func BenchmarkPanelFPrompt(b *testing.B) {
	for _, k := range All()[1:] {
		for _, typ := range floatTypes {
			for _, tokens := range []int{1, 2, 4, 8, 12, 16, 64, 256} {
				b.Run(fmt.Sprintf("%s/%s/%d", k.Name, typ, tokens), func(b *testing.B) {
					p := floatProduct(typ, 512, 1536, tokens)
					w, dst := p.packedFloats(k), make([]float32, tokens*p.rows)
					t := compare(b,
						func() { k.MulPanelF(typ)(dst, p.rows, w, p.rows, p.x, p.n, 0, tokens) },
						func() { p.run(k, dst, p.rows, 0, p.rows, 0, tokens) })
					b.ReportMetric(float64(p.n*p.rows*tokens)/t[0].Seconds()/1e9, "GMAC/s")
					b.ReportMetric(t[1].Seconds()/t[0].Seconds(), "x-rows")
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}

// floatProduct is a product without its result.
func floatProduct(typ tensor.DType, rows, n, tokens int) *product {
	rng := rand.New(rand.NewPCG(1, 1))
	p := &product{typ: typ, rows: rows, n: n, tokens: tokens, x: normal(rng, tokens*n), w: make([]byte, rows*typ.RowBytes(n))}
	if err := quant.Quantize(typ, p.w, normal(rng, rows*n)); err != nil {
		panic(err)
	}
	return p
}

// BenchmarkPanelFDecode multiplies a few tokens with matrices that together are as
// large as a model, and reports the rate of one as a ratio to that of reading them.
func BenchmarkPanelFDecode(b *testing.B) {
	for _, k := range All()[1:] {
		for _, typ := range floatTypes {
			b.Run(fmt.Sprintf("%s/%s", k.Name, typ), func(b *testing.B) {
				p := floatProduct(typ, 1024, 1024, 8)
				w := p.packedFloats(k)
				matrices := make([]byte, benchModel/len(w)*len(w))
				for i := 0; i < len(matrices); i += len(w) {
					copy(matrices[i:], w)
				}
				dst, all := make([]float32, 8*p.rows), asFloats(matrices)
				multiply := func(tokens int) func() {
					return func() {
						for i := 0; i < len(matrices); i += len(w) {
							for r := 0; r < p.rows; r += 128 {
								k.MulPanelF(typ)(dst[r:], p.rows, matrices[i+k.FloatPanelBytes(typ, r, p.n):], 128, p.x, p.n, 0, tokens)
							}
						}
					}
				}
				t := compare(b, func() { Best().Dot(all, all) }, multiply(1), multiply(2), multiply(4), multiply(8))
				b.ReportMetric(float64(len(matrices))/t[1].Seconds()/1e9, "GB/s")
				b.ReportMetric(t[0].Seconds()/t[1].Seconds(), "of-read")
				for i, tokens := range []string{"2", "4", "8"} {
					b.ReportMetric(t[2+i].Seconds()/t[1].Seconds(), tokens+"-to-1")
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
