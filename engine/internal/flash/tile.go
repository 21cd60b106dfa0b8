package flash

import (
	"fmt"
	"math"
	"unsafe"

	"loupe/engine/internal/simd"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// Shape is what the tiles of one attention have in common.
type Shape struct {
	HeadK, HeadV int
	KType, VType tensor.DType
	Cells        int  // the most cells of a block, at most BlockCells unless Floats
	Exact        bool // multiply keys as float32
	Floats       bool // multiply values as float32
}

// Tile is the attention of some queries of one K/V head, and the memory it needs.
// For each block of cells, from the first page on:
//
//	Keys of each page, Weigh, Values of each page, Join
//
// after which Top, Sum and Out are those of all blocks so far.
type Tile struct {
	Shape
	Rows int       // queries times the query heads of a K/V head
	Q    []float32 // [Rows, HeadK], times Scale; to be filled between Reset and Start
	Sees []int32   // [Rows] cells of the block that a row sees; to be filled before Weigh
	Top  []float32 // [Rows up to a multiple of 16] greatest score so far, in units of ln 2
	Sum  []float32 // the same: sum of the weights 2^(score-Top) so far
	Out  []float32 // [Rows, Width] weighted sum of the values so far

	simd *simd.Kernels
	kern *kernels
	k, v *format // nil: as float32

	q         simd.Q8
	quantised bool      // q has the queries
	scores    []float32 // [Rows, ld]: scores of the block, then weights
	hides     []int32   // [Rows]: cells of the block that Hide hid
	ld        int
	next      uintptr   // page to ask for
	cells     int       // of the block
	tile      []float32 // [PageCells, HeadK or HeadV]: of a page
	turned    []float32 // [HeadK, PageCells]: its keys
	words     []byte    // the same in 16 bits
	codes     []byte    // [HeadK/32] block columns of a page of keys
	scales    []float32 // [2, HeadK/32, PageCells]: their scales and offsets
	ints      []int16   // [pages, HeadV/32] block columns of values
	d, m      []float32 // [HeadV/32, BlockCells]: scales and offsets of the block
	p         []int16   // [2, Rows, ld]: weights times scales of two block columns
	sums      []int32   // [Rows, Width]: its products

	newTop, newSum, a, b  []float32                      // as Top
	fit, unfit, offset    []float32                      // [Rows]: what scales weights to 15 bits, and back; what the offsets add
	evenUnfit, evenOffset []float32                      // the same of the block column before
	part                  []float32                      // [Rows, Width]: of the block
	pages                 [BlockCells / PageCells][]byte // the block's values as they lie
	aheads                [BlockCells / PageCells]int    // what to ask for with each
}

// Width is the length of a row of Out: HeadV up to a multiple of 16.
func (s *Shape) Width() int { return (s.HeadV + 15) / 16 * 16 }

// Scale is what queries are multiplied with for heads of n elements: scores are
// divided by the root of n, and are powers of two.
func Scale(n int) float32 { return float32(math.Log2E / math.Sqrt(float64(n))) }

// Reset makes t a tile of rows rows. Nothing is allocated when it was as large
// before.
func (t *Tile) Reset(k *simd.Kernels, s Shape, rows int) {
	t.Shape, t.Rows, t.simd, t.kern, t.quantised = s, rows, k, kernelsOf(k), false
	t.ld = (s.Cells + BlockCells - 1) / BlockCells * BlockCells
	t.Q, t.scores = sized(t.Q, rows*s.HeadK), sized(t.scores, rows*t.ld)
	t.tile = sized(t.tile, PageCells*max(s.HeadK, s.Width()))
	t.Out = sized(t.Out, rows*s.Width())
	t.room()
	t.Sees, t.hides = sized(t.Sees, rows), sized(t.hides, rows)
	clear(t.hides)
	padded := Padded(rows)
	for _, v := range []*[]float32{&t.Top, &t.Sum, &t.newTop, &t.newSum, &t.a, &t.b} {
		*v = sized(*v, padded)
		clear(*v)
	}
	for i := range t.newTop {
		t.newTop[i] = lowest
	}
	t.Clear()
}

// Types tells of which types the pages that follow are, where that is not those of
// the Shape. Values of a block must be of one type unless they are multiplied as
// float32.
func (t *Tile) Types(k, v tensor.DType) {
	if k == t.KType && v == t.VType {
		return
	}
	t.KType, t.VType = k, v
	t.room()
	t.Start()
}

// room is what the types need.
func (t *Tile) room() {
	s, rows := &t.Shape, t.Rows
	t.k, t.v = nil, nil
	if !s.Exact {
		t.k = formatOf(s.KType)
	}
	if !s.Floats {
		t.v = formatOf(s.VType)
	}
	if s.Cells > BlockCells && t.v != nil {
		panic(fmt.Sprintf("flash: block of %d cells, at most %d", s.Cells, BlockCells))
	}
	if t.k != nil {
		t.codes, t.scales = sized(t.codes, s.HeadK/blockLen*columnBytes), sized(t.scales, 2*s.HeadK/blockLen*PageCells)
	} else {
		t.turned = sized(t.turned, s.HeadK*PageCells)
	}
	if t.v != nil {
		t.ints = sized(t.ints, BlockCells/PageCells*s.HeadV/blockLen*columnInts)
		t.d, t.m = sized(t.d, s.HeadV/blockLen*BlockCells), sized(t.m, s.HeadV/blockLen*BlockCells)
		t.p, t.sums = sized(t.p, 2*rows*t.ld), sized(t.sums, rows*s.Width())
		t.evenUnfit, t.evenOffset = sized(t.evenUnfit, rows), sized(t.evenOffset, rows)
		t.fit, t.unfit, t.offset = sized(t.fit, rows), sized(t.unfit, rows), sized(t.offset, rows)
	} else {
		t.part = sized(t.part, rows*s.Width())
	}
}

// Clear forgets all blocks.
func (t *Tile) Clear() {
	for i := range t.Top {
		t.Top[i], t.Sum[i] = lowest, 0
	}
	clear(t.Out)
}

// Padded is the length of Top and Sum for rows rows.
func Padded(rows int) int { return (rows + 15) / 16 * 16 }

// ScoreBytes is the memory that scores take now.
func (t *Tile) ScoreBytes() int { return 4 * cap(t.scores) }

// Start takes the queries as they are in Q.
func (t *Tile) Start() {
	if t.k == nil || t.quantised {
		return
	}
	t.quantised = true
	t.q.Reset(t.Rows, t.HeadK)
	for r := range t.Rows {
		t.simd.QuantizeQ8(&t.q, r, t.Q[r*t.HeadK:][:t.HeadK])
	}
}

// Next tells which page to ask for while the next call of Keys or of Values has work:
// for few queries, what takes the time is to fetch pages, as those of one layer lie far
// apart.
func (t *Tile) Next(page []byte) { t.next = uintptr(unsafe.Pointer(unsafe.SliceData(page))) }

// ahead is how far after page the next one is.
func (t *Tile) ahead(page []byte) int {
	return int(t.next - uintptr(unsafe.Pointer(unsafe.SliceData(page))))
}

// Keys makes the scores of page i of the block with its first cells keys; page has
// PageCells.
func (t *Tile) Keys(i int, page []byte, cells int) {
	dst, n := t.scores[i*PageCells:], t.HeadK
	if mul := t.halves(t.KType); mul != nil && n%t.kern.turned == 0 {
		// Results are the same either way: 16 bits become float32 exactly.
		t.words = sized(t.words, 2*n*PageCells)
		t.kern.turn(t.words, page, n, t.ahead(page))
		if t.Rows <= fewRows {
			mul(dst, t.ld, t.Q, n, t.Rows, t.words, n, PageCells, false, 0)
			return
		}
		t.expand(t.KType, t.turned, t.words)
		t.kern.mul(dst, t.ld, t.Q, n, t.Rows, t.turned, n, PageCells, false)
		return
	}
	if t.k == nil {
		keys := t.decode(t.KType, page, cells, n, n)
		t.kern.columns(t.turned, keys, cells, n)
		t.kern.mul(dst, t.ld, t.Q, n, t.Rows, t.turned, n, PageCells, false)
		return
	}
	f, stride, blocks := t.k, t.KType.RowBytes(n), n/blockLen
	t.kern.packKeys(f.typ, t.codes, page, n, t.ahead(page))
	size := t.KType.BlockBytes()
	t.kern.halves(t.scales, PageCells, page, stride, blocks, size)
	if f.offset {
		t.kern.halves(t.scales[n/blockLen*PageCells:], PageCells, page[2:], stride, blocks, size)
	}
	for b := range blocks {
		codes, d, m := t.codes[b*columnBytes:][:columnBytes], t.scales[b*PageCells:][:PageCells], t.scales[(blocks+b)*PageCells:][:PageCells]
		switch q := &t.q; {
		case f.offset:
			t.kern.scoresOffset(dst, t.ld, q.Q[b*blockLen:], n, q.D[b:], q.S[b:], blocks, t.Rows, codes, d, m, b > 0)
		case f.wide():
			t.kern.scoresBytes(dst, t.ld, q.Q[b*blockLen:], n, q.D[b:], q.B[b:], blocks, t.Rows, codes, d, f.shift(), b > 0)
		default:
			t.kern.scores(dst, t.ld, q.Q[b*blockLen:], n, q.D[b:], q.B[b:], blocks, t.Rows, codes, d, f.shift(), b > 0)
		}
	}
}

// Weigh turns the scores of cells cells into weights.
func (t *Tile) Weigh(cells int) {
	t.cells = cells
	width := (cells + PageCells - 1) / PageCells * PageCells
	t.kern.weigh(t.scores, t.ld, t.Rows, width, t.Sees, t.newTop, t.newSum)
}

// Scores puts the scores of row r, of its first len(dst) cells, into dst, in units of 1.
// What Hide hid is -Inf. To be called before Weigh.
func (t *Tile) Scores(r int, dst []float32) {
	for i, x := range t.scores[r*t.ld:][:len(dst)] {
		dst[i] = x * math.Ln2
	}
	for i := range min(int(t.hides[r]), len(dst)) {
		dst[i] = float32(math.Inf(-1))
	}
}

// Given makes w, of cells cells, the weights of row r as they are, whatever they sum to:
// it takes the place of Keys and Weigh, for every row.
func (t *Tile) Given(r int, w []float32, cells int) {
	t.cells = cells
	row := t.scores[r*t.ld:][:(cells+PageCells-1)/PageCells*PageCells]
	clear(row[copy(row, w):])
	t.newTop[r], t.newSum[r] = 0, 1
}

// Weights are those of row r after Weigh, and their sum: of the block's cells.
func (t *Tile) Weights(r int) ([]float32, float32) {
	return t.scores[r*t.ld:][:t.cells], t.newSum[r]
}

// Values takes the first cells values of page i of the block.
func (t *Tile) Values(i int, page []byte, cells int) {
	if mul := t.halves(t.VType); mul != nil && t.Rows <= fewRows && t.Width() == t.HeadV {
		mul(t.part, t.HeadV, t.scores[i*PageCells:], t.ld, t.Rows, page, cells, t.HeadV, i > 0, t.ahead(page))
		return
	}
	if t.v == nil {
		w := t.Width()
		v := t.decode(t.VType, page, cells, t.HeadV, w)
		t.kern.mul(t.part, w, t.scores[i*PageCells:], t.ld, t.Rows, v, cells, w, i > 0)
		return
	}
	stride, blocks, size := t.VType.RowBytes(t.HeadV), t.HeadV/blockLen, t.VType.BlockBytes()
	if t.asTheyLie() {
		t.pages[i], t.aheads[i] = page, t.ahead(page)
	} else {
		t.kern.packValues(t.v.typ, t.ints[i*columnInts:], BlockCells/PageCells*columnInts, page, t.HeadV, t.ahead(page))
	}
	t.kern.halves(t.d[i*PageCells:], BlockCells, page, stride, blocks, size)
	if t.v.offset {
		t.kern.halves(t.m[i*PageCells:], BlockCells, page[2:], stride, blocks, size)
	}
	if cells < PageCells {
		for b := range blocks {
			at := b*BlockCells + i*PageCells
			clear(t.d[at+cells : at+PageCells])
			clear(t.m[at+cells : at+PageCells])
		}
	}
}

// asTheyLie reports whether values in blocks are not packed, as there are too few
// rows for that.
func (t *Tile) asTheyLie() bool {
	return t.kern.mixCodes != nil && t.Rows <= 4 && t.HeadV%(2*blockLen) == 0
}

// Join adds the block to those before it.
func (t *Tile) Join() {
	defer clear(t.hides)
	t.kern.rescale(t.Top, t.Sum, t.newTop, t.newSum, t.a, t.b)
	w := t.Width()
	if t.v == nil {
		t.kern.join(t.Out, t.part, t.Rows, w, t.a, t.b)
		return
	}
	width := (t.cells + PageCells - 1) / PageCells * PageCells
	half := t.Rows * t.ld
	for b := range t.HeadV / blockLen {
		d, m := t.d[b*BlockCells:][:width], []float32(nil)
		t.fitRows(d)
		if t.v.offset {
			m = t.m[b*BlockCells:][:width]
		} else {
			clear(t.offset)
		}
		if !t.asTheyLie() {
			t.kern.quantise(t.p, t.scores, t.ld, t.Rows, d, t.fit, m, t.offset)
			for i := 0; i < width; i += PageCells {
				t.kern.mix(t.sums[b*blockLen:], w, t.p[i:], t.ld, t.Rows, t.ints[(b*BlockCells+i)/PageCells*columnInts:][:columnInts], i > 0)
			}
			t.kern.joinInts(t.Out[b*blockLen:], t.sums[b*blockLen:], w, t.Rows, t.a, t.b, t.unfit, t.offset)
			continue
		}
		t.kern.quantise(t.p[b%2*half:], t.scores, t.ld, t.Rows, d, t.fit, m, t.offset)
		if b%2 == 0 {
			copy(t.evenUnfit, t.unfit)
			copy(t.evenOffset, t.offset)
			continue
		}
		for i := 0; i < width; i += PageCells {
			page := t.pages[i/PageCells][(b-1)*t.VType.BlockBytes():]
			t.kern.mixCodes(t.v.typ, t.sums[(b-1)*blockLen:], w, t.p[i:], t.ld, half, t.Rows, page, t.VType.RowBytes(t.HeadV), i > 0, t.aheads[i/PageCells])
		}
		t.kern.joinInts(t.Out[(b-1)*blockLen:], t.sums[(b-1)*blockLen:], w, t.Rows, t.a, t.b, t.evenUnfit, t.evenOffset)
		t.kern.joinInts(t.Out[b*blockLen:], t.sums[b*blockLen:], w, t.Rows, t.a, t.b, t.unfit, t.offset)
	}
}

// fitRows makes fit and unfit of the scales d of a block column: a row's own, of
// the pages of which it sees a cell. (Those before its window may not be there: others
// stand in their place.)
func (t *Tile) fitRows(d []float32) {
	from, done, most := -1, 0, float32(0)
	for r := range t.Rows {
		n := min(int(t.Sees[r]), t.cells)
		if at := min(int(t.hides[r]), n) / PageCells * PageCells; at != from {
			from, done, most = at, at, 0
			if whole := n / PageCells * PageCells; whole > from {
				most, done = t.kern.largest(d[from:whole]), whole
			}
		} else if n < done {
			panic("flash: a row sees less than the one before")
		}
		for ; done < n; done++ {
			most = max(most, d[done], -d[done])
		}
		t.fit[r], t.unfit[r] = 0, 0
		if most >= smallest {
			t.fit[r], t.unfit[r] = most16/most, most/most16
		}
	}
}

// fewRows is up to how many rows 16-bit elements are converted for each product.
const fewRows = 6

// halves multiplies by elements of type typ as they are, or is nil.
func (t *Tile) halves(typ tensor.DType) func(dst []float32, ldd int, a []float32, lda, rows int, b []byte, n, cols int, add bool, ahead int) {
	switch typ {
	case tensor.F16:
		return t.kern.mulF16
	case tensor.BF16:
		return t.kern.mulBF16
	}
	return nil
}

// decode gives the first rows rows of a page as float32, width apart. Elements
// past n of a row are 0.
func (t *Tile) decode(typ tensor.DType, page []byte, rows, n, width int) []float32 {
	size := typ.RowBytes(n)
	switch {
	case width != n:
		for r := range rows {
			row := t.tile[r*width:][:width]
			t.expand(typ, row[:n], page[r*size:][:size])
			clear(row[n:])
		}
	case typ == tensor.F32:
		return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(page))), PageCells*n)
	default:
		t.expand(typ, t.tile[:rows*n], page[:rows*size])
	}
	return t.tile
}

// expand decodes whole blocks. The type was checked when the cache was made, so an
// error is a bug.
func (t *Tile) expand(typ tensor.DType, dst []float32, src []byte) {
	if f := t.simd.Expand(typ); f != nil {
		f(dst, src)
	} else if err := quant.Dequantize(typ, dst, src); err != nil {
		panic(fmt.Sprintf("flash: %v", err))
	}
}

// Joined adds to top, sum and out, [rows, width], those of other rows: what Join
// does for a block.
func (t *Tile) Joined(top, sum, out, newTop, newSum, part []float32, rows, width int) {
	t.a, t.b = sized(t.a, len(top)), sized(t.b, len(top))
	t.kern.rescale(top, sum, newTop, newSum, t.a, t.b)
	t.kern.join(out, part, rows, width, t.a, t.b)
}

// sized gives a slice of n elements, s itself when it is long enough.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
