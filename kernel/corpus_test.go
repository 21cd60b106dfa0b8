package kernel

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"loupe/kernel/check"
)

var long = flag.Bool("long", false, "run the tests that take minutes")

// corpusFile is the environment variable by which TestCorpus asks its own
// binary to run one program: a program may kill the process that runs it.
const corpusFile = "LOUPE_CORPUS_FILE"

func TestMain(m *testing.M) {
	if file := os.Getenv(corpusFile); file != "" {
		_ = json.NewEncoder(os.Stdout).Encode(runCorpusFile(file))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// corpusResult is what a program did.
type corpusResult struct {
	Stdout, Stderr output64
	Exit           int
	Err            string // of the kernel, or why the compiled program has no result
	Refused        bool
}

// output64 is what a program printed, which need not be UTF-8.
type output64 string

func (o output64) MarshalText() ([]byte, error) {
	return []byte(base64.StdEncoding.EncodeToString([]byte(o))), nil
}

func (o *output64) UnmarshalText(b []byte) error {
	text, err := base64.StdEncoding.DecodeString(string(b))
	*o = output64(text)
	return err
}

func runCorpusFile(file string) (res corpusResult) {
	r := &record{}
	k, err := New(Options{Events: r.event})
	if err != nil {
		return corpusResult{Err: err.Error()}
	}
	defer k.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	err = k.RunFile(ctx, file)
	res = corpusResult{Stdout: output64(r.out.String()), Stderr: output64(r.err.String())}
	var e *Error
	if errors.As(err, &e) {
		res.Exit, res.Err = e.ExitCode, fmt.Sprintf("%d: %s", e.Line, e.Msg)
		res.Refused = strings.Contains(e.Msg, refusedPrefix) || strings.Contains(e.Msg, "loupe does not carry it")
	}
	return res
}

// endless is the Err of a compiled program that does not end.
const endless = "the compiled program does not end"

// compiled is what go build makes of a program, kept in dir for the next time.
func compiled(file, dir string) (res corpusResult, err error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return res, err
	}
	sum := sha256.Sum256(append(src, runtime.Version()+" 3"...))
	kept := filepath.Join(dir, hex.EncodeToString(sum[:12])+".json")
	if b, err := os.ReadFile(kept); err == nil && json.Unmarshal(b, &res) == nil {
		return res, nil
	}
	tmp, err := os.MkdirTemp("", "corpus")
	if err != nil {
		return res, err
	}
	defer os.RemoveAll(tmp)
	bin := filepath.Join(tmp, "p.exe")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", bin, file)
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GO111MODULE=off")
	if out, err := build.CombinedOutput(); err != nil {
		res = corpusResult{Exit: 1, Err: "go build: " + string(out)}
	} else {
		ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
		defer cancel()
		var stdout, stderr bytes.Buffer
		cmd := exec.CommandContext(ctx, bin)
		cmd.Dir, cmd.Stdout, cmd.Stderr = tmp, &stdout, &stderr
		cmd.Env = append(os.Environ(), "GODEBUG=panicnil=0") // as in a module
		err := cmd.Run()
		res = corpusResult{Stdout: output64(stdout.String()), Stderr: output64(stderr.String())}
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			res.Exit = exit.ExitCode()
		} else if err != nil {
			res.Err = err.Error()
		}
		if ctx.Err() != nil {
			res.Err = endless
		}
	}
	b, err := json.Marshal(res)
	if err != nil {
		return res, err
	}
	return res, os.WriteFile(kept, b, 0o666)
}

// interpreted runs a program in a process of its own.
func interpreted(file, tmp string) (res corpusResult) {
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Dir, cmd.Stdout, cmd.Stderr = tmp, &stdout, &stderr
	cmd.Env = append(os.Environ(), corpusFile+"="+file)
	if err := cmd.Run(); err != nil {
		text := stderr.String()
		return corpusResult{Exit: -1, Err: fmt.Sprintf("the kernel's process ended: %v: %s", err, text[:min(len(text), 300)])}
	}
	if err := json.Unmarshal(stdout.Bytes(), &res); err != nil {
		return corpusResult{Exit: -1, Err: fmt.Sprintf("the kernel's process said %q", stdout.String())}
	}
	return res
}

// panicLine is what a program says of its end: the first panic or fatal error.
func panicLine(stderr string) string {
	for _, line := range strings.Split(stderr, "\n") {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return line
		}
	}
	return ""
}

// internals says why a program is none that a notebook could run: it imports
// what reaches into the compiler, the runtime or the system.
func internals(file string) string {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return "" // it may be a test of just that
	}
	if f.Name.Name != "main" {
		return "package " + f.Name.Name
	}
	for _, im := range f.Imports {
		path := strings.Trim(im.Path.Value, "`\"")
		if path == "unsafe" || path == "C" || strings.HasPrefix(path, "runtime") || strings.HasPrefix(path, "internal/") || !check.Importable(path) {
			return "imports " + path
		}
	}
	return ""
}

