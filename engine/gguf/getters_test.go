package gguf

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

// metaFile is a file with the given metadata alone.
func metaFile(t *testing.T, meta map[string]any) *File {
	t.Helper()
	w := NewWriter()
	for k, v := range meta {
		if err := w.Set(k, v); err != nil {
			t.Fatal(err)
		}
	}
	f, err := Parse(encode(t, w))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestGetters(t *testing.T) {
	f := metaFile(t, map[string]any{
		"u8": uint8(200), "u16": uint16(60000), "u32": uint32(math.MaxUint32), "u64": uint64(math.MaxUint64),
		"i8": int8(100), "i16": int16(30000), "i32": int32(math.MaxInt32), "i64": int64(math.MaxInt64), "negative": int8(-1), "negative64": int64(-5),
		"f32": float32(0.1), "f64": 0.1, "true": true, "false": false, "text": "héllo",
		"u8s": []uint8{1, 255}, "i8s": []int8{-1, 1}, "u16s": []uint16{65535}, "i16s": []int16{-1}, "u32s": []uint32{math.MaxUint32}, "i32s": []int32{-1},
		"u64s": []uint64{1 << 62}, "i64s": []int64{math.MinInt64}, "u64s big": []uint64{1, 1 << 63}, "no ints": []int32{},
		"f32s": []float32{0.1, 2}, "f64s": []float64{0.1, 2}, "texts": []string{"a", ""}, "bools": []bool{true},
	})
	type result struct {
		v   any
		ok  bool
		err error
	}
	call := map[string]func(string) result{
		"Uint":   func(k string) result { v, ok, err := f.Uint(k); return result{v, ok, err} },
		"Float":  func(k string) result { v, ok, err := f.Float(k); return result{v, ok, err} },
		"Bool":   func(k string) result { v, ok, err := f.Bool(k); return result{v, ok, err} },
		"Text":   func(k string) result { v, ok, err := f.Text(k); return result{v, ok, err} },
		"Texts":  func(k string) result { v, ok, err := f.Texts(k); return result{v, ok, err} },
		"Floats": func(k string) result { v, ok, err := f.Floats(k); return result{v, ok, err} },
		"Ints":   func(k string) result { v, ok, err := f.Ints(k); return result{v, ok, err} },
	}
	// What each getter reads; of every other key it must give an error.
	want := map[string]map[string]any{
		"Uint": {"u8": uint64(200), "u16": uint64(60000), "u32": uint64(math.MaxUint32), "u64": uint64(math.MaxUint64),
			"i8": uint64(100), "i16": uint64(30000), "i32": uint64(math.MaxInt32), "i64": uint64(math.MaxInt64)},
		"Float":  {"f32": float64(float32(0.1)), "f64": 0.1},
		"Bool":   {"true": true, "false": false},
		"Text":   {"text": "héllo"},
		"Texts":  {"texts": []string{"a", ""}},
		"Floats": {"f32s": []float32{0.1, 2}, "f64s": []float32{0.1, 2}},
		"Ints": {"u8s": []int{1, 255}, "i8s": []int{-1, 1}, "u16s": []int{65535}, "i16s": []int{-1}, "u32s": []int{math.MaxUint32}, "i32s": []int{-1},
			"u64s": []int{1 << 62}, "i64s": []int{math.MinInt64}, "no ints": []int{}},
	}
	for name, get := range call {
		if r := get("absent"); r.ok || r.err != nil {
			t.Errorf("%s of an absent key: %v, %v", name, r.ok, r.err)
		}
		for _, kv := range f.Meta {
			r := get(kv.Key)
			if w, reads := want[name][kv.Key]; reads {
				if r.err != nil || !r.ok || !reflect.DeepEqual(r.v, w) {
					t.Errorf("%s(%q) = %#v, %v, %v, want %#v", name, kv.Key, r.v, r.ok, r.err, w)
				}
			} else if r.err == nil || !r.ok || !strings.HasPrefix(r.err.Error(), "gguf: ") || !strings.Contains(r.err.Error(), kv.Key) {
				t.Errorf("%s(%q) = %#v, %v, error %v; want an error that names the key", name, kv.Key, r.v, r.ok, r.err)
			}
		}
	}
}

func TestWrongKindSaysWhat(t *testing.T) {
	f := metaFile(t, map[string]any{"llama.block_count": "thirty", "layers": []int32{1, 2}})
	_, _, err := f.Uint("llama.block_count")
	if err == nil || !strings.Contains(err.Error(), `gguf: llama.block_count is of type string ("thirty"), not an integer`) {
		t.Errorf("%v", err)
	}
	_, _, err = f.Uint("layers")
	if err == nil || !strings.Contains(err.Error(), `layers is of type array of int32 ("[1, 2]"), not an integer`) {
		t.Errorf("%v", err)
	}
}
