//go:build amd64 && !purego

package flash

import (
	"unsafe"

	"loupe/engine/tensor"
)

// tiers are those besides the generic one, by the names of package simd, which
// finds out what this machine can run.
var tiers = map[string]*kernels{"avx2": &avx2, "avxvnni": &avx2, "avx512": &avx512}

var avx2 = kernels{
	mul: func(dst []float32, ldd int, a []float32, lda, rows int, b []float32, n, cols int, add bool) {
		mulBy(16, mul16AVX2, mul16AVX2, dst, ldd, a, lda, rows, b, n, cols, add)
	},
	mulF16:  mulHalvesBy(16, mulF1616AVX2, mulF1616AVX2),
	mulBF16: mulHalvesBy(16, mulBF1616AVX2, mulBF1616AVX2),
	turn:    turnBy(turnAVX2),
	turned:  16,
	columns: columns,
	weigh: func(s []float32, ld, rows, width int, sees []int32, top, sum []float32) {
		check(len(s) >= span(rows, ld, width) && min(len(sees), len(top), len(sum)) >= rows && width%PageCells == 0)
		weighAVX2(unsafe.SliceData(s), 4*ld, rows, width, unsafe.SliceData(sees), unsafe.SliceData(top), unsafe.SliceData(sum))
	},
	rescale: func(top, sum, newTop, newSum, a, b []float32) {
		checkRescale(top, sum, newTop, newSum, a, b)
		rescaleAVX2(unsafe.SliceData(top), unsafe.SliceData(sum), unsafe.SliceData(newTop), unsafe.SliceData(newSum), unsafe.SliceData(a), unsafe.SliceData(b), len(top))
	},
	join: func(out, part []float32, rows, cols int, a, b []float32) {
		check(min(len(out), len(part)) >= rows*cols && min(len(a), len(b)) >= rows && cols%16 == 0)
		joinAVX2(unsafe.SliceData(out), 4*cols, unsafe.SliceData(part), 4*cols, rows, cols, unsafe.SliceData(a), unsafe.SliceData(b))
	},
	scores:       scoresBy(scoresAVX2),
	scoresBytes:  scoresBy(scoresBytesAVX2),
	scoresOffset: scoresOffsetBy(scoresOffsetAVX2),
	packKeys:     keyPackers{packKeysQ8_0AVX2, packKeysQ4_0AVX2, packKeysQ4_1AVX2, packKeysQ5_0AVX2, packKeysQ5_1AVX2, packKeysIQ4_NLAVX2}.pack,
	packValues:   valuePackers{packValuesQ8_0AVX2, packValuesQ4_0AVX2, packValuesQ4_1AVX2, packValuesQ5_0AVX2, packValuesQ5_1AVX2, packValuesIQ4_NLAVX2}.pack,
	halves:       halvesBy(halvesAVX2),
	largest: func(d []float32) float32 {
		check(len(d)%16 == 0)
		return largestAVX2(unsafe.SliceData(d), len(d))
	},
	quantise: quantiseBy(quantiseAVX2, quantiseOffsetAVX2),
	mix:      mixBy(mixAVX2),
	joinInts: joinIntsBy(joinIntsAVX2),
}

