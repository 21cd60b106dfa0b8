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

// panelTypes are the types that have panels.
var panelTypes = append(slices.Clone(quantTypes),
	tensor.IQ4_NL, tensor.MXFP4, tensor.Q4_K, tensor.Q5_K, tensor.Q6_K, tensor.IQ4_XS, tensor.Q3_K, tensor.Q2_K)

// panelTiers are all tiers, and plain Go with panels of 16 rows.
func panelTiers() []*Kernels {
	wide := generic
	wide.Name, wide.PanelRows, wide.panels = "generic16", 16, genericPanels(16)
	wide.floatPanels = genericFloatPanels(16)
	return append(slices.Clone(All()), &wide)
}

// packed is w in panels of k, one byte off any alignment.
func (p *product) packed(k *Kernels) []byte {
	dst := make([]byte, k.PanelBytes(p.typ, p.rows, p.n)+1)[1:]
	for i := range dst {
		dst[i] = 0xa5
	}
	k.Pack(p.typ, dst, p.w, p.rows, p.n)
	return dst
}

// TestPack: every block comes back from its panel, and the rows that fill up the
// last one are zeros. Parts of the rows make parts of the panels.
func TestPack(t *testing.T) {
	for _, k := range panelTiers() {
		for _, typ := range panelTypes {
			for _, rows := range []int{1, 7, 8, 9, 16, 33} {
				for _, n := range []int{256, 512, 768} {
					p := newProduct(typ, rows, n, 0, uint64(rows))
					w := p.packed(k)
					f := &panelFormats[panelIndex(typ)]
					units, size, all := n/blockLen/f.blocks(), f.unitBytes(k.PanelRows), (rows+k.PanelRows-1)/k.PanelRows*k.PanelRows
					want := make([]float32, n)
					for r := range all {
						clear(want)
						if r < rows {
							if err := quant.Dequantize(typ, want, p.w[r*typ.RowBytes(n):][:typ.RowBytes(n)]); err != nil {
								t.Fatal(err)
							}
						}
						for b := range n / blockLen {
							var got block
							f.unpack(&got, k.PanelRows, r%k.PanelRows, w[(r/k.PanelRows*units+b/f.blocks())*size:][:size], b%f.blocks())
							for i, v := range want[b*blockLen : (b+1)*blockLen] {
								// Each of up to three operations rounds in package quant.
								scaled, offset := float64(got.d)*float64(got.q[i]), float64(got.m)+float64(got.halves[i/halfLen])
								if e := math.Abs(scaled + offset - float64(v)); e > 4*unit*(math.Abs(scaled)+math.Abs(offset))+0x1p-149 {
									t.Fatalf("%s %s: row %d block %d element %d of %d rows is %v + %v, want %v", k.Name, typ, r, b, i, rows, scaled, offset, v)
								}
							}
						}
					}
					parts := make([]byte, len(w))
					for r := 0; r < rows; r += k.PanelRows {
						m, at := min(k.PanelRows, rows-r), k.PanelBytes(typ, r, n)
						k.Pack(typ, parts[at:at+k.PanelBytes(typ, m, n)], p.w[r*typ.RowBytes(n):(r+m)*typ.RowBytes(n)], m, n)
					}
					if !slices.Equal(parts, w) {
						t.Fatalf("%s %s: %d rows packed in parts differ", k.Name, typ, rows)
					}
				}
			}
		}
	}
}

