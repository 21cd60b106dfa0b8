//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"loupe/engine/enginetest"
	"loupe/repl/internal/ptytest"
)

// TestPTY runs loupe on a pseudo-terminal; $WORK/tiny.gguf is a random model.
func TestPTY(t *testing.T) {
	tiny := enginetest.DefaultTiny()
	tiny.Context = 1 << 20 // long enough to be interrupted
	model := tiny.Write(t)
	ptytest.Run(t, "testdata/pty/*.txtar", func(work string, args []string) *exec.Cmd {
		if err := os.Symlink(model, filepath.Join(work, "tiny.gguf")); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("loupe", args...)
		cmd.Dir = work
		cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=", "LOUPE_MODELS="+work, "LOUPE_HISTORY="+filepath.Join(work, "history"))
		return cmd
	})
}
