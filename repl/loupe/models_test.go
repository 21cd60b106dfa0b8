package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"loupe/engine/enginetest"
	"loupe/engine/gguf"
	"loupe/engine/store"
	"loupe/engine/tensor"
)

// writeGGUF writes a file with this metadata, as key and value in turn, and two
// layers of one tensor each; it gives its bytes.
func writeGGUF(t *testing.T, path string, meta ...any) []byte {
	t.Helper()
	w := gguf.NewWriter()
	for i := 0; i < len(meta); i += 2 {
		if err := w.Set(meta[i].(string), meta[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"blk.0.x.weight", "blk.1.x.weight"} {
		if err := w.AddTensor(name, tensor.Q8_0, tensor.Shape{64, 2}, make([]byte, 4*34)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.AddTensor("head.weight", tensor.F32, tensor.Shape{8}, make([]byte, 32)); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// runCommand runs one command as loupe would, and gives what it printed.
func runCommand(cmd *cobra.Command, args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.Execute()
	return out.String(), errs.String(), err
}

func TestShow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.gguf")
	long := make([]int32, 1000)
	writeGGUF(t, path, "general.architecture", "other", "general.name", "evil\x1b[2Jname", "general.file_type", uint32(7),
		"other.block_count", uint32(2), "other.attention.head_count", uint32(4), "other.attention.head_count_kv", uint32(2),
		"other.embedding_length", uint32(64), "other.context_length", uint32(4096), "other.nan", float32(math.NaN()), "other.eps", float32(1e-5), "other.long", long)
	out, _, err := runCommand(newShowCmd(), path, "--json")
	if err != nil {
		t.Fatal(err)
	}
	var d description
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// 2 layers of 2 K/V heads of 64/4 elements, for K and for V.
	if d.Memory.KVElements != 2*2*16*2 || d.Memory.Weights != 2*136+32 || d.Parameters != 2*128+8 || d.FileType != "Q8_0" || d.Context != 4096 {
		t.Errorf("%+v", d)
	}
	if c := d.Memory.Contexts; len(c) != 3 || c[2] != (kvMemory{4096, 4096 * 128 * 2, 4096 * 128 * 4}) || c[1].Context != 2048 {
		t.Errorf("contexts %+v", c)
	}
	if d.Runs || !strings.Contains(d.RunsNot, `"other"`) {
		t.Errorf("runs: %v, %q", d.Runs, d.RunsNot)
	}
	if len(d.Types) != 2 || d.Types[0].Type != "q8_0" || d.Types[0].Tensors != 2 || math.Abs(d.Types[0].Share+d.Types[1].Share-1) > 1e-12 {
		t.Errorf("types %+v", d.Types)
	}
	if !strings.Contains(out, `"value":"NaN"`) || !strings.Contains(out, `"value":0.00001`) || strings.Count(out, "0, ") > 20 {
		t.Errorf("values: %s", out)
	}

	out, _, err = runCommand(newShowCmd(), path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`evil\x1b[2Jname`, "blk.*.x.weight", "64 x 2", "[1000]int32", "4,096", "1 MiB", "no: "} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Error("the file can speak to the terminal")
	}
	all, _, _ := runCommand(newShowCmd(), path, "--tensors")
	if !strings.Contains(all, "blk.1.x.weight") || strings.Contains(all, "blk.*") {
		t.Errorf("--tensors:\n%s", all)
	}
	brief, _, _ := runCommand(newShowCmd(), path, "-q")
	if !strings.HasPrefix(out, brief) || strings.Contains(brief, "blk.") || strings.Contains(brief, "other.eps") {
		t.Errorf("-q:\n%s", brief)
	}

	if _, _, err = runCommand(newShowCmd(), path+".none.gguf"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	os.WriteFile(path, []byte("no model"), 0o644)
	if _, _, err = runCommand(newShowCmd(), path); !errors.Is(err, gguf.ErrNotGGUF) {
		t.Errorf("%v", err)
	}
}

// A model in parts is described as one, whichever part is named.
func TestShowParts(t *testing.T) {
	part := filepath.FromSlash("../../engine/gguf/testdata/split/by-tensors-00002-of-00003.gguf")
	out, _, err := runCommand(newShowCmd(), part)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"3 parts (1.2 kB, GGUF 3)", part + " (384 B, 2 tensors)", "by-tensors-00003-of-00003.gguf (192 B, 1 tensors)", "5 tensors", "five tensors"} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
	out, _, err = runCommand(newShowCmd(), part, "--json")
	var d description
	if err != nil || json.Unmarshal([]byte(out), &d) != nil || len(d.Parts) != 3 || d.Parts[1] != (partRow{part, 384, 2}) || len(d.Tensors) != 5 {
		t.Errorf("%v %s", err, out)
	}
}

// A check says all that is wrong and fails; of a good file it says so.
func TestShowCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.gguf")
	data := writeGGUF(t, path, "general.architecture", "other")
	out, _, err := runCommand(newShowCmd(), path, "-q", "--check")
	var status statusError
	if !errors.As(err, &status) || int(status) != exitFailed || !strings.Contains(out, "checked: 3 tensors, 264 values") || !strings.Contains(out, `architecture "other" does not run`) {
		t.Errorf("%v\n%s", err, out)
	}
	copy(data[len(data)-32:], []byte{0, 0, 0xc0, 0x7f}) // NaN as the first of head.weight
	os.WriteFile(path, data, 0o644)
	out, _, err = runCommand(newShowCmd(), path, "--json", "--check")
	var d description
	if !errors.As(err, &status) || json.Unmarshal([]byte(out), &d) != nil || d.Check == nil ||
		!strings.Contains(strings.Join(d.Check.Problems, "\n"), "tensor head.weight has 1 of 8 values that are NaN or infinite, the first at row 0, column 0: NaN") {
		t.Errorf("%v\n%s", err, out)
	}
	// A model of which only the vocabulary or the chat template is at fault.
	for _, c := range []struct {
		key   string
		value any
		want  string
		runs  bool
	}{
		{"tokenizer.ggml.pre", "new", `tokenizer.ggml.pre is "new", which does not run in this build`, false},
		{"tokenizer.chat_template", "{{ messages[0]", "tokenizer.chat_template: the template cannot be compiled: line 1", true},
		{"tokenizer.chat_template", uint32(3), "tokenizer.chat_template is of type uint32", true},
		{"tokenizer.chat_template", nil, "", true},
	} {
		tiny := enginetest.DefaultTiny()
		tiny.Meta = map[string]any{c.key: c.value}
		out, _, err = runCommand(newShowCmd(), tiny.Write(t), "--json", "--check")
		var d description
		if json.Unmarshal([]byte(out), &d) != nil || d.Runs != c.runs || (err == nil) != (c.want == "") || !strings.Contains(strings.Join(d.Check.Problems, "\n"), c.want) {
			t.Errorf("%s %v: %v, runs: %v %s, problems: %q", c.key, c.value, err, d.Runs, d.RunsNot, d.Check.Problems)
		}
	}
	out, _, err = runCommand(newShowCmd(), "lesson", "-q", "--check")
	if err != nil || !strings.HasSuffix(out, "s: nothing is wrong\n") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestKVElements(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.gguf")
	for name, c := range map[string]struct {
		meta []any
		want int64
		err  string
	}{
		"lengths":           {meta: []any{"a.block_count", 3, "a.attention.head_count", 8, "a.attention.head_count_kv", 2, "a.attention.key_length", 128, "a.attention.value_length", 64}, want: 3 * 2 * (128 + 64)},
		"all heads":         {meta: []any{"a.block_count", 3, "a.attention.head_count", 8, "a.embedding_length", 256}, want: 3 * 8 * 64},
		"only key length":   {meta: []any{"a.block_count", 1, "a.attention.head_count", 4, "a.embedding_length", 256, "a.attention.key_length", 128}, want: 4 * (128 + 64)},
		"heads by layer":    {meta: []any{"a.block_count", 3, "a.attention.head_count", 8, "a.embedding_length", 256, "a.attention.head_count_kv", []int32{1, 0, 2}}, want: 3 * 64},
		"too few by layer":  {meta: []any{"a.block_count", 3, "a.attention.head_count", 8, "a.embedding_length", 256, "a.attention.head_count_kv", []int32{1, 2}}, err: "2 numbers for 3 layers"},
		"negative by layer": {meta: []any{"a.block_count", 1, "a.attention.head_count", 8, "a.embedding_length", 256, "a.attention.head_count_kv", []int32{-1}}, err: "no model has"},
		"no layers":         {meta: []any{"a.attention.head_count", 8, "a.embedding_length", 256}, err: "no a.block_count"},
		"nothing":           {err: "no a.block_count"},
		"zero heads":        {meta: []any{"a.block_count", 1, "a.attention.head_count", 0, "a.embedding_length", 256}, err: "head_count is 0"},
		"absurd":            {meta: []any{"a.block_count", 1 << 30, "a.attention.head_count", 8, "a.embedding_length", 256}, err: "block_count is 1073741824"},
		"another kind":      {meta: []any{"a.block_count", "three"}, err: "a.block_count"},
	} {
		meta := []any{"general.architecture", "a"}
		for _, m := range c.meta {
			if n, ok := m.(int); ok {
				m = uint32(n)
			}
			meta = append(meta, m)
		}
		writeGGUF(t, path, meta...)
		f, err := gguf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := kvElements(f, "a")
		if c.err == "" && (err != nil || got != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %d, %v; want %d, %q", name, got, err, c.want, c.err)
		}
		f.Close()
	}
}

func TestModels(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("LOUPE_MODELS", dir)
	writeGGUF(t, filepath.Join(dir, "own.gguf"), "general.architecture", "a", "a.context_length", uint32(12345), "general.license", "mit")
	os.WriteFile(filepath.Join(dir, "bad.gguf"), []byte("no model"), 0o644)
	out, errs, err := runCommand(newModelsCmd())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"own", "Q8_0", "12,345", "mit", filepath.Join(dir, "own.gguf"), "bad", "loupe pull smollm2", "98.4 MB"} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
	if !strings.Contains(errs, "bad cannot be read: gguf: ") {
		t.Errorf("stderr: %s", errs)
	}
	out, errs, err = runCommand(newModelsCmd(), "--json")
	var rows []listedModel
	if err != nil || errs != "" || json.Unmarshal([]byte(out), &rows) != nil {
		t.Fatalf("%v %s\n%s", err, errs, out)
	}
	if len(rows) != 3+len(store.Known()) || rows[0].Name != "lesson" || rows[0].Context != 512 || rows[1].Error == "" || !rows[2].Here || rows[2].Context != 12345 || rows[3].Here || rows[3].Path != "" {
		t.Errorf("%+v", rows)
	}
}

// What can be pulled is listed with its licence, offline too, which is said first.
func TestModelsRemote(t *testing.T) {
	t.Setenv("LOUPE_MODELS", t.TempDir())
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Setenv("HF_ENDPOINT", srv.URL)
	out, errs, err := runCommand(newModelsCmd(), "--remote")
	if err != nil || errs != "" {
		t.Errorf("%v %s", err, errs)
	}
	for _, m := range store.Known() {
		for _, want := range []string{m.Name, m.Licence, m.About, store.FormatSize(m.Size)} {
			if !strings.Contains(out, want) {
				t.Errorf("lacks %q:\n%s", want, out)
			}
		}
	}
	srv.Close()
	out, errs, err = runCommand(newModelsCmd(), "--remote", "--json")
	var rows []listedModel
	if err != nil || !strings.Contains(errs, "store: offline: ") || json.Unmarshal([]byte(out), &rows) != nil || len(rows) != len(store.Known()) || rows[0].SHA256 == "" {
		t.Errorf("%v %s %s", err, errs, out)
	}
}

// Nothing is fetched of a model whose licence asks for consent until somebody agrees.
func TestPullConsent(t *testing.T) {
	t.Setenv("LOUPE_MODELS", t.TempDir())
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.NotFound(w, r)
	}))
	defer srv.Close()
	t.Setenv("HF_ENDPOINT", srv.URL)
	cmd := newPullCmd()
	cmd.SetIn(strings.NewReader("y\n")) // no terminal: nobody to ask
	out, _, err := runCommand(cmd, "gemma3-1b")
	var wrong usageError
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "https://ai.google.dev/gemma/terms") || !strings.Contains(err.Error(), "--accept-licence") || !strings.Contains(out, "Gemma Terms of Use") || asked != 0 {
		t.Errorf("%v, %d requests\n%s", err, asked, out)
	}
	for _, args := range [][]string{{"gemma3-1b", "--accept-licence"}, {"qwen3-0.6b"}} { // the second asks for none
		asked = 0
		if _, _, err := runCommand(newPullCmd(), args...); errors.As(err, &wrong) || err == nil || asked == 0 {
			t.Errorf("%v: %v, %d requests", args, err, asked)
		}
	}
}