// TestMulPanel runs every tier over every shape: against the exact product, and
// each smaller shape against the bits of the largest.
func TestMulPanel(t *testing.T) {
	const maxRows = 41
	type key struct {
		typ tensor.DType
		n   int
	}
	products := map[key]*product{}
	for _, k := range panelTiers() {
		for _, typ := range panelTypes {
			t.Run(fmt.Sprintf("%s/%s", k.Name, typ), func(t *testing.T) {
				mul := k.MulPanel(typ)
				for _, c := range []struct{ n, tokens int }{
					{32, 35}, {64, 19}, {96, 9}, {256, 17}, {288, 9}, {512, 5}, {576, 9}, {1536, 3}, {4096, 2},
				} {
					if c.n%typ.BlockSize() != 0 || c.n > 2000 && typ.BlockSize() > blockLen {
						continue
					}
					p := products[key{typ, c.n}]
					if p == nil {
						p = newProduct(typ, maxRows, c.n, c.tokens, uint64(c.n))
						products[key{typ, c.n}] = p
					}
					w := p.packed(k)
					full := make([]float32, c.tokens*maxRows)
					mul(full, maxRows, w, maxRows, &p.q, 0, c.tokens)
					for i, v := range full {
						p.check(t, k.Name, i%maxRows, i/maxRows, v)
					}
					for i := range 60 {
						r0 := i % 3 * k.PanelRows
						r0 = min(r0, maxRows/k.PanelRows*k.PanelRows)
						rows := 1 + (i*7)%(maxRows-r0)
						tokens := 1 + i%c.tokens
						t0 := (i * 5) % (c.tokens - tokens + 1)
						ldd := rows + i%4
						g := newGuarded((t0+tokens-1)*ldd + rows)
						mul(g.dst, ldd, w[k.PanelBytes(typ, r0, c.n):][:k.PanelBytes(typ, rows, c.n)], rows, &p.q, t0, t0+tokens)
						checkPart(t, g, full, maxRows, ldd, r0, rows, t0, t0+tokens)
					}
				}
			})
		}
	}
}

// TestMulPanelChunks: more rows than go through the tokens, or one call, together.
func TestMulPanelChunks(t *testing.T) {
	for _, tokens := range []int{1, 5} {
		p := newProduct(tensor.Q5_1, 700, 1536, tokens, 1)
		for _, k := range panelTiers() {
			w, dst := p.packed(k), make([]float32, tokens*p.rows)
			k.MulPanel(p.typ)(dst, p.rows, w, p.rows, &p.q, 0, tokens)
			for i, v := range dst {
				p.check(t, k.Name, i%p.rows, i/p.rows, v)
			}
			fine := make([]float32, len(dst))
			var zeros Q8
			zeros.Reset(tokens, p.n)
			k.MulPanelFine(p.typ)(fine, p.rows, w, p.rows, &p.q, &zeros, 0, tokens)
			if !slices.EqualFunc(fine, dst, sameBits) {
				t.Errorf("%s: the rest being nothing, the fine product differs", k.Name)
			}
		}
	}
}

// TestMulPanelFine: the bits of two products, added.
func TestMulPanelFine(t *testing.T) {
	const rows = 37
	for _, k := range panelTiers() {
		for _, typ := range panelTypes {
			for _, tokens := range []int{1, 2, 3, 5, 9} {
				for _, n := range []int{256, 1024} {
					p, other := newProduct(typ, rows, n, tokens+1, uint64(tokens)), newProduct(typ, 1, n, tokens+1, 99)
					w, mul := p.packed(k), k.MulPanel(typ)
					want, rest := newGuarded(tokens*(rows+3)+rows), make([]float32, (tokens+1)*rows)
					mul(want.dst, rows+3, w, rows, &p.q, 1, tokens+1)
					mul(rest, rows, w, rows, &other.q, 1, tokens+1)
					for tok := 1; tok <= tokens; tok++ {
						k.Add(want.dst[tok*(rows+3):][:rows], rest[tok*rows:][:rows])
					}
					got := newGuarded(len(want.dst))
					k.MulPanelFine(typ)(got.dst, rows+3, w, rows, &p.q, &other.q, 1, tokens+1)
					for i, v := range got.all {
						if !sameBits(v, want.all[i]) {
							t.Fatalf("%s %s, %d tokens of %d: element %d is %v, want %v", k.Name, typ, tokens, n, i-13, v, want.all[i])
						}
					}
				}
			}
		}
	}
}

