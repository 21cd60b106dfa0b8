package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"loupe/engine/quant"
	"loupe/engine/tensor"
)

var (
	quantTypes = []tensor.DType{tensor.Q4_0, tensor.Q4_1, tensor.Q5_0, tensor.Q5_1, tensor.Q8_0}
	floatTypes = []tensor.DType{tensor.F32, tensor.F16, tensor.BF16}
)

// unit is the rounding error of one float32 operation, relative to its result.
const unit = 0x1p-24

// product is a test matrix product with its exact result.
type product struct {
	typ     tensor.DType
	rows, n int
	tokens  int
	w       []byte
	x       []float32 // [tokens, n]
	q       Q8        // of x, by the generic tier
	want    []float64 // [tokens, rows]
	limit   []float64 // [tokens, rows]: the error that any order of summation stays below
}

func (p *product) run(k *Kernels, dst []float32, ldd, r0, rows, t0, t1 int) {
	rb := p.typ.RowBytes(p.n)
	w := p.w[r0*rb : (r0+rows)*rb]
	switch p.typ {
	case tensor.F32:
		k.MulF32(dst, ldd, w, rows, p.x, p.n, t0, t1)
	case tensor.F16:
		k.MulF16(dst, ldd, w, rows, p.x, p.n, t0, t1)
	case tensor.BF16:
		k.MulBF16(dst, ldd, w, rows, p.x, p.n, t0, t1)
	default:
		k.MulQ(p.typ)(dst, ldd, w, rows, &p.q, t0, t1)
	}
}

// check compares element (r, t) with the exact result.
func (p *product) check(t *testing.T, name string, r, tok int, got float32) {
	t.Helper()
	at := tok*p.rows + r
	want, limit := p.want[at], p.limit[at]
	if math.IsNaN(want) || math.IsInf(want, 0) || math.Abs(want)+limit > math.MaxFloat32/2 {
		if v := float64(got); math.IsNaN(want) && !math.IsNaN(v) && !math.IsInf(v, 0) {
			t.Fatalf("%s %s: row %d token %d is %v, want %v", name, p.typ, r, tok, got, want)
		}
		return
	}
	if !(math.Abs(float64(got)-want) <= limit) {
		t.Fatalf("%s %s n=%d: row %d token %d is %v, want %v within %.3g", name, p.typ, p.n, r, tok, got, want, limit)
	}
}

// solve fills want and limit, in float64, from decoded weights.
func (p *product) solve() {
	p.want = make([]float64, p.tokens*p.rows)
	p.limit = make([]float64, p.tokens*p.rows)
	nb := p.n / blockLen
	w := make([]float32, p.n)
	offsets := make([]float64, 2*nb)
	for r := range p.rows {
		row := p.w[r*p.typ.RowBytes(p.n):][:p.typ.RowBytes(p.n)]
		if err := quant.Dequantize(p.typ, w, row); err != nil {
			panic(err)
		}
		withOffset := p.typ.BlockSize() > 1 && panelFormats[panelIndex(p.typ)].offset
		values := make([]float64, p.n) // without the offset of their block
		for k, v := range w {
			values[k] = float64(v)
		}
		if withOffset {
			exactOffsets(p.typ, row, values, offsets)
		}
		for tok := range p.tokens {
			sum, size := 0.0, 0.0
			if p.typ.BlockSize() == 1 {
				for k, v := range values {
					term := v * float64(p.x[tok*p.n+k])
					sum += term
					size += math.Abs(term)
				}
				// In 4 lanes at least, added up at the end.
				p.want[tok*p.rows+r] = sum
				p.limit[tok*p.rows+r] = float64(p.n/4+8) * (unit*size + 0x1p-149)
				continue
			}
			for b := range nb {
				at := tok*nb + b
				for k := b * blockLen; k < (b+1)*blockLen; k++ {
					term := values[k] * float64(p.q.D[at]) * float64(p.q.Q[tok*p.n+k])
					sum += term
					size += math.Abs(term)
				}
				if withOffset {
					for h := range 2 {
						term := offsets[2*b+h] * float64(p.q.D[at]) * -float64(p.q.H[2*at+h])
						sum += term
						size += math.Abs(term)
					}
				}
			}
			// Two products and two additions a block, then three additions.
			p.want[tok*p.rows+r] = sum
			p.limit[tok*p.rows+r] = float64(4*nb+4) * (unit*size + 0x1p-149)
		}
	}
}

