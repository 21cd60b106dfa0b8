package kernel

import (
	"context"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestConcurrent: programs of many goroutines, which panic when a result is wrong. What
// goes wrong goes so rarely, so that they run more than once, on more threads than there
// are processors, with -long for minutes.
func TestConcurrent(t *testing.T) {
	files, err := filepath.Glob("testdata/concurrent/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no programs", err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	rounds := 4
	if *long {
		rounds = 300
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			k, _ := newKernel(t, Options{})
			for range rounds {
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				err := k.RunFile(ctx, file)
				cancel()
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestManyGoroutines: so many that their stacks take more than a runaway recursion may.
func TestManyGoroutines(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	const src = `func many(n int) (sum int) {
	start, out := make(chan struct{}), make(chan int, n)
	for i := range n {
		go func() { <-start; out <- i }()
	}
	close(start)
	for range n {
		sum += <-out
	}
	return sum
}
fmt.Println(many(30000))`
	if got := play(t, k, r, src); got != "449985000\n" {
		t.Error(got)
	}
}

// TestOverflowAgain: recursions without end, one after the other, of which each has to
// unwind; the cells between them run as ever.
func TestOverflowAgain(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	rounds := 1
	if *long {
		rounds = 5
	}
	for range rounds {
		for _, src := range []string{
			"func f(n int) int { return f(n+1) + 1 }\nf(0)",
			"func g(n int) int { defer func() { recover() }(); return g(n+1) + 1 }\ng(0)",
			"done := make(chan int)\ngo func() { done <- f(0) }()\n<-done",
		} {
			err := k.Run(context.Background(), Cell{Name: "In[1]", Source: src})
			if err == nil || !strings.Contains(err.Error(), "stack overflow") {
				t.Errorf("%s: %v", src, err)
			}
			if got := play(t, k, r, "total := 0", "for i := range 10 { func() { defer func() { total += i }() }() }", "total"); got != "= 45\n" {
				t.Error(got)
			}
		}
	}
	begin := time.Now()
	for k.m.gs.dying(nil) {
		if time.Since(begin) > 30*time.Second {
			t.Fatal("goroutines unwind for half a minute")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestRacingMaps: what would end the process is warned of before it runs, and nothing else.
func TestRacingMaps(t *testing.T) {
	const begin = "m := map[int]int{}\nvar mu sync.Mutex\nvar wg sync.WaitGroup\nc := make(chan int, 9)\n_, _ = m, c\nmu.Lock()\nmu.Unlock()\n"
	for src, want := range map[string]int{
		"for i := range 0 { go func() { m[i] = 1 }() }":                                       8,
		"for i := range 0 {\n\twg.Add(1)\n\tgo func() {\n\t\tm[i]++\n\t\twg.Done()\n\t}()\n}": 11,
		"for i := range 0 { go func() { mu.Lock(); m[i] = 1; mu.Unlock() }() }":               0,
		"for i := range 0 { go func() { n := map[int]int{}; n[i] = 1 }() }":                   0,
		"for i := range 0 { n := map[int]int{}; go func() { n[i] = 1 }() }":                   0,
		"for i := range 0 { go func() { c <- 1; m[i] = 1; <-c }() }":                          0,
		"go func() { m[1] = 1 }()\ntime.Sleep(time.Millisecond)":                              0,
		"xs := make([]int, 3)\nfor i := range 0 { go func() { xs[i] = m[1] }() }":             0,
	} {
		k, r := newKernel(t, Options{AutoImport: true})
		if err := k.Run(context.Background(), Cell{Name: "In[1]", Source: begin + src}); err != nil {
			t.Fatal(err)
		}
		line := 0
		for _, e := range r.events {
			if w, ok := e.(Warning); ok && strings.Contains(w.Text, "write the map m without a lock") {
				line = w.Line
			}
		}
		if line != want {
			t.Errorf("%s: warned of line %d, want %d", src, line, want)
		}
	}
}