// TestMulPanelNotFinite: as TestMulNotFinite.
func TestMulPanelNotFinite(t *testing.T) {
	for _, k := range panelTiers() {
		for _, typ := range panelTypes {
			p := newProduct(typ, 6, 256, 6, 5)
			rb := typ.RowBytes(p.n)
			at := scaleAt(typ)
			if typ == tensor.MXFP4 {
				continue // whose scales are finite
			}
			copy(p.w[2*rb+at:], []byte{0x00, 0x7c}) // row 2: an infinite scale
			copy(p.w[4*rb+at:], []byte{0x01, 0x7e}) // row 4: NaN
			p.x[3*p.n+50] = float32(math.Inf(-1))   // token 3
			p.quantize()
			w, dst := p.packed(k), make([]float32, p.tokens*p.rows)
			k.MulPanel(typ)(dst, p.rows, w, p.rows, &p.q, 0, p.tokens)
			for i, v := range dst {
				r, tok := i%p.rows, i/p.rows
				if finite := v-v == 0; finite != (r != 2 && r != 4 && tok != 3) {
					t.Errorf("%s %s: row %d token %d is %v", k.Name, typ, r, tok, v)
				}
			}
		}
	}
}

// scaleAt is where the scale of a block lies.
func scaleAt(t tensor.DType) int {
	switch t {
	case tensor.Q6_K:
		return 208
	case tensor.Q3_K:
		return 108
	case tensor.Q2_K:
		return 80
	}
	return 0
}

// TestPanelNothing: no rows, no tokens, no elements, no panels.
func TestPanelNothing(t *testing.T) {
	for _, k := range panelTiers() {
		for _, typ := range panelTypes {
			g := newGuarded(3)
			var q Q8
			q.Reset(1, 256)
			w := make([]byte, k.PanelBytes(typ, 3, 256))
			k.Pack(typ, nil, nil, 0, 256)
			k.Pack(typ, nil, nil, 3, 0)
			k.MulPanel(typ)(g.dst, 3, nil, 0, &q, 0, 1)
			k.MulPanel(typ)(g.dst, 3, w, 3, &q, 1, 1)
			k.MulPanelFine(typ)(g.dst, 3, w, 3, &q, &q, 1, 1)
			for _, v := range g.all {
				if v != guard {
					t.Fatalf("%s %s: wrote where there is nothing to compute", k.Name, typ)
				}
			}
			q.Reset(1, 0)
			k.MulPanel(typ)(g.dst, 3, nil, 3, &q, 0, 1)
			g.dst[1] = guard
			k.MulPanelFine(typ)(g.dst, 3, nil, 3, &q, &q, 0, 1)
			if g.dst[0] != 0 || g.dst[1] != 0 || g.dst[2] != 0 || g.all[16] != guard {
				t.Fatalf("%s %s: a product over nothing is %v", k.Name, typ, g.dst)
			}
		}
		for _, typ := range []tensor.DType{tensor.F16, tensor.F64, tensor.DType(9999)} {
			if k.MulPanel(typ) != nil || k.MulPanelFine(typ) != nil || k.PanelBytes(typ, 32, 256) != 0 {
				t.Errorf("%s: there are panels of %s", k.Name, typ)
			}
			refuses(t, k.Name, noPanels, func() { k.Pack(typ, nil, nil, 0, 256) })
		}
	}
}

