package model

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"loupe/engine/enginetest"
	"loupe/engine/gguf"
	"loupe/engine/tensor"
)

// spoil puts bytes into a tensor of a file.
func spoil(t *testing.T, path, name string, at int, b []byte) {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	x, ok := f.Tensor(name)
	if !ok || at+len(b) > len(x.Data) {
		t.Fatalf("no tensor %s with a byte %d", name, at)
	}
	w, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.WriteAt(b, f.DataOffset+int64(x.Offset)+int64(at)); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, path string, threads int) Report {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var last, total int64
	r, err := Check(context.Background(), f, threads, func(done, of int64) {
		if done <= last || done > of {
			t.Errorf("progress %d of %d after %d", done, of, last)
		}
		last, total = done, of
	})
	if err != nil || last != total {
		t.Fatalf("%v; %d of %d bytes", err, last, total)
	}
	return r
}

// What is broken is found, wherever in a file it is, and all of it at once.
func TestCheck(t *testing.T) {
	infinity := binary.LittleEndian.AppendUint16(nil, 0x7c00) // as f16
	nan32 := binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(math.NaN())))
	for _, threads := range []int{1, 3} {
		c := enginetest.DefaultTiny()
		path := c.Write(t)
		if r := check(t, path, threads); len(r.Problems) != 0 || r.Tensors != 20 || r.Values < 100000 {
			t.Errorf("a whole file: %+v", r)
		}
		spoil(t, path, "token_embd.weight", 4*(128*200+7), nan32) // past the first piece of a scan
		spoil(t, path, "token_embd.weight", 4*(128*268+127), nan32)
		spoil(t, path, "output_norm.weight", 0, nan32)
		want := []string{
			"tensor token_embd.weight has 2 of 34432 values that are NaN or infinite, the first at row 200, column 7: NaN",
			"tensor output_norm.weight has 1 of 128 values that are NaN or infinite, the first at row 0, column 0: NaN",
		}
		if r := check(t, path, threads); strings.Join(r.Problems, "\n") != strings.Join(want, "\n") {
			t.Errorf("%q", r.Problems)
		}

		c.Type, c.Drop, c.Extra = tensor.Q8_0, []string{"blk.0.ffn_up.weight", "blk.1.attn_norm.weight"}, []string{"more"}
		c.Meta = map[string]any{"tokenizer.ggml.tokens": make([]string, 300)}
		path = c.Write(t)
		spoil(t, path, "blk.1.attn_k.weight", 34*(4*10+3), infinity)
		want = []string{
			"the vocabulary has 300 tokens (tokenizer.ggml.tokens), but the head, tensor token_embd.weight, has 269 rows: the file is damaged, or was put together from two",
			"the file has no tensor blk.0.ffn_up.weight", "the file has no tensor blk.1.attn_norm.weight",
			"tensor more is none that this architecture uses, and running without it would give wrong answers",
			"tensor blk.1.attn_k.weight has 32 of 8192 values that are NaN or infinite, the first at row 10, column 96 (block 43 of q8_0, whose scale is broken): ",
		}
		r := check(t, path, threads)
		if len(r.Problems) != len(want) {
			t.Fatalf("%q", r.Problems)
		}
		for i, p := range r.Problems {
			if !strings.HasPrefix(p, want[i]) {
				t.Errorf("%q, want %q", p, want[i])
			}
		}
	}
	// Of a file that does not run the values are looked at all the same.
	c := enginetest.DefaultTiny()
	c.Meta = map[string]any{"general.architecture": "mamba"}
	path := c.Write(t)
	spoil(t, path, "blk.0.ffn_up.weight", 0, nan32)
	if r := check(t, path, 1); len(r.Problems) != 2 || !strings.Contains(r.Problems[0], "does not run") || !strings.Contains(r.Problems[1], "blk.0.ffn_up.weight") {
		t.Errorf("%q", r.Problems)
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Check(ctx, f, 2, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
