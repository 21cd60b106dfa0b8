package quantize

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"loupe/engine/gguf"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// models writes the files that testdata/golden.py lets llama.cpp quantise.
var models = flag.String("models", "", "folder to write the test's models to, for testdata/golden.py")

// small is a model of tiny tensors in every layer: of its architecture, those that the
// rules tell apart.
type small struct {
	arch                   string
	layers, heads, kv, row int
	tied, fused            bool
}

// smalls are the models that llama.cpp quantised for testdata/golden.json.
var smalls = map[string]small{
	"tied":   {arch: "llama", layers: 16, heads: 8, kv: 2, row: 256, tied: true},
	"untied": {arch: "llama", layers: 33, heads: 2, kv: 2, row: 96},
	"fused":  {arch: "phi3", layers: 8, heads: 4, kv: 4, row: 256, fused: true},
	"wide":   {arch: "llama", layers: 80, heads: 8, kv: 1, row: 256},           // as the models of 70B
	"odd":    {arch: "qwen2", layers: 3, heads: 2, kv: 1, row: 72, tied: true}, // no block fits
}

func (s small) write(t *testing.T, path string) {
	t.Helper()
	w := gguf.NewWriter()
	r := rand.New(rand.NewPCG(uint64(s.row), uint64(s.layers)))
	set := func(key string, v any) {
		if err := w.Set(key, v); err != nil {
			t.Fatal(err)
		}
	}
	set("general.architecture", s.arch)
	set("general.file_type", uint32(0))
	set("split.count", uint16(0))
	for key, n := range map[string]int{
		"context_length": 64, "embedding_length": s.row, "block_count": s.layers, "feed_forward_length": 256,
		"attention.head_count": s.heads, "attention.head_count_kv": s.kv, "rope.dimension_count": s.row / s.heads, "vocab_size": 4,
	} {
		set(s.arch+"."+key, uint32(n))
	}
	set(s.arch+".attention.layer_norm_rms_epsilon", float32(1e-5))
	add := func(name string, n, rows int) {
		x := make([]float32, n*rows)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		data := make([]byte, 4*len(x))
		if err := quant.Quantize(tensor.F32, data, x); err != nil {
			t.Fatal(err)
		}
		shape := tensor.Shape{n, rows}
		if rows == 1 {
			shape = shape[:1]
		}
		if err := w.AddTensor(name, tensor.F32, shape, data); err != nil {
			t.Fatal(err)
		}
	}
	add("token_embd.weight", s.row, 4)
	add("output_norm.weight", s.row, 1)
	if !s.tied {
		add("output.weight", s.row, 4)
	}
	names := []string{"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up"}
	if s.fused {
		names = []string{"attn_qkv", "attn_output", "ffn_up"}
	}
	for l := range s.layers {
		blk := fmt.Sprintf("blk.%d.", l)
		add(blk+"attn_norm.weight", s.row, 1)
		for _, name := range names {
			add(blk+name+".weight", s.row, 2)
		}
		add(blk+"ffn_down.weight", 256, 2)
		add(blk+"attn_q.bias", s.row, 1)
	}
	if err := w.WriteFile(path); err != nil {
		t.Fatal(err)
	}
}

