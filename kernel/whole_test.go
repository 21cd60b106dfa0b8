package kernel

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Saving changes the file whole, keeps its permissions and a link to it, and refuses to
// take the place of what somebody else has written meanwhile.
func TestSaveLosesNothing(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "book.go"), filepath.Join(dir, "link.go")
	const book = "package main\n\nfunc main() {\n\t// %% One\n\tn := 1\n\t_ = n\n}\n"
	if err := os.WriteFile(path, []byte(book), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	k, r := newKernel(t, Options{AutoImport: true})
	play(t, k, r, "%load "+link, "%step", "// %% One\nn := 2\n_ = n")
	if got := play(t, k, r, "%save"); !strings.Contains(got, "saved "+link) {
		t.Fatal(got)
	}
	text, err := os.ReadFile(path)
	info, _ := os.Lstat(link)
	mode, _ := os.Stat(path)
	if err != nil || !strings.Contains(string(text), "n := 2") || info.Mode()&os.ModeSymlink == 0 || mode.Mode().Perm() != 0o640 {
		t.Errorf("%v, %s, link %v, mode %v", err, text, info.Mode(), mode.Mode())
	}
	// Somebody else writes.
	other := strings.Replace(book, "n := 1", "n := 7", 1)
	if err := os.WriteFile(path, []byte(other), 0o640); err != nil {
		t.Fatal(err)
	}
	if got := play(t, k, r, "// %% One\nn = 3", "%save"); !strings.Contains(got, "was changed by somebody else") {
		t.Errorf("saved over it: %s", got)
	}
	if text, _ := os.ReadFile(path); string(text) != other {
		t.Errorf("the file is\n%s", text)
	}
	if got := play(t, k, r, "%save "+filepath.Join(dir, "mine.go")); !strings.Contains(got, "saved ") {
		t.Error(got)
	}
	// Where nothing can be written the old file stays, and no other is left.
	if got := play(t, k, r, "%save "+filepath.Join(dir, "none", "x.go")); !strings.Contains(got, "no such file") {
		t.Error(got)
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 3 {
		t.Errorf("the folder holds %v", entries)
	}
}
