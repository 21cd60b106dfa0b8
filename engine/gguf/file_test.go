package gguf

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func save(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenIsParse(t *testing.T) {
	f, err := Open(save(t, small()))
	if err != nil {
		t.Fatal(err)
	}
	want, err := Parse(small())
	if err != nil {
		t.Fatal(err)
	}
	sameFile(t, want, f)
	if f.DataOffset != want.DataOffset || f.Size != want.Size || f.Version != 3 {
		t.Errorf("data at %d, size %d, version %d", f.DataOffset, f.Size, f.Version)
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}
	if f.Tensors[0].Data != nil {
		t.Error("a closed file still has data")
	}
	if tokens, _, _ := f.Texts("tokens"); len(tokens) != 3 || tokens[2] != "héllo" {
		t.Errorf("metadata after Close: %q", tokens)
	}
}

func TestOpenMalformed(t *testing.T) {
	for _, c := range malformed() {
		path := save(t, c.data)
		_, err := Open(path)
		var bad *FormatError
		if !errors.Is(err, c.kind) || !errors.As(err, &bad) || bad.Path != path || !strings.HasPrefix(err.Error(), "gguf: "+path+": "+c.field) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestOpenNoFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir); !errors.Is(err, ErrNotGGUF) || !strings.Contains(err.Error(), "is a folder; name the .gguf file in it") {
		t.Errorf("a folder: %v", err)
	}
	absent := filepath.Join(dir, "absent.gguf")
	if _, err := Open(absent); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "gguf: ") || strings.Count(err.Error(), absent) != 1 {
		t.Errorf("an absent file: %v", err)
	}
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		return // there, and to root, permissions forbid no reading
	}
	secret := save(t, small())
	if err := os.Chmod(secret, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(secret); !errors.Is(err, fs.ErrPermission) || strings.Count(err.Error(), secret) != 1 {
		t.Errorf("an unreadable file: %v", err)
	}
}