func TestPull(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("LOUPE_MODELS", dir)
	data := writeGGUF(t, filepath.Join(t.TempDir(), "x.gguf"), "general.architecture", "a")
	srv := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(mustWrite(t, "x.gguf", data)))))
	defer srv.Close()

	out, errs, err := runCommand(newPullCmd(), srv.URL+"/x.gguf")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out, filepath.Join(dir, "x.gguf")+"\n") || !strings.Contains(out, "sha256 ") || strings.Contains(out+errs, "\x1b") || strings.Contains(out+errs, "\r") {
		t.Errorf("%q %q", out, errs)
	}
	if !strings.Contains(errs, `it does not run here: architecture "a" does not run in this build`) {
		t.Errorf("%q", errs)
	}
	out, _, err = runCommand(newPullCmd(), srv.URL+"/x.gguf", "--json")
	var m pulled
	if err != nil || json.Unmarshal([]byte(out), &m) != nil || m.Size != int64(len(data)) || m.Name != "x" || m.Runs || m.RunsNot == "" {
		t.Errorf("%v %s", err, out)
	}
	for source, usage := range map[string]bool{"smolm2": true, "hf:x": true, "http://example.com/x.gguf": true, srv.URL + "/none.gguf": false} {
		_, _, err := runCommand(newPullCmd(), source)
		var wrong usageError
		if err == nil || errors.As(err, &wrong) != usage {
			t.Errorf("%s: %v", source, err)
		}
	}
}

