package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A new notebook is a program that go vet takes and go run runs, in a folder
// outside of the checkout and with the modules that the checkout has.
func TestNewNotebookRunsUnderGo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "first one", "lesson")
	if err := os.Mkdir(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := newNewCmd()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs([]string{dir})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"vet", "."}, {"run", "."}} {
		c := exec.Command("go", args...)
		c.Dir = dir
		c.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off")
		got, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, got)
		}
		if args[0] == "run" && !strings.Contains(string(got), "Once upon a time there was a rabbit named") {
			t.Errorf("go run prints\n%s", got)
		}
	}
}