var avx512 = kernels{
	mul: func(dst []float32, ldd int, a []float32, lda, rows int, b []float32, n, cols int, add bool) {
		mulBy(64, mul64AVX512, mul16AVX512, dst, ldd, a, lda, rows, b, n, cols, add)
	},
	mulF16:  mulHalvesBy(64, mulF1664AVX512, mulF1616AVX512),
	mulBF16: mulHalvesBy(64, mulBF1664AVX512, mulBF1616AVX512),
	turn:    turnBy(turnAVX512),
	turned:  32,
	columns: columns,
	weigh: func(s []float32, ld, rows, width int, sees []int32, top, sum []float32) {
		check(len(s) >= span(rows, ld, width) && min(len(sees), len(top), len(sum)) >= rows && width%PageCells == 0)
		weighAVX512(unsafe.SliceData(s), 4*ld, rows, width, unsafe.SliceData(sees), unsafe.SliceData(top), unsafe.SliceData(sum))
	},
	rescale: func(top, sum, newTop, newSum, a, b []float32) {
		checkRescale(top, sum, newTop, newSum, a, b)
		rescaleAVX512(unsafe.SliceData(top), unsafe.SliceData(sum), unsafe.SliceData(newTop), unsafe.SliceData(newSum), unsafe.SliceData(a), unsafe.SliceData(b), len(top))
	},
	join: func(out, part []float32, rows, cols int, a, b []float32) {
		check(min(len(out), len(part)) >= rows*cols && min(len(a), len(b)) >= rows && cols%16 == 0)
		joinAVX512(unsafe.SliceData(out), 4*cols, unsafe.SliceData(part), 4*cols, rows, cols, unsafe.SliceData(a), unsafe.SliceData(b))
	},
	scores:       scoresBy(scoresAVX512),
	scoresBytes:  scoresBy(scoresAVX512),
	scoresOffset: scoresOffsetBy(scoresOffsetAVX512),
	packKeys:     keyPackers{packKeysQ8_0AVX512, packKeysQ4_0AVX512, packKeysQ4_1AVX512, packKeysQ5_0AVX512, packKeysQ5_1AVX512, packKeysIQ4_NLAVX512}.pack,
	packValues:   valuePackers{packValuesQ8_0AVX512, packValuesQ4_0AVX512, packValuesQ4_1AVX512, packValuesQ5_0AVX512, packValuesQ5_1AVX512, packValuesIQ4_NLAVX512}.pack,
	halves:       halvesBy(halvesAVX512),
	largest: func(d []float32) float32 {
		check(len(d)%16 == 0)
		return largestAVX512(unsafe.SliceData(d), len(d))
	},
	quantise: quantiseBy(quantiseAVX512, quantiseOffsetAVX512),
	mix:      mixBy(mixAVX512),
	mixCodes: codeMixers{mixCodesQ8_0AVX512, mixCodesQ4_0AVX512, mixCodesQ4_1AVX512, mixCodesQ5_0AVX512, mixCodesQ5_1AVX512, mixCodesIQ4_NLAVX512}.mix,
	joinInts: joinIntsBy(joinIntsAVX512),
}

// check panics when operands do not fit together: a bug of the caller.
func check(ok bool) {
	if !ok {
		panic("flash: operands do not fit together")
	}
}

