package simd

import (
	"math"
	"testing"

	"loupe/engine/tensor"
)

// TestShapes: every kernel of every tier refuses operands that do not fit.
func TestShapes(t *testing.T) {
	f := func(n int) []float32 { return make([]float32, n) }
	b := func(n int) []byte { return make([]byte, n) }
	const rows, n, ldd, tokens = 3, 64, 5, 2
	q := func() *Q8 {
		var q Q8
		q.Reset(tokens, n)
		return &q
	}
	odd := q()
	odd.N = 33
	for _, k := range All() {
		for _, typ := range quantTypes {
			mul, w := k.MulQ(typ), b(typ.RowBytes(n)*rows)
			for _, c := range []struct {
				want string
				call func()
			}{
				{"", func() { mul(f(ldd+rows), ldd, w, rows, q(), 0, tokens) }},
				{shortDst, func() { mul(f(ldd+rows-1), ldd, w, rows, q(), 0, tokens) }},
				{shortDst, func() { mul(nil, ldd, w, rows, q(), 1, tokens) }},
				{shortW, func() { mul(f(99), ldd, w[1:], rows, q(), 0, tokens) }},
				{shortW, func() { mul(f(99), ldd, w, -1, q(), 0, tokens) }},
				{shortInput, func() { mul(f(99), ldd, w, rows, q(), 0, tokens+1) }},
				{badTokens, func() { mul(f(99), ldd, w, rows, q(), -1, tokens) }},
				{badTokens, func() { mul(f(99), ldd, w, rows, q(), 2, 1) }},
				{badLdd, func() { mul(f(99), rows-1, w, rows, q(), 0, tokens) }},
				{badBlocks, func() { mul(f(99), ldd, w, rows, odd, 0, tokens) }},
			} {
				refuses(t, k.Name+" "+typ.String(), c.want, c.call)
			}
		}
		for _, typ := range floatTypes {
			mul := map[tensor.DType]MulF{tensor.F32: k.MulF32, tensor.F16: k.MulF16, tensor.BF16: k.MulBF16}[typ]
			w, x := b(typ.RowBytes(n)*rows), f(tokens*n)
			for _, c := range []struct {
				want string
				call func()
			}{
				{"", func() { mul(f(ldd+rows), ldd, w, rows, x, n, 0, tokens) }},
				{shortDst, func() { mul(f(ldd+rows-1), ldd, w, rows, x, n, 0, tokens) }},
				{shortW, func() { mul(f(99), ldd, w[1:], rows, x, n, 0, tokens) }},
				{shortInput, func() { mul(f(99), ldd, w, rows, x[1:], n, 0, tokens) }},
				{shortInput, func() { mul(f(99), ldd, w, rows, x, -n, 0, tokens) }},
				{badTokens, func() { mul(f(99), ldd, w, rows, x, n, -1, tokens) }},
				{badLdd, func() { mul(f(99), rows-1, w, rows, x, n, 0, tokens) }},
			} {
				refuses(t, k.Name+" "+typ.String(), c.want, c.call)
			}
		}
		for _, typ := range expandTypes {
			expand, src := k.Expand(typ), b(typ.RowBytes(n))
			refuses(t, k.Name+" "+typ.String(), "", func() { expand(f(n), src) })
			refuses(t, k.Name+" "+typ.String(), "", func() { expand(nil, nil) })
			refuses(t, k.Name+" "+typ.String(), badLength, func() { expand(f(n), src[1:]) })
			refuses(t, k.Name+" "+typ.String(), badLength, func() { expand(nil, src) })
			if typ.BlockSize() > 1 {
				refuses(t, k.Name+" "+typ.String(), badBlocks, func() { expand(f(n-1), src) })
			}
		}
		for _, r := range k.rows() {
			size := r.typ.RowBytes(n)
			for _, c := range []struct {
				want                string
				rows, bytes, stride int
			}{
				{"", 3, 2*300 + size, 300},
				{"", 3, size, 0},
				{"", 1, size, math.MaxInt},
				{"", 0, 0, 300},
				{shortRows, 3, 2*300 + size - 1, 300},
				{shortRows, 1, size - 1, 300},
				{shortRows, 1, 0, 0},
				{shortRows, 3, 2*300 + size, math.MaxInt/2 + 1},
				{badStride, 3, 2*300 + size, -300},
			} {
				refuses(t, k.Name+" scores "+r.typ.String(), c.want, func() { r.scores(f(c.rows), f(n), b(c.bytes), c.stride, 1) })
				refuses(t, k.Name+" mix "+r.typ.String(), c.want, func() { r.mix(f(n), f(c.rows), b(c.bytes), c.stride) })
			}
		}
		for _, c := range []struct {
			want string
			call func()
		}{
			{badLength, func() { k.Dot(f(8), f(9)) }},
			{badLength, func() { k.DotF16(f(8), b(8)) }},
			{badLength, func() { k.Axpy(f(8), 1, f(7)) }},
			{badLength, func() { k.AxpyF16(f(8), 1, b(18)) }},
			{badLength, func() { k.Add(f(8), f(7)) }},
			{badLength, func() { k.RMSNorm(f(8), f(8), f(7), 1) }},
			{badLength, func() { k.RMSNorm(f(7), f(8), f(8), 1) }},
			{badLength, func() { k.SwiGLU(f(8), f(8), f(7)) }},
			{badLength, func() { k.SwiGLU(f(8), f(7), f(8)) }},
			{badLength, func() { k.F32ToF16(b(17), f(8)) }},
			{badLength, func() { k.QuantizeQ8(q(), 0, f(n-1)) }},
			{badRow, func() { k.QuantizeQ8(q(), tokens, f(n)) }},
			{badRow, func() { k.QuantizeQ8(q(), -1, f(n)) }},
			{badBlocks, func() { k.QuantizeQ8(odd, 0, f(33)) }},
			{badBlocks, func() { new(Q8).Reset(1, 33) }},
		} {
			refuses(t, k.Name, c.want, c.call)
		}
	}
}

// refuses runs call, which must panic with want, or not at all if that is "".
func refuses(t *testing.T, name, want string, call func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if r := recover(); r == nil && want != "" || r != nil && r != want {
			t.Errorf("%s: got %v, want %q", name, r, want)
		}
	}()
	call()
}
