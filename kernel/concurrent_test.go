package kernel

import (
	"context"
	"path/filepath"
	"runtime"
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
