package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"loupe/engine/internal/simd"
)

// The test binary is both tools when COMPARE_LOG is set: it writes its arguments
// there and prints the rows that were asked for.
func TestMain(m *testing.M) {
	if log := os.Getenv("COMPARE_LOG"); log != "" {
		os.Exit(fakeTool(log, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// fakeTool runs at 100 tokens a second as llama.cpp with flash attention off, 40
// with it on, and 300 as Loupe, times 1, 4 and 2 in the first three rounds. Loupe
// refuses to read prompts with q4_0.
func fakeTool(log string, args []string) int {
	earlier, _ := os.ReadFile(log)
	line := strings.Join(args, " ") + "\n"
	f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 9
	}
	f.WriteString(line)
	f.Close()
	flags := map[string]string{}
	isLoupe := args[0] == "bench"
	if isLoupe {
		args = args[1:]
	}
	for i := 0; i+1 < len(args); i += 2 {
		flags[args[i]] = args[i+1]
	}
	rate := map[string]float64{"off": 100, "on": 40, "auto": 300}[flags["-fa"]]
	rate *= []float64{1, 4, 2}[strings.Count(string(earlier), line)]
	status := 0
	for _, list := range []string{"-p", "-n"} {
		for _, n := range strings.Split(flags[list], ",") {
			if n == "0" {
				continue
			}
			if isLoupe && flags["-ctk"] == "q4_0" && list == "-p" {
				fmt.Fprintf(os.Stderr, "first\nloupe: bench: no q4_0\n")
				status = 1
				continue
			}
			prompt, gen := n, "0"
			if list == "-n" {
				prompt, gen = "0", n
			}
			fmt.Printf(`{"build_commit": "c-%s", "build_number": 7, "model_type": "tiny", "n_prompt": %s, "n_gen": %s, "n_depth": %s, "avg_ts": %f, "kernels": "k", "memory_read_rate": 2e9}`+"\n",
				flags["-fa"], prompt, gen, flags["-d"], rate)
		}
	}
	return status
}

// compareFake runs the command with the test binary as both tools.
func compareFake(t *testing.T, args ...string) (status int, stdout, stderr string, log []string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	model := filepath.Join(t.TempDir(), "m.gguf")
	if err := os.WriteFile(model, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	logFile := filepath.Join(t.TempDir(), "log")
	t.Setenv("COMPARE_LOG", logFile)
	var out, errs bytes.Buffer
	status = command(context.Background(), append([]string{"-m", model, "-llama-bench", exe, "-loupe", exe}, args...), &out, &errs)
	data, _ := os.ReadFile(logFile)
	return status, out.String(), errs.String(), strings.Split(strings.TrimSpace(string(data)), "\n")
}

func TestMediansOfInterleavedRounds(t *testing.T) {
	status, stdout, stderr, log := compareFake(t, "-rows", "pp512,tg128,*@d2048", "-t", "1", "-ct", "f16,q8_0", "-r", "3")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	for _, want := range []string{
		"| pp512 | 1 | f16 | 200 (100 to 400) | 80.0 (40.0 to 160) | 600 (300 to 1200) | **3.00** |\n",
		"| tg128 | 1 | f16 | 200 (100 to 400) | 80.0 (40.0 to 160) | 600 (300 to 1200) | **3.00** |\n",
		"| pp256@d2048 | 1 | f16 | 200 (100 to 400) |",
		"| tg32@d2048 | 1 | q8_0 | - | 80.0 (40.0 to 160) | 600 (300 to 1200) | **7.50** |\n",
		"Rounds: 3.", "- model: m.gguf, tiny\n", "t=1: 2.0 GB/s", "- llama.cpp: c-off (7)\n", "- Loupe: c-auto, kernels k, go",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("lacks %q:\n%s", want, stdout)
		}
	}
	// Four processes a group of f16, two of q8_0, in an order that turns.
	if len(log) != 3*2*(3+2) {
		t.Fatalf("%d processes:\n%s", len(log), strings.Join(log, "\n"))
	}
	order := func(from, n int) (flash []string) {
		for _, l := range log[from : from+n] {
			flash = append(flash, strings.Fields(l[strings.Index(l, "-fa "):])[1])
		}
		return flash
	}
	if got := order(0, 6); !slices.Equal(got, []string{"off", "on", "auto", "auto", "on", "off"}) {
		t.Errorf("the first round begins %v", got)
	}
	if got := order(10, 3); !slices.Equal(got, []string{"auto", "on", "off"}) {
		t.Errorf("the second round begins %v", got)
	}
	if want := "-p 256 -n 32 -d 2048 -t 1 -ctk f16 -ctv f16 -fa auto -r 1 -o jsonl"; !strings.Contains(log[3], want) || !strings.HasPrefix(log[3], "bench -m ") {
		t.Errorf("process 4 is %q, want loupe bench with %q", log[3], want)
	}
}

// A side that fails is said once and not run again; the rows it gave count.
func TestASideThatFails(t *testing.T) {
	status, stdout, stderr, log := compareFake(t, "-rows", "pp512,tg128", "-t", "2", "-ct", "q4_0", "-r", "2")
	if status != 1 || strings.Count(stderr, "no q4_0") != 1 || strings.Count(strings.Join(log, "\n"), "bench -m") != 1 {
		t.Errorf("status %d, %s\n%s", status, stderr, strings.Join(log, "\n"))
	}
	for _, want := range []string{
		"| pp512 | 2 | q4_0 | - | 100 (40.0 to 160) | - | - |", "| tg128 | 2 | q4_0 | - | 100 (40.0 to 160) | 300 | **3.00** |",
		"- failed: Loupe: pp512, tg128, t=2, K/V q4_0: exit status 1: loupe: bench: no q4_0",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("lacks %q:\n%s", want, stdout)
		}
	}
}

func TestWrongUse(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-rows", "pp513"}, `-rows: "pp513" matches no row; there are pp512,`},
		{[]string{"-rows", "["}, "-rows:"},
		{[]string{"-t", "0"}, "a tool needs a thread"},
		{[]string{"-t", "x"}, `-t: measure: "x"`},
		{[]string{"-r", "0"}, "-r 0"},
		{[]string{"-ct", "f16,"}, "a cache type is missing"},
		{[]string{"-build", "x.tar.gz"}, "either"},
		{[]string{"word"}, `"word" is no flag`},
		{[]string{"-nope"}, "-nope"},
	} {
		if status, _, stderr, _ := compareFake(t, c.args...); status != 2 || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: status %d, %s", c.args, status, stderr)
		}
	}
	if status, _, stderr, _ := compareFake(t, "-m", "missing.gguf"); status != 1 || !strings.Contains(stderr, "missing.gguf") {
		t.Errorf("status %d, %s", status, stderr)
	}
}

