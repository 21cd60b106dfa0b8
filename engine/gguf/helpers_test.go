package gguf

import (
	"bytes"
	"encoding/binary"
	"testing"

	"loupe/engine/tensor"
)

// rewrite copies a file into a Writer.
func rewrite(tb testing.TB, f *File) *Writer {
	tb.Helper()
	w := NewWriter()
	for _, kv := range f.Meta {
		if err := w.Set(kv.Key, kv.Value.Any()); err != nil {
			tb.Fatalf("setting %q: %v", kv.Key, err)
		}
	}
	for _, t := range f.Tensors {
		if err := w.AddTensor(t.Name, t.Type, t.Shape, t.Data); err != nil {
			tb.Fatalf("adding %q: %v", t.Name, err)
		}
	}
	return w
}

// encode is what a Writer writes.
func encode(tb testing.TB, w *Writer) []byte {
	tb.Helper()
	var b bytes.Buffer
	n, err := w.WriteTo(&b)
	if err != nil {
		tb.Fatal(err)
	}
	if n != int64(b.Len()) {
		tb.Fatalf("WriteTo says %d bytes, wrote %d", n, b.Len())
	}
	return b.Bytes()
}

// sameFile compares everything but version, offsets and path. Values are
// compared by their bytes, so that NaN equals itself.
func sameFile(tb testing.TB, want, got *File) {
	tb.Helper()
	if got.Alignment != want.Alignment {
		tb.Errorf("alignment %d, want %d", got.Alignment, want.Alignment)
	}
	if len(got.Meta) != len(want.Meta) {
		tb.Fatalf("%d metadata entries, want %d", len(got.Meta), len(want.Meta))
	}
	for i, w := range want.Meta {
		g := got.Meta[i]
		if g.Key != w.Key || g.Value.Kind() != w.Value.Kind() || g.Value.Elem() != w.Value.Elem() {
			tb.Errorf("metadata %d is %q %v of %v, want %q %v of %v", i, g.Key, g.Value.Kind(), g.Value.Elem(), w.Key, w.Value.Kind(), w.Value.Elem())
		}
		if !bytes.Equal(valueBytes(tb, g.Value), valueBytes(tb, w.Value)) {
			tb.Errorf("%q is %v, want %v", w.Key, g.Value, w.Value)
		}
	}
	if len(got.Tensors) != len(want.Tensors) {
		tb.Fatalf("%d tensors, want %d", len(got.Tensors), len(want.Tensors))
	}
	for i, w := range want.Tensors {
		g := got.Tensors[i]
		if g.Name != w.Name || g.Type != w.Type || !g.Shape.Equal(w.Shape) || !bytes.Equal(g.Data, w.Data) {
			tb.Errorf("tensor %d is %q %s %s, want %q %s %s; same data: %v", i, g.Name, g.Type, g.Shape, w.Name, w.Type, w.Shape, bytes.Equal(g.Data, w.Data))
		}
	}
}

func valueBytes(tb testing.TB, v Value) []byte {
	tb.Helper()
	w := NewWriter()
	if err := w.Set("k", v); err != nil {
		tb.Fatal(err)
	}
	return encode(tb, w)
}

// raw builds the bytes of a file field by field, so that tests depend on no
// Writer and can write what it refuses.
type raw struct{ b []byte }

func (r *raw) bytes(b ...byte) *raw { r.b = append(r.b, b...); return r }
func (r *raw) u32(v uint32) *raw    { r.b = binary.LittleEndian.AppendUint32(r.b, v); return r }
func (r *raw) u64(v uint64) *raw    { r.b = binary.LittleEndian.AppendUint64(r.b, v); return r }
func (r *raw) text(s string) *raw   { r.u64(uint64(len(s))); r.b = append(r.b, s...); return r }

// header begins a file of version 3.
func header(nTensors, nKV uint64) *raw {
	r := &raw{[]byte("GGUF")}
	return r.u32(3).u64(nTensors).u64(nKV)
}

// kv begins a metadata entry; its value follows.
func (r *raw) kv(key string, t ValueType) *raw { return r.text(key).u32(uint32(t)) }

// info adds an entry of the tensor table.
func (r *raw) info(name string, t tensor.DType, offset uint64, dims ...uint64) *raw {
	r.text(name).u32(uint32(len(dims)))
	for _, d := range dims {
		r.u64(d)
	}
	return r.u32(uint32(t)).u64(offset)
}

// data pads to align and adds n bytes that count up.
func (r *raw) data(align, n int) *raw {
	for len(r.b)%align != 0 {
		r.b = append(r.b, 0)
	}
	for i := range n {
		r.b = append(r.b, byte(i))
	}
	return r
}

// small is a valid file with every kind of field; its last byte is data.
func small() []byte {
	r := header(2, 5)
	r.kv("general.architecture", String).text("llama")
	r.kv("llama.block_count", Uint32).u32(2)
	r.kv("tokens", Array).u32(uint32(String)).u64(3).text("a").text("").text("héllo")
	r.kv("scores", Array).u32(uint32(Float32)).u64(2).u32(0x3f800000).u32(0xbf800000)
	r.kv("flag", Bool).bytes(1)
	r.info("a.weight", tensor.F32, 0, 4, 3)
	r.info("b.weight", tensor.Q8_0, 64, 32, 16)
	return r.data(32, 64+34*16).b
}
