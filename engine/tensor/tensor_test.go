package tensor

import (
	"strings"
	"testing"
)

func TestNamesRoundTrip(t *testing.T) {
	for typ := range layouts {
		got, err := ParseDType(strings.ToUpper(typ.String()))
		if err != nil || got != typ {
			t.Errorf("%s: parsed as %v, %v", typ, got, err)
		}
	}
	if _, err := ParseDType("q9_9"); err == nil || !strings.Contains(err.Error(), "q8_0") {
		t.Errorf("an unknown name: %v", err)
	}
	if u := DType(77); u.Known() || u.String() != "type 77" || u.BlockSize() != 0 || u.BitsPerElement() != 0 {
		t.Errorf("an unknown type: %v", u)
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
