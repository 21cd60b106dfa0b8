//go:build amd64 && !purego

package simd

import (
	"unsafe"

	"loupe/engine/tensor"
)

// A floatPanelFunc multiplies k elements of rows rows in panels, stride bytes apart,
// with the activation rows from x on, as many as it has columns.
type floatPanelFunc func(dst *float32, ldd int, w *byte, rows, k, stride int, x *float32, n int, add int)

// floatPanelTier are the assembly functions for one type.
type floatPanelTier struct {
	size  int // of an element
	rows  int // of a panel
	tiles [maxColumns + 1]floatPanelFunc
	widths
	expand Expand                         // to float32, for many tokens; nil: the tiles do that as fast
	wide   [maxColumns + 1]floatPanelFunc // the tiles of float32
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
	if p.expand != nil && t1-t0 >= expandTokens {
		p.mulExpanded(dst, ldd, w, rows, x, n, t0, t1)
		return
	}
	// Chunks of elements of about the same length, and of rows that stay in the
	// second-level cache while the tokens pass. Where one tile takes all tokens,
	// memory is read in order.
	length, panel := chainLength(n), p.rows*n*p.size
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

// chainLength is how many of n elements a chain adds up.
func chainLength(n int) int {
	chunks := (n + maxElements - 1) / maxElements
	return (n + chunks - 1) / chunks
}

const (
	// expandTokens is from how many tokens on it pays to expand weights once.
	expandTokens = 96
	// expandPanels is how many panels are expanded together: those of a tile.
	expandPanels = 2
)

// mulExpanded is mul by way of float32: some elements of two panels are expanded,
// and all tokens pass them. The operations are those of the tiles that expand for
// themselves, and so are the bits.
func (p *floatPanelTier) mulExpanded(dst []float32, ldd int, w []byte, rows int, x []float32, n, t0, t1 int) {
	var expanded [expandPanels * maxElements * 16]float32
	length, panel := chainLength(n), p.rows*n*p.size
	for r := 0; r < rows; r += expandPanels * p.rows {
		m := min(expandPanels*p.rows, rows-r)
		for k := 0; k < n; k += length {
			count, add := min(length, n-k), 0
			if k > 0 {
				add = 1
			}
			size := count * p.rows
			for i := 0; i*p.rows < m; i++ {
				from := (r/p.rows+i)*panel + k*p.rows*p.size
				p.expand(expanded[i*size:(i+1)*size], w[from:from+size*p.size])
			}
			weights := (*byte)(unsafe.Pointer(&expanded))
			for t := t0; t < t1; {
				c := p.next(t1 - t)
				p.wide[c](&dst[t*ldd+r], ldd, weights, m, count, 4*size, &x[t*n+k], n, add)
				t += c
			}
		}
	}
}

// newFloatPanels are the kernels of a tier for panels of rows rows.
func newFloatPanels(rows int, tiles map[tensor.DType][maxColumns + 1]floatPanelFunc) (mul [len(floatFormats)]MulF) {
	for i, f := range floatFormats {
		p := &floatPanelTier{size: floatSize(f.typ), rows: rows, tiles: tiles[f.typ]}
		if rows == 16 {
			p.expand = map[tensor.DType]Expand{tensor.F16: expandF16, tensor.BF16: expandBF16}[f.typ]
			p.wide = tiles[tensor.F32]
		}
		mul[i] = p.kernel()
	}
	return mul
}
