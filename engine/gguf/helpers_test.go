package gguf

import (
	"bytes"
	"testing"
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
