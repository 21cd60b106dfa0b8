//go:build amd64 && !purego

package simd

// A floatPanelFunc multiplies k elements of rows rows in panels, stride bytes apart,
// with the activation rows from x on, as many as it has columns.
type floatPanelFunc func(dst *float32, ldd int, w *byte, rows, k, stride int, x *float32, n int, add int)

// floatPanelTier are the assembly functions for one type.
type floatPanelTier struct {
	size  int // of an element
	rows  int // of a panel
	tiles [maxColumns + 1]floatPanelFunc
	widths
}

const (
	// maxElements is the most elements that a chain adds up: as many as let the
	// activations of a tile stay in the first-level cache.
	maxElements = 640
	// groupPanels is the most panels that an assembly function takes together.
	groupPanels = 4
)

// kernel is the product of the tier.
func (p *floatPanelTier) kernel() MulF {
	for n, f := range p.tiles {
		if f != nil {
			p.add(n)
		}
	}
	return p.mul
}

func (p *floatPanelTier) mul(dst []float32, ldd int, w []byte, rows int, x []float32, n, t0, t1 int) {
	if !checkPanelF(p.rows, p.size, dst, ldd, w, rows, x, n, t0, t1) {
		return
	}
	if n == 0 {
		clearProduct(dst, ldd, rows, t0, t1)
		return
	}
	// Chunks of elements of about the same length, and of rows that stay in the
	// second-level cache while the tokens pass. Where one tile takes all tokens,
	// memory is read in order.
	chunks := (n + maxElements - 1) / maxElements
	length := (n + chunks - 1) / chunks
	panel := p.rows * n * p.size
	step := groupPanels * p.rows
	if t1-t0 > p.dense {
		step *= max(1, chunkBytes/(groupPanels*panel))
	}
	for r := 0; r < rows; r += step {
		part := w[r/p.rows*panel:]
		for k := 0; k < n; k += length {
			add := 0
			if k > 0 {
				add = 1
			}
			for t := t0; t < t1; {
				m := p.next(t1 - t)
				p.tiles[m](&dst[t*ldd+r], ldd, &part[k*p.rows*p.size], min(step, rows-r), min(length, n-k), panel, &x[t*n+k], n, add)
				t += m
			}
		}
	}
}

// floatPanels256 are the kernels for panels of 8 rows.
func floatPanels256() (mul [len(floatFormats)]MulF) {
	for i, p := range [len(floatFormats)]floatPanelTier{
		{tiles: [maxColumns + 1]floatPanelFunc{1: mulPanelF32x1AVX2, 2: mulPanelF32x2AVX2, 3: mulPanelF32x3AVX2, 4: mulPanelF32x4AVX2, 5: mulPanelF32x5AVX2, 6: mulPanelF32x6AVX2}},
		{tiles: [maxColumns + 1]floatPanelFunc{1: mulPanelF16x1AVX2, 2: mulPanelF16x2AVX2, 3: mulPanelF16x3AVX2, 4: mulPanelF16x4AVX2, 5: mulPanelF16x5AVX2, 6: mulPanelF16x6AVX2}},
		{tiles: [maxColumns + 1]floatPanelFunc{1: mulPanelBF16x1AVX2, 2: mulPanelBF16x2AVX2, 3: mulPanelBF16x3AVX2, 4: mulPanelBF16x4AVX2, 5: mulPanelBF16x5AVX2, 6: mulPanelBF16x6AVX2}},
	} {
		p.rows, p.size = 8, floatFormats[i].size
		mul[i] = p.kernel()
	}
	return mul
}

// floatPanels512 are the kernels for panels of 16 rows.
func floatPanels512() (mul [len(floatFormats)]MulF) {
	for i, p := range [len(floatFormats)]floatPanelTier{
		{tiles: [maxColumns + 1]floatPanelFunc{1: mulPanelF32x1AVX512, 2: mulPanelF32x2AVX512, 3: mulPanelF32x3AVX512, 4: mulPanelF32x4AVX512, 5: mulPanelF32x5AVX512, 6: mulPanelF32x6AVX512, 7: mulPanelF32x7AVX512, 8: mulPanelF32x8AVX512, 12: mulPanelF32x12AVX512}},
		{tiles: [maxColumns + 1]floatPanelFunc{1: mulPanelF16x1AVX512, 2: mulPanelF16x2AVX512, 3: mulPanelF16x3AVX512, 4: mulPanelF16x4AVX512, 5: mulPanelF16x5AVX512, 6: mulPanelF16x6AVX512, 7: mulPanelF16x7AVX512, 8: mulPanelF16x8AVX512, 12: mulPanelF16x12AVX512}},
		{tiles: [maxColumns + 1]floatPanelFunc{1: mulPanelBF16x1AVX512, 2: mulPanelBF16x2AVX512, 3: mulPanelBF16x3AVX512, 4: mulPanelBF16x4AVX512, 5: mulPanelBF16x5AVX512, 6: mulPanelBF16x6AVX512, 7: mulPanelBF16x7AVX512, 8: mulPanelBF16x8AVX512, 12: mulPanelBF16x12AVX512}},
	} {
		p.rows, p.size = 16, floatFormats[i].size
		mul[i] = p.kernel()
	}
	return mul
}
