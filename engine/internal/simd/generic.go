package simd

import (
	"encoding/binary"
	"math"

	"loupe/engine/quant"
)

// generic is the tier in plain Go.
var generic = Kernels{
	Name:           "generic",
	QuantizeQ8:     quantizeQ8Generic,
	QuantizeQ8Fine: quantizeQ8FineGeneric,
	MulQ4_0:        mulQ4_0Generic,
	MulQ4_1:        mulQ4_1Generic,
	MulQ5_0:        mulQ5_0Generic,
	MulQ5_1:        mulQ5_1Generic,
	MulQ8_0:        mulQ8_0Generic,
	MulF32:         mulF32Generic,
	MulF16:         mulF16Generic,
	MulBF16:        mulBF16Generic,
	ExpandQ4_0:     expandQ4_0Generic,
	ExpandQ4_1:     expandQ4_1Generic,
	ExpandQ5_0:     expandQ5_0Generic,
	ExpandQ5_1:     expandQ5_1Generic,
	ExpandQ8_0:     expandQ8_0Generic,
	ExpandF16:      expandF16Generic,
	ExpandBF16:     expandBF16Generic,
	Scores:         scoresGeneric,
	ScoresF32:      scoresF32Generic,
	Mix:            mixGeneric,
	MixF32:         mixF32Generic,
	Dot:            dotGeneric,
	DotF16:         dotF16Generic,
	Axpy:           axpyGeneric,
	AxpyF16:        axpyF16Generic,
	Add:            addGeneric,
	SoftMax:        softMaxGeneric,
	RMSNorm:        rmsNormGeneric,
	AddRMSNorm:     addRMSNormGeneric,
	RopePairs:      ropePairsGeneric,
	RopeHalves:     ropeHalvesGeneric,
	SwiGLU:         swiGLUGeneric,
	F32ToF16:       f32ToF16Generic,
	StoreF16:       storeF16Generic,
	StoreBF16:      storeBF16Generic,
	StoreQ8_0:      storeQ8_0Generic,
	StoreQ4_0:      storeQ4_0Generic,
	PanelRows:      8,
	panels:         genericPanels(8),
	floatPanels:    genericFloatPanels(8),
}

const (
	signBit = 1 << 31
	infBits = 0x7f800000
)

func quantizeQ8Generic(q *Q8, row int, x []float32) {
	checkQuantize(q, row, x)
	nb := q.N / blockLen
	for b := range nb {
		in := (*[blockLen]float32)(x[b*blockLen:])
		out := (*[blockLen]int8)(q.Q[row*q.N+b*blockLen:])
		d, s, negative := &q.D[row*nb+b], &q.S[row*nb+b], &q.B[row*nb+b]
		half := (*[2]int16)(q.H[2*(row*nb+b):])
		// Magnitudes compare as integers, NaN above all.
		var top uint32
		for _, v := range in {
			top = max(top, math.Float32bits(v)&^signBit)
		}
		if top >= infBits || top < math.Float32bits(smallest) {
			*out = [blockLen]int8{}
			*d, *negative, *half = 0, 0, [2]int16{}
			if top >= infBits {
				*d = float32(math.NaN())
			}
			*s = *d
			continue
		}
		greatest := math.Float32frombits(top)
		inverse := 127 / greatest
		*half = [2]int16{}
		for i, v := range in {
			out[i] = int8(math.RoundToEven(float64(v * inverse)))
			half[i/halfLen] -= int16(out[i])
		}
		sum := -(int(half[0]) + int(half[1]))
		*d = greatest / 127
		*s = *d * float32(sum)
		*negative = int32(-sum)
	}
}

// quantizeQ8FineGeneric goes block by block, through a row of one block.
func quantizeQ8FineGeneric(q, rest *Q8, row int, x []float32) {
	checkFineRow(q, rest, row, x)
	quantizeQ8Generic(q, row, x)
	nb := q.N / blockLen
	for b := range nb {
		at := row*nb + b
		var left [blockLen]float32
		for i, c := range q.Q[at*blockLen:][:blockLen] {
			left[i] = x[b*blockLen+i] - float32(q.D[at]*float32(c)) // the conversion keeps the rounding of the product
		}
		part := Q8{N: blockLen, Q: rest.Q[at*blockLen:], D: rest.D[at:], S: rest.S[at:], B: rest.B[at:], H: rest.H[2*at:]}
		quantizeQ8Generic(&part, 0, left[:])
	}
}

func dotGeneric(a, b []float32) float32 {
	checkEqual(len(a), len(b))
	var s [4]float32
	for ; len(a) >= 4; a, b = a[4:], b[4:] {
		s[0] += a[0] * b[0]
		s[1] += a[1] * b[1]
		s[2] += a[2] * b[2]
		s[3] += a[3] * b[3]
	}
	for i, v := range a {
		s[i] += v * b[i]
	}
	return s[0] + s[1] + (s[2] + s[3])
}

func dotF16Generic(a []float32, b []byte) float32 {
	checkEqual(2*len(a), len(b))
	var s float32
	for i, v := range a {
		s += v * halfAt(b, i)
	}
	return s
}

func axpyGeneric(dst []float32, a float32, x []float32) {
	checkEqual(len(dst), len(x))
	for i, v := range x {
		dst[i] += a * v
	}
}

func axpyF16Generic(dst []float32, a float32, x []byte) {
	checkEqual(2*len(dst), len(x))
	for i := range dst {
		dst[i] += a * halfAt(x, i)
	}
}

func addGeneric(dst, x []float32) {
	checkEqual(len(dst), len(x))
	for i, v := range x {
		dst[i] += v
	}
}

// exp is e^x in float32, 0 where the result would be subnormal.
func exp(x float32) float32 {
	if y := float32(math.Exp(float64(x))); y != y || y >= 0x1p-126 {
		return y
	}
	return 0
}

func softMaxGeneric(x []float32) {
	if len(x) == 0 {
		return
	}
	top := x[0]
	for _, v := range x[1:] {
		top = max(top, v)
	}
	sum := 0.0
	for i, v := range x {
		x[i] = exp(v - top)
		sum += float64(x[i])
	}
	inverse := float32(1 / sum)
	for i := range x {
		x[i] *= inverse
	}
}

func rmsNormGeneric(dst, x, w []float32, eps float32) {
	checkEqual(len(x), len(dst), len(w))
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	scale := rmsScale(sum, len(x), eps)
	for i, v := range x {
		dst[i] = v * scale * w[i]
	}
}

func addRMSNormGeneric(dst, x, y, w []float32, eps float32) {
	checkEqual(len(x), len(dst), len(y), len(w))
	addGeneric(x, y)
	rmsNormGeneric(dst, x, w, eps)
}

func rmsScale(squares float64, n int, eps float32) float32 {
	return float32(1 / math.Sqrt(squares/float64(n)+float64(eps)))
}

func swiGLUGeneric(dst, gate, up []float32) {
	checkEqual(len(gate), len(dst), len(up))
	for i, g := range gate {
		dst[i] = g / (1 + exp(-g)) * up[i]
	}
}

func f32ToF16Generic(dst []byte, src []float32) {
	checkEqual(2*len(src), len(dst))
	for i, v := range src {
		binary.LittleEndian.PutUint16(dst[2*i:], quant.F32ToF16(v))
	}
}

func halfAt(b []byte, i int) float32 { return quant.F16ToF32(binary.LittleEndian.Uint16(b[2*i:])) }

func bhalfAt(b []byte, i int) float32 {
	return quant.BF16ToF32(binary.LittleEndian.Uint16(b[2*i:]))
}

func floatAt(b []byte, i int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
}
