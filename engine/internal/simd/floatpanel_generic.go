package simd

import (
	"encoding/binary"

	"loupe/engine/tensor"
)

// floatFormats are the types of plain floats that have panels, in the order of
// Kernels.floatPanels.
var floatFormats = [...]struct {
	typ tensor.DType
	at  func(b []byte, i int) float32
}{{tensor.F32, floatAt}, {tensor.F16, halfAt}, {tensor.BF16, bhalfAt}}

// interleave32 makes a panel of panelRows rows from the m rows of n elements of 4
// bytes at src.
func interleave32(dst, src []byte, panelRows, m, n int) {
	le := binary.LittleEndian
	for r := range m {
		row, to := src[4*r*n:4*(r+1)*n], dst[4*r:]
		for k := range n {
			le.PutUint32(to[4*k*panelRows:], le.Uint32(row[4*k:]))
		}
	}
}

// interleave16 is interleave32 for elements of 2 bytes. It takes four of each row
// at a time, so that what it writes stays near.
func interleave16(dst, src []byte, panelRows, m, n int) {
	le, step := binary.LittleEndian, 2*panelRows
	k := 0
	for ; k+4 <= n; k += 4 {
		for r := range m {
			v, to := le.Uint64(src[2*(r*n+k):]), dst[2*(k*panelRows+r):][:3*step+2]
			le.PutUint16(to, uint16(v))
			le.PutUint16(to[step:], uint16(v>>16))
			le.PutUint16(to[2*step:], uint16(v>>32))
			le.PutUint16(to[3*step:], uint16(v>>48))
		}
	}
	for ; k < n; k++ {
		for r := range m {
			le.PutUint16(dst[2*(k*panelRows+r):], le.Uint16(src[2*(r*n+k):]))
		}
	}
}

// genericFloatPanels are the kernels in plain Go for panels of panelRows rows.
func genericFloatPanels(panelRows int) (mul [len(floatFormats)]MulF) {
	for i, f := range floatFormats {
		mul[i] = func(dst []float32, ldd int, w []byte, rows int, x []float32, n int, t0, t1 int) {
			if checkPanelF(panelRows, floatSize(f.typ), dst, ldd, w, rows, x, n, t0, t1) {
				mulFloats(dst, ldd, rows, x, n, t0, t1, func(r, k int) float32 {
					return f.at(w, (r/panelRows*n+k)*panelRows+r%panelRows)
				})
			}
		}
	}
	return mul
}