// TestCorpus runs every program of the folders in LOUPE_CORPUS (of Go's own
// test folder, those marked "// run") and compares it with what go build
// makes of it. LOUPE_CORPUS_CACHE keeps what the compiled programs did.
func TestCorpus(t *testing.T) {
	if !*long {
		t.Skip("takes minutes; -long runs it, with LOUPE_CORPUS naming folders of programs")
	}
	dirs := filepath.SplitList(os.Getenv("LOUPE_CORPUS"))
	if len(dirs) == 0 {
		t.Skip("LOUPE_CORPUS names no folder")
	}
	cache := os.Getenv("LOUPE_CORPUS_CACHE")
	if cache == "" {
		cache = t.TempDir()
	} else if err := os.MkdirAll(cache, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) { corpus(t, dir, cache) })
	}
}

func corpus(t *testing.T, dir, cache string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no programs in %s", dir)
	}
	counts := map[string]int{}
	var lines []string
	var mu sync.Mutex
	note := func(kind, file, why string) {
		mu.Lock()
		defer mu.Unlock()
		counts[kind]++
		if kind != "equal" {
			lines = append(lines, fmt.Sprintf("%-9s %s: %s", kind, filepath.Base(file), why))
		}
	}
	one := func(file string) {
		if *only != "" && *only+".go" != filepath.Base(file) {
			return
		}
		src, err := os.ReadFile(file)
		if err != nil || bytes.Contains(src, []byte("\n// +build ignore")) {
			return
		}
		first, _, _ := strings.Cut(string(src), "\n")
		if strings.HasPrefix(first, "// ") && slices.Contains([]string{"errorcheck", "compile", "build", "skip", "rundir", "runoutput", "asmcheck", "errorcheckandrundiag", "compiledir", "builddir", "buildrundir", "errorcheckdir", "runindir", "errorcheckoutput", "errorcheckwithauto", "linkcheck", "buildrun", "cgo"}, strings.Fields(first)[1]) {
			return // a test of the compiler's messages
		}
		if why := internals(file); why != "" {
			note("outside", file, why)
			return
		}
		want, err := compiled(file, cache)
		if err != nil {
			note("failed", file, err.Error())
			return
		}
		if strings.HasPrefix(want.Err, "go build") || want.Err != "" {
			note("outside", file, firstLine(want.Err))
			return
		}
		tmp := t.TempDir()
		got := interpreted(file, tmp)
		switch {
		case got.Refused:
			note("refused", file, got.Err)
		case got.Exit == 130:
			note("slow", file, got.Err)
		case got.Exit != want.Exit:
			note("wrong", file, fmt.Sprintf("exit %d (%s) want %d; stdout %q stderr %q", got.Exit, firstLine(got.Err), want.Exit, clip(string(got.Stdout)), clip(string(got.Stderr))))
		case got.Stdout != want.Stdout:
			note("wrong", file, fmt.Sprintf("stdout %s", difference(string(got.Stdout), string(want.Stdout))))
		case want.Exit == 0 && got.Stderr != want.Stderr:
			note("wrong", file, fmt.Sprintf("stderr %s", difference(string(got.Stderr), string(want.Stderr))))
		case want.Exit == 2 && panicLine(string(want.Stderr)) != "" && !strings.HasSuffix(firstLine(got.Err), panicLine(string(want.Stderr))):
			note("wrong", file, fmt.Sprintf("%s want %s", firstLine(got.Err), panicLine(string(want.Stderr))))
		default:
			note("equal", file, "")
		}
	}
	queue := make(chan string)
	var wg sync.WaitGroup
	for range max(1, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for f := range queue {
				one(f)
			}
		})
	}
	for _, f := range files {
		queue <- f
	}
	close(queue)
	wg.Wait()
	sort.Strings(lines)
	for _, l := range lines {
		t.Log(l)
	}
	inside := counts["equal"] + counts["refused"] + counts["wrong"] + counts["slow"]
	t.Logf("%s: %d programs, %d equal (%.0f %%), %d refused, %d too slow, %d wrong; %d outside", filepath.Base(dir), inside, counts["equal"], 100*float64(counts["equal"])/float64(max(inside, 1)), counts["refused"], counts["slow"], counts["wrong"], counts["outside"])
	if counts["wrong"]+counts["failed"] > 0 {
		t.Errorf("%d programs do something else than compiled", counts["wrong"])
	}
}

func firstLine(s string) string {
	l, _, _ := strings.Cut(s, "\n")
	return l
}

func clip(s string) string { return s[:min(len(s), 120)] }

// difference shows the first lines that differ.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b || i >= len(g) || i >= len(w) {
			return fmt.Sprintf("line %d: %q want %q", i+1, clip(a), clip(b))
		}
	}
	return ""
}
