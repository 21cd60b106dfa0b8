package main

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// The files are what this program draws.
func TestFilesAreCurrent(t *testing.T) {
	for _, size := range []int{32, 64} {
		f, err := os.Open(filepath.Join("..", fmt.Sprintf("logo-%dx%d.png", size, size)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		got, err := png.Decode(f)
		if err != nil {
			t.Fatal(err)
		}
		want := draw(size)
		if got.Bounds() != want.Bounds() {
			t.Fatalf("%v, want %v", got.Bounds(), want.Bounds())
		}
		for y := range size {
			for x := range size {
				if got.At(x, y) != want.At(x, y) {
					t.Fatalf("pixel %d,%d of %d is %v, want %v: run go generate ./jupyter", x, y, size, got.At(x, y), want.At(x, y))
				}
			}
		}
	}
	if got, err := os.ReadFile(filepath.Join("..", "logo-svg.svg")); err != nil || !bytes.Equal(got, svg()) {
		t.Errorf("logo-svg.svg differs (%v): run go generate ./jupyter", err)
	}
}