// exactOffsets splits the decoded values of a type with offset, d*q+m rounded,
// into d*q and the m of each block.
func exactOffsets(typ tensor.DType, row []byte, values, offsets []float64) {
	var b block
	f := &panelFormats[panelIndex(typ)]
	nb := len(values) / blockLen
	panel, unitSize := make([]byte, f.panelBytes(1, len(values))), f.unitBytes(1)
	f.pack(1, panel, row, 1, nb) // as TestPack holds against package quant
	for i := range nb {
		f.unpack(&b, 1, 0, panel[i/f.blocks()*unitSize:][:unitSize], i%f.blocks())
		for h := range 2 {
			offsets[2*i+h] = float64(b.m) + float64(b.halves[h])
		}
		for k, q := range b.q {
			decoded, exact, offset := &values[i*blockLen+k], float64(b.d)*float64(q), offsets[2*i+k/halfLen]
			if e := math.Abs(*decoded - exact - offset); e > 4*unit*(math.Abs(exact)+math.Abs(offset))+0x1p-149 {
				panic(fmt.Sprintf("%s: value %d of block %d unpacks to %v + %v, decodes to %v", typ, k, i, exact, offset, *decoded))
			}
			*decoded = exact
		}
	}
}

// newProduct makes weights and activations of normal values, with some zero
// rows, extreme quants and odd scales among them.
func newProduct(typ tensor.DType, rows, n, tokens int, seed uint64) *product {
	rng := rand.New(rand.NewPCG(seed, uint64(typ)))
	p := &product{typ: typ, rows: rows, n: n, tokens: tokens}
	values := make([]float32, rows*n)
	for i := range values {
		values[i] = float32(rng.NormFloat64()) * 0.1
	}
	p.x = make([]float32, tokens*n)
	for i := range p.x {
		p.x[i] = float32(rng.NormFloat64())
		if rng.IntN(200) == 0 {
			p.x[i] *= 20
		}
	}
	// One byte off any alignment.
	size := typ.RowBytes(rows * n)
	p.w = make([]byte, size+1)[1:]
	if err := quant.Quantize(typ, p.w, values); err != nil {
		panic(err)
	}
	if bs := typ.BlockBytes(); typ.BlockSize() > blockLen || typ == tensor.MXFP4 {
		p.disturb(rng)
	} else if typ.BlockSize() > 1 {
		for i := 0; i+bs <= size; i += bs {
			switch rng.IntN(12) {
			case 0: // any quants, -128 among them
				for j := bs - 16; j < bs; j++ {
					p.w[i+j] = byte(rng.Uint32())
				}
			case 1:
				for j := bs - 16; j < bs; j++ {
					p.w[i+j] = []byte{0x80, 0x00, 0xff, 0x7f}[rng.IntN(4)]
				}
			case 2: // scale 0
				p.w[i], p.w[i+1] = 0, 0
			case 3: // a subnormal scale
				p.w[i], p.w[i+1] = byte(1+rng.IntN(255)), byte(rng.IntN(4))
			case 4: // a large one
				p.w[i], p.w[i+1] = 0xff, 0x7b
			}
		}
	}
	p.quantize()
	p.solve()
	return p
}

// disturb puts other bytes into some blocks, and into all but the shared scales of
// others, whose exponents it keeps small.
func (p *product) disturb(rng *rand.Rand) {
	bs := p.typ.BlockBytes()
	for i := 0; i+bs <= len(p.w); i += bs {
		b := p.w[i : i+bs]
		if rng.IntN(3) > 0 {
			continue
		}
		extremes := rng.IntN(2) == 0
		for j := range b {
			if b[j] = byte(rng.Uint32()); extremes {
				b[j] = []byte{0x80, 0x00, 0xff, 0x7f}[rng.IntN(4)]
			}
		}
		at := scaleAt(p.typ)
		if p.typ == tensor.MXFP4 {
			b[at] = byte(100 + rng.IntN(50))
			continue
		}
		b[at+1] &= 0xbf // less than 2 in magnitude
		if f := panelFormats[panelIndex(p.typ)]; f.offset {
			b[at+3] &= 0xbf
		}
	}
}

