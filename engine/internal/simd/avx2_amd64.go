//go:build amd64 && !purego

package simd

import (
	"math"
	"unsafe"

	"loupe/engine/tensor"

	"golang.org/x/sys/cpu"
)

var tiers = detect()

func detect() []*Kernels {
	list := []*Kernels{&generic}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasF16C {
		list = append(list, &avx2)
		if cpu.X86.HasAVXVNNI {
			list = append(list, &avxvnni)
		}
		// That the system saves the wide registers is part of these.
		x := &cpu.X86
		if x.HasBMI2 && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512VNNI {
			list = append(list, &avx512)
		}
	}
	return list
}

var avx2 = Kernels{
	Name:           "avx2",
	QuantizeQ8:     quantizeQ8,
	QuantizeQ8Fine: quantizeQ8Fine,
	MulQ4_0: func(dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int) {
		mulQ(tensor.Q4_0, mulQ4_0x1AVX2, mulQ4_0x4AVX2, dst, ldd, w, rows, x, t0, t1)
	},
	MulQ4_1: func(dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int) {
		mulQ(tensor.Q4_1, mulQ4_1x1AVX2, mulQ4_1x4AVX2, dst, ldd, w, rows, x, t0, t1)
	},
	MulQ5_0: func(dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int) {
		mulQ(tensor.Q5_0, mulQ5_0x1AVX2, mulQ5_0x4AVX2, dst, ldd, w, rows, x, t0, t1)
	},
	MulQ5_1: func(dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int) {
		mulQ(tensor.Q5_1, mulQ5_1x1AVX2, mulQ5_1x4AVX2, dst, ldd, w, rows, x, t0, t1)
	},
	MulQ8_0: func(dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int) {
		mulQ(tensor.Q8_0, mulQ8_0x1AVX2, mulQ8_0x4AVX2, dst, ldd, w, rows, x, t0, t1)
	},
	MulF32: func(dst []float32, ldd int, w []byte, rows int, x []float32, n, t0, t1 int) {
		mulF(4, mulF32x1AVX2, mulF32x4AVX2, dst, ldd, w, rows, x, n, t0, t1)
	},
	MulF16: func(dst []float32, ldd int, w []byte, rows int, x []float32, n, t0, t1 int) {
		mulF(2, mulF16x1AVX2, mulF16x4AVX2, dst, ldd, w, rows, x, n, t0, t1)
	},
	MulBF16: func(dst []float32, ldd int, w []byte, rows int, x []float32, n, t0, t1 int) {
		mulF(2, mulBF16x1AVX2, mulBF16x4AVX2, dst, ldd, w, rows, x, n, t0, t1)
	},
	ExpandQ4_0:  expandQ4_0,
	ExpandQ4_1:  expandQ4_1,
	ExpandQ5_0:  expandQ5_0,
	ExpandQ5_1:  expandQ5_1,
	ExpandQ8_0:  expandQ8_0,
	ExpandF16:   expandF16,
	ExpandBF16:  expandBF16,
	Scores:      scores,
	ScoresF32:   scoresF32,
	Mix:         mix,
	MixF32:      mixF32,
	Dot:         dot,
	DotF16:      dotF16,
	Axpy:        axpy,
	AxpyF16:     axpyF16,
	Add:         add,
	SoftMax:     softMax,
	RMSNorm:     rmsNorm,
	AddRMSNorm:  addRMSNorm,
	RopePairs:   ropePairs,
	RopeHalves:  ropeHalves,
	SwiGLU:      swiGLU,
	F32ToF16:    f32ToF16,
	StoreF16:    storeF16,
	StoreBF16:   storeBF16,
	StoreQ8_0:   storeQ8_0,
	StoreQ4_0:   storeQ4_0,
	PanelRows:   8,
	panels:      newPanels(8, tiles256),
	floatPanels: newFloatPanels(8, floatTiles256),
}

// How much one call of an assembly function may do, so that it ends within some
// 200 microseconds even when its operands come from memory.
const (
	callTokens = 4         // tokens of a tile
	tileBytes  = 16 << 10  // weights that stay in the first-level cache while the tokens pass
	callBytes  = 512 << 10 // weights, for a single token
	callFloats = 1 << 16   // elements of a vector operation
)

// panelRows is how many rows of rowBytes fill bytes: a multiple of 12, so that
// tiles of 2, 3 and 4 rows divide it, or at least one such tile.
func panelRows(bytes, rowBytes int) int {
	return max(12, bytes/max(rowBytes, 1)/12*12)
}

