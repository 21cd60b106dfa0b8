package gguf

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loupe/engine/tensor"
)

// The files in testdata/split are what llama.cpp's gguf-split makes of whole.gguf:
// by-tensors with --split-max-tensors 2, no-first with --split-max-tensors 4
// --no-tensor-first-split.
const splitDir = "testdata/split/"

// Whichever part is named, the parts are the whole, as llama.cpp has split it.
func TestParts(t *testing.T) {
	want, err := Open(splitDir + "whole.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	for _, c := range []struct {
		prefix  string
		tensors []int
	}{{"by-tensors", []int{2, 2, 1}}, {"no-first", []int{0, 4, 1}}} {
		for no := 1; no <= 3; no++ {
			f, err := Open(PartPath(splitDir+c.prefix, no, 3))
			if err != nil {
				t.Fatal(err)
			}
			kept := f.Meta
			f.Meta = f.Meta[:len(f.Meta)-3] // split.*
			sameFile(t, want, f)
			f.Meta = kept
			if v, _ := f.Get("split.count"); v.String() != "3" {
				t.Errorf("split.count %s", v)
			}
			var all []byte
			for i, p := range f.Parts {
				data, err := os.ReadFile(p.Path)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, data...)
				if p.Path != PartPath(splitDir+c.prefix, i+1, 3) || p.Size != int64(len(data)) || p.Tensors != c.tensors[i] {
					t.Errorf("part %d: %+v", i+1, p)
				}
			}
			joined, err := OpenPart(filepath.Join(writeFile(t, t.TempDir(), "all", all)))
			if err != nil {
				t.Fatal(err) // the first part, and more behind it
			}
			if f.SHA256() != joined.SHA256() || f.Size != int64(len(all)) || f.Path != f.Parts[0].Path {
				t.Errorf("%s: sha256 %s, size %d", f.Path, f.SHA256(), f.Size)
			}
			joined.Close()
			x, ok := f.Tensor("blk.1.attn_q.weight")
			if y, _ := want.Tensor("blk.1.attn_q.weight"); !ok || !bytes.Equal(x.Data, y.Data) {
				t.Error("a tensor of another part")
			}
			f.Release()
			if err := f.Read(t.Context(), func(int64, int64) {}); err != nil {
				t.Fatal(err)
			}
			f.Meta = f.Meta[:len(f.Meta)-3]
			sameFile(t, want, f)
			if err := f.Close(); err != nil || x.Data != nil || f.SHA256() != "" {
				t.Errorf("closed: %v", err)
			}
		}
	}
}

// A whole model may be called like a part, and a part like a model.
func TestPartNames(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile(splitDir + "whole.gguf")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(writeFile(t, dir, "x-00002-of-00002.gguf", data))
	if err != nil || f.Parts != nil || len(f.Tensors) != 5 {
		t.Errorf("%+v, %v", f, err)
	}
	f.Close()
	for path, want := range map[string]string{
		"a/b-00002-of-00013.gguf": "a/b 2 13 true", "b-00003-of-00002.gguf": "b 3 2 false", "b-00000-of-00002.gguf": "b 0 2 false",
		"-00001-of-00002.gguf": " 0 0 false", "b-1-of-2.gguf": " 0 0 false", "a-00001-of-00002-00001-of-00001.gguf": "a-00001-of-00002 1 1 true",
	} {
		prefix, no, count, ok := SplitName(path)
		if got := fmt.Sprint(filepath.ToSlash(prefix), " ", no, " ", count, " ", ok); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func writeFile(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// Parts that do not belong together are refused, and the error names the part.
func TestPartsWrong(t *testing.T) {
	part := func(edit func(w *Writer), tensors ...string) []byte {
		w := NewWriter()
		for _, kv := range []struct {
			key   string
			value any
		}{{splitNo, uint16(1)}, {splitCount, uint16(3)}, {splitTensors, int32(5)}} {
			if err := w.Set(kv.key, kv.value); err != nil {
				t.Fatal(err)
			}
		}
		edit(w)
		for _, name := range tensors {
			if err := w.AddTensor(name, tensor.F32, tensor.Shape{1}, make([]byte, 4)); err != nil {
				t.Fatal(err)
			}
		}
		return encode(t, w)
	}
	set := func(key string, value any) func(*Writer) {
		return func(w *Writer) {
			if err := w.Set(key, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	two := []string{"x", "y"}
	const second = "m-00002-of-00003.gguf"
	for name, c := range map[string]struct {
		second []byte // nil: none
		path   string // of the part that the error names
		kind   error
		want   string
	}{
		"as it was":      {second: part(set("a", "b"), two...)},
		"missing":        {path: "m-00001-of-00003.gguf", kind: fs.ErrNotExist, want: "is part 1 of 3; beside it are missing: m-00002-of-00003.gguf; download"},
		"no model":       {second: []byte("GGUFxxxx"), kind: ErrVersion, want: "version"},
		"cut":            {second: part(set("a", "b"), two...)[:200], kind: ErrTruncated, want: "cut short"},
		"whole":          {second: small(), kind: ErrParts, want: "has no split.count"},
		"another count":  {second: part(set(splitCount, uint16(4)), two...), kind: ErrParts, want: "is of a model in 4 parts"},
		"another number": {second: part(set(splitNo, uint16(2)), two...), kind: ErrParts, want: "holds part 3 (split.no is 2), and by its name it should be part 2 of 3"},
		"count as text":  {second: part(set(splitCount, "three"), two...), kind: ErrParts, want: "split.count"},
		"number as text": {second: part(set(splitNo, "two"), two...), kind: ErrParts, want: "split.no"},
		"of another":     {second: part(set(splitTensors, int32(9)), two...), kind: ErrParts, want: `is of another model than m-00001-of-00003.gguf: split.tensors.count is "9" here and "5" there`},
		"another's name": {second: part(set("general.name", "other"), two...), kind: ErrParts, want: `general.name is "other" here and "five tensors" there`},
		"duplicate":      {second: part(set("a", "b"), "x", "token_embd.weight"), kind: ErrParts, want: `holds tensor "token_embd.weight", which part 1 holds too`},
		"too few":        {second: part(set("a", "b"), "x"), path: "m-00001-of-00003.gguf", kind: ErrParts, want: "split.tensors.count is 5, but the parts hold 4 tensors: m-00001-of-00003.gguf 2, m-00002-of-00003.gguf 1, m-00003-of-00003.gguf 1"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, no := range []int{1, 3} {
				data, err := os.ReadFile(PartPath(splitDir+"by-tensors", no, 3))
				if err != nil {
					t.Fatal(err)
				}
				writeFile(t, dir, fmt.Sprintf("m-%05d-of-00003.gguf", no), data)
			}
			if c.second != nil {
				writeFile(t, dir, second, c.second)
			}
			if c.path == "" {
				c.path = second
			}
			f, err := Open(filepath.Join(dir, "m-00001-of-00003.gguf"))
			if c.kind == nil {
				if err != nil || len(f.Tensors) != 5 {
					t.Fatalf("%+v, %v", f, err)
				}
				f.Close()
				return
			}
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "gguf: "+filepath.Join(dir, c.path)) {
				t.Errorf("%v", err)
			}
		})
	}
	// A part under a name that does not tell where the others are.
	data, err := os.ReadFile(PartPath(splitDir+"by-tensors", 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"part2.gguf", "m-00002-of-00004.gguf"} {
		_, err = Open(writeFile(t, t.TempDir(), name, data))
		if !errors.Is(err, ErrParts) || !strings.Contains(err.Error(), "its name must end in -00002-of-00003.gguf") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
