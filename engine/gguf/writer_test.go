package gguf

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"loupe/engine/tensor"
)

// written is a small file by the Writer, whose last tensor needs padding.
func written(tb testing.TB) []byte {
	tb.Helper()
	w := NewWriter()
	for _, err := range []error{
		w.Set("general.architecture", "llama"),
		w.SetAlignment(16),
		w.Set("tokens", []string{"a", "b"}),
		w.AddTensor("a", tensor.F16, tensor.Shape{3}, []byte("123456")),
		w.AddTensor("b", tensor.I8, tensor.Shape{5}, []byte("54321")),
	} {
		if err != nil {
			tb.Fatal(err)
		}
	}
	return encode(tb, w)
}

// The bytes of a written file, against the same file made by hand.
func TestWriterBytes(t *testing.T) {
	want := header(2, 3)
	want.kv("general.architecture", String).text("llama")
	want.kv(alignmentKey, Uint32).u32(16)
	want.kv("tokens", Array).u32(uint32(String)).u64(2).text("a").text("b")
	want.info("a", tensor.F16, 0, 3).info("b", tensor.I8, 16, 5)
	want.data(16, 0)
	want.b = append(want.b, "123456\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0054321\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	if got := written(t); !bytes.Equal(got, want.b) {
		t.Errorf("wrote %q\nwant  %q", got, want.b)
	}
	if got := encode(t, NewWriter()); !bytes.Equal(got, header(0, 0).b) {
		t.Errorf("an empty file is %q", got)
	}
	for _, hand := range []*raw{scalars(), arrays()} {
		f, err := Parse(hand.b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(encode(t, rewrite(t, f)))
		if err != nil {
			t.Fatal(err)
		}
		sameFile(t, f, got)
	}
}

func TestWriterSetReplaces(t *testing.T) {
	w := NewWriter()
	for _, kv := range []struct {
		k string
		v any
	}{{"a", uint8(1)}, {"b", "x"}, {"a", []float32{2}}} {
		if err := w.Set(kv.k, kv.v); err != nil {
			t.Fatal(err)
		}
	}
	f, err := Parse(encode(t, w))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Meta) != 2 || f.Meta[0].Key != "a" || !reflect.DeepEqual(f.Meta[0].Value.Any(), []float32{2}) {
		t.Errorf("metadata %v", f.Meta)
	}
}

