package repl_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"loupe/kernel"
	"loupe/repl"
)

// pipe runs cells as `loupe < cells` does.
func pipe(t *testing.T, cells string) (stdout, stderr string, err error) {
	t.Helper()
	dir := t.TempDir()
	open := func(name, text string) *os.File {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	out, errs := open("out", ""), open("err", "")
	r, err := repl.New(repl.Options{
		In: open("in", cells), Out: out, Err: errs, Banner: "banner",
		Setup: func(k *kernel.Kernel) error { return k.Define("given", 42) },
	})
	if err != nil {
		t.Fatal(err)
	}
	err = r.Run()
	if err := r.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	read := func(f *os.File) string {
		data, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	return read(out), read(errs), err
}

func TestPipe(t *testing.T) {
	defer goleak.VerifyNone(t)
	out, errs, err := pipe(t, "x := given\n\nx + 1\nif x > 0 {\n\tfmt.Println(\"yes\")\n}\n%quit\n\"never\"\n")
	if out != "43\nyes\n" || errs != "" || err != nil {
		t.Errorf("stdout %q, stderr %q, %v", out, errs, err)
	}
}

func TestPipeResetKeepsWhatWasGiven(t *testing.T) {
	out, errs, err := pipe(t, "x := 1\n%reset\ngiven\n")
	if out != "42\n" || errs != "" || err != nil {
		t.Errorf("stdout %q, stderr %q, %v", out, errs, err)
	}
}

func TestPipeFailure(t *testing.T) {
	out, errs, err := pipe(t, "nope\ngiven")
	if out != "42\n" || !errors.Is(err, repl.ErrCellFailed) || !bytes.Contains([]byte(errs), []byte("In[1]:1:1: undefined: nope\n    nope\n    ^\n")) {
		t.Errorf("stdout %q, stderr %q, %v", out, errs, err)
	}
}

func TestPipeRefusesAFile(t *testing.T) {
	out, _, err := pipe(t, "package main\n\nfunc main() { println(1) }\n")
	if err == nil || errors.Is(err, repl.ErrCellFailed) || out != "" {
		t.Errorf("stdout %q, %v", out, err)
	}
}

// TestPipeStatus: what a program's cells ask for, and what happens behind
// their backs, decides the status.
func TestPipeStatus(t *testing.T) {
	status := -1
	defer repl.OnExit(func(code int) { status = code })()
	out, _, err := pipe(t, "fmt.Println(1)\nos.Exit(4)\nfmt.Println(2)\n")
	if out != "1\n" || err != nil || status != 4 {
		t.Errorf("stdout %q, status %d, %v", out, status, err)
	}
	status = -1
	out, errs, err := pipe(t, "c := make(chan int)\ngo func() { <-c; panic(\"late\") }()\nc <- 1; time.Sleep(5e7)\nfmt.Println(2)\n")
	if out != "2\n" || !errors.Is(err, repl.ErrCellFailed) || status != -1 || !strings.Contains(errs, "late") {
		t.Errorf("stdout %q, stderr %q, status %d, %v", out, errs, status, err)
	}
}
