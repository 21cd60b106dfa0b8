package kernel

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"
)

var only = flag.String("form", "", "run only the form of this name")

// record collects the events of a kernel.
type record struct {
	out, err strings.Builder
	events   []Event
}

func (r *record) event(e Event) {
	switch e := e.(type) {
	case Stdout:
		r.out.WriteString(e.Text)
	case Stderr:
		r.err.WriteString(e.Text)
	}
	r.events = append(r.events, e)
}

func newKernel(t testing.TB, o Options) (*Kernel, *record) {
	t.Helper()
	r := &record{}
	o.Events = r.event
	k, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k, r
}

const refusedPrefix = "loupe cannot"

// TestForms runs every notebook form and compares it with what the compiled
// program prints. A form may be refused with a reason; it may never print
// something else.
func TestForms(t *testing.T) {
	files, err := filepath.Glob("testdata/forms/feature_*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no forms", err)
	}
	passed, refused := 0, map[string]string{}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "feature_"), ".go")
		if *only != "" && *only != name {
			continue
		}
		want, err := os.ReadFile(strings.TrimSuffix(file, ".go") + ".out")
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			k, r := newKernel(t, Options{})
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			err := k.RunFile(ctx, file)
			var e *Error
			switch {
			case errors.As(err, &e) && strings.Contains(e.Msg, refusedPrefix):
				refused[name] = fmt.Sprintf("%d: %s", e.Line, e.Msg)
				if e.Kind == Compile && r.out.Len() > 0 {
					t.Errorf("refused after output")
				}
			case err != nil:
				t.Errorf("%v\n%v\ngot %q\nstderr %q", err, e.Trace, r.out.String(), r.err.String())
			case r.out.String() != string(want):
				t.Errorf("got\n%s\nwant\n%s\nstderr %q", r.out.String(), want, r.err.String())
			default:
				passed++
			}
		})
	}
	var names []string
	for n := range refused {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		t.Logf("refused %-30s %s", n, refused[n])
	}
	t.Logf("%d forms: %d equal, %d refused", len(files), passed, len(refused))
	if *only != "" {
		return
	}
	// The list may shrink: then take the names out of it.
	golden, err := os.ReadFile("testdata/refused.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(names, "\n") + "\n"; got != string(golden) {
		t.Errorf("refused forms are\n%s\nbut testdata/refused.txt has\n%s", got, golden)
	}
}

// TestPrograms runs notebooks of our own, each of many forms, that were made
// to find what the interpreter or the lowering does differently. None of them
// may be refused.
func TestPrograms(t *testing.T) {
	files, err := filepath.Glob("testdata/programs/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no programs", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(strings.TrimSuffix(file, ".go") + ".out")
			if err != nil {
				t.Fatal(err)
			}
			k, r := newKernel(t, Options{})
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			if err := k.RunFile(ctx, file); err != nil {
				t.Fatal(err)
			}
			if got := r.out.String(); got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
