package quant

import (
	"fmt"
	"strings"

	"loupe/engine/tensor"
)

// codec converts whole blocks of one type. Lengths have been checked.
type codec struct {
	typ    tensor.DType
	decode func(dst []float32, src []byte)
	// encode returns the index of the first block that the type cannot hold, or
	// -1: one with a NaN or an infinity, or whose scale or offset does not fit
	// its field. Plain types hold anything.
	encode func(dst []byte, src []float32) int
}

// codecs is the table of all readable types, in the order that messages list
// them.
var codecs = [...]codec{
	{tensor.F32, decodeF32, encodeF32},
	{tensor.F16, decodeF16, encodeF16},
	{tensor.BF16, decodeBF16, encodeBF16},
	{tensor.Q8_0, decodeQ8_0, encodeQ8_0},
	{tensor.Q5_1, decodeQ5_1, encodeQ5_1},
	{tensor.Q5_0, decodeQ5_0, encodeQ5_0},
	{tensor.Q4_1, decodeQ4_1, encodeQ4_1},
	{tensor.Q4_0, decodeQ4_0, encodeQ4_0},
	{tensor.IQ4_NL, decodeIQ4_NL, encodeIQ4_NL},
	{tensor.Q6_K, decodeQ6_K, encodeQ6_K},
	{tensor.Q5_K, decodeQ5_K, encodeQ5_K},
	{tensor.Q4_K, decodeQ4_K, encodeQ4_K},
	{tensor.Q3_K, decodeQ3_K, encodeQ3_K},
	{tensor.Q2_K, decodeQ2_K, encodeQ2_K},
	{tensor.IQ4_XS, decodeIQ4_XS, encodeIQ4_XS},
	{tensor.MXFP4, decodeMXFP4, encodeMXFP4},
}

// byType has the codec of each type, or nil, at the type's number.
var byType = func() (table [64]*codec) {
	for i := range codecs {
		table[codecs[i].typ] = &codecs[i]
	}
	return table
}()

func find(t tensor.DType) *codec {
	if t < tensor.DType(len(byType)) {
		return byType[t]
	}
	return nil
}

// Readable reports whether Dequantize and Quantize know t.
func Readable(t tensor.DType) bool { return find(t) != nil }

// Dequantize decodes src, whole blocks of type t, into dst. dst holds a
// multiple of t.BlockSize() elements and src exactly their bytes.
func Dequantize(t tensor.DType, dst []float32, src []byte) error {
	c, err := check("dequantize", t, len(dst), len(src))
	if err != nil {
		return err
	}
	c.decode(dst, src)
	return nil
}

// Quantize encodes src as blocks of type t into dst. src holds a multiple of
// t.BlockSize() elements and dst exactly the bytes they take.
//
// Values round to the nearest one the type has; the plain types f16 and bf16
// keep NaN, and f16 turns values from 65520 on into infinity. A block format
// can hold neither NaN nor infinity, nor (but for mxfp4) a scale over 65504, the
// largest f16: such input is an error and leaves dst undefined. Where the values of
// a whole block are too small for its scale, they become 0.
//
// Quantize does not allocate. It is safe for concurrent use on different dst.
func Quantize(t tensor.DType, dst []byte, src []float32) error {
	c, err := check("quantize", t, len(src), len(dst))
	if err != nil {
		return err
	}
	if b := c.encode(dst, src); b >= 0 {
		return refusal(t, src, b)
	}
	return nil
}

// QuantizeFile is Quantize as llama.cpp does it for files, where it takes more time
// than for its K/V cache: for iq4_nl it tries 16 scales.
func QuantizeFile(t tensor.DType, dst []byte, src []float32) error {
	if t != tensor.IQ4_NL {
		return Quantize(t, dst, src)
	}
	if _, err := check("quantize", t, len(src), len(dst)); err != nil {
		return err
	}
	if b := searchIQ4_NL(dst, src); b >= 0 {
		return refusal(t, src, b)
	}
	return nil
}

// refusal says why block b of src cannot be encoded.
func refusal(t tensor.DType, src []float32, b int) error {
	n := t.BlockSize()
	x := src[b*n : b*n+n]
	for i, v := range x {
		if v-v != 0 {
			return fmt.Errorf("quant: quantize %s: element %d is %v, which %s cannot hold; use f32, f16 or bf16", t, b*n+i, v, t)
		}
	}
	return fmt.Errorf("quant: quantize %s: the range of elements %d to %d (%g to %g) is too large for the f16 scale of a block; use f32 or bf16",
		t, b*n, b*n+n-1, least(x), greatest(x))
}

func check(verb string, t tensor.DType, elems, bytes int) (*codec, error) {
	c := find(t)
	if c == nil {
		return nil, fmt.Errorf("quant: %s %s: this type is not readable; readable types are %s", verb, t, readable())
	}
	if n := t.BlockSize(); elems%n != 0 {
		return nil, fmt.Errorf("quant: %s %s: %d elements are not a multiple of the block of %d", verb, t, elems, n)
	}
	if want := t.RowBytes(elems); bytes != want {
		return nil, fmt.Errorf("quant: %s %s: %d elements take %d bytes, got %d", verb, t, elems, want, bytes)
	}
	return c, nil
}

func readable() string {
	names := make([]string, len(codecs))
	for i, c := range codecs {
		names[i] = c.typ.String()
	}
	return strings.Join(names, " ")
}

func least(x []float32) float32 {
	m := x[0]
	for _, v := range x[1:] {
		m = min(m, v)
	}
	return m
}

func greatest(x []float32) float32 {
	m := x[0]
	for _, v := range x[1:] {
		m = max(m, v)
	}
	return m
}

// inverse is 1/d, and 0 where d is 0 or so small that 1/d overflows: the values
// of such a block all encode as 0.
func inverse(d float32) float32 {
	if d == 0 {
		return 0
	}
	if id := 1 / d; id-id == 0 {
		return id
	}
	return 0
}
