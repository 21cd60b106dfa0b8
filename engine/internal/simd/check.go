package simd

import "loupe/engine/tensor"

// What a kernel panics with when its operands do not fit together.
const (
	badBlocks  = "simd: row length is not a multiple of 32"
	badLength  = "simd: operands differ in length"
	badRow     = "simd: row index out of range"
	badTokens  = "simd: token range out of order or below 0"
	shortDst   = "simd: dst is too short for its rows and tokens"
	shortInput = "simd: x is too short for its tokens"
	shortW     = "simd: w is too short for its rows"
	badLdd     = "simd: ldd is less than the number of rows"
	noPanels   = "simd: weights of this type have no panels"
	badHeads   = "simd: a head is shorter than the pairs to rotate"
	badStride  = "simd: stride is below 0"
	shortRows  = "simd: k or v is too short for its rows"
)

// checkFineRow is checkQuantize for both parts of a row.
func checkFineRow(q, rest *Q8, row int, x []float32) {
	if q.N != rest.N {
		panic(badLength)
	}
	checkQuantize(q, row, x)
	checkQuantize(rest, row, x)
}

// checkRope checks a row of heads.
func checkRope(x []float32, heads, headSize int, cos, sin []float32) {
	switch {
	case len(cos) != len(sin):
		panic(badLength)
	case heads < 0 || headSize < 2*len(cos):
		panic(badHeads)
	case len(x) != heads*headSize:
		panic(badLength)
	}
}

func checkQuantize(q *Q8, row int, x []float32) {
	n := q.N
	switch {
	case n%blockLen != 0:
		panic(badBlocks)
	case len(x) != n:
		panic(badLength)
	case row < 0 || (row+1)*n > len(q.Q) || (row+1)*(n/blockLen) > min(len(q.D), len(q.S), len(q.B), len(q.H)/2):
		panic(badRow)
	}
}

// checkMulQ reports whether there is anything to do.
func checkMulQ(t tensor.DType, dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int) bool {
	if x.N%blockLen != 0 {
		panic(badBlocks)
	}
	if t1*x.N > len(x.Q) || t1*(x.N/blockLen) > min(len(x.D), len(x.S)) {
		panic(shortInput)
	}
	return checkMul(dst, ldd, len(w), rows, t.RowBytes(x.N), t0, t1)
}

func checkMulF(size int, dst []float32, ldd int, w []byte, rows int, x []float32, n, t0, t1 int) bool {
	if n < 0 || t1*n > len(x) {
		panic(shortInput)
	}
	return checkMul(dst, ldd, len(w), rows, n*size, t0, t1)
}

func checkMul(dst []float32, ldd, lenW, rows, rowBytes, t0, t1 int) bool {
	switch {
	case t0 < 0 || t0 > t1:
		panic(badTokens)
	case rows < 0 || rows*rowBytes > lenW:
		panic(shortW)
	case rows == 0 || t0 == t1:
		return false
	case ldd < rows && t1 > 1:
		panic(badLdd)
	case (t1-1)*ldd+rows > len(dst):
		panic(shortDst)
	}
	return true
}

func checkExpand(t tensor.DType, dst []float32, src []byte) {
	switch {
	case len(dst)%t.BlockSize() != 0:
		panic(badBlocks)
	case len(src) != t.RowBytes(len(dst)):
		panic(badLength)
	}
}

// checkRows checks rows rows of n elements of size bytes, each stride bytes after
// the one before, in lenRows bytes. It reports whether there are any.
func checkRows(size, rows, n, lenRows, stride int) bool {
	rest := lenRows - n*size // after the first row
	switch {
	case stride < 0:
		panic(badStride)
	case rows == 0:
		return false
	case rest < 0 || rows > 1 && stride > rest/(rows-1):
		panic(shortRows)
	}
	return true
}

func checkEqual(lengths ...int) {
	for _, n := range lengths[1:] {
		if n != lengths[0] {
			panic(badLength)
		}
	}
}