func mulQ(typ tensor.DType, one, four func(dst *float32, ldd int, w *byte, rows, nb int, q *int8, d, s *float32),
	dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int) {
	if !checkMulQ(typ, dst, ldd, w, rows, x, t0, t1) {
		return
	}
	if x.N == 0 {
		clearProduct(dst, ldd, rows, t0, t1)
		return
	}
	nb, rowBytes := x.N/blockLen, typ.RowBytes(x.N)
	step := panelRows(callBytes, rowBytes)
	if t1-t0 >= callTokens {
		step = panelRows(tileBytes, rowBytes)
	}
	for r := 0; r < rows; r += step {
		n := min(step, rows-r)
		t := t0
		for ; t+callTokens <= t1; t += callTokens {
			four(&dst[t*ldd+r], ldd, &w[r*rowBytes], n, nb, &x.Q[t*x.N], &x.D[t*nb], &x.S[t*nb])
		}
		for ; t < t1; t++ {
			one(&dst[t*ldd+r], ldd, &w[r*rowBytes], n, nb, &x.Q[t*x.N], &x.D[t*nb], &x.S[t*nb])
		}
	}
}

func mulF(size int, one, four func(dst *float32, ldd int, w *byte, rows, n int, x *float32),
	dst []float32, ldd int, w []byte, rows int, x []float32, n, t0, t1 int) {
	if !checkMulF(size, dst, ldd, w, rows, x, n, t0, t1) {
		return
	}
	if n == 0 {
		clearProduct(dst, ldd, rows, t0, t1)
		return
	}
	rowBytes := size * n
	step := panelRows(callBytes, rowBytes)
	if t1-t0 >= callTokens {
		step = panelRows(tileBytes, rowBytes)
	}
	for r := 0; r < rows; r += step {
		m := min(step, rows-r)
		t := t0
		for ; t+callTokens <= t1; t += callTokens {
			four(&dst[t*ldd+r], ldd, &w[r*rowBytes], m, n, &x[t*n])
		}
		for ; t < t1; t++ {
			one(&dst[t*ldd+r], ldd, &w[r*rowBytes], m, n, &x[t*n])
		}
	}
}

// clearProduct is the product over no elements.
func clearProduct(dst []float32, ldd, rows, t0, t1 int) {
	for t := t0; t < t1; t++ {
		clear(dst[t*ldd : t*ldd+rows])
	}
}

func quantizeQ8(q *Q8, row int, x []float32) {
	checkQuantize(q, row, x)
	nb := q.N / blockLen
	for b := 0; b < nb; b += callFloats / blockLen {
		n, at := min(callFloats/blockLen, nb-b), row*nb+b
		quantizeQ8AVX2(&q.Q[at*blockLen], &q.D[at], &q.S[at], &q.B[at], &q.H[2*at], &x[b*blockLen], n)
	}
}

func quantizeQ8Fine(q, rest *Q8, row int, x []float32) {
	checkFineRow(q, rest, row, x)
	nb := q.N / blockLen
	for b := 0; b < nb; b += callFloats / blockLen {
		n, at := min(callFloats/blockLen, nb-b), row*nb+b
		quantizeQ8FineAVX2(&q.Q[at*blockLen], &q.D[at], &q.S[at], &q.B[at], &q.H[2*at],
			&rest.Q[at*blockLen], &rest.D[at], &rest.S[at], &rest.B[at], &rest.H[2*at], &x[b*blockLen], n)
	}
}

func dot(a, b []float32) float32 {
	checkEqual(len(a), len(b))
	var sum float32
	for ; len(a) > callFloats; a, b = a[callFloats:], b[callFloats:] {
		sum += dotAVX2(&a[0], &b[0], callFloats)
	}
	return sum + dotAVX2(unsafe.SliceData(a), unsafe.SliceData(b), len(a))
}

func dotF16(a []float32, b []byte) float32 {
	checkEqual(2*len(a), len(b))
	var sum float32
	for ; len(a) > callFloats; a, b = a[callFloats:], b[2*callFloats:] {
		sum += dotF16AVX2(&a[0], &b[0], callFloats)
	}
	return sum + dotF16AVX2(unsafe.SliceData(a), unsafe.SliceData(b), len(a))
}

func axpy(dst []float32, a float32, x []float32) {
	checkEqual(len(dst), len(x))
	for ; len(dst) > callFloats; dst, x = dst[callFloats:], x[callFloats:] {
		axpyAVX2(&dst[0], a, &x[0], callFloats)
	}
	axpyAVX2(unsafe.SliceData(dst), a, unsafe.SliceData(x), len(dst))
}

