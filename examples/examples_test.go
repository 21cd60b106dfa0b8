// Package examples holds the tests of the programs in the folders beside it.
package examples

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"loupe/engine/enginetest"
)

// built are the programs that were compiled, by package, in a folder of their own.
var (
	built  = map[string]string{}
	folder string
)

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "examples"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// build compiles a main package, once.
func build(t *testing.T, path string) string {
	t.Helper()
	bin, ok := built[path]
	if !ok {
		bin = filepath.Join(folder, filepath.Base(path))
		if out, err := exec.Command("go", "build", "-o", bin, path).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		built[path] = bin
	}
	return bin
}

// bothWays calls f with the command of an example, compiled and interpreted.
func bothWays(t *testing.T, name string, f func(t *testing.T, command ...string)) {
	loupe := build(t, "loupe/repl/loupe")
	t.Run("compiled", func(t *testing.T) { f(t, build(t, "./"+name)) })
	t.Run("interpreted", func(t *testing.T) { f(t, loupe, "run", filepath.Join(name, "main.go")) })
}

// output is what a command prints.
func output(t *testing.T, command []string, stdin string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(command[0], append(command[1:], args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, out.Bytes(), errs.Bytes())
	}
	return out.String()
}

// programs are the examples with what they are given, and a regular expression for what
// they print on the model inside.
var programs = map[string]struct {
	stdin string
	args  []string
	want  string
}{
	"generate":   {"", []string{"-n", "12", "Once there was", "a rabbit"}, `^Once there was a rabbit.+\n$`},
	"structured": {"", nil, `^\{Who:.* Age:[0-9]+ Found:.* Where:.*\}\n$`},
	"sampler":    {"", []string{"-n", "12", "-without", "a", "Once"}, `^Once[^aA]+\n$`},
	"observer":   {"", []string{"Once there was a rabbit"}, `^attention of token \d+ to the first.*\n(layer +\d( +\d+)+\n)+$`},
	"folder":     {"", []string{"folder/texts"}, `(?s)^ step .*\nmonday.txt: Felix the dog .* cup .*\ntuesday.txt: .* hammer .*\nwednesday.txt: .* rope .*\njoin: .*Felix.*Toby.*Mia.*\n step .*all, planned`},
	"chat":       {"Once there was a fox.\nWhat did he find?\n", []string{"-n", "10"}, `^> \S.*\n> \S.*\n> \n$`},
	"rabbit":     {"", []string{"lesson"}, `(?s)^lesson, \S+ kernels, .*\| 8 \| on \| q8_0 \| q8_0 \| .*± ?\d`},
}

// elsewhere are the examples that have tests of their own.
var elsewhere = map[string]bool{"server": true, "inside": true}

// Each example prints the same compiled and interpreted, but for times and rates, and
// ends with the same status.
func TestCompiledAndInterpretedPrintTheSame(t *testing.T) {
	folders, err := filepath.Glob("*/")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if _, ok := programs[f]; !ok && !elsewhere[f] {
			t.Errorf("%s: an example without a test", f)
		}
	}
	loupe := build(t, "loupe/repl/loupe")
	for name, c := range programs {
		t.Run(name, func(t *testing.T) {
			compiled := output(t, []string{build(t, "./"+name)}, c.stdin, c.args...)
			interpreted := output(t, []string{loupe, "run", filepath.Join(name, "main.go")}, c.stdin, c.args...)
			if !regexp.MustCompile(c.want).MatchString(compiled) {
				t.Errorf("it printed\n%s", compiled)
			}
			if a, b := masked(compiled), masked(interpreted); a != b {
				t.Errorf("compiled it printed\n%s\ninterpreted\n%s", a, b)
			}
		})
	}
	for name, args := range map[string][]string{"generate": nil, "observer": nil, "sampler": {"-n", "x"}, "chat": {"-m", "nothing.gguf"}, "rabbit": nil} {
		t.Run(name+" used wrongly", func(t *testing.T) {
			status := func(command ...string) (int, string) {
				out, err := exec.Command(command[0], append(command[1:], args...)...).CombinedOutput()
				var exit *exec.ExitError
				if !errors.As(err, &exit) {
					t.Fatalf("%v: %v\n%s", command, err, out)
				}
				return exit.ExitCode(), string(out)
			}
			code, says := status(build(t, "./"+name))
			other, saysToo := status(loupe, "run", filepath.Join(name, "main.go"))
			if code != other || code == 0 || says == "" || saysToo == "" {
				t.Errorf("compiled: status %d, %s\ninterpreted: status %d, %s", code, says, other, saysToo)
			}
		})
	}
}

