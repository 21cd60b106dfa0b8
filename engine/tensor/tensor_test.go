package tensor

import (
	"fmt"
	"strings"
	"testing"
)

func TestNamesRoundTrip(t *testing.T) {
	for typ := range DType(len(layouts)) {
		got, err := ParseDType(strings.ToUpper(typ.String()))
		if typ.Known() != (err == nil) || typ.Known() && got != typ {
			t.Errorf("%s: parsed as %v, %v", typ, got, err)
		}
	}
	if typ, err := ParseDType(""); err == nil {
		t.Errorf("an empty name is %s", typ)
	}
	if _, err := ParseDType("q9_9"); err == nil || !strings.Contains(err.Error(), "q8_0") {
		t.Errorf("an unknown name: %v", err)
	}
	for _, u := range []DType{4, 31, 38, DType(len(layouts)), 77, 1 << 31} {
		if u.Known() || u.String() != fmt.Sprintf("type %d", u) || u.BlockSize() != 0 || u.BlockBytes() != 0 || u.BitsPerElement() != 0 {
			t.Errorf("an unknown type: %v", u)
		}
	}
}

// TestLayouts: what ggml_type_name, ggml_blck_size and ggml_type_size of
// llama.cpp 0c1e57098 say of every number. Of the missing ones ggml has removed
// the types.
func TestLayouts(t *testing.T) {
	ggml := []struct {
		t            DType
		elems, bytes int
		name         string
	}{
		{0, 1, 4, "f32"},
		{1, 1, 2, "f16"},
		{2, 32, 18, "q4_0"},
		{3, 32, 20, "q4_1"},
		{6, 32, 22, "q5_0"},
		{7, 32, 24, "q5_1"},
		{8, 32, 34, "q8_0"},
		{9, 32, 36, "q8_1"},
		{10, 256, 84, "q2_K"},
		{11, 256, 110, "q3_K"},
		{12, 256, 144, "q4_K"},
		{13, 256, 176, "q5_K"},
		{14, 256, 210, "q6_K"},
		{15, 256, 292, "q8_K"},
		{16, 256, 66, "iq2_xxs"},
		{17, 256, 74, "iq2_xs"},
		{18, 256, 98, "iq3_xxs"},
		{19, 256, 50, "iq1_s"},
		{20, 32, 18, "iq4_nl"},
		{21, 256, 110, "iq3_s"},
		{22, 256, 82, "iq2_s"},
		{23, 256, 136, "iq4_xs"},
		{24, 1, 1, "i8"},
		{25, 1, 2, "i16"},
		{26, 1, 4, "i32"},
		{27, 1, 8, "i64"},
		{28, 1, 8, "f64"},
		{29, 256, 56, "iq1_m"},
		{30, 1, 2, "bf16"},
		{34, 256, 54, "tq1_0"},
		{35, 256, 66, "tq2_0"},
		{39, 32, 17, "mxfp4"},
		{40, 64, 36, "nvfp4"},
		{41, 128, 18, "q1_0"},
		{42, 64, 18, "q2_0"},
	}
	for _, g := range ggml {
		if g.t.String() != g.name || g.t.BlockSize() != g.elems || g.t.BlockBytes() != g.bytes {
			t.Errorf("%d is %s, %d bytes for %d; ggml has %s, %d for %d", g.t, g.t, g.t.BlockBytes(), g.t.BlockSize(), g.name, g.bytes, g.elems)
		}
	}
	if n := len(typeNames()); n != len(ggml) {
		t.Errorf("%d types, ggml has %d", n, len(ggml))
	}
}

// Bits per element as published for the cache types (docs of llama.cpp).
func TestBitsPerElement(t *testing.T) {
	for typ, bits := range map[DType]float64{F32: 32, F16: 16, BF16: 16, Q8_0: 8.5, Q5_1: 6, Q5_0: 5.5, Q4_1: 5, Q4_0: 4.5, IQ4_NL: 4.5, Q4_K: 4.5, Q6_K: 6.5625} {
		if got := typ.BitsPerElement(); got != bits {
			t.Errorf("%s: %v bits, want %v", typ, got, bits)
		}
	}
	if got := Q4_1.RowBytes(576); got != 360 {
		t.Errorf("a row of 576 in q4_1 takes %d bytes, want 360", got)
	}
}

func TestRowBytesRefusesHalfABlock(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("half a block was accepted")
		}
	}()
	Q8_0.RowBytes(33)
}

func TestShape(t *testing.T) {
	s := Shape{576, 1536}
	if s.Elements() != 576*1536 || s.Rows() != 1536 || s.String() != "[576, 1536]" {
		t.Errorf("%v: %d elements, %d rows", s, s.Elements(), s.Rows())
	}
	if !s.Equal(Shape{576, 1536}) || s.Equal(Shape{576}) || s.Equal(Shape{1536, 576}) {
		t.Error("Equal is wrong")
	}
	if (Shape{}).Elements() != 1 || (Shape{}).Rows() != 0 || (Shape{0, 3}).Rows() != 0 {
		t.Error("empty shapes are wrong")
	}
}