// span is how many elements rows of n, stride apart, take.
func span(rows, stride, n int) int {
	if rows == 0 {
		return 0
	}
	return (rows-1)*stride + n
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// mulBy multiplies wide columns at a time, and what is left 16 at a time.
func mulBy(wide int, most func(dst *float32, ldd int, a *float32, lda, rows int, b *float32, ldb, n, add int),
	rest func(dst *float32, ldd int, a *float32, lda, rows int, b *float32, ldb, n, add int),
	dst []float32, ldd int, a []float32, lda, rows int, b []float32, n, cols int, add bool) {
	check(len(dst) >= span(rows, ldd, cols) && len(a) >= span(rows, lda, n) && len(b) >= n*cols && cols%16 == 0)
	c := 0
	for ; c+wide <= cols; c += wide {
		most(&dst[c], 4*ldd, unsafe.SliceData(a), 4*lda, rows, &b[c], 4*cols, n, flag(add))
	}
	for ; c < cols; c += 16 {
		rest(&dst[c], 4*ldd, unsafe.SliceData(a), 4*lda, rows, &b[c], 4*cols, n, flag(add))
	}
}

func mulHalvesBy(wide int, most, rest func(dst *float32, ldd int, a *float32, lda, rows int, b *byte, ldb, n, add, ahead int)) func(dst []float32, ldd int, a []float32, lda, rows int, b []byte, n, cols int, add bool, ahead int) {
	return func(dst []float32, ldd int, a []float32, lda, rows int, b []byte, n, cols int, add bool, ahead int) {
		check(len(dst) >= span(rows, ldd, cols) && len(a) >= span(rows, lda, n) && len(b) >= 2*n*cols && cols%16 == 0)
		c := 0
		for ; c+wide <= cols; c += wide {
			most(&dst[c], 4*ldd, unsafe.SliceData(a), 4*lda, rows, &b[2*c], 2*cols, n, flag(add), ahead)
		}
		for ; c < cols; c += 16 {
			rest(&dst[c], 4*ldd, unsafe.SliceData(a), 4*lda, rows, &b[2*c], 2*cols, n, flag(add), ahead)
		}
	}
}

func turnBy(kernel func(dst, src *byte, stride, n, ahead int)) func(dst, src []byte, n, ahead int) {
	return func(dst, src []byte, n, ahead int) {
		check(min(len(dst), len(src)) >= 2*PageCells*n)
		kernel(unsafe.SliceData(dst), unsafe.SliceData(src), 2*n, n, ahead)
	}
}

func columns(dst, src []float32, rows, n int) {
	rows = (rows + 7) / 8 * 8
	check(rows <= PageCells && len(dst) >= span(n, PageCells, rows) && len(src) >= rows*n)
	whole := n / 8 * 8
	for j := 0; j < rows; j += 8 {
		columnsAVX2(&dst[j], &src[j*n], 4*n, whole)
	}
	for d := whole; d < n; d++ {
		for j := range rows {
			dst[d*PageCells+j] = src[j*n+d]
		}
	}
}

func checkRescale(top, sum, newTop, newSum, a, b []float32) {
	n := len(top)
	check(n%16 == 0 && len(sum) == n && len(newTop) == n && len(newSum) == n && len(a) == n && len(b) == n)
}

func scoresBy(kernel func(dst *float32, ldd int, q *int8, ldq int, dq *float32, base *int32, ldb, rows int, k *byte, dk *float32, shift, add int)) scoresFunc {
	return func(dst []float32, ldd int, q []int8, ldq int, dq []float32, sums []int32, ldb, rows int, k []byte, dk []float32, shift int, add bool) {
		check(len(dst) >= span(rows, ldd, PageCells) && len(q) >= span(rows, ldq, blockLen) &&
			min(len(dq), len(sums)) >= span(rows, ldb, 1) && len(k) >= columnBytes && len(dk) >= PageCells)
		kernel(unsafe.SliceData(dst), 4*ldd, unsafe.SliceData(q), ldq, unsafe.SliceData(dq), unsafe.SliceData(sums), 4*ldb, rows,
			unsafe.SliceData(k), unsafe.SliceData(dk), shift, flag(add))
	}
}

func scoresOffsetBy(kernel func(dst *float32, ldd int, q *int8, ldq int, dq *float32, base *int32, ldb, rows int, k *byte, dk, m *float32, add int)) scoresOffsetFunc {
	return func(dst []float32, ldd int, q []int8, ldq int, dq, sums []float32, ldb, rows int, k []byte, dk, m []float32, add bool) {
		check(len(dst) >= span(rows, ldd, PageCells) && len(q) >= span(rows, ldq, blockLen) &&
			min(len(dq), len(sums)) >= span(rows, ldb, 1) && len(k) >= columnBytes && min(len(dk), len(m)) >= PageCells)
		kernel(unsafe.SliceData(dst), 4*ldd, unsafe.SliceData(q), ldq, unsafe.SliceData(dq), (*int32)(unsafe.Pointer(unsafe.SliceData(sums))), 4*ldb, rows,
			unsafe.SliceData(k), unsafe.SliceData(dk), unsafe.SliceData(m), flag(add))
	}
}

// The packers of a tier, in the order of formats.
type (
	keyPackers   [len(formats)]func(dst, src *byte, stride, blocks, ahead int)
	valuePackers [len(formats)]func(dst *int16, ldd int, src *byte, stride, blocks, ahead int)
)

func (p keyPackers) pack(t tensor.DType, dst, src []byte, n, ahead int) {
	stride := t.RowBytes(n)
	check(n%blockLen == 0 && len(dst) >= n*PageCells && len(src) >= PageCells*stride)
	p[formatIndex(t)](unsafe.SliceData(dst), unsafe.SliceData(src), stride, n/blockLen, ahead)
}

func (p valuePackers) pack(t tensor.DType, dst []int16, ldd int, src []byte, n, ahead int) {
	stride := t.RowBytes(n)
	check(n%blockLen == 0 && len(dst) >= span(n/blockLen, ldd, columnInts) && len(src) >= PageCells*stride)
	p[formatIndex(t)](unsafe.SliceData(dst), 2*ldd, unsafe.SliceData(src), stride, n/blockLen, ahead)
}

func halvesBy(kernel func(dst *float32, ldd int, src *byte, stride, blocks, size int)) func(dst []float32, ldd int, src []byte, stride, blocks, size int) {
	return func(dst []float32, ldd int, src []byte, stride, blocks, size int) {
		check(len(dst) >= span(blocks, ldd, PageCells) && len(src) >= (blocks-1)*size+span(PageCells, stride, 2))
		kernel(unsafe.SliceData(dst), 4*ldd, unsafe.SliceData(src), stride, blocks, size)
	}
}

// codeMixers are the mixCodes of a tier, in the order of formats.
type codeMixers [len(formats)]func(dst *int32, ldd int, p *int16, ldp, ldb, rows int, src *byte, stride, add, ahead int)

func (m codeMixers) mix(t tensor.DType, dst []int32, ldd int, p []int16, ldp, ldb, rows int, src []byte, stride int, add bool, ahead int) {
	check(len(dst) >= span(rows, ldd, 2*blockLen) && len(p) >= ldb+span(rows, ldp, PageCells) && len(src) >= span(PageCells, stride, 2*t.BlockBytes()))
	m[formatIndex(t)](unsafe.SliceData(dst), 4*ldd, unsafe.SliceData(p), 2*ldp, 2*ldb, rows, unsafe.SliceData(src), stride, flag(add), ahead)
}

func quantiseBy(plain func(dst *int16, ldd int, p *float32, ldp, rows int, d *float32, n int, scale *float32),
	withOffset func(dst *int16, ldd int, p *float32, ldp, rows int, d *float32, n int, scale, m, offset *float32)) func(dst []int16, p []float32, ld, rows int, d, scale, m, offset []float32) {
	return func(dst []int16, p []float32, ld, rows int, d, scale, m, offset []float32) {
		n := len(d)
		check(min(len(dst), len(p)) >= span(rows, ld, n) && len(scale) >= rows && n%32 == 0)
		if m == nil {
			plain(unsafe.SliceData(dst), 2*ld, unsafe.SliceData(p), 4*ld, rows, unsafe.SliceData(d), n, unsafe.SliceData(scale))
			return
		}
		check(len(m) >= n && len(offset) >= rows)
		withOffset(unsafe.SliceData(dst), 2*ld, unsafe.SliceData(p), 4*ld, rows, unsafe.SliceData(d), n, unsafe.SliceData(scale), unsafe.SliceData(m), unsafe.SliceData(offset))
	}
}

func mixBy(kernel func(dst *int32, ldd int, p *int16, ldp, rows int, v *int16, add int)) func(dst []int32, ldd int, p []int16, ldp, rows int, v []int16, add bool) {
	return func(dst []int32, ldd int, p []int16, ldp, rows int, v []int16, add bool) {
		check(len(dst) >= span(rows, ldd, blockLen) && len(p) >= span(rows, ldp, PageCells) && len(v) >= columnInts)
		kernel(unsafe.SliceData(dst), 4*ldd, unsafe.SliceData(p), 2*ldp, rows, unsafe.SliceData(v), flag(add))
	}
}

func joinIntsBy(kernel func(out *float32, ldo int, part *int32, ldp, rows int, a, b, d, offset *float32)) func(out []float32, part []int32, ld, rows int, a, b, d, offset []float32) {
	return func(out []float32, part []int32, ld, rows int, a, b, d, offset []float32) {
		check(min(len(out), len(part)) >= span(rows, ld, blockLen) && min(len(a), len(b), len(d), len(offset)) >= rows)
		kernel(unsafe.SliceData(out), 4*ld, unsafe.SliceData(part), 4*ld, rows, unsafe.SliceData(a), unsafe.SliceData(b), unsafe.SliceData(d), unsafe.SliceData(offset))
	}
}