// digest is the checksum of all tensors, by name, with their types.
func digest(t *testing.T, path string) string {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list := append([]gguf.Tensor{}, f.Tensors...)
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	h := sha256.New()
	for _, x := range list {
		fmt.Fprintf(h, "%s %d %d\n", x.Name, x.Type, len(x.Data))
		h.Write(x.Data)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// Every mix gives the types and the bytes that llama.cpp's quantiser gives
// (testdata/golden.py), with any number of threads.
func TestEqualsLlamaCpp(t *testing.T) {
	dir := t.TempDir()
	if *models != "" {
		dir = *models
	}
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string]map[string]string // model, mix, digest
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	for name, s := range smalls {
		path := filepath.Join(dir, name+".gguf")
		s.write(t, path)
		f, err := gguf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if len(golden[name]) != 2*len(Mixes()) {
			t.Errorf("%s: %d digests in the golden file for %d mixes, each with and without its rules", name, len(golden[name]), len(Mixes()))
		}
		for i, mix := range Mixes() {
			for key, pure := range map[string]bool{mix.Name: false, mix.Name + " pure": true} {
				out := filepath.Join(t.TempDir(), "out.gguf")
				last := int64(0)
				list, err := File(context.Background(), f, out, mix, Options{Pure: pure, Threads: 1 + i%3, Progress: func(done, total int64) {
					if done < last || done > total {
						t.Errorf("%d of %d after %d", done, total, last)
					}
					last = done
				}})
				if err != nil {
					t.Fatal(err)
				}
				if got := digest(t, out); got != golden[name][key] {
					t.Errorf("%s %s: tensors differ from llama.cpp's", name, key)
				}
				checkReport(t, out, mix, list)
			}
		}
	}
}

// checkReport holds what File told against what it wrote.
func checkReport(t *testing.T, out string, mix Mix, list []Tensor) {
	t.Helper()
	g, err := gguf.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if n, _, _ := g.Uint("general.file_type"); n != uint64(mix.FileType) {
		t.Errorf("%s: file type %d", mix.Name, n)
	}
	if _, ok := g.Get("split.count"); ok {
		t.Error("the keys of a split file are still there")
	}
	for i, x := range g.Tensors {
		if list[i].Name != x.Name || list[i].To != x.Type || list[i].Bytes != int64(len(x.Data)) {
			t.Errorf("%s: told %+v, wrote %s %s", mix.Name, list[i], x.Name, x.Type)
		}
		if list[i].Instead != list[i].To && x.Shape[0]%mix.Type.BlockSize() == 0 {
			t.Errorf("%s: %+v", mix.Name, list[i])
		}
	}
}

// What cannot be done is refused with the reason, and leaves nothing behind.
func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	src := filepath.Join(dir, "src.gguf")
	small{arch: "llama", layers: 2, heads: 2, kv: 2, row: 96, tied: true}.write(t, src)
	open := func(path string) *gguf.File {
		f, err := gguf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	f := open(src)
	mix := func(name string) Mix {
		m, err := Find(name)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if mix("q4_k").Name != "Q4_K_M" || mix("q6_k").Name != "Q6_K" {
		t.Error("short names")
	}
	if _, err := Find("q9"); err == nil || !strings.Contains(err.Error(), "Q4_K_M") {
		t.Errorf("unknown mix: %v", err)
	}
	out := filepath.Join(dir, "out.gguf")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := File(ctx, f, out, mix("Q8_0"), Options{}); err != context.Canceled {
		t.Errorf("canceled: %v", err)
	}
	if _, err := File(context.Background(), f, src, mix("Q8_0"), Options{}); err == nil || !strings.Contains(err.Error(), "the model itself") {
		t.Errorf("onto itself: %v", err)
	}
	if _, err := File(context.Background(), f, filepath.Join(dir, "no", "x.gguf"), mix("Q8_0"), Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
	if _, err := File(context.Background(), f, out, mix("Q8_0"), Options{Pure: true}); err != nil {
		t.Fatal(err)
	}
	q8 := open(out)
	again := filepath.Join(dir, "again.gguf")
	if _, err := File(context.Background(), q8, again, mix("Q4_0"), Options{}); err == nil || !strings.Contains(err.Error(), "--allow-requantize") {
		t.Errorf("quantised twice: %v", err)
	}
	if _, err := File(context.Background(), q8, again, mix("Q4_0"), Options{Requantize: true}); err != nil {
		t.Error(err)
	}
	w := gguf.NewWriter()
	for key, v := range map[string]any{"general.architecture": "llama", "llama.expert_count": uint32(8)} {
		if err := w.Set(key, v); err != nil {
			t.Fatal(err)
		}
	}
	experts := filepath.Join(dir, "experts.gguf")
	if err := w.WriteFile(experts); err != nil {
		t.Fatal(err)
	}
	if _, err := File(context.Background(), open(experts), again, mix("Q8_0"), Options{}); err == nil || !strings.Contains(err.Error(), "8 experts") {
		t.Errorf("experts: %v", err)
	}
}