// TestPanelShapes: operands that do not fit are refused.
func TestPanelShapes(t *testing.T) {
	const rows, n, ldd, tokens = 3, 256, 5, 2
	f := func(n int) []float32 { return make([]float32, n) }
	batch := func(n int) *Q8 {
		q := new(Q8)
		q.Reset(tokens, n)
		return q
	}
	short := batch(n)
	short.B = short.B[1:]
	odd := batch(n)
	odd.N = 33
	for _, k := range panelTiers() {
		for _, typ := range panelTypes {
			q, w, src := batch(n), make([]byte, k.PanelBytes(typ, rows, n)), make([]byte, rows*typ.RowBytes(n))
			for _, c := range []struct {
				want   string
				dst    []float32
				ldd    int
				w      []byte
				rows   int
				x      *Q8
				t0, t1 int
			}{
				{"", f(ldd + rows), ldd, w, rows, q, 0, tokens},
				{shortDst, f(ldd + rows - 1), ldd, w, rows, q, 0, tokens},
				{shortDst, nil, ldd, w, rows, q, 1, tokens},
				{shortW, f(99), ldd, w[1:], rows, q, 0, tokens},
				{shortW, f(99), ldd, w, -1, q, 0, tokens},
				{shortW, f(99), 20, w, 17, q, 0, tokens},
				{shortInput, f(99), ldd, w, rows, q, 0, tokens + 1},
				{shortInput, f(99), ldd, w, rows, short, 0, tokens},
				{badTokens, f(99), ldd, w, rows, q, -1, tokens},
				{badTokens, f(99), ldd, w, rows, q, 2, 1},
				{badLdd, f(99), rows - 1, w, rows, q, 0, tokens},
				{badBlocks, f(99), ldd, w, rows, odd, 0, tokens},
			} {
				name := k.Name + " " + typ.String()
				refuses(t, name, c.want, func() { k.MulPanel(typ)(c.dst, c.ldd, c.w, c.rows, c.x, c.t0, c.t1) })
				refuses(t, name+" fine", c.want, func() { k.MulPanelFine(typ)(c.dst, c.ldd, c.w, c.rows, c.x, c.x, c.t0, c.t1) })
			}
			refuses(t, k.Name, badLength, func() { k.MulPanelFine(typ)(f(99), ldd, w, rows, q, batch(2*n), 0, 1) })
			refuses(t, k.Name, "", func() { k.Pack(typ, w, src, rows, n) })
			refuses(t, k.Name, badLength, func() { k.Pack(typ, w[1:], src, rows, n) })
			refuses(t, k.Name, badLength, func() { k.Pack(typ, w, src[1:], rows, n) })
			refuses(t, k.Name, badLength, func() { k.Pack(typ, nil, nil, -1, n) })
			refuses(t, k.Name, badBlocks, func() { k.Pack(typ, w, src, rows, n-1) })
			refuses(t, k.Name, badBlocks, func() { k.PanelBytes(typ, rows, n-1) })
		}
	}
}

// FuzzMulPanel packs and multiplies blocks of arbitrary bytes.
func FuzzMulPanel(f *testing.F) {
	f.Add([]byte("any bytes are weights of any type"), uint64(1), uint8(5), uint8(1))
	f.Add([]byte{0x80, 0xff, 0x7f, 0x00, 0x01}, uint64(2), uint8(18), uint8(11))
	f.Fuzz(func(t *testing.T, content []byte, seed uint64, rows, tokens uint8) {
		if len(content) == 0 {
			return
		}
		rng := rand.New(rand.NewPCG(seed, 9))
		for _, typ := range panelTypes {
			p := &product{typ: typ, rows: 1 + int(rows%40), n: 256, tokens: 1 + int(tokens%20)}
			p.w = make([]byte, typ.RowBytes(p.rows*p.n))
			for i := range p.w {
				p.w[i] = content[i%len(content)] ^ byte(i/len(content))
				if typ == tensor.MXFP4 && i%typ.BlockBytes() == 0 {
					p.w[i] &= 0x7f // at most 1: single weights can be infinite, sums over them not
				}
			}
			p.x = make([]float32, p.tokens*p.n)
			for i := range p.x {
				p.x[i] = float32(rng.NormFloat64() * math.Exp2(float64(int(content[i%len(content)])%16-8)))
			}
			p.quantize()
			p.solve()
			for _, k := range panelTiers() {
				dst := make([]float32, p.tokens*p.rows)
				k.MulPanel(typ)(dst, p.rows, p.packed(k), p.rows, &p.q, 0, p.tokens)
				for i, v := range dst {
					p.check(t, k.Name, i%p.rows, i/p.rows, v)
				}
			}
		}
	})
}
