package simd

import (
	"math"

	"loupe/engine/tensor"
)

// genericPanels are the kernels in plain Go for panels of panelRows rows.
func genericPanels(panelRows int) (k [len(panelFormats)]panelKernels) {
	for i := range panelFormats {
		f := &panelFormats[i]
		k[i].mul = func(dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int) {
			if f.check(panelRows, dst, ldd, w, rows, x, t0, t1) {
				f.mulGeneric(panelRows, dst, ldd, w, rows, x, t0, t1, false)
			}
		}
		k[i].fine = func(dst []float32, ldd int, w []byte, rows int, x, rest *Q8, t0, t1 int) {
			if f.checkFine(panelRows, dst, ldd, w, rows, x, rest, t0, t1) {
				f.mulGeneric(panelRows, dst, ldd, w, rows, x, t0, t1, false)
				f.mulGeneric(panelRows, dst, ldd, w, rows, rest, t0, t1, true)
			}
		}
	}
	return k
}

// checkFine is check for both parts of the activations.
func (f *panelFormat) checkFine(panelRows int, dst []float32, ldd int, w []byte, rows int, x, rest *Q8, t0, t1 int) bool {
	if x.N != rest.N {
		panic(badLength)
	}
	some := f.check(panelRows, dst, ldd, w, rows, rest, t0, t1)
	return f.check(panelRows, dst, ldd, w, rows, x, t0, t1) && some
}

func (f *panelFormat) mulGeneric(panelRows int, dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int, add bool) {
	units, size := x.N/blockLen/f.blocks(), f.unitBytes(panelRows)
	mulBlocks(dst, ldd, rows, x, t0, t1, add, func(r, b int) (wb block) {
		f.unpack(&wb, panelRows, r%panelRows, w[(r/panelRows*units+b/f.blocks())*size:][:size], b%f.blocks())
		return wb
	})
}

// unpack fills b from block i of row r of unit.
func (f *panelFormat) unpack(b *block, panelRows, r int, unit []byte, i int) {
	column := unit[f.head(panelRows)+i*f.size(panelRows):]
	*b = block{}
	for k := range b.q {
		code := f.code(panelRows, column, r, k)
		if f.values != nil {
			b.q[k] = int16(f.values[code])
		} else {
			b.q[k] = int16(code) - f.centre
		}
	}
	switch {
	case f.typ == tensor.MXFP4:
		b.d = float32(math.Exp2(float64(column[r]) - 128))
	case f.super:
		b.d = halfAt(unit, r)
		f.unpackScales(b, panelRows, r, unit, column)
	default:
		b.d = halfAt(column, r)
		if f.offset {
			b.m = halfAt(column[f.offsets(panelRows):], r)
		}
	}
}

// unpackScales multiplies what is in b by the integer scales, and fills in offsets.
func (f *panelFormat) unpackScales(b *block, panelRows, r int, unit, column []byte) {
	var m float32
	if f.offset {
		m = -halfAt(unit[2*panelRows:], r)
	}
	var scales [2]int16
	for h := range scales {
		v := column[r]
		if f.halves {
			v = column[2*r+h]
		}
		switch {
		case f.signed:
			scales[h] = int16(int8(v))
		case f.halves:
			scales[h] = int16(v & 15)
			b.halves[h] = m * float32(v>>4)
		default:
			scales[h] = int16(v)
		}
	}
	if f.offset && !f.halves {
		b.m = m * float32(column[f.offsets(panelRows)+r])
	}
	for k := range b.q {
		b.q[k] *= scales[k/halfLen]
	}
}

// code is the code of element k of row r of column.
func (f *panelFormat) code(panelRows int, column []byte, r, k int) byte {
	s, at := k/4, 4*r+k%4
	slices, planes := column[f.quants(panelRows):], column[f.high(panelRows):]
	plane := func(p int) byte { return planes[4*panelRows*p+at] }
	switch f.bits {
	case 8:
		return slices[4*panelRows*s+at]
	case 2:
		return slices[4*panelRows*(s/4)+at] >> (2 * (s % 4)) & 3
	case 3:
		return slices[4*panelRows*(s/4)+at]>>(2*(s%4))&3 | plane(0)>>s&1<<2
	}
	code := slices[4*panelRows*(s%4)+at] >> (s / 4 * 4) & 15
	switch f.bits {
	case 5:
		code |= plane(0) >> s & 1 << 4
	case 6:
		code |= plane(s%4/2) >> (2*(s%2) + s/4*4) & 3 << 4
	}
	return code
}
