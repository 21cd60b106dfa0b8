package gguf

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// ValueType is the type of a metadata value, under the number that stands in
// the file (gguf.h, enum gguf_type).
type ValueType uint32

const (
	Uint8   ValueType = 0
	Int8    ValueType = 1
	Uint16  ValueType = 2
	Int16   ValueType = 3
	Uint32  ValueType = 4
	Int32   ValueType = 5
	Float32 ValueType = 6
	Bool    ValueType = 7
	String  ValueType = 8
	Array   ValueType = 9
	Uint64  ValueType = 10
	Int64   ValueType = 11
	Float64 ValueType = 12
)

// valueTypes gives each type its name and the bytes one value takes, 0 for
// those of no fixed size.
var valueTypes = [...]struct {
	name string
	size int
}{
	Uint8: {"uint8", 1}, Int8: {"int8", 1}, Uint16: {"uint16", 2}, Int16: {"int16", 2},
	Uint32: {"uint32", 4}, Int32: {"int32", 4}, Float32: {"float32", 4}, Bool: {"bool", 1},
	String: {"string", 0}, Array: {"array", 0}, Uint64: {"uint64", 8}, Int64: {"int64", 8}, Float64: {"float64", 8},
}

func (t ValueType) known() bool { return int64(t) < int64(len(valueTypes)) }

// String is the name of the type, as Go calls it: "uint32", "string", "array".
func (t ValueType) String() string {
	if !t.known() {
		return "value type " + strconv.FormatUint(uint64(t), 10)
	}
	return valueTypes[t].name
}

// KV is one metadata entry.
type KV struct {
	Key   string
	Value Value
}

// Value is a metadata value: a scalar, or an array of scalars of one type.
type Value struct {
	kind, elem ValueType
	v          any
}

// valueOf makes a value of one of the Go types that Any lists.
func valueOf(v any) (Value, error) {
	kind, elem := Array, Array
	switch v.(type) {
	case uint8:
		kind = Uint8
	case int8:
		kind = Int8
	case uint16:
		kind = Uint16
	case int16:
		kind = Int16
	case uint32:
		kind = Uint32
	case int32:
		kind = Int32
	case float32:
		kind = Float32
	case bool:
		kind = Bool
	case string:
		kind = String
	case uint64:
		kind = Uint64
	case int64:
		kind = Int64
	case float64:
		kind = Float64
	case []uint8:
		elem = Uint8
	case []int8:
		elem = Int8
	case []uint16:
		elem = Uint16
	case []int16:
		elem = Int16
	case []uint32:
		elem = Uint32
	case []int32:
		elem = Int32
	case []float32:
		elem = Float32
	case []bool:
		elem = Bool
	case []string:
		elem = String
	case []uint64:
		elem = Uint64
	case []int64:
		elem = Int64
	case []float64:
		elem = Float64
	default:
		return Value{}, fmt.Errorf("a value of Go type %T has no GGUF type; "+
			"give uint8 to uint64, int8 to int64, float32, float64, bool or string, or a slice of one of them", v)
	}
	return Value{kind: kind, elem: elem, v: v}, nil
}

// Kind is the type of the value.
func (v Value) Kind() ValueType { return v.kind }

// Elem is the type of an array's elements; of a scalar it is its Kind.
func (v Value) Elem() ValueType {
	if v.kind == Array {
		return v.elem
	}
	return v.kind
}

// Len is the number of an array's elements; 1 for a scalar.
func (v Value) Len() int {
	if v.kind == Array {
		return reflect.ValueOf(v.v).Len()
	}
	return 1
}

// Any is the value as a Go value: uint8 to uint64, int8 to int64, float32,
// float64, bool or string, or for an array a slice of them, which is the
// file's own and must not be changed. It is nil for the zero Value.
func (v Value) Any() any { return v.v }

// String prints the value for people: text as it is, of an array the first
// elements and the count.
func (v Value) String() string {
	if v.kind != Array || v.v == nil {
		return fmt.Sprint(v.v)
	}
	const shown = 8
	list := reflect.ValueOf(v.v)
	n := list.Len()
	var b strings.Builder
	b.WriteByte('[')
	for i := range min(n, shown) {
		if i > 0 {
			b.WriteString(", ")
		}
		if e := list.Index(i); v.elem == String {
			b.WriteString(quote(e.String()))
		} else {
			fmt.Fprint(&b, e.Interface())
		}
	}
	if n > shown {
		fmt.Fprintf(&b, ", ... (%d)", n)
	}
	b.WriteByte(']')
	return b.String()
}
