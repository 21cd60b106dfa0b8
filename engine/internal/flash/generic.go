package flash

import (
	"math"

	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// generic is plain Go.
var generic = kernels{
	mul:          mulGeneric,
	mulF16:       mulHalves(quant.F16ToF32),
	mulBF16:      mulHalves(quant.BF16ToF32),
	turn:         turnGeneric,
	turned:       1,
	columns:      columnsGeneric,
	weigh:        weighGeneric,
	rescale:      rescaleGeneric,
	join:         joinGeneric,
	scores:       scoresGeneric,
	scoresBytes:  scoresGeneric,
	scoresOffset: scoresOffsetGeneric,
	packKeys:     packKeysGeneric,
	packValues:   packValuesGeneric,
	halves:       halvesGeneric,
	largest:      largestGeneric,
	quantise:     quantiseGeneric,
	mix:          mixGeneric,
	joinInts:     joinIntsGeneric,
}

func mulGeneric(dst []float32, ldd int, a []float32, lda, rows int, b []float32, n, cols int, add bool) {
	var sum [16]float32
	for r := range rows {
		for c := 0; c < cols; c += 16 {
			clear(sum[:])
			for k, x := range a[r*lda:][:n] {
				for i, y := range b[k*cols+c:][:16] {
					sum[i] += x * y
				}
			}
			out := dst[r*ldd+c:][:16]
			for i, s := range sum {
				if add {
					s += out[i]
				}
				out[i] = s
			}
		}
	}
}

func word(b []byte, i int) uint16 { return uint16(b[2*i]) | uint16(b[2*i+1])<<8 }

func mulHalves(float func(uint16) float32) func(dst []float32, ldd int, a []float32, lda, rows int, b []byte, n, cols int, add bool, ahead int) {
	return func(dst []float32, ldd int, a []float32, lda, rows int, b []byte, n, cols int, add bool, ahead int) {
		for r := range rows {
			for c := range cols {
				sum := float32(0)
				for k, x := range a[r*lda:][:n] {
					sum += x * float(word(b, k*cols+c))
				}
				if add {
					sum += dst[r*ldd+c]
				}
				dst[r*ldd+c] = sum
			}
		}
	}
}

func turnGeneric(dst, src []byte, n, ahead int) {
	for j := range PageCells {
		for d := range n {
			copy(dst[2*(d*PageCells+j):][:2], src[2*(j*n+d):])
		}
	}
}

func columnsGeneric(dst, src []float32, rows, n int) {
	for j := range rows {
		for d := range n {
			dst[d*PageCells+j] = src[j*n+d]
		}
	}
}

// pow2 is 2^x, and 0 below 2^-126.
func pow2(x float32) float32 {
	if x < -126 {
		return 0
	}
	return float32(math.Exp2(float64(x)))
}

func weighGeneric(s []float32, ld, rows, width int, sees []int32, top, sum []float32) {
	for r := range rows {
		row := s[r*ld:][:width]
		n := max(0, min(int(sees[r]), width))
		most, all := lowest, float32(0)
		for _, x := range row[:n] {
			most = max(most, x)
		}
		for j, x := range row[:n] {
			row[j] = pow2(x - most)
			all += row[j]
		}
		clear(row[n:])
		top[r], sum[r] = most, all
	}
}

func rescaleGeneric(top, sum, newTop, newSum, a, b []float32) {
	for i := range top {
		most := max(top[i], newTop[i])
		a[i], b[i] = pow2(top[i]-most), pow2(newTop[i]-most)
		top[i], sum[i] = most, a[i]*sum[i]+b[i]*newSum[i]
	}
}

func joinGeneric(out, part []float32, rows, cols int, a, b []float32) {
	for r := range rows {
		o, p := out[r*cols:][:cols], part[r*cols:][:cols]
		for c := range o {
			o[c] = a[r]*o[c] + b[r]*p[c]
		}
	}
}

func scoresGeneric(dst []float32, ldd int, q []int8, ldq int, dq []float32, sums []int32, ldb, rows int, k []byte, dk []float32, shift int, add bool) {
	for r := range rows {
		for j := range PageCells {
			sum := int32(int(sums[r*ldb]) << shift)
			sum += dotGeneric(q[r*ldq:], k, j)
			x := float32(sum) * dk[j] * dq[r*ldb]
			if add {
				x += dst[r*ldd+j]
			}
			dst[r*ldd+j] = x
		}
	}
}

func scoresOffsetGeneric(dst []float32, ldd int, q []int8, ldq int, dq, sums []float32, ldb, rows int, k []byte, dk, m []float32, add bool) {
	for r := range rows {
		for j := range PageCells {
			x := float32(dotGeneric(q[r*ldq:], k, j))*dk[j]*dq[r*ldb] + m[j]*sums[r*ldb]
			if add {
				x += dst[r*ldd+j]
			}
			dst[r*ldd+j] = x
		}
	}
}

func dotGeneric(q []int8, k []byte, j int) int32 {
	sum := int32(0)
	for i, x := range q[:blockLen] {
		sum += int32(x) * int32(k[i/4*sliceBytes+4*j+i%4])
	}
	return sum
}

// code is code i of a block, unsigned.
func (f *format) code(block []byte, i int) int {
	if f.bits == 8 {
		return int(int8(block[f.codes+i])) + 128
	}
	c := int(block[f.codes+i%16]>>(i/16*4)) & 15
	if f.bits == 5 {
		c |= int(block[f.high+i/8]>>(i%8)&1) << 4
	}
	if f.values != nil {
		return int(f.values[c]) + 128
	}
	return c
}

func packKeysGeneric(t tensor.DType, dst, src []byte, n, ahead int) {
	f, size := formatOf(t), t.BlockBytes()
	for j := range PageCells {
		for i := range n {
			block := src[(j*n+i)/blockLen*size:]
			dst[i/4*sliceBytes+4*j+i%4] = byte(f.code(block, i%blockLen))
		}
	}
}

func packValuesGeneric(t tensor.DType, dst []int16, ldd int, src []byte, n, ahead int) {
	f, size := formatOf(t), t.BlockBytes()
	for j := range PageCells {
		for i := range n {
			block, c := src[(j*n+i)/blockLen*size:], i%blockLen
			dst[i/blockLen*ldd+j/2*2*blockLen+2*c+j%2] = int16(f.code(block, c) - f.centre)
		}
	}
}

func halvesGeneric(dst []float32, ldd int, src []byte, stride, blocks, size int) {
	for b := range blocks {
		for j := range PageCells {
			dst[b*ldd+j] = quant.F16ToF32(word(src[b*size+j*stride:], 0))
		}
	}
}

func largestGeneric(d []float32) float32 {
	most := float32(0)
	for _, x := range d {
		if x < 0 {
			x = -x
		}
		if x > most {
			most = x
		}
	}
	return most
}

func quantiseGeneric(dst []int16, p []float32, ld, rows int, d, scale, m, offset []float32) {
	for r := range rows {
		sum := float32(0)
		for j, x := range d {
			w := p[r*ld+j]
			dst[r*ld+j] = int16(math.RoundToEven(float64(w * x * scale[r])))
			if m != nil {
				sum += w * m[j]
			}
		}
		if m != nil {
			offset[r] = sum
		}
	}
}

func mixGeneric(dst []int32, ldd int, p []int16, ldp, rows int, v []int16, add bool) {
	for r := range rows {
		for c := range blockLen {
			sum := int32(0)
			if add {
				sum = dst[r*ldd+c]
			}
			for j, w := range p[r*ldp:][:PageCells] {
				sum += int32(w) * int32(v[j/2*2*blockLen+2*c+j%2])
			}
			dst[r*ldd+c] = sum
		}
	}
}

func joinIntsGeneric(out []float32, part []int32, ld, rows int, a, b, d, offset []float32) {
	for r := range rows {
		for c := range blockLen {
			i := r*ld + c
			out[i] = a[r]*out[i] + b[r]*(d[r]*float32(part[i])+offset[r])
		}
	}
}
