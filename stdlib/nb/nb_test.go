package nb

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"
)

type shown struct{}

func (shown) Display() map[string]string {
	return map[string]string{"text/plain": "plain", "text/html": "<b>"}
}

func output(t *testing.T, f func()) string {
	t.Helper()
	old := os.Stdout
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout = w
	f()
	os.Stdout = old
	w.Close()
	b, _ := io.ReadAll(r)
	return string(b)
}

func TestCompiled(t *testing.T) {
	if got := output(t, func() { Show(1, "a", shown{}) }); got != "1\na\nplain\n" {
		t.Errorf("Show printed %q", got)
	}
	if Context() != context.Background() {
		t.Error("a context of its own")
	}
	Progress("x", 1, 2, "tok") // nothing to tell it to
}

func TestHostsNest(t *testing.T) {
	var log []string
	host := func(name string) Host {
		return Host{Show: func(v []any) { log = append(log, fmt.Sprint(name, v)) }}
	}
	offA := Attach(host("a"))
	offB := Attach(host("b"))
	Show(1)
	offA()
	Show(2)
	offB()
	offB()
	got := output(t, func() { Show(3) })
	if fmt.Sprint(log) != "[b[1] b[2]]" || got != "3\n" {
		t.Errorf("%v %q", log, got)
	}
}
