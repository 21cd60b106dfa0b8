package gguf

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// realModel is the path of a model file that LOUPE_MODELS must hold in CI.
func realModel(tb testing.TB, name string) string {
	tb.Helper()
	dir := os.Getenv("LOUPE_MODELS")
	if dir == "" {
		if cache, err := os.UserCacheDir(); err == nil {
			dir = filepath.Join(cache, "loupe", "models")
		}
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") != "" {
			tb.Fatalf("no model for this test: %v", err)
		}
		tb.Skipf("no model for this test: %v; name the folder that has it in LOUPE_MODELS", err)
	}
	return path
}

const smolLM2 = "smollm2-135m-instruct-q4_1.gguf"

// What the Writer makes of a model that llama.cpp's own writer made must be the
// same file, byte for byte.
func TestRealModelRoundTrip(t *testing.T) {
	path := realModel(t, smolLM2)
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()

	if arch, ok, err := f.Text("general.architecture"); arch != "llama" || !ok || err != nil {
		t.Errorf("general.architecture = %q, %v, %v; want llama", arch, ok, err)
	}
	if n, ok, err := f.Uint("llama.block_count"); n != 30 || !ok || err != nil {
		t.Errorf("llama.block_count = %d, %v, %v; want 30", n, ok, err)
	}
	tokens, ok, err := f.Texts("tokenizer.ggml.tokens")
	if len(tokens) != 49152 || !ok || err != nil {
		t.Errorf("tokenizer.ggml.tokens has %d entries, %v, %v; want 49152", len(tokens), ok, err)
	}
	embd, ok := f.Tensor("token_embd.weight")
	if !ok || embd.Shape.String() != "[576, 49152]" {
		t.Errorf("token_embd.weight = %v, %v; want shape [576, 49152]", embd, ok)
	}

	out := filepath.Join(t.TempDir(), "copy.gguf")
	if err := rewrite(t, f).WriteFile(out); err != nil {
		t.Fatal(err)
	}
	g, err := Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	sameFile(t, f, g)
	was, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	is, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(was, is) {
		i := 0
		for i < min(len(was), len(is)) && was[i] == is[i] {
			i++
		}
		t.Errorf("the copy differs from byte %d; %d bytes, were %d", i, len(is), len(was))
	}
}

func BenchmarkOpenRealModel(b *testing.B) {
	path := realModel(b, smolLM2)
	b.ReportAllocs()
	for b.Loop() {
		f, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
}
