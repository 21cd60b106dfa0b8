package simd

import "loupe/engine/tensor"

// A panel of plain floats holds PanelRows rows of weights interleaved: element 0 of
// each row, then element 1 of each, and so on. Rows that fill up the last panel are
// zeros.

// MulPanelF is MulF for weights that PackFloats has made panels of, or nil when
// there are none of type t.
//
// The sum over elements is a chain of multiply-adds for some 600 of them at a time,
// whose results are added up: an order that depends on nothing but n.
func (k *Kernels) MulPanelF(t tensor.DType) MulF {
	for i, f := range floatFormats {
		if f.typ == t {
			return k.floatPanels[i]
		}
	}
	return nil
}

// floatSize is the size of an element of a type that has panels of floats, or 0.
func floatSize(t tensor.DType) int {
	switch t {
	case tensor.F32:
		return 4
	case tensor.F16, tensor.BF16:
		return 2
	}
	return 0
}

// FloatPanelBytes is PanelBytes for plain floats: the size of rows rows of n weights
// of type t in panels, or 0 when t has none of this kind. Rows from r on, a multiple
// of PanelRows, begin at byte FloatPanelBytes(t, r, n).
func (k *Kernels) FloatPanelBytes(t tensor.DType, rows, n int) int {
	return floatPanelBytes(k.PanelRows, floatSize(t), rows, n)
}

func floatPanelBytes(panelRows, size, rows, n int) int {
	return (rows + panelRows - 1) / panelRows * panelRows * n * size
}

// PackFloats rewrites rows rows of n plain floats as panels: all of dst,
// FloatPanelBytes(t, rows, n). Rows of one tensor may be packed in parts, each but
// the last of whole panels.
func (k *Kernels) PackFloats(t tensor.DType, dst, src []byte, rows, n int) {
	size := floatSize(t)
	switch {
	case size == 0:
		panic(noPanels)
	case rows < 0 || n < 0 || len(src) != rows*n*size || len(dst) != k.FloatPanelBytes(t, rows, n):
		panic(badLength)
	}
	panel := k.PanelRows * n * size
	for ; rows > 0; rows -= k.PanelRows {
		m := min(rows, k.PanelRows)
		if m < k.PanelRows {
			clear(dst[:panel])
		}
		if size == 4 {
			interleave32(dst[:panel], src, k.PanelRows, m, n)
		} else {
			interleave16(dst[:panel], src, k.PanelRows, m, n)
		}
		dst, src = dst[panel:], src[m*n*size:]
	}
}

// checkPanelF reports whether there is anything to do.
func checkPanelF(panelRows, size int, dst []float32, ldd int, w []byte, rows int, x []float32, n, t0, t1 int) bool {
	if rows < 0 || n >= 0 && floatPanelBytes(panelRows, size, rows, n) > len(w) {
		panic(shortW)
	}
	return checkMulF(0, dst, ldd, w, rows, x, n, t0, t1)
}
