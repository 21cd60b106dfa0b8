package simd

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
	nb, size := x.N/blockLen, f.size(panelRows)
	mulBlocks(dst, ldd, rows, x, t0, t1, add, func(r, b int) (wb block) {
		f.unpack(&wb, panelRows, r%panelRows, w[(r/panelRows*nb+b)*size:][:size])
		return wb
	})
}

// unpack fills b from row r of column.
func (f *panelFormat) unpack(b *block, panelRows, r int, column []byte) {
	b.d, b.m = halfAt(column, r), 0
	if f.offset {
		b.m = halfAt(column[f.offsets(panelRows):], r)
	}
	quants := column[f.quants(panelRows):]
	for i := range b.q {
		s, at := i/4, 4*r+i%4
		var q int16
		switch {
		case f.bits == 8:
			q = int16(quants[4*panelRows*s+at])
		case s < 4:
			q = int16(quants[4*panelRows*s+at] & 15)
		default:
			q = int16(quants[4*panelRows*(s-4)+at] >> 4)
		}
		if f.bits == 5 {
			q |= int16(column[f.high(panelRows)+at]>>s&1) << 4
		}
		b.q[i] = q - f.centre
	}
}