func axpyF16(dst []float32, a float32, x []byte) {
	checkEqual(2*len(dst), len(x))
	for ; len(dst) > callFloats; dst, x = dst[callFloats:], x[2*callFloats:] {
		axpyF16AVX2(&dst[0], a, &x[0], callFloats)
	}
	axpyF16AVX2(unsafe.SliceData(dst), a, unsafe.SliceData(x), len(dst))
}

func add(dst, x []float32) {
	checkEqual(len(dst), len(x))
	for ; len(dst) > callFloats; dst, x = dst[callFloats:], x[callFloats:] {
		addAVX2(&dst[0], &x[0], callFloats)
	}
	addAVX2(unsafe.SliceData(dst), unsafe.SliceData(x), len(dst))
}

// lanes is the width of the kernels that take whole vectors only. The rest of
// an operand goes through a vector of its own, so that an element gets the same
// value wherever it stands.
const lanes = 8

func softMax(x []float32) {
	if len(x) == 0 {
		return
	}
	whole := len(x) / lanes * lanes
	rest := x[whole:]
	inf := float32(math.Inf(-1))
	tail := [lanes]float32{inf, inf, inf, inf, inf, inf, inf, inf}
	copy(tail[:], rest)

	top := maxAVX2(&tail[0], lanes)
	for i := 0; i < whole; i += callFloats {
		top = max(top, maxAVX2(&x[i], min(callFloats, whole-i)))
	}
	sum := expSumAVX2(&tail[0], lanes, top)
	for i := 0; i < whole; i += callFloats {
		sum += expSumAVX2(&x[i], min(callFloats, whole-i), top)
	}
	copy(rest, tail[:])
	inverse := float32(1 / sum)
	for ; len(x) > callFloats; x = x[callFloats:] {
		scaleAVX2(&x[0], callFloats, inverse)
	}
	scaleAVX2(&x[0], len(x), inverse)
}

func rmsNorm(dst, x, w []float32, eps float32) {
	checkEqual(len(x), len(dst), len(w))
	whole := len(x) / lanes * lanes
	sum := 0.0
	for i := 0; i < whole; i += callFloats {
		sum += sumSquaresAVX2(&x[i], min(callFloats, whole-i))
	}
	for _, v := range x[whole:] {
		sum += float64(v) * float64(v)
	}
	scale := rmsScale(sum, len(x), eps)
	for i := 0; i < len(x); i += callFloats {
		normAVX2(&dst[i], &x[i], &w[i], min(callFloats, len(x)-i), scale)
	}
}

func addRMSNorm(dst, x, y, w []float32, eps float32) {
	checkEqual(len(x), len(dst), len(y), len(w))
	whole := len(x) / lanes * lanes
	sum := 0.0
	for i := 0; i < whole; i += callFloats {
		sum += addSquaresAVX2(&x[i], &y[i], min(callFloats, whole-i))
	}
	for i := whole; i < len(x); i++ {
		x[i] += y[i]
		sum += float64(x[i]) * float64(x[i])
	}
	scale := rmsScale(sum, len(x), eps)
	for i := 0; i < len(x); i += callFloats {
		normAVX2(&dst[i], &x[i], &w[i], min(callFloats, len(x)-i), scale)
	}
}

func swiGLU(dst, gate, up []float32) {
	checkEqual(len(gate), len(dst), len(up))
	whole := len(dst) / lanes * lanes
	for i := 0; i < whole; i += callFloats {
		swiGLUAVX2(&dst[i], &gate[i], &up[i], min(callFloats, whole-i))
	}
	if whole < len(dst) {
		var g, u [lanes]float32
		copy(g[:], gate[whole:])
		copy(u[:], up[whole:])
		swiGLUAVX2(&g[0], &g[0], &u[0], lanes)
		copy(dst[whole:], g[:])
	}
}

func f32ToF16(dst []byte, src []float32) {
	checkEqual(2*len(src), len(dst))
	whole := len(src) / lanes * lanes
	for i := 0; i < whole; i += callFloats {
		f32ToF16AVX2(&dst[2*i], &src[i], min(callFloats, whole-i))
	}
	if whole < len(src) {
		var in [lanes]float32
		var out [2 * lanes]byte
		copy(in[:], src[whole:])
		f32ToF16AVX2(&out[0], &in[0], lanes)
		copy(dst[2*whole:], out[:])
	}
}