func TestWriterRefuses(t *testing.T) {
	var row [34]byte
	for _, c := range []struct {
		name string
		do   func(w *Writer) error
		want string
	}{
		{"empty key", func(w *Writer) error { return w.Set("", uint8(1)) }, "0 bytes"},
		{"long key", func(w *Writer) error { return w.Set(strings.Repeat("k", 65536), uint8(1)) }, "65536 bytes"},
		{"int", func(w *Writer) error { return w.Set("k", 1) }, "Go type int has no GGUF type"},
		{"nil", func(w *Writer) error { return w.Set("k", nil) }, "<nil>"},
		{"empty Value", func(w *Writer) error { return w.Set("k", Value{}) }, "the Value is empty"},
		{"slice of slices", func(w *Writer) error { return w.Set("k", [][]int32{}) }, "[][]int32"},
		{"alignment of another type", func(w *Writer) error { return w.Set(alignmentKey, uint64(32)) }, "must be a uint32"},
		{"alignment 13", func(w *Writer) error { return w.Set(alignmentKey, uint32(13)) }, "an alignment of 13"},
		{"alignment 0", func(w *Writer) error { return w.SetAlignment(0) }, "an alignment of 0"},
		{"alignment -1", func(w *Writer) error { return w.SetAlignment(-1) }, "an alignment of -1"},
		{"alignment minimal", func(w *Writer) error { return w.SetAlignment(math.MinInt) }, "an alignment of -"},
		{"alignment too late", func(w *Writer) error {
			if err := w.AddTensor("t", tensor.Q8_0, tensor.Shape{32}, row[:]); err != nil {
				return err
			}
			return w.SetAlignment(64)
		}, "set it before the first"},
		{"long name", func(w *Writer) error {
			return w.AddTensor(strings.Repeat("n", 64), tensor.Q8_0, tensor.Shape{32}, row[:])
		}, "64 bytes; ggml allows 63"},
		{"duplicate name", func(w *Writer) error {
			if err := w.AddTensor("t", tensor.Q8_0, tensor.Shape{32}, row[:]); err != nil {
				return err
			}
			return w.AddTensor("t", tensor.Q8_0, tensor.Shape{32}, row[:])
		}, "is there already"},
		{"unknown type", func(w *Writer) error { return w.AddTensor("t", 999, tensor.Shape{32}, row[:]) }, "type 999 is unknown"},
		{"five dimensions", func(w *Writer) error { return w.AddTensor("t", tensor.I8, tensor.Shape{1, 1, 1, 1, 34}, row[:]) }, "has 5 dimensions"},
		{"negative dimension", func(w *Writer) error { return w.AddTensor("t", tensor.I8, tensor.Shape{-34}, row[:]) }, "is -34"},
		{"overflow", func(w *Writer) error { return w.AddTensor("t", tensor.I8, tensor.Shape{1 << 33, 1 << 33}, row[:]) }, "overflows"},
		{"row", func(w *Writer) error { return w.AddTensor("t", tensor.Q8_0, tensor.Shape{31}, row[:]) }, "a row of 31 elements"},
		{"size", func(w *Writer) error { return w.AddTensor("t", tensor.Q8_0, tensor.Shape{32}, row[:33]) }, "takes 34 bytes; 33 were given"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := NewWriter()
			err := c.do(w)
			if err == nil || !strings.HasPrefix(err.Error(), "gguf: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
			if _, err := Parse(encode(t, w)); err != nil {
				t.Errorf("the refused call left its mark: %v", err)
			}
		})
	}
}

// randomFile has metadata of every type and tensors of every type and rank.
func randomFile(t *testing.T, rng *rand.Rand) *Writer {
	w := NewWriter()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if rng.IntN(2) == 0 {
		check(w.SetAlignment(1 << rng.IntN(13)))
	}
	fill := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	}
	examples := []any{uint8(0), int8(0), uint16(0), int16(0), uint32(0), int32(0), float32(0), false, "", uint64(0), int64(0), float64(0)}
	for i := range 40 {
		scalar := reflect.TypeOf(examples[rng.IntN(len(examples))])
		set := func(v reflect.Value) {
			switch scalar.Kind() {
			case reflect.Bool:
				v.SetBool(rng.IntN(2) == 0)
			case reflect.String:
				v.SetString(string(fill(rng.IntN(40))))
			case reflect.Float32, reflect.Float64:
				v.SetFloat(rng.NormFloat64())
			case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
				v.SetInt(int64(rng.Uint64()) >> (64 - scalar.Bits()))
			default:
				v.SetUint(rng.Uint64() >> (64 - scalar.Bits()))
			}
		}
		v := reflect.New(scalar).Elem()
		if rng.IntN(2) == 0 {
			n := rng.IntN(20)
			v = reflect.MakeSlice(reflect.SliceOf(scalar), n, n)
			for j := range n {
				set(v.Index(j))
			}
		} else {
			set(v)
		}
		check(w.Set("key_"+string(rune('A'+i)), v.Interface()))
	}
	for i := range 40 {
		dt := tensor.DType(rng.IntN(40))
		if !dt.Known() {
			continue
		}
		shape := make(tensor.Shape, 1+rng.IntN(4))
		for d := range shape {
			shape[d] = rng.IntN(6)
		}
		shape[0] *= dt.BlockSize()
		check(w.AddTensor("tensor_"+string(rune('A'+i)), dt, shape, fill(shape.Rows()*dt.RowBytes(shape[0]))))
	}
	return w
}

