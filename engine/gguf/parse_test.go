package gguf

import (
	"bytes"
	"math"
	"reflect"
	"testing"

	"loupe/engine/tensor"
)

// checkParse parses and checks what holds for all input.
func checkParse(tb testing.TB, data []byte) {
	tb.Helper()
	f, err := Parse(data)
	if err != nil {
		bad, ok := err.(*FormatError)
		if !ok || f != nil {
			tb.Fatalf("file %v, error of type %T", f, err)
		}
		if bad.Kind == nil || bad.Field == "" || bad.Msg == "" || bad.Offset < 0 || bad.Offset > int64(len(data)) {
			tb.Fatalf("incomplete error: %+v", bad)
		}
		return
	}
	for i, t := range f.Tensors {
		want, err := layout(t.Type, t.Shape)
		if err != nil {
			tb.Fatal(err)
		}
		begin := uint64(f.DataOffset) + t.Offset
		if uint64(len(t.Data)) != want || cap(t.Data) != len(t.Data) || begin+want > uint64(len(data)) {
			tb.Fatalf("tensor %q: %d bytes with capacity %d at byte %d of %d, want %d", t.Name, len(t.Data), cap(t.Data), begin, len(data), want)
		}
		if !bytes.Equal(t.Data, data[begin:begin+want]) {
			tb.Fatalf("tensor %q has other bytes than the file", t.Name)
		}
		if p, ok := f.Tensor(t.Name); !ok || p != &f.Tensors[i] {
			tb.Fatalf("tensor %q is not found", t.Name)
		}
	}
	for _, kv := range f.Meta {
		if v, ok := f.Get(kv.Key); !ok || v.Kind() != kv.Value.Kind() {
			tb.Fatalf("key %q is not found", kv.Key)
		}
	}
	if f.Alignment > 1<<20 {
		return // nothing wrong, but the copy would be mostly padding
	}
	again := encode(tb, rewrite(tb, f))
	g, err := Parse(again)
	if err != nil {
		tb.Fatalf("what was read and written is not read again: %v", err)
	}
	sameFile(tb, f, g)
	if !bytes.Equal(encode(tb, rewrite(tb, g)), again) {
		tb.Fatal("writing twice gives different files")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(small())
	f.Add(written(f))
	f.Add(header(0, 0).b)
	f.Add(scalars().b)
	f.Add(arrays().b)
	for _, c := range malformed() {
		f.Add(c.data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkParse(t, data) })
}

// scalars is a file with one value of each type.
func scalars() *raw {
	r := header(0, 12)
	r.kv("u8", Uint8).bytes(200)
	r.kv("i8", Int8).bytes(0x80)
	r.kv("u16", Uint16).bytes(0x34, 0x12)
	r.kv("i16", Int16).bytes(0xfe, 0xff)
	r.kv("u32", Uint32).u32(0xdeadbeef)
	r.kv("i32", Int32).u32(0xffffffff)
	r.kv("f32", Float32).u32(math.Float32bits(1.5))
	r.kv("bool", Bool).bytes(7) // as in llama.cpp, whatever is not 0 is true
	r.kv("string", String).text("a\x00é")
	r.kv("u64", Uint64).u64(math.MaxUint64)
	r.kv("i64", Int64).u64(1 << 63)
	return r.kv("f64", Float64).u64(math.Float64bits(-0.1))
}

// arrays is a file with one array of each type, and an empty one.
func arrays() *raw {
	r := header(0, 13)
	r.kv("u8", Array).u32(uint32(Uint8)).u64(2).bytes(1, 200)
	r.kv("i8", Array).u32(uint32(Int8)).u64(2).bytes(1, 0x80)
	r.kv("u16", Array).u32(uint32(Uint16)).u64(2).bytes(1, 0, 0x34, 0x12)
	r.kv("i16", Array).u32(uint32(Int16)).u64(2).bytes(1, 0, 0xfe, 0xff)
	r.kv("u32", Array).u32(uint32(Uint32)).u64(2).u32(1).u32(0xdeadbeef)
	r.kv("i32", Array).u32(uint32(Int32)).u64(2).u32(1).u32(0xffffffff)
	r.kv("f32", Array).u32(uint32(Float32)).u64(2).u32(0).u32(math.Float32bits(1.5))
	r.kv("bool", Array).u32(uint32(Bool)).u64(3).bytes(0, 1, 2)
	r.kv("string", Array).u32(uint32(String)).u64(3).text("").text("héllo").text("a\x00")
	r.kv("u64", Array).u32(uint32(Uint64)).u64(2).u64(1).u64(math.MaxUint64)
	r.kv("i64", Array).u32(uint32(Int64)).u64(2).u64(1).u64(1 << 63)
	r.kv("f64", Array).u32(uint32(Float64)).u64(2).u64(0).u64(math.Float64bits(-0.1))
	return r.kv("none", Array).u32(uint32(Uint8)).u64(0)
}

func TestValues(t *testing.T) {
	for _, c := range []struct {
		file *raw
		want map[string]any
	}{
		{scalars(), map[string]any{
			"u8": uint8(200), "i8": int8(-128), "u16": uint16(0x1234), "i16": int16(-2), "u32": uint32(0xdeadbeef), "i32": int32(-1),
			"f32": float32(1.5), "bool": true, "string": "a\x00é", "u64": uint64(math.MaxUint64), "i64": int64(math.MinInt64), "f64": -0.1,
		}},
		{arrays(), map[string]any{
			"u8": []uint8{1, 200}, "i8": []int8{1, -128}, "u16": []uint16{1, 0x1234}, "i16": []int16{1, -2}, "u32": []uint32{1, 0xdeadbeef}, "i32": []int32{1, -1},
			"f32": []float32{0, 1.5}, "bool": []bool{false, true, true}, "string": []string{"", "héllo", "a\x00"}, "u64": []uint64{1, math.MaxUint64}, "i64": []int64{1, math.MinInt64}, "f64": []float64{0, -0.1},
			"none": []uint8{},
		}},
	} {
		f, err := Parse(c.file.b)
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Meta) != len(c.want) {
			t.Errorf("%d entries, want %d", len(f.Meta), len(c.want))
		}
		for key, want := range c.want {
			v, ok := f.Get(key)
			if !ok || !reflect.DeepEqual(v.Any(), want) {
				t.Errorf("%s is %#v, %v, want %#v", key, v.Any(), ok, want)
			}
			// The value must also know its type: Set tells it from the Go type alone.
			w, err := valueOf(want)
			if err != nil || w.Kind() != v.Kind() || w.Elem() != v.Elem() || w.Len() != v.Len() {
				t.Errorf("%s is %s of %d %s, want %s of %d %s (%v)", key, v.Kind(), v.Len(), v.Elem(), w.Kind(), w.Len(), w.Elem(), err)
			}
		}
	}
}

