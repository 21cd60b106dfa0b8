package tensor

import (
	"fmt"
	"sort"
	"strings"
)

// DType is the element type of a tensor, under ggml's own number as it stands
// in a GGUF file (ggml.h, enum ggml_type).
type DType uint32

// The types a GGUF file may hold. That a type has a name and a size here does
// not mean that it can be computed with: see quant.Readable.
const (
	F32     DType = 0
	F16     DType = 1
	Q4_0    DType = 2
	Q4_1    DType = 3
	Q5_0    DType = 6
	Q5_1    DType = 7
	Q8_0    DType = 8
	Q8_1    DType = 9
	Q2_K    DType = 10
	Q3_K    DType = 11
	Q4_K    DType = 12
	Q5_K    DType = 13
	Q6_K    DType = 14
	Q8_K    DType = 15
	IQ2_XXS DType = 16
	IQ2_XS  DType = 17
	IQ3_XXS DType = 18
	IQ1_S   DType = 19
	IQ4_NL  DType = 20
	IQ3_S   DType = 21
	IQ2_S   DType = 22
	IQ4_XS  DType = 23
	I8      DType = 24
	I16     DType = 25
	I32     DType = 26
	I64     DType = 27
	F64     DType = 28
	IQ1_M   DType = 29
	BF16    DType = 30
	TQ1_0   DType = 34
	TQ2_0   DType = 35
	MXFP4   DType = 39
	NVFP4   DType = 40
	Q1_0    DType = 41
	Q2_0    DType = 42
)

// layout is the block of one type: how many elements share it and how many
// bytes it takes.
type layout struct {
	name  string
	elems int
	bytes int
}

// layouts holds every type at its number; a number without a type has no name.
// The sizes are those of the block structures in ggml/src/ggml-common.h.
var layouts = [...]layout{
	F32:     {"f32", 1, 4},
	F16:     {"f16", 1, 2},
	BF16:    {"bf16", 1, 2},
	F64:     {"f64", 1, 8},
	I8:      {"i8", 1, 1},
	I16:     {"i16", 1, 2},
	I32:     {"i32", 1, 4},
	I64:     {"i64", 1, 8},
	Q4_0:    {"q4_0", 32, 2 + 16},
	Q4_1:    {"q4_1", 32, 2 + 2 + 16},
	Q5_0:    {"q5_0", 32, 2 + 4 + 16},
	Q5_1:    {"q5_1", 32, 2 + 2 + 4 + 16},
	Q8_0:    {"q8_0", 32, 2 + 32},
	Q8_1:    {"q8_1", 32, 2 + 2 + 32},
	Q2_K:    {"q2_K", 256, 16 + 64 + 2 + 2},
	Q3_K:    {"q3_K", 256, 32 + 64 + 12 + 2},
	Q4_K:    {"q4_K", 256, 2 + 2 + 12 + 128},
	Q5_K:    {"q5_K", 256, 2 + 2 + 12 + 32 + 128},
	Q6_K:    {"q6_K", 256, 128 + 64 + 16 + 2},
	Q8_K:    {"q8_K", 256, 4 + 256 + 32},
	IQ2_XXS: {"iq2_xxs", 256, 2 + 64},
	IQ2_XS:  {"iq2_xs", 256, 2 + 64 + 8},
	IQ3_XXS: {"iq3_xxs", 256, 2 + 96},
	IQ1_S:   {"iq1_s", 256, 2 + 32 + 16},
	IQ4_NL:  {"iq4_nl", 32, 2 + 16},
	IQ3_S:   {"iq3_s", 256, 2 + 64 + 8 + 32 + 4},
	IQ2_S:   {"iq2_s", 256, 2 + 64 + 8 + 8},
	IQ4_XS:  {"iq4_xs", 256, 2 + 2 + 4 + 128},
	IQ1_M:   {"iq1_m", 256, 32 + 16 + 8},
	TQ1_0:   {"tq1_0", 256, 2 + 48 + 4},
	TQ2_0:   {"tq2_0", 256, 2 + 64},
	MXFP4:   {"mxfp4", 32, 1 + 16},
	NVFP4:   {"nvfp4", 64, 4 + 32},
	Q1_0:    {"q1_0", 128, 2 + 16},
	Q2_0:    {"q2_0", 64, 2 + 16},
}

// layoutOf is the layout of t, all zero for a number without one.
func layoutOf(t DType) layout {
	if t < DType(len(layouts)) {
		return layouts[t]
	}
	return layout{}
}

// Known reports whether t is a type number that this package has a layout for.
func (t DType) Known() bool { return layoutOf(t).elems != 0 }

// String is the name llama.cpp prints: "f16", "q4_1", "q6_K". A number that
// is no type reads "type 77".
func (t DType) String() string {
	if l := layoutOf(t); l.elems != 0 {
		return l.name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// BlockSize is the number of elements in a block; 1 for plain types, 0 for an
// unknown type.
func (t DType) BlockSize() int { return layoutOf(t).elems }

// BlockBytes is the size of a block in bytes; 0 for an unknown type.
func (t DType) BlockBytes() int { return layoutOf(t).bytes }

// BitsPerElement is what one element costs on average: 8.5 for q8_0.
func (t DType) BitsPerElement() float64 {
	l := layoutOf(t)
	if l.elems == 0 {
		return 0
	}
	return 8 * float64(l.bytes) / float64(l.elems)
}

// RowBytes is the size of a row of n elements. n must be a multiple of
// BlockSize; RowBytes panics otherwise, as callers check shapes when they load.
func (t DType) RowBytes(n int) int {
	l := layoutOf(t)
	if l.elems == 0 || n%l.elems != 0 {
		panic(fmt.Sprintf("tensor: row of %d elements does not fit blocks of %s (%d)", n, t, l.elems))
	}
	return n / l.elems * l.bytes
}

// ParseDType finds a type by its name, in either case: "q8_0", "Q4_K", "F16".
func ParseDType(name string) (DType, error) {
	for t, l := range layouts {
		if l.elems != 0 && strings.EqualFold(l.name, name) {
			return DType(t), nil
		}
	}
	return 0, fmt.Errorf("tensor: no type is called %q; types are %s", name, strings.Join(typeNames(), " "))
}

func typeNames() []string {
	names := make([]string, 0, len(layouts))
	for _, l := range layouts {
		if l.elems != 0 {
			names = append(names, l.name)
		}
	}
	sort.Strings(names)
	return names
}
