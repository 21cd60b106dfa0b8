//go:build unix

package gguf

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A pipe without a writer must be refused, not waited for.
func TestOpenPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe.gguf")
	if err := unix.Mkfifo(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, ErrNotGGUF) || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("a pipe: %v", err)
	}
}

// A file that is replaced while it is mapped keeps its content for who has it,
// which Windows does not allow.
func TestWriteFileOverOpenFile(t *testing.T) {
	path := save(t, small())
	old, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	want, err := Parse(small())
	if err != nil {
		t.Fatal(err)
	}
	w := NewWriter()
	if err := w.Set("general.name", "new"); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	sameFile(t, want, old)
	now, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer now.Close()
	if name, _, _ := now.Text("general.name"); name != "new" || len(now.Tensors) != 0 {
		t.Errorf("the new file has name %q and %d tensors", name, len(now.Tensors))
	}
}
