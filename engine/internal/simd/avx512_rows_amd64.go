//go:build amd64 && !purego

package simd

import "math"

func quantizeQ8Wide(q *Q8, row int, x []float32) {
	checkQuantize(q, row, x)
	nb := q.N / blockLen
	for b := 0; b < nb; {
		n, at := min(callFloats/blockLen, nb-b), row*nb+b
		b += n - quantizeQ8AVX512(&q.Q[at*blockLen], &q.D[at], &q.S[at], &q.B[at], &q.H[2*at], &x[b*blockLen], n)
		if n = min(fours, nb-b); n > 0 {
			at = row*nb + b
			quantizeQ8AVX2(&q.Q[at*blockLen], &q.D[at], &q.S[at], &q.B[at], &q.H[2*at], &x[b*blockLen], n)
			b += n
		}
	}
}

// fours is how many blocks the kernels of AVX-512 take together. They leave some
// to those of AVX2.
const fours = 4

func quantizeQ8FineWide(q, rest *Q8, row int, x []float32) {
	checkFineRow(q, rest, row, x)
	nb := q.N / blockLen
	for b := 0; b < nb; {
		n, at := min(callFloats/blockLen, nb-b), row*nb+b
		b += n - quantizeQ8FineAVX512(&q.Q[at*blockLen], &q.D[at], &q.S[at], &q.B[at], &q.H[2*at],
			&rest.Q[at*blockLen], &rest.D[at], &rest.S[at], &rest.B[at], &rest.H[2*at], &x[b*blockLen], n)
		if n = min(fours, nb-b); n > 0 {
			at = row*nb + b
			quantizeQ8FineAVX2(&q.Q[at*blockLen], &q.D[at], &q.S[at], &q.B[at], &q.H[2*at],
				&rest.Q[at*blockLen], &rest.D[at], &rest.S[at], &rest.B[at], &rest.H[2*at], &x[b*blockLen], n)
			b += n
		}
	}
}

// wideLanes is lanes for AVX-512.
const wideLanes = 16

func softMaxWide(x []float32) {
	if len(x) == 0 {
		return
	}
	whole := len(x) / wideLanes * wideLanes
	rest := x[whole:]
	var tail [wideLanes]float32
	for i := range tail {
		tail[i] = float32(math.Inf(-1))
	}
	copy(tail[:], rest)

	top := maxAVX2(&tail[0], wideLanes)
	for i := 0; i < whole; i += callFloats {
		top = max(top, maxAVX2(&x[i], min(callFloats, whole-i)))
	}
	sum := expSumAVX512(&tail[0], wideLanes, top)
	for i := 0; i < whole; i += callFloats {
		sum += expSumAVX512(&x[i], min(callFloats, whole-i), top)
	}
	copy(rest, tail[:])
	inverse := float32(1 / sum)
	for ; len(x) > callFloats; x = x[callFloats:] {
		scaleAVX2(&x[0], callFloats, inverse)
	}
	scaleAVX2(&x[0], len(x), inverse)
}

func swiGLUWide(dst, gate, up []float32) {
	checkEqual(len(gate), len(dst), len(up))
	whole := len(dst) / wideLanes * wideLanes
	for i := 0; i < whole; i += callFloats {
		swiGLUAVX512(&dst[i], &gate[i], &up[i], min(callFloats, whole-i))
	}
	if whole < len(dst) {
		var g, u [wideLanes]float32
		copy(g[:], gate[whole:])
		copy(u[:], up[whole:])
		swiGLUAVX512(&g[0], &g[0], &u[0], wideLanes)
		copy(dst[whole:], g[:])
	}
}
