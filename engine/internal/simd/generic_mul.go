package simd

import (
	"encoding/binary"

	"loupe/engine/tensor"
)

// block is one block of weights, unpacked: value i is d*q[i] + m + halves[i/16].
type block struct {
	q      [blockLen]int16
	d, m   float32
	halves [2]float32
}

// tokensATime is for how many tokens an unpacked block is used.
const tokensATime = 8

func mulQ4_0Generic(dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int) {
	mulQGeneric(tensor.Q4_0, dst, ldd, w, rows, x, t0, t1)
}

func mulQ4_1Generic(dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int) {
	mulQGeneric(tensor.Q4_1, dst, ldd, w, rows, x, t0, t1)
}

func mulQ5_0Generic(dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int) {
	mulQGeneric(tensor.Q5_0, dst, ldd, w, rows, x, t0, t1)
}

func mulQ5_1Generic(dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int) {
	mulQGeneric(tensor.Q5_1, dst, ldd, w, rows, x, t0, t1)
}

func mulQ8_0Generic(dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int) {
	mulQGeneric(tensor.Q8_0, dst, ldd, w, rows, x, t0, t1)
}

func (b *block) unpackQ4_0(w []byte) {
	b.d = halfAt(w, 0)
	for i, v := range w[2:18] {
		b.q[i], b.q[i+16] = int16(v&15)-8, int16(v>>4)-8
	}
}

func (b *block) unpackQ4_1(w []byte) {
	b.d, b.m = halfAt(w, 0), halfAt(w, 1)
	for i, v := range w[4:20] {
		b.q[i], b.q[i+16] = int16(v&15), int16(v>>4)
	}
}

func (b *block) unpackQ5_0(w []byte) {
	b.d = halfAt(w, 0)
	high := binary.LittleEndian.Uint32(w[2:])
	for i, v := range w[6:22] {
		b.q[i] = int16(v&15) | int16(high>>i&1)<<4 - 16
		b.q[i+16] = int16(v>>4) | int16(high>>(i+16)&1)<<4 - 16
	}
}

func (b *block) unpackQ5_1(w []byte) {
	b.d, b.m = halfAt(w, 0), halfAt(w, 1)
	high := binary.LittleEndian.Uint32(w[4:])
	for i, v := range w[8:24] {
		b.q[i] = int16(v&15) | int16(high>>i&1)<<4
		b.q[i+16] = int16(v>>4) | int16(high>>(i+16)&1)<<4
	}
}

func (b *block) unpackQ8_0(w []byte) {
	b.d = halfAt(w, 0)
	for i, v := range w[2:34] {
		b.q[i] = int16(int8(v))
	}
}

// unpack fills b from w, a block of type typ.
func (b *block) unpack(typ tensor.DType, w []byte) {
	switch typ {
	case tensor.Q4_0:
		b.unpackQ4_0(w)
	case tensor.Q4_1:
		b.unpackQ4_1(w)
	case tensor.Q5_0:
		b.unpackQ5_0(w)
	case tensor.Q5_1:
		b.unpackQ5_1(w)
	case tensor.Q8_0:
		b.unpackQ8_0(w)
	}
}

func mulQGeneric(typ tensor.DType, dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int) {
	if !checkMulQ(typ, dst, ldd, w, rows, x, t0, t1) {
		return
	}
	nb, size := x.N/blockLen, typ.BlockBytes()
	mulBlocks(dst, ldd, rows, x, t0, t1, false, func(r, b int) (wb block) {
		wb.unpack(typ, w[(r*nb+b)*size:][:size])
		return wb
	})
}

// mulBlocks multiplies with weights that unpack decodes, block b of row r at a
// time. The product replaces what is in dst, or is added to it.
func mulBlocks(dst []float32, ldd, rows int, x *Q8, t0, t1 int, add bool, unpack func(r, b int) block) {
	nb := x.N / blockLen
	for r := range rows {
		for t := t0; t < t1; t += tokensATime {
			n := min(tokensATime, t1-t)
			var acc [tokensATime]float32
			for b := range nb {
				wb := unpack(r, b)
				for i := range n {
					q := (*[blockLen]int8)(x.Q[(t+i)*x.N+b*blockLen:])
					sum := int32(0)
					for k, v := range q {
						sum += int32(v) * int32(wb.q[k])
					}
					at := (t+i)*nb + b
					acc[i] += wb.d * x.D[at] * float32(sum)
					if wb.m != 0 {
						acc[i] += wb.m * x.S[at]
					}
					for h, m := range wb.halves {
						if m != 0 {
							acc[i] -= m * x.D[at] * float32(x.H[2*at+h])
						}
					}
				}
			}
			for i := range n {
				if out := &dst[(t+i)*ldd+r]; add {
					*out += acc[i]
				} else {
					*out = acc[i]
				}
			}
		}
	}
}

func mulF32Generic(dst []float32, ldd int, w []byte, rows int, x []float32, n int, t0, t1 int) {
	mulFGeneric(4, floatAt, dst, ldd, w, rows, x, n, t0, t1)
}

func mulF16Generic(dst []float32, ldd int, w []byte, rows int, x []float32, n int, t0, t1 int) {
	mulFGeneric(2, halfAt, dst, ldd, w, rows, x, n, t0, t1)
}

func mulBF16Generic(dst []float32, ldd int, w []byte, rows int, x []float32, n int, t0, t1 int) {
	mulFGeneric(2, bhalfAt, dst, ldd, w, rows, x, n, t0, t1)
}

func mulFGeneric(size int, at func([]byte, int) float32, dst []float32, ldd int, w []byte, rows int, x []float32, n, t0, t1 int) {
	if checkMulF(size, dst, ldd, w, rows, x, n, t0, t1) {
		mulFloats(dst, ldd, rows, x, n, t0, t1, func(r, k int) float32 { return at(w, r*n+k) })
	}
}

// mulFloats multiplies with weights that at decodes. It expands 64 of them at a
// time, for all tokens of a tile.
func mulFloats(dst []float32, ldd, rows int, x []float32, n, t0, t1 int, at func(r, k int) float32) {
	var part [64]float32
	for r := range rows {
		for t := t0; t < t1; t += tokensATime {
			m := min(tokensATime, t1-t)
			var acc [tokensATime]float32
			for k := 0; k < n; k += len(part) {
				values := part[:min(len(part), n-k)]
				for j := range values {
					values[j] = at(r, k+j)
				}
				for i := range m {
					acc[i] += dotGeneric(values, x[(t+i)*n+k:][:len(values)])
				}
			}
			for i := range m {
				dst[(t+i)*ldd+r] = acc[i]
			}
		}
	}
}