func (p *product) quantize() {
	if p.typ.BlockSize() == 1 {
		return
	}
	p.q.Reset(p.tokens, p.n)
	for t := range p.tokens {
		generic.QuantizeQ8(&p.q, t, p.x[t*p.n:(t+1)*p.n])
	}
}

// guarded is a dst with guard values everywhere, those around it included.
type guarded struct {
	all []float32
	dst []float32
}

const guard = float32(-12345.678)

func newGuarded(n int) guarded {
	g := guarded{all: make([]float32, n+32)}
	for i := range g.all {
		g.all[i] = guard
	}
	g.dst = g.all[13 : 13+n : 13+n]
	return g
}

// TestMul runs every tier over every shape: against the exact product, and each
// smaller shape against the bits of the largest, since an element may not
// depend on what else is computed with it.
func TestMul(t *testing.T) {
	const maxRows, maxTokens = 33, 9
	lengths := map[bool][]int{ // by whether the type has blocks
		true:  {32, 64, 96, 128, 160, 192, 224, 256, 288, 576, 1536, 4096},
		false: {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 576, 1536},
	}
	for _, k := range All() {
		for _, typ := range append(quantTypes, floatTypes...) {
			t.Run(fmt.Sprintf("%s/%s", k.Name, typ), func(t *testing.T) {
				for _, n := range lengths[typ.BlockSize() > 1] {
					p := newProduct(typ, maxRows, n, maxTokens, uint64(n))
					full := make([]float32, maxTokens*maxRows)
					p.run(k, full, maxRows, 0, maxRows, 0, maxTokens)
					for i, v := range full {
						p.check(t, k.Name, i%maxRows, i/maxRows, v)
					}
					rowCounts := []int{1, 2, 3, 4, 5, 7, 8, 11, 13, 32}
					tokenCounts := []int{1, 2, 3, 4, 5, 8}
					if n > 300 {
						rowCounts, tokenCounts = []int{1, 6, 13}, []int{1, 5}
					}
					for _, rows := range rowCounts {
						for _, tokens := range tokenCounts {
							r0, t0 := (rows*7)%(maxRows-rows+1), (tokens*5)%(maxTokens-tokens+1)
							ldd := rows + n%3
							g := newGuarded((t0+tokens-1)*ldd + rows)
							p.run(k, g.dst, ldd, r0, rows, t0, t0+tokens)
							checkPart(t, g, full, maxRows, ldd, r0, rows, t0, t0+tokens)
						}
					}
				}
			})
		}
	}
}

// checkPart: g holds rows and tokens of full, and guard values elsewhere.
func checkPart(t *testing.T, g guarded, full []float32, fullRows, ldd, r0, rows, t0, t1 int) {
	t.Helper()
	base := int(uintptr(unsafe.Pointer(&g.dst[0]))-uintptr(unsafe.Pointer(&g.all[0]))) / 4
	for i, v := range g.all {
		want, at := guard, i-base
		if at >= 0 {
			if tok, r := at/ldd, at%ldd; tok >= t0 && tok < t1 && r < rows {
				want = full[tok*fullRows+r0+r]
			}
		}
		if math.Float32bits(v) != math.Float32bits(want) && !(v != v && want != want) {
			t.Fatalf("rows %d+%d tokens %d to %d ldd %d: dst[%d] is %v, want %v", r0, rows, t0, t1, ldd, at, v, want)
		}
	}
}

// TestMulPanels: more rows than fit one panel of either kind.
func TestMulPanels(t *testing.T) {
	for _, typ := range []tensor.DType{tensor.Q4_1, tensor.F32} {
		for _, tokens := range []int{1, 5} {
			p := newProduct(typ, 700, 1024, tokens, 1)
			for _, k := range All() {
				dst := make([]float32, tokens*p.rows)
				p.run(k, dst, p.rows, 0, p.rows, 0, tokens)
				for i, v := range dst {
					p.check(t, k.Name, i%p.rows, i/p.rows, v)
				}
			}
		}
	}
}

