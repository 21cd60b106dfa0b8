package simd

func scoresGeneric(dst, q []float32, k []byte, stride int, scale float32) {
	checkRows(2, len(dst), len(q), len(k), stride)
	for i := range dst {
		dst[i] = scale * dotF16Generic(q, k[i*stride:][:2*len(q)])
	}
}

func scoresF32Generic(dst, q []float32, k []byte, stride int, scale float32) {
	checkRows(4, len(dst), len(q), len(k), stride)
	for i := range dst {
		row := k[i*stride:][:4*len(q)]
		var s float32
		for d, v := range q {
			s += v * floatAt(row, d)
		}
		dst[i] = scale * s
	}
}

func mixGeneric(out, p []float32, v []byte, stride int) {
	checkRows(2, len(p), len(out), len(v), stride)
	for i, a := range p {
		axpyF16Generic(out, a, v[i*stride:][:2*len(out)])
	}
}

func mixF32Generic(out, p []float32, v []byte, stride int) {
	checkRows(4, len(p), len(out), len(v), stride)
	for i, a := range p {
		row := v[i*stride:][:4*len(out)]
		for d := range out {
			out[d] += a * floatAt(row, d)
		}
	}
}