func TestRandomRoundTrips(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		w := randomFile(t, rng)
		data := encode(t, w)
		f, err := Parse(data)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		// The Writer's own collection is the oracle for what was read.
		sameFile(t, &File{Alignment: int(w.align), Meta: w.meta, Tensors: w.tensors}, f)
		if !bytes.Equal(encode(t, rewrite(t, f)), data) {
			t.Errorf("seed %d: the copy has other bytes", seed)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// A writer that fails after n bytes must be reported, whenever it does.
func TestWriteToReportsErrors(t *testing.T) {
	w := NewWriter()
	if err := w.AddTensor("t", tensor.I8, tensor.Shape{100_000}, make([]byte, 100_000)); err != nil {
		t.Fatal(err)
	}
	size := len(encode(t, w))
	for _, n := range []int{0, 1, 100, 65536, 99_999, size - 1} {
		full := &fullDisk{left: n}
		wrote, err := w.WriteTo(full)
		if !errors.Is(err, errFull) || !strings.HasPrefix(err.Error(), "gguf: ") {
			t.Errorf("room for %d bytes: error %v", n, err)
		}
		if wrote != int64(n) {
			t.Errorf("room for %d bytes: WriteTo says %d", n, wrote)
		}
	}
}

var errFull = errors.New("no space left")

type fullDisk struct{ left int }

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.left {
		n := d.left
		d.left = 0
		return n, errFull
	}
	d.left -= len(p)
	return len(p), nil
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.gguf")
	f, err := Parse(small())
	if err != nil {
		t.Fatal(err)
	}
	w := rewrite(t, f)
	if err := w.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	open, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	sameFile(t, f, open)
	if open.Path != path || open.Size != int64(len(small())) {
		t.Errorf("path %q, size %d", open.Path, open.Size)
	}
	onlyFile(t, dir, "m.gguf")
}

// What cannot be written leaves neither a part of it nor a change.
func TestWriteFileFails(t *testing.T) {
	dir := t.TempDir()
	w := NewWriter()
	err := w.WriteFile(filepath.Join(dir, "absent", "m.gguf"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "m.gguf") {
		t.Errorf("no such folder: %v", err)
	}
	taken := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(taken, "in"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteFile(taken); err == nil || !strings.HasPrefix(err.Error(), "gguf: writing "+taken+": ") {
		t.Errorf("over a folder: %v", err)
	}
	onlyFile(t, dir, "taken")
}

// Data that is made while the file is written has the size that was announced, or
// there is no file.
func TestAddTensorFunc(t *testing.T) {
	dir := t.TempDir()
	failed := errors.New("as it is")
	for _, c := range []struct {
		n    int
		err  error
		want string
	}{{32, nil, ""}, {31, nil, "takes 32 bytes; 31 were written"}, {33, nil, "33 were written"}, {0, failed, "as it is"}} {
		w := NewWriter()
		if err := w.AddTensorFunc("made", tensor.F32, tensor.Shape{4, 2}, func(dst io.Writer) error {
			for range c.n {
				if _, err := dst.Write([]byte{7}); err != nil {
					return err
				}
			}
			return c.err
		}); err != nil {
			t.Fatal(err)
		}
		if err := w.AddTensor("after", tensor.F32, tensor.Shape{1}, []byte{1, 2, 3, 4}); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "m.gguf")
		os.Remove(path)
		err := w.WriteFile(path)
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) || c.err != nil && !errors.Is(err, c.err) {
				t.Errorf("%d bytes: %v", c.n, err)
			}
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%d bytes: there is a file", c.n)
			}
			continue
		}
		f, err2 := Open(path)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		made, _ := f.Tensor("made")
		after, _ := f.Tensor("after")
		if !bytes.Equal(made.Data, bytes.Repeat([]byte{7}, 32)) || !bytes.Equal(after.Data, []byte{1, 2, 3, 4}) {
			t.Errorf("read %v, %v", made.Data, after.Data)
		}
		f.Close()
	}
	onlyFile(t, dir, "m.gguf")
}

func onlyFile(t *testing.T, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != name {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}
