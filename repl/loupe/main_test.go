package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"loupe/engine"
	"loupe/repl"
)

// The test binary is loupe when a script runs loupe.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"loupe": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("LOUPE_MODELS", env.WorkDir+"/models")
			env.Setenv("XDG_STATE_HOME", env.WorkDir+"/state")
			for _, name := range []string{"GOCACHE", "GOROOT"} {
				out, err := exec.Command("go", "env", name).Output()
				if err != nil {
					return err
				}
				env.Setenv(name, string(out[:len(out)-1]))
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"status": status},
	})
}

// status runs a program and checks its exit status: status 2 loupe shw
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N program [argument...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var ended *exec.ExitError
		if !errors.As(err, &ended) {
			ts.Fatalf("%v", err)
		}
		got = ended.ExitCode()
	}
	if got != want {
		ts.Fatalf("%v: status %d, want %d", args[1:], got, want)
	}
}

// The commands say how they are used, in full.
func TestEveryCommandHasExamples(t *testing.T) {
	root := newRootCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" || cmd.Name() == "completion" {
			continue // cobra's own
		}
		if cmd.Example == "" || cmd.Long == "" || cmd.Short == "" {
			t.Errorf("%s: examples %q, long help %q, short help %q", cmd.Name(), cmd.Example, cmd.Long, cmd.Short)
		}
		if cmd.Args == nil {
			t.Errorf("%s says nothing of its arguments, so it would take any", cmd.Name())
		}
	}
}

func TestSpellOut(t *testing.T) {
	for _, c := range []struct{ in, want []string }{
		{[]string{"-ctk", "f16", "-c", "10"}, []string{"--cache-type-k=f16", "-c", "10"}},
		{[]string{"-ctv=f32"}, []string{"--cache-type-v=f32"}},
		{[]string{"-fa", "-m", "x"}, []string{"--flash-attn=on", "-m", "x"}},
		{[]string{"-fa", "off", "-ub", "64", "-tb", "2"}, []string{"--flash-attn=off", "--ubatch-size=64", "--threads-batch=2"}},
		{[]string{"generate", "-p", "--", "-fa"}, []string{"generate", "-p", "--", "-fa"}},
		{[]string{"run", "--time", "a.go", "-fa", "x"}, []string{"run", "--time", "a.go", "-fa", "x"}},
		{[]string{"generate", "-p", "run", "-fa", "on"}, []string{"generate", "-p", "run", "--flash-attn=on"}},
		{[]string{"-ctk"}, []string{"--cache-type-k"}},
		{nil, []string{}},
	} {
		got := spellOut(c.in)
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

func TestReport(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		text   string
	}{
		{nil, 0, ""},
		{errors.New("gguf: no"), 1, "loupe: gguf: no\n"},
		{usageError{errors.New("no prompt")}, 2, "loupe: no prompt\n"},
		{fmt.Errorf("load: %w", &engine.SettingError{Name: "Threads", Value: "-1", Allowed: "1"}), 2, "loupe: load: "},
		{statusError(7), 7, ""},
		{repl.ErrCellFailed, 1, ""},
		{context.Canceled, 130, "loupe: interrupted\n"},
		{fmt.Errorf("store: stopped; the next pull goes on: %w", context.Canceled), 130, "loupe: store: stopped; the next pull goes on: "},
	} {
		var out strings.Builder
		if got := report(c.err, &out); got != c.status || !strings.HasPrefix(out.String(), c.text) || (c.text == "") != (out.Len() == 0) {
			t.Errorf("%v: status %d and %q, want %d and %q", c.err, got, out.String(), c.status, c.text)
		}
	}
}
