package kernel

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/traefik/yaegi/interp"
)

// best is the shortest of n times that f takes: others use the machine too.
func best(n int, f func()) time.Duration {
	least := time.Duration(1 << 62)
	for range n {
		start := time.Now()
		f()
		least = min(least, time.Since(start))
	}
	return least
}

// TestFormsFigures logs what the front-end costs. It fails only where the order
// of magnitude is wrong.
func TestFormsFigures(t *testing.T) {
	start := time.Now()
	k, _ := newKernel(t, Options{AutoImport: true})
	run := func(name, src string) {
		t.Helper()
		if err := k.Run(context.Background(), Cell{Name: name, Source: src, Show: true}); err != nil {
			t.Fatal(err)
		}
	}
	run("In[0]", "fmt.Sprintln(strings.ToUpper(\"a\"))")
	t.Logf("first cell of a kernel: %v", time.Since(start))
	cell := Cell{Name: "In[99]", Source: "xs := []int{3, 1, 2}\nsort.Ints(xs)\ntotal := 0\nfor i, x := range xs {\n\tif i > 0 {\n\t\ttotal += x * i\n\t}\n}\nm := map[string]int{\"a\": total}\nfmt.Sprintln(m)", Show: true}
	prepare := func() {
		if _, err := k.prepare(t.Context(), cell); err != nil {
			t.Fatal(err)
		}
	}
	few := best(20, prepare)
	for i := range 50 {
		run(fmt.Sprintf("In[%d]", i+1), fmt.Sprintf("x%d := %d\ntype T%d struct{ A int }\nfunc f%d(t T%d) int { return t.A + x%d }", i, i, i, i, i, i))
	}
	many := best(20, prepare)
	t.Logf("checking, lowering and compiling ten lines: %v, after 50 cells %v", few, many)
	if many > 5*few {
		t.Errorf("a cell is prepared in %v at first and in %v after 50 cells", few, many)
	}
	start = time.Now()
	k.ReadAhead()
	t.Logf("reading all packages ahead: %v", time.Since(start))
	for _, src := range []string{"strings.", "x1", "http.", "engine.LoadConfig{", "for i := range 3 { fmt.Pri", "f3(T3{"} {
		start := time.Now()
		k.Candidates(src, len(src))
		first := time.Since(start)
		t.Logf("completing %q: %v, at first %v", src, best(10, func() { k.Candidates(src, len(src)) }), first)
	}
	const loop = "func spin(xs []int) int {\n\ts := 0\n\tfor i := 0; i < 400000; i++ {\n\t\ts += i * xs[i&7]\n\t}\n\treturn s\n}"
	raw := interp.New(interp.Options{})
	if _, err := raw.Eval(loop); err != nil {
		t.Fatal(err)
	}
	v, err := raw.Eval("spin")
	if err != nil {
		t.Fatal(err)
	}
	xs := make([]int, 8)
	spin := v.Interface().(func([]int) int)
	run("In[60]", loop)
	run("In[61]", "xs := make([]int, 8)")
	call, e := k.prepare(t.Context(), Cell{Name: "In[62]", Source: "spin(xs)"})
	if e != nil {
		t.Fatal(e)
	}
	plain, lowered := time.Duration(1<<62), time.Duration(1<<62)
	for range 5 {
		plain = min(plain, best(1, func() { spin(xs) }))
		lowered = min(lowered, best(1, func() { _ = k.execute(context.Background(), "In[62]", call.programs, func() {}) }))
	}
	t.Logf("a loop of 400,000: %v in the interpreter as it is, %v lowered, %.2f times", plain, lowered, float64(lowered)/float64(plain))
	if lowered > 4*plain {
		t.Errorf("a lowered loop takes %.1f times as long", float64(lowered)/float64(plain))
	}
}

// TestFormsBuilt: what the forms are held against is what go build makes of
// them.
func TestFormsBuilt(t *testing.T) {
	if !*long {
		t.Skip("builds every form; -long runs it")
	}
	cache := os.Getenv("LOUPE_CORPUS_CACHE")
	if cache == "" {
		cache = t.TempDir()
	}
	for _, pattern := range []string{"testdata/forms/feature_*.go", "testdata/programs/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal("no files", err)
		}
		slices.Sort(files)
		for _, file := range files {
			want, err := os.ReadFile(strings.TrimSuffix(file, ".go") + ".out")
			if err != nil {
				t.Fatal(err)
			}
			got, err := compiled(file, cache)
			if err != nil || got.Err != "" || string(got.Stdout) != string(want) {
				t.Errorf("%s: %v %s: %s", file, err, got.Err, difference(string(got.Stdout), string(want)))
			}
		}
	}
}