// TestMulNotFinite: a scale or an activation that is not finite shows in the
// elements it belongs to, and in no other.
func TestMulNotFinite(t *testing.T) {
	for _, k := range All() {
		for _, typ := range quantTypes {
			p := newProduct(typ, 6, 96, 6, 5)
			rb := typ.RowBytes(p.n)
			copy(p.w[2*rb+typ.BlockBytes():], []byte{0x00, 0x7c}) // row 2: an infinite scale
			copy(p.w[4*rb:], []byte{0x01, 0x7e})                  // row 4: NaN
			p.x[3*p.n+50] = float32(math.Inf(-1))                 // token 3
			p.quantize()
			dst := make([]float32, p.tokens*p.rows)
			p.run(k, dst, p.rows, 0, p.rows, 0, p.tokens)
			for i, v := range dst {
				r, tok := i%p.rows, i/p.rows
				if finite := v-v == 0; finite != (r != 2 && r != 4 && tok != 3) {
					t.Errorf("%s %s: row %d token %d is %v", k.Name, typ, r, tok, v)
				}
			}
		}
	}
}

// TestMulEveryHalf multiplies each f16 and bf16 by 1.
func TestMulEveryHalf(t *testing.T) {
	w := make([]byte, 2<<16)
	for i := range 1 << 16 {
		w[2*i], w[2*i+1] = byte(i), byte(i>>8)
	}
	dst := make([]float32, 1<<16)
	for _, k := range All() {
		for _, c := range []struct {
			mul   MulF
			value func(uint16) float32
		}{{k.MulF16, quant.F16ToF32}, {k.MulBF16, quant.BF16ToF32}} {
			c.mul(dst, len(dst), w, len(dst), []float32{1}, 1, 0, 1)
			for i, got := range dst {
				if want := c.value(uint16(i)); got != want && !(got != got && want != want) {
					t.Fatalf("%s: %#04x times 1 is %v, want %v", k.Name, i, got, want)
				}
			}
		}
	}
}

func TestMulNothing(t *testing.T) {
	for _, k := range All() {
		for _, typ := range quantTypes {
			g := newGuarded(3)
			var q Q8
			q.Reset(1, 32)
			k.MulQ(typ)(g.dst, 3, nil, 0, &q, 0, 1)
			k.MulQ(typ)(g.dst, 3, make([]byte, typ.RowBytes(96)), 3, &q, 1, 1)
			for _, v := range g.all {
				if v != guard {
					t.Fatalf("%s %s: wrote where there is nothing to compute", k.Name, typ)
				}
			}
			q.Reset(1, 0)
			k.MulQ(typ)(g.dst, 3, nil, 3, &q, 0, 1)
			k.MulF32(g.dst[1:], 2, nil, 2, nil, 0, 0, 1)
			if g.dst[0] != 0 || g.dst[2] != 0 || g.all[16] != guard {
				t.Fatalf("%s %s: a product over nothing is %v", k.Name, typ, g.dst)
			}
		}
	}
	if generic.MulQ(tensor.F16) != nil || generic.MulQ(tensor.Q6_K) != nil {
		t.Error("MulQ has a kernel for a type without 8-bit blocks")
	}
}

// FuzzMul multiplies blocks of arbitrary bytes.
func FuzzMul(f *testing.F) {
	f.Add([]byte("any bytes are weights of any type"), uint64(1), uint8(5))
	f.Add([]byte{0x80, 0xff, 0x7f, 0x00, 0x01}, uint64(2), uint8(130))
	f.Fuzz(func(t *testing.T, content []byte, seed uint64, shape uint8) {
		if len(content) == 0 {
			return
		}
		rng := rand.New(rand.NewPCG(seed, 9))
		rows, nb, tokens := 1+int(shape&7), 1+int(shape>>3&3), 1+int(shape>>5)
		for _, typ := range quantTypes {
			p := &product{typ: typ, rows: rows, n: nb * blockLen, tokens: tokens}
			p.w = make([]byte, typ.RowBytes(rows*p.n))
			for i := range p.w {
				p.w[i] = content[i%len(content)] ^ byte(i/len(content))
			}
			p.x = make([]float32, tokens*p.n)
			for i := range p.x {
				p.x[i] = float32(rng.NormFloat64() * math.Exp2(float64(int(content[i%len(content)])%16-8)))
			}
			p.quantize()
			p.solve()
			for _, k := range All() {
				dst := make([]float32, tokens*rows)
				p.run(k, dst, rows, 0, rows, 0, tokens)
				for i, v := range dst {
					p.check(t, k.Name, i%rows, i/rows, v)
				}
			}
		}
	})
}
