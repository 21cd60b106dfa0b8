//go:build amd64 && !purego

package simd

type (
	// A panelFunc multiplies rows rows in panels with the activation rows from q, d,
	// s and b on, as many as it has columns.
	panelFunc func(dst *float32, ldd int, w *byte, rows, nb int, q *int8, d, s *float32, b *int32, add int)
	// A fineFunc multiplies with the two parts of one activation row.
	fineFunc func(dst *float32, w *byte, rows, nb int, q *int8, d, s *float32, b *int32, q2 *int8, d2, s2 *float32, b2 *int32)
)

// maxColumns is the most tokens that one call of an assembly function takes.
const maxColumns = 16

// panelTier are the assembly functions for one format.
type panelTier struct {
	*panelFormat
	rows  int                       // of a panel
	tiles [maxColumns + 1]panelFunc // by the number of columns; nil where there is none
	widths
	fine fineFunc
}

// chunkBytes is how much of the weights stays in the second-level cache while the
// tokens pass.
const chunkBytes = 256 << 10

// kernels are the functions of the tier for the format at index i.
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
				&x.Q[t0*x.N], &x.D[t0*nb], &x.S[t0*nb], &x.B[t0*nb],
				&rest.Q[t0*x.N], &rest.D[t0*nb], &rest.S[t0*nb], &rest.B[t0*nb])
			continue
		}
		p.mul(dst[r:], ldd, part, n, x, t0, t1, 0)
		p.mul(dst[r:], ldd, part, n, rest, t0, t1, 1)
	}
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
		p.tiles[n](&dst[t*ldd], ldd, &w[0], rows, nb, &x.Q[t*x.N], &x.D[t*nb], &x.S[t*nb], &x.B[t*nb], add)
		t += n
	}
}

// panels256 are the functions for panels of 8 rows.
func panels256() (k [len(panelFormats)]panelKernels) {
	for i, p := range [len(panelFormats)]panelTier{
		{fine: mulPanelQ4_0FineAVX2, tiles: [maxColumns + 1]panelFunc{1: mulPanelQ4_0x1AVX2, 2: mulPanelQ4_0x2AVX2, 3: mulPanelQ4_0x3AVX2, 4: mulPanelQ4_0x4AVX2}},
		{fine: mulPanelQ4_1FineAVX2, tiles: [maxColumns + 1]panelFunc{1: mulPanelQ4_1x1AVX2, 2: mulPanelQ4_1x2AVX2, 3: mulPanelQ4_1x3AVX2, 4: mulPanelQ4_1x4AVX2}},
		{fine: mulPanelQ5_0FineAVX2, tiles: [maxColumns + 1]panelFunc{1: mulPanelQ5_0x1AVX2, 2: mulPanelQ5_0x2AVX2, 3: mulPanelQ5_0x3AVX2, 4: mulPanelQ5_0x4AVX2}},
		{fine: mulPanelQ5_1FineAVX2, tiles: [maxColumns + 1]panelFunc{1: mulPanelQ5_1x1AVX2, 2: mulPanelQ5_1x2AVX2, 3: mulPanelQ5_1x3AVX2, 4: mulPanelQ5_1x4AVX2}},
		{fine: mulPanelQ8_0FineAVX2, tiles: [maxColumns + 1]panelFunc{1: mulPanelQ8_0x1AVX2, 2: mulPanelQ8_0x2AVX2, 3: mulPanelQ8_0x3AVX2, 4: mulPanelQ8_0x4AVX2}},
	} {
		p.panelFormat, p.rows = &panelFormats[i], 8
		k[i] = p.kernels()
	}
	return k
}

// panels512 are the functions for panels of 16 rows.
func panels512() (k [len(panelFormats)]panelKernels) {
	for i, p := range [len(panelFormats)]panelTier{
		{fine: mulPanelQ4_0FineAVX512, tiles: [maxColumns + 1]panelFunc{1: mulPanelQ4_0x1AVX512, 2: mulPanelQ4_0x2AVX512, 3: mulPanelQ4_0x3AVX512, 4: mulPanelQ4_0x4AVX512, 5: mulPanelQ4_0x5AVX512, 6: mulPanelQ4_0x6AVX512, 7: mulPanelQ4_0x7AVX512, 8: mulPanelQ4_0x8AVX512, 12: mulPanelQ4_0x12AVX512, 16: mulPanelQ4_0x16AVX512}},
		{fine: mulPanelQ4_1FineAVX512, tiles: [maxColumns + 1]panelFunc{1: mulPanelQ4_1x1AVX512, 2: mulPanelQ4_1x2AVX512, 3: mulPanelQ4_1x3AVX512, 4: mulPanelQ4_1x4AVX512, 5: mulPanelQ4_1x5AVX512, 6: mulPanelQ4_1x6AVX512, 7: mulPanelQ4_1x7AVX512, 8: mulPanelQ4_1x8AVX512, 12: mulPanelQ4_1x12AVX512, 16: mulPanelQ4_1x16AVX512}},
		{fine: mulPanelQ5_0FineAVX512, tiles: [maxColumns + 1]panelFunc{1: mulPanelQ5_0x1AVX512, 2: mulPanelQ5_0x2AVX512, 3: mulPanelQ5_0x3AVX512, 4: mulPanelQ5_0x4AVX512, 5: mulPanelQ5_0x5AVX512, 6: mulPanelQ5_0x6AVX512, 7: mulPanelQ5_0x7AVX512, 8: mulPanelQ5_0x8AVX512, 12: mulPanelQ5_0x12AVX512, 16: mulPanelQ5_0x16AVX512}},
		{fine: mulPanelQ5_1FineAVX512, tiles: [maxColumns + 1]panelFunc{1: mulPanelQ5_1x1AVX512, 2: mulPanelQ5_1x2AVX512, 3: mulPanelQ5_1x3AVX512, 4: mulPanelQ5_1x4AVX512, 5: mulPanelQ5_1x5AVX512, 6: mulPanelQ5_1x6AVX512, 7: mulPanelQ5_1x7AVX512, 8: mulPanelQ5_1x8AVX512, 12: mulPanelQ5_1x12AVX512, 16: mulPanelQ5_1x16AVX512}},
		{fine: mulPanelQ8_0FineAVX512, tiles: [maxColumns + 1]panelFunc{1: mulPanelQ8_0x1AVX512, 2: mulPanelQ8_0x2AVX512, 3: mulPanelQ8_0x3AVX512, 4: mulPanelQ8_0x4AVX512, 5: mulPanelQ8_0x5AVX512, 6: mulPanelQ8_0x6AVX512, 7: mulPanelQ8_0x7AVX512, 8: mulPanelQ8_0x8AVX512, 12: mulPanelQ8_0x12AVX512, 16: mulPanelQ8_0x16AVX512}},
	} {
		p.panelFormat, p.rows = &panelFormats[i], 16
		k[i] = p.kernels()
	}
	return k
}
