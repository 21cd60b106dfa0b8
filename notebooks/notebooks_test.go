// Package notebooks holds the tests of the notebooks in the folders beside it.
package notebooks

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Every notebook prints cell by cell what it printed when its golden file was
// written (`loupe test --update notebooks/NAME/NAME.go`), and what the program
// prints that Go compiles of it; times, rates and what a cell masks may differ.
func TestNotebooksPrintTheirGoldenText(t *testing.T) {
	files, err := filepath.Glob("*/*.go")
	if err != nil || len(files) < 16 {
		t.Fatalf("notebooks: %v, %v", files, err)
	}
	loupe := built(t)
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			t.Parallel()
			t.Logf("%s", run(t, loupe, "test", "--go", file))
		})
	}
}

// A lesson has eight to twenty cells, the last of which is a question for its reader.
func TestLessonsEndWithAQuestion(t *testing.T) {
	files, _ := filepath.Glob("*/*.go")
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cells := strings.Split(string(src), "\n\t// %%")[1:]
		if n := len(cells); n < 8 || n > 20 {
			t.Errorf("%s has %d cells", file, n)
		}
		last := cells[len(cells)-1]
		if !strings.HasPrefix(last, " [markdown]") || !strings.Contains(last, "// ## A question for you\n") || !strings.Contains(last, "?") {
			t.Errorf("%s does not end with a question, but with\n%s", file, last)
		}
	}
}

var program struct {
	once sync.Once
	dir  string // "" until it is built
	err  error
}

func TestMain(m *testing.M) {
	status := m.Run()
	if program.dir != "" {
		os.RemoveAll(program.dir)
	}
	os.Exit(status)
}

// built is the program of this module, built once for all tests.
func built(t *testing.T) string {
	t.Helper()
	program.once.Do(func() {
		if program.dir, program.err = os.MkdirTemp("", "loupe"); program.err != nil {
			return
		}
		if out, err := exec.Command("go", "build", "-o", program.dir, "../repl/loupe").CombinedOutput(); err != nil {
			program.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if program.err != nil {
		t.Fatal(program.err)
	}
	return filepath.Join(program.dir, "loupe")
}

// run runs a program and returns what it printed.
func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return out
}

// The gallery, which gallery.sh makes, has every notebook with its picture.
func TestGalleryHasEveryNotebook(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob("*/*.go")
	for _, f := range files {
		name := filepath.Base(filepath.Dir(f))
		picture := "pictures/" + name + ".png"
		if _, err := os.Stat(picture); err != nil || !strings.Contains(string(readme), "("+f+")") || !strings.Contains(string(readme), "("+picture+")") {
			t.Errorf("%s is not in README.md with its picture; gallery.sh makes both", f)
		}
	}
}
