package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loupe/engine/enginetest"
	"loupe/engine/model"
)

// What does not run here is not quantised by rules that are not its own.
func TestQuantizeRefusesWhatDoesNotRun(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.gguf"), filepath.Join(dir, "out.gguf")
	writeGGUF(t, in, "general.architecture", "falcon")
	_, _, err := runCommand(newQuantizeCmd(), in, out, "Q4_0")
	var unknown *model.UnknownArchError
	if !errors.As(err, &unknown) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a file was written")
	}
}

// A folder is no file to write, which is said before the work.
func TestQuantizeIntoFolder(t *testing.T) {
	dir := t.TempDir()
	_, _, err := runCommand(newQuantizeCmd(), enginetest.DefaultTiny().Write(t), dir, "Q8_0")
	if err == nil || !strings.Contains(err.Error(), dir+" is a folder") {
		t.Errorf("error %v", err)
	}
}
