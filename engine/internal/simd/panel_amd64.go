//go:build amd64 && !purego

package simd

import (
	"unsafe"

	"loupe/engine/tensor"
)

type (
	// A panelFunc multiplies rows rows in panels with the activation rows from q, d,
	// s and b on, as many as it has columns. Where halves of blocks have scales, b is
	// their sums.
	panelFunc func(dst *float32, ldd int, w *byte, rows, nb int, q *int8, d, s *float32, b *int32, add int)
	// A fineFunc multiplies with the two parts of one activation row.
	fineFunc func(dst *float32, w *byte, rows, nb int, q *int8, d, s *float32, b *int32, q2 *int8, d2, s2 *float32, b2 *int32)
)

// maxColumns is the most tokens that one call of an assembly function takes.
const maxColumns = 16

// panelTier are the assembly functions for one format.
type panelTier struct {
	*panelFormat
	rows int // of a panel
	panelTiles
	widths
}

// panelTiles are the functions for one format, as tiles256 and tiles512 list them.
type panelTiles struct {
	fine  fineFunc
	tiles [maxColumns + 1]panelFunc // by the number of columns; nil where there is none
}

// chunkBytes is how much of the weights stays in the second-level cache while the
// tokens pass.
const chunkBytes = 256 << 10

// kernels are the products of the tier.
func (p *panelTier) kernels() panelKernels {
	for n, f := range p.tiles {
		if f != nil {
			p.add(n)
		}
	}
	return panelKernels{p.mulChecked, p.mulFine}
}

func (p *panelTier) mulChecked(dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int) {
	if !p.check(p.rows, dst, ldd, w, rows, x, t0, t1) {
		return
	}
	if x.N == 0 {
		clearProduct(dst, ldd, rows, t0, t1)
		return
	}
	step := p.rowsACall(x.N, t1-t0)
	for r := 0; r < rows; r += step {
		p.mul(dst[r:], ldd, w[r/p.rows*p.panelBytes(p.rows, x.N):], min(step, rows-r), x, t0, t1, 0)
	}
}

func (p *panelTier) mulFine(dst []float32, ldd int, w []byte, rows int, x, rest *Q8, t0, t1 int) {
	if !p.checkFine(p.rows, dst, ldd, w, rows, x, rest, t0, t1) {
		return
	}
	if x.N == 0 {
		clearProduct(dst, ldd, rows, t0, t1)
		return
	}
	step, nb := p.rowsACall(x.N, t1-t0), x.N/blockLen
	for r := 0; r < rows; r += step {
		n, part := min(step, rows-r), w[r/p.rows*p.panelBytes(p.rows, x.N):]
		if t1 == t0+1 {
			p.fine(&dst[t0*ldd+r], &part[0], n, nb,
				&x.Q[t0*x.N], &x.D[t0*nb], &x.S[t0*nb], p.sums(x, t0*nb),
				&rest.Q[t0*x.N], &rest.D[t0*nb], &rest.S[t0*nb], p.sums(rest, t0*nb))
			continue
		}
		p.mul(dst[r:], ldd, part, n, x, t0, t1, 0)
		p.mul(dst[r:], ldd, part, n, rest, t0, t1, 1)
	}
}

// sums are the integer sums of block b of x and the ones after it, as the format
// needs them.
func (p *panelTier) sums(x *Q8, b int) *int32 {
	if p.halves {
		return (*int32)(unsafe.Pointer(&x.H[2*b]))
	}
	return &x.B[b]
}

// rowsACall is how many rows, in whole panels, go through all tokens together.
func (p *panelTier) rowsACall(n, tokens int) int {
	bytes := callBytes
	if tokens > 1 {
		bytes = chunkBytes
	}
	return max(1, bytes/p.panelBytes(p.rows, n)) * p.rows
}

// mul passes the tokens by the rows, a tile of columns at a time.
func (p *panelTier) mul(dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1, add int) {
	nb := x.N / blockLen
	for t := t0; t < t1; {
		n := p.next(t1 - t)
		p.tiles[n](&dst[t*ldd], ldd, &w[0], rows, nb, &x.Q[t*x.N], &x.D[t*nb], &x.S[t*nb], p.sums(x, t*nb), add)
		t += n
	}
}

// newPanels are the kernels of a tier for panels of rows rows.
func newPanels(rows int, tiles map[tensor.DType]panelTiles) (k [len(panelFormats)]panelKernels) {
	for i := range panelFormats {
		f := &panelFormats[i]
		p := &panelTier{panelFormat: f, rows: rows, panelTiles: tiles[f.typ]}
		k[i] = p.kernels()
	}
	return k
}
