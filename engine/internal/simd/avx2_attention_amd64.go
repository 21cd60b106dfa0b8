//go:build amd64 && !purego

package simd

import "unsafe"

func scores(dst, q []float32, k []byte, stride int, scale float32) {
	scoreRows(2, scoresF16AVX2, dst, q, k, stride, scale)
}

func scoresF32(dst, q []float32, k []byte, stride int, scale float32) {
	scoreRows(4, scoresF32AVX2, dst, q, k, stride, scale)
}

func mix(out, p []float32, v []byte, stride int) { mixRows(2, mixF16AVX2, out, p, v, stride) }

func mixF32(out, p []float32, v []byte, stride int) { mixRows(4, mixF32AVX2, out, p, v, stride) }

// rowsACall is how many rows of n elements one call takes: whole groups of four.
func rowsACall(n int) int { return max(4, callFloats/max(n, 1)/4*4) }

func scoreRows(size int, kernel func(dst *float32, rows int, q *float32, n int, k *byte, stride int, scale float32),
	dst, q []float32, k []byte, stride int, scale float32) {
	if !checkRows(size, len(dst), len(q), len(k), stride) {
		return
	}
	step := rowsACall(len(q))
	for i := 0; i < len(dst); i += step {
		kernel(&dst[i], min(step, len(dst)-i), unsafe.SliceData(q), len(q), unsafe.SliceData(k[i*stride:]), stride, scale)
	}
}

func mixRows(size int, kernel func(out *float32, n int, p *float32, rows int, v *byte, stride int),
	out, p []float32, v []byte, stride int) {
	if !checkRows(size, len(p), len(out), len(v), stride) {
		return
	}
	step := rowsACall(len(out))
	for i := 0; i < len(p); i += step {
		kernel(unsafe.SliceData(out), len(out), &p[i], min(step, len(p)-i), unsafe.SliceData(v[i*stride:]), stride)
	}
}
