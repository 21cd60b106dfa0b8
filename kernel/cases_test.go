package kernel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// readCase parses a case file: its kind and its sections.
func readCase(t *testing.T, file string) (kind string, sections map[string]string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(b), "\n")
	kind, _, _ = strings.Cut(head, " ")
	sections = map[string]string{}
	name := ""
	for _, line := range strings.SplitAfter(rest, "\n") {
		text := strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(text, "-- ") && strings.HasSuffix(text, " --") {
			name = strings.TrimSuffix(strings.TrimPrefix(text, "-- "), " --")
			continue
		}
		sections[name] += line
	}
	return kind, sections
}

// TestFormsCompileErrors: a wrong notebook is refused with the compiler's text and
// place, and nothing of it runs.
func TestFormsCompileErrors(t *testing.T) {
	files, _ := filepath.Glob("testdata/forms/cases/compile_*.txt")
	if len(files) == 0 {
		t.Fatal("no cases")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			_, s := readCase(t, file)
			path := filepath.Join(t.TempDir(), "notebook.go")
			if err := os.WriteFile(path, []byte(s["notebook.go"]), 0o666); err != nil {
				t.Fatal(err)
			}
			k, r := newKernel(t, Options{})
			err := k.RunFile(context.Background(), path)
			var e *Error
			if !errors.As(err, &e) || e.Kind != Compile || e.ExitCode != 1 {
				t.Fatalf("error %v", err)
			}
			if r.out.Len() > 0 {
				t.Errorf("something ran: %q", r.out.String())
			}
			got := fmt.Sprintf("%d:%d: %s\n", e.Line, e.Col, e.Msg)
			for _, x := range e.Trace {
				got += strings.TrimPrefix(x, path+":") + "\n"
			}
			want := s["errors"]
			first := func(s string) string {
				l, _, _ := strings.Cut(s, "\n")
				return l
			}
			if first(got) != first(want) {
				t.Errorf("got %s want %s", first(got), first(want))
			}
			if got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			where := fmt.Sprintf("%d: declarations", e.Line)
			if e.Index > 0 {
				where = fmt.Sprintf("%d: cell %d, its line %d", e.Line, e.Index, e.IndexLine)
			}
			if where != first(s["where"]) {
				t.Errorf("where %q want %q", where, first(s["where"]))
			}
		})
	}
	t.Logf("%d broken cells", len(files))
}

// TestFormsRuntimeFaults: the session outlives every fault, and says what the
// compiled program says, where it says it.
func TestFormsRuntimeFaults(t *testing.T) {
	files, _ := filepath.Glob("testdata/forms/cases/runtime_*.txt")
	if len(files) == 0 {
		t.Fatal("no cases")
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			_, s := readCase(t, file)
			path := filepath.Join(t.TempDir(), "notebook.go")
			if err := os.WriteFile(path, []byte(s["notebook.go"]), 0o666); err != nil {
				t.Fatal(err)
			}
			k, r := newKernel(t, Options{})
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			if s["interrupt"] != "" {
				time.AfterFunc(300*time.Millisecond, cancel)
			}
			err := k.RunFile(ctx, path)
			var e *Error
			errors.As(err, &e)
			if got := r.out.String(); got != s["stdout"] {
				t.Errorf("stdout %q want %q", got, s["stdout"])
			}
			exit := 0
			if e != nil {
				exit = e.ExitCode
			}
			switch want := strings.TrimSpace(s["exit"]); {
			case s["interrupt"] != "":
				if e == nil || e.Kind != Interrupted {
					t.Errorf("error %v", err)
				}
			case strconv.Itoa(exit) != want:
				t.Errorf("exit %d want %s: %v", exit, want, err)
			}
			if head := s["stderr-head"]; head != "" && e != nil && e.Kind == Panic {
				var want string
				for _, line := range strings.Split(head, "\n") {
					if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
						want = line
						break
					}
				}
				if want != "" && e.Msg != want {
					t.Errorf("message %q want %q", e.Msg, want)
				}
			}
			if want := strings.TrimSpace(s["fault-line"]); want != "" && e != nil && e.Kind != Interrupted {
				if got := strconv.Itoa(e.Line); got+":" != strings.SplitAfter(want, ":")[0] {
					t.Errorf("line %s want %s", got, want)
				}
			}
			n := r.out.Len()
			if err := k.Run(context.Background(), Cell{Name: "In[1]", Source: "import \"fmt\"\nfmt.Println(6*7)"}); err != nil || r.out.String()[n:] != "42\n" {
				t.Errorf("the session afterwards: %v %q", err, r.out.String()[n:])
			}
		})
	}
}

// awake keeps a goroutine that might wake the others.
const awake = "go func() { time.Sleep(time.Hour) }()\n"

// TestInterrupt: a cancelled context stops whatever a cell does, soon, and the
// session lives with its variables and closures.
func TestInterrupt(t *testing.T) {
	for name, src := range map[string]string{
		"loop":      "for {}",
		"counting":  "for { n++ }",
		"goto":      "again:\ngoto again",
		"goto 2":    "again:\nn++\nif n > 0 { goto again }",
		"call":      "func spin(i int) int { for i < 10 { i = spin2(i) }; return i }\nfunc spin2(i int) int { return i - i }\nspin(1)",
		"receive":   awake + "c := make(chan int)\n<-c",
		"send":      awake + "c := make(chan int)\nc <- 1",
		"nil chan":  awake + "var c chan int\nfor range c {}",
		"select":    awake + "select {}",
		"select 2":  awake + "c := make(chan int)\nselect { case <-c: case c <- 1: }",
		"sleep":     "time.Sleep(time.Hour)",
		"wait":      awake + "var wg sync.WaitGroup\nwg.Add(1)\nwg.Wait()",
		"lock":      awake + "var mu sync.Mutex\nmu.Lock()\nmu.Lock()",
		"recovers":  "for { func() { defer func() { recover() }(); for {} }() }",
		"goroutine": "for i := range 4 { go func() { for { i++ } }() }\nselect {}",
		"sort":      "xs := make([]int, 1000)\nsort.Slice(xs, func(i, j int) bool { for {} })",
		"context":   "<-nb.Context().Done()\nfor {}",
	} {
		t.Run(name, func(t *testing.T) {
			k, r := newKernel(t, Options{AutoImport: true})
			play(t, k, r, "n := 0", "f := func(x int) int { return x*10 }")
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var at time.Time
			time.AfterFunc(50*time.Millisecond, func() { at = time.Now(); cancel() })
			err := k.Run(ctx, Cell{Name: "In[3]", Source: src})
			took := time.Since(at)
			var e *Error
			if !errors.As(err, &e) || e.Kind != Interrupted {
				t.Fatalf("error %v", err)
			}
			if took > time.Second { // typically 1 ms
				t.Errorf("stopped after %v", took)
			}
			t.Logf("stopped after %v", took)
			if got := play(t, k, r, "f(2)", "n = 7\nn"); got != "= 20\n= 7\n" {
				t.Errorf("afterwards: %s", got)
			}
		})
	}
}