func TestValueString(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{"text as it is\n", "text as it is\n"},
		{uint8(7), "7"}, {int64(-7), "-7"}, {true, "true"}, {float32(0.1), "0.1"}, {1e-5, "1e-05"},
		{[]int32{}, "[]"}, {[]int32{1, -2}, "[1, -2]"}, {[]uint8("ab"), "[97, 98]"},
		{[]string{"a", "b\n"}, `["a", "b\n"]`},
		{[]uint16{1, 2, 3, 4, 5, 6, 7, 8}, "[1, 2, 3, 4, 5, 6, 7, 8]"},
		{[]uint16{1, 2, 3, 4, 5, 6, 7, 8, 9}, "[1, 2, 3, 4, 5, 6, 7, 8, ... (9)]"},
	} {
		v, err := valueOf(c.value)
		if err != nil || v.String() != c.want {
			t.Errorf("%#v prints %q (%v), want %q", c.value, v, err, c.want)
		}
	}
	if got := (Value{}).String(); got != "<nil>" {
		t.Errorf("the zero Value prints %q", got)
	}
	if got := Float64.String() + " " + ValueType(13).String(); got != "float64 value type 13" {
		t.Errorf("types print %q", got)
	}
}

// Files that llama.cpp's tests/test-gguf.cpp says must load, and some more.
func TestLoads(t *testing.T) {
	v2 := small()
	v2[4] = 2
	for _, c := range []struct {
		name      string
		data      []byte
		version   uint32
		alignment int
		tensors   []Tensor // but Data: its length must follow from the rest
		offset    int64
	}{
		{"no entries", header(0, 0).b, 3, 32, nil, 24},
		{"no entries, padded", header(0, 0).data(32, 0).b, 3, 32, nil, 24},
		{"no entries, bytes behind", header(0, 0).data(32, 100).b, 3, 32, nil, 24},
		{"metadata alone", scalars().b, 3, 32, nil, int64(len(scalars().b))},
		{"alignment 1", header(1, 1).kv(alignmentKey, Uint32).u32(1).info("t", tensor.F32, 0, 3).data(1, 12).b, 3, 1,
			[]Tensor{{Name: "t", Type: tensor.F32, Shape: tensor.Shape{3}}}, 90},
		{"alignment 4096", header(1, 1).kv(alignmentKey, Uint32).u32(4096).info("t", tensor.F32, 0, 3).data(4096, 4096).b, 3, 4096,
			[]Tensor{{Name: "t", Type: tensor.F32, Shape: tensor.Shape{3}}}, 4096},
		{"version 2", v2, 2, 32, []Tensor{{Name: "a.weight", Type: tensor.F32, Shape: tensor.Shape{4, 3}}, {Name: "b.weight", Type: tensor.Q8_0, Shape: tensor.Shape{32, 16}, Offset: 64}}, -1},
		{"bytes behind the data", append(small(), 1, 2, 3), 3, 32, []Tensor{{Name: "a.weight", Type: tensor.F32, Shape: tensor.Shape{4, 3}}, {Name: "b.weight", Type: tensor.Q8_0, Shape: tensor.Shape{32, 16}, Offset: 64}}, -1},
		{"a scalar, a name of 63 bytes", header(1, 0).info(string(bytes.Repeat([]byte("n"), 63)), tensor.F32, 0).data(32, 32).b, 3, 32,
			[]Tensor{{Name: string(bytes.Repeat([]byte("n"), 63)), Type: tensor.F32, Shape: tensor.Shape{}}}, 128},
		{"empty tensors share an offset", header(3, 0).info("t", tensor.F32, 0, 8, 0).info("u", tensor.F32, 0, 8).info("v", tensor.Q4_K, 0, 256, 0, 5).data(32, 32).b, 3, 32,
			[]Tensor{{Name: "t", Type: tensor.F32, Shape: tensor.Shape{8, 0}}, {Name: "u", Type: tensor.F32, Shape: tensor.Shape{8}}, {Name: "v", Type: tensor.Q4_K, Shape: tensor.Shape{256, 0, 5}}}, 160},
		{"a gap, and out of order", header(2, 0).info("t", tensor.I16, 96, 2, 2, 2, 2).info("u", tensor.F32, 0, 8).data(32, 128).b, 3, 32,
			[]Tensor{{Name: "t", Type: tensor.I16, Shape: tensor.Shape{2, 2, 2, 2}, Offset: 96}, {Name: "u", Type: tensor.F32, Shape: tensor.Shape{8}}}, 128},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Parse(c.data)
			if err != nil {
				t.Fatal(err)
			}
			if f.Version != c.version || f.Alignment != c.alignment || f.Size != int64(len(c.data)) || f.Path != "" {
				t.Errorf("version %d, alignment %d, size %d, path %q", f.Version, f.Alignment, f.Size, f.Path)
			}
			if c.offset >= 0 && f.DataOffset != c.offset {
				t.Errorf("data at byte %d, want %d", f.DataOffset, c.offset)
			}
			if len(f.Tensors) != len(c.tensors) {
				t.Fatalf("%d tensors, want %d", len(f.Tensors), len(c.tensors))
			}
			for i, want := range c.tensors {
				got := f.Tensors[i]
				if got.Name != want.Name || got.Type != want.Type || !got.Shape.Equal(want.Shape) || got.Offset != want.Offset {
					t.Errorf("tensor %d is %q %s %s at %d, want %q %s %s at %d", i, got.Name, got.Type, got.Shape, got.Offset, want.Name, want.Type, want.Shape, want.Offset)
				}
			}
			checkParse(t, c.data)
			if err := f.Close(); err != nil {
				t.Errorf("closing what was parsed: %v", err)
			}
		})
	}
}

// Metadata is copied out; only Data is the caller's own bytes.
func TestParseCopiesMetadata(t *testing.T) {
	data := small()
	f, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Parse(small())
	if err != nil {
		t.Fatal(err)
	}
	for i := range f.DataOffset {
		data[i] = 0xaa
	}
	sameFile(t, want, f)
	data[f.DataOffset] = 0xaa
	if f.Tensors[0].Data[0] != 0xaa {
		t.Error("tensor data was copied")
	}
}

func TestDataHasNoSpareCapacity(t *testing.T) {
	f, err := Parse(small())
	if err != nil {
		t.Fatal(err)
	}
	d := f.Tensors[0].Data
	defer func() {
		if recover() == nil {
			t.Error("a slice past the end of a tensor did not panic")
		}
	}()
	_ = d[:len(d)+1]
}