func mustWrite(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBarLine(t *testing.T) {
	for _, c := range []struct {
		done, total, fresh int64
		spent              time.Duration
		want               string
	}{
		{0, 0, 0, 0, "0 B"},
		{5_000_000, 0, 5_000_000, time.Second, "5.0 MB  5.0 MB/s"},
		{50, 100, 0, 0, "[============            ]  50%  50 B of 100 B"},
		{75, 100, 50, time.Second, "[==================      ]  75%  75 B of 100 B  50 B/s  1s left"},
		{100, 100, 50, time.Second, "[========================] 100%  100 B of 100 B  50 B/s"},
	} {
		if got := barLine(c.done, c.total, c.fresh, c.spent); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// Work on a file is shown after a second, ten times a second.
func TestWorkBar(t *testing.T) {
	var lines []string
	bar := workBar{line: func(s string) { lines = append(lines, s) }, began: time.Now()}
	bar.show(1, 100)
	if lines != nil {
		t.Errorf("at once: %q", lines)
	}
	bar.began = bar.began.Add(-2 * time.Second)
	for range 1000 {
		bar.show(50, 100)
	}
	if len(lines) == 0 || len(lines) > 100 || !strings.Contains(lines[0], "50%") {
		t.Errorf("%d lines: %.200q", len(lines), lines)
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -999: "-999", 49152: "49,152", 1234567: "1,234,567"} {
		if got := number(n); got != want {
			t.Errorf("number(%d) = %q", n, got)
		}
	}
}
