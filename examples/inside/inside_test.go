// Package inside holds the tests of the programs in the folders beside it: one for each
// way to look into a model's cache and attention.
package inside

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"loupe/engine/enginetest"
)

func build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "loupe")
	if out, err := exec.Command("go", "build", "-o", bin, "loupe/repl/loupe").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// Every program prints what its golden file has, in the kernel and compiled.
func TestOnTheLessonModel(t *testing.T) {
	loupe := build(t)
	for _, file := range programs(t) {
		t.Run(filepath.Dir(file), func(t *testing.T) {
			if out, err := exec.Command(loupe, "test", "--go", file).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}

// Every program runs to its end on a real model.
func TestOnSmolLM2(t *testing.T) {
	model, loupe := enginetest.SmolLM2(t), build(t)
	for _, file := range programs(t) {
		t.Run(filepath.Dir(file), func(t *testing.T) {
			out, err := exec.Command(loupe, "run", "-p", "model="+model, file).CombinedOutput()
			if err != nil || strings.Count(string(out), "\n") < 3 {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}

func programs(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*/main.go")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	return files
}