// masked is text without times and rates, and the blanks and dashes that align them.
func masked(s string) string {
	s = regexp.MustCompile(`[±]?\d[\d,.]*(/s| ?(ns|µs|ms|s|min)\b)`).ReplaceAllString(s, "T")
	return regexp.MustCompile(`[ ─-]+`).ReplaceAllString(s, " ")
}

func TestServer(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent an interrupt")
	}
	bothWays(t, "server", func(t *testing.T, command ...string) {
		cmd := exec.Command(command[0], append(command[1:], "-addr", "127.0.0.1:0", "-n", "8")...)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer cmd.Process.Kill()
		line, err := bufio.NewReader(out).ReadString('\n')
		addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
		if !ok {
			t.Fatal(line, err)
		}
		reply, err := http.Post("http://"+addr+"/generate", "text/plain", strings.NewReader("Once there was a rabbit"))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(reply.Body)
		if err != nil || reply.StatusCode != http.StatusOK || len(text) < 10 {
			t.Errorf("%s, %q, %v", reply.Status, text, err)
		}
		if reply, err = http.Get("http://" + addr + "/generate"); err != nil || reply.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("GET: %v, %v", reply, err)
		}
		cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil && command[len(command)-1] != "server/main.go" {
			t.Errorf("interrupted: %v", err)
		}
	})
}

func TestGenerate(t *testing.T) {
	model := enginetest.SmolLM2(t)
	bin := build(t, "./generate")
	var out, account bytes.Buffer
	cmd := exec.Command(bin, "-m", model, "-n", "8", "Once upon a time there", "was a rabbit")
	cmd.Stdout, cmd.Stderr = &out, &account
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, account.Bytes())
	}
	if got, want := out.String(), "Once upon a time there was a rabbit named Max who had a magical ability to\n"; got != want {
		t.Errorf("it printed %q, want %q", got, want)
	}
	if want := regexp.MustCompile(`^8 prompt tok .* 8 tok .* stop maxPredictedTokensReached`); !want.Match(account.Bytes()) {
		t.Errorf("its account is %q", account.Bytes())
	}

	cmd = exec.Command(bin, "-m", "nothing.gguf", "x")
	cmd.Stderr = &account
	account.Reset()
	err, ok := cmd.Run().(*exec.ExitError)
	if !ok || err.ExitCode() != 1 || bytes.Count(account.Bytes(), []byte("\n")) != 1 {
		t.Errorf("without a model: %v\n%s", err, account.Bytes())
	}
}

func TestStructured(t *testing.T) {
	model := enginetest.SmolLM2(t)
	bin := build(t, "./structured")
	for _, c := range []struct{ model, want string }{
		{model, `^\{Who:Mia the otter Age:7 Found:.+ Where:.+\}\n$`},
		{"lesson", `^\{Who:.* Age:[0-9]+ Found:.* Where:.*\}\n$`}, // which knows nothing of it
	} {
		out, err := exec.Command(bin, "-m", c.model).Output()
		if err != nil || !regexp.MustCompile(c.want).Match(out) {
			t.Errorf("%s: %v, it printed %q, want %s", c.model, err, out, c.want)
		}
	}
}
