// Package notebooks holds the tests of the notebooks in the folders beside it.
package notebooks

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// masks are what may differ between two runs of one notebook: times and rates.
var masks = regexp.MustCompile(`[\d,.]+ (ms|s)\b|[\d,.]+/s\b`)

// run runs a program and returns its standard output.
func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %v: %v\n%s\n%s", name, args, err, errs.Bytes(), out.Bytes())
	}
	return out.Bytes()
}

// Every notebook prints the same cell by cell in the kernel and compiled by Go,
// but for times and rates.
func TestBothWorldsPrintTheSame(t *testing.T) {
	files, err := filepath.Glob("*/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no notebooks: %v", err)
	}
	dir := t.TempDir()
	loupe := filepath.Join(dir, "loupe")
	run(t, "go", "build", "-o", loupe, "../repl/loupe")
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			compiled := filepath.Join(dir, filepath.Base(file)+".bin")
			run(t, "go", "build", "-o", compiled, "./"+filepath.Dir(file))
			want := run(t, compiled)
			got := run(t, loupe, "run", file)
			if g, w := masks.ReplaceAll(got, []byte("T")), masks.ReplaceAll(want, []byte("T")); !bytes.Equal(g, w) {
				t.Errorf("loupe run %s prints\n%s\ngo run prints\n%s", file, got, want)
			}
			if len(want) < 500 {
				t.Errorf("the notebook prints only\n%s", want)
			}
		})
	}
}

// A mask hides numbers with a unit of time and nothing else.
func TestMasks(t *testing.T) {
	in := "8 prompt tok 3.1 ms (2,000/s) · 41 tok 28 ms (1,460/s) · cache 47/1,024 cells, 33 KiB · in 12.5 s, 7 sheep"
	want := "8 prompt tok T (T) · 41 tok T (T) · cache 47/1,024 cells, 33 KiB · in T, 7 sheep"
	if got := masks.ReplaceAllString(in, "T"); got != want {
		t.Errorf("masked %q, want %q", got, want)
	}
	if _, err := os.Stat("firststeps/firststeps.go"); err != nil {
		t.Error(err)
	}
}
