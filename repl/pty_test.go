//go:build unix

package repl_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"loupe/kernel"
	"loupe/repl"
	"loupe/repl/internal/ptytest"
)

// TestMain makes this test binary a REPL when a test starts it as one.
func TestMain(m *testing.M) {
	if os.Getenv("REPL_TEST_CHILD") == "" {
		os.Exit(m.Run())
	}
	path, err := repl.HistoryPath()
	if err == nil {
		err = child(path)
	}
	switch {
	case errors.Is(err, repl.ErrCellFailed):
		os.Exit(1)
	case errors.Is(err, repl.ErrInterrupted):
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	os.Exit(0)
}

func child(history string) error {
	r, err := repl.New(repl.Options{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, HistoryPath: history, Banner: "banner",
		Setup: func(k *kernel.Kernel) error { return k.Define("given", 42) },
	})
	if err != nil {
		return err
	}
	defer r.Close()
	return r.Run()
}

func childCommand(work string, args []string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = work
	cmd.Env = append(os.Environ(), "REPL_TEST_CHILD=1", "TERM=xterm", "NO_COLOR=",
		"LOUPE_HISTORY="+filepath.Join(work, "history"))
	return cmd
}

func TestPTY(t *testing.T) {
	ptytest.Run(t, "testdata/pty/*.txtar", childCommand)
}