func TestInterrupted(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := newComparison()
	c.model, c.llama, c.loupe, c.rounds = "m", exe, exe, 3
	c.groups = groups(tests[:1], []int{1}, []string{"f16"})
	t.Setenv("COMPARE_LOG", filepath.Join(t.TempDir(), "log"))
	c.say = func(string, ...any) { cancel() } // after the first process
	if err := c.run(ctx); err != context.Canceled || len(c.rates) != 1 {
		t.Errorf("%v with %v", err, c.rates)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1}, 5}, {[]float64{9, 1, 4}, 4}, {[]float64{9, 1, 4, 6}, 5}} {
		if got := median(c.x); got != c.want {
			t.Errorf("%v: %v, want %v", c.x, got, c.want)
		}
	}
}

// sdist is a gzipped tar of files.
func sdist(t *testing.T, files ...tar.Header) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, h := range files {
		body := h.Name
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(body))
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			w.Write([]byte(body))
		}
	}
	w.Close()
	z.Close()
	return &b
}

func TestUnpack(t *testing.T) {
	file := func(name string, mode int64) tar.Header {
		return tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: mode}
	}
	dir := t.TempDir()
	good := sdist(t, file("x-1/PKG-INFO", 0o644), file("x-1/vendor/llama.cpp/CMakeLists.txt", 0o644),
		tar.Header{Name: "x-1/vendor/llama.cpp/link", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		file("x-1/vendor/llama.cpp/a/b.sh", 0o755))
	if err := unpack(good, dir); err != nil {
		t.Fatal(err)
	}
	var found []string
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if !d.IsDir() {
			info, _ := d.Info()
			rel, _ := filepath.Rel(dir, path)
			data, _ := os.ReadFile(path)
			found = append(found, filepath.ToSlash(rel)+" "+strconv.FormatInt(int64(info.Mode().Perm()&0o700), 8)+" "+string(data))
		}
		return err
	})
	want := []string{"CMakeLists.txt 600 x-1/vendor/llama.cpp/CMakeLists.txt", "a/b.sh 700 x-1/vendor/llama.cpp/a/b.sh"}
	if !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"outside", sdist(t, file("x-1/vendor/llama.cpp/../../../evil", 0o644)).Bytes(), "would lie outside"},
		{"twice", sdist(t, file("x/vendor/llama.cpp/a", 0o644), file("x/vendor/llama.cpp/a", 0o644)).Bytes(), "exists"},
		{"other", sdist(t, file("x-1/PKG-INFO", 0o644)).Bytes(), "holds no vendor/llama.cpp/"},
		{"no gzip", []byte("PK"), ""},
		{"short", good.Bytes(), ""}, // read to its end before
	} {
		if err := unpack(bytes.NewReader(c.data), t.TempDir()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	// What fails leaves nothing that a second call would take for whole.
	bad := filepath.Join(t.TempDir(), "bad.tar.gz")
	os.WriteFile(bad, []byte("x"), 0o600)
	target := filepath.Join(t.TempDir(), "name", "src")
	if err := unpackFile(bad, target); err == nil {
		t.Error("a damaged sdist was unpacked")
	}
	if left, _ := os.ReadDir(filepath.Dir(target)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	// What was built before is used, without the sdist or cmake.
	t.Setenv(simd.Env, "")
	cache := t.TempDir()
	bin := filepath.Join(cache, "llama_cpp_python-0", "build", "bin")
	os.MkdirAll(bin, 0o755)
	for _, name := range []string{"llama-bench", "llama-bench.exe"} {
		os.WriteFile(filepath.Join(bin, name), nil, 0o700)
	}
	if got, err := build(context.Background(), "gone/llama_cpp_python-0.tar.gz", cache, os.Stderr); err != nil || filepath.Dir(got) != bin {
		t.Errorf("built before: %q, %v", got, err)
	}
	if _, err := build(context.Background(), "x.zip", t.TempDir(), os.Stderr); err == nil || !strings.Contains(err.Error(), "no .tar.gz") {
		t.Errorf("a zip: %v", err)
	}
}
