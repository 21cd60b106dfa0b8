package jupyter

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"loupe/kernel"
)

func TestConnectionFile(t *testing.T) {
	good := `{"transport": "tcp", "ip": "127.0.0.1", "shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4, "hb_port": 5, "key": "k", "signature_scheme": "hmac-sha256"}`
	path := filepath.Join(t.TempDir(), "c.json")
	for _, c := range []struct{ old, new, says string }{
		{"", "", ""},
		{`"tcp"`, `"udp"`, `transport "udp" is neither "tcp" nor "ipc"`},
		{`"127.0.0.1"`, `""`, "no ip"},
		{`"hmac-sha256"`, `"hmac-md5"`, `"hmac-md5" is not supported`},
		{`"hb_port": 5`, `"hb_port": 70000`, "hb_port is 70000, not a port"},
		{`"hb_port": 5`, `"hb_port": 2`, "iopub_port and hb_port are both 2"},
		{`, "hb_port": 5`, ``, "hb_port is 0, not a port"},
		{`{`, ``, "is not what Jupyter writes"},
	} {
		if err := os.WriteFile(path, []byte(strings.Replace(good, c.old, c.new, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadConnection(path)
		if (err == nil) != (c.says == "") || err != nil && (!strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path)) {
			t.Errorf("%s for %s: %v, want %q", c.new, c.old, err, c.says)
		}
	}
	if _, err := ReadConnection(path + "x"); err == nil {
		t.Error("no error for a file that is not there")
	}
}

func TestInstall(t *testing.T) {
	kernels := filepath.Join(t.TempDir(), "share", "jupyter", "kernels")
	s := Spec{Name: "loupe", DisplayName: "Go (Loupe)", Argv: []string{"loupe", "jupyter", "kernel", "{connection_file}"}}
	for range 2 { // the second takes the place of the first
		dir, err := s.Install(kernels)
		if err != nil || dir != filepath.Join(kernels, "loupe") {
			t.Fatal(dir, err)
		}
	}
	names := func(dir string) (list []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			list = append(list, e.Name())
		}
		return list
	}
	dir := filepath.Join(kernels, "loupe")
	if got := fmt.Sprint(names(dir), names(kernels)); got != "[kernel.json logo-32x32.png logo-64x64.png logo-svg.svg] [loupe]" {
		t.Error(got)
	}
	var k map[string]any
	data, _ := os.ReadFile(filepath.Join(dir, "kernel.json"))
	if err := json.Unmarshal(data, &k); err != nil || k["language"] != "go" || k["display_name"] != "Go (Loupe)" || k["interrupt_mode"] != "message" || fmt.Sprint(k["argv"]) != "[loupe jupyter kernel {connection_file}]" {
		t.Errorf("%v, %v", k, err)
	}
	if info, err := os.Stat(dir); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", info.Mode(), err)
	}

	// What is not ours stays.
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, left, err := Uninstall(kernels, "loupe"); err != nil || fmt.Sprint(left) != "[notes.txt]" || fmt.Sprint(names(dir)) != "[notes.txt]" {
		t.Error(left, err, names(dir))
	}
	if _, err := s.Install(kernels); err == nil || !strings.Contains(err.Error(), "not a kernelspec of loupe") {
		t.Error(err)
	}
	other := filepath.Join(kernels, "other")
	if err := os.MkdirAll(other, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, "kernel.json"), []byte(`{"display_name": "R"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	s.Name = "other"
	if _, err := s.Install(kernels); err == nil || !strings.Contains(err.Error(), `another kernel, "R"; --name`) {
		t.Error(err)
	}
	if _, _, err := Uninstall(kernels, "other"); err == nil || len(names(other)) != 1 {
		t.Error("another kernel's spec was removed", err)
	}
	if _, _, err := Uninstall(kernels, "none"); err == nil || !strings.Contains(err.Error(), "no kernelspec none") {
		t.Error(err)
	}
	for _, name := range []string{"", "..", "a/b", "ä"} {
		s.Name = name
		if _, err := s.Install(kernels); err == nil {
			t.Errorf("the name %q was taken", name)
		}
	}
	s.Name = "gone"
	if _, err := s.Install(kernels); err != nil {
		t.Fatal(err)
	}
	if gone, left, err := Uninstall(kernels, "gone"); err != nil || left != nil {
		t.Error(left, err)
	} else if _, err := os.Stat(gone); !os.IsNotExist(err) {
		t.Error("the folder stays")
	}
}

func TestUserKernels(t *testing.T) {
	t.Setenv("JUPYTER_DATA_DIR", "data")
	if dir, err := UserKernels(); err != nil || dir != filepath.Join("data", "kernels") {
		t.Error(dir, err)
	}
	t.Setenv("JUPYTER_DATA_DIR", "")
	t.Setenv("XDG_DATA_HOME", "xdg")
	if dir, err := UserKernels(); runtime.GOOS == "linux" && (err != nil || dir != filepath.Join("xdg", "jupyter", "kernels")) {
		t.Error(dir, err)
	}
}

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "history.jsonl")
	add := func(cells ...string) *history {
		h, err := openHistory(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range cells {
			if err := h.add(i+1, c, "out of "+c); err != nil {
				t.Fatal(err)
			}
		}
		return h
	}
	add("x := 1", "x", "func f() {\n\treturn\n}")
	add("y := 2")
	// A line that a crash has cut, and one that is no entry.
	f, _ := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	fmt.Fprint(f, "7\n{\"session\": 2, \"line\"")
	f.Close()
	h := add("x", "z[*]", "ä?")
	if h.session != 3 {
		t.Errorf("session %d", h.session)
	}
	if again := add(); again.skipped != 2 || len(again.list) != len(h.list) {
		t.Errorf("%d lines were skipped, %d of %d read", again.skipped, len(again.list), len(h.list))
	}
	n := func(i int) *int { return &i }
	for _, c := range []struct {
		r    historyRequest
		want string
	}{
		{historyRequest{Access: "tail", N: n(2)}, "3:2 3:3"},
		{historyRequest{Access: "tail", N: n(0)}, ""},
		{historyRequest{Access: "tail"}, "1:1 1:2 1:3 2:1 3:1 3:2 3:3"},
		{historyRequest{Access: "range", Session: 1, Start: 2}, "1:2 1:3"},
		{historyRequest{Access: "range", Session: 0, Start: 1, Stop: n(3)}, "3:1 3:2"},
		{historyRequest{Access: "range", Session: -1}, "2:1"},
		{historyRequest{Access: "range", Session: 9}, ""},
		{historyRequest{Access: "search", Pattern: "x"}, "1:2 3:1"},
		{historyRequest{Access: "search", Pattern: "x", Unique: true}, "3:1"},
		{historyRequest{Access: "search", Pattern: "*:=*"}, "1:1 2:1"},
		{historyRequest{Access: "search", Pattern: "*:=*", N: n(1)}, "2:1"},
		{historyRequest{Access: "search", Pattern: "*return*"}, "1:3"},
		{historyRequest{Access: "search", Pattern: "[xy] := ?"}, "1:1 2:1"},
		{historyRequest{Access: "search", Pattern: "[^x] := ?"}, "2:1"},
		{historyRequest{Access: "search", Pattern: "z[[]?]"}, "3:2"},
		{historyRequest{Access: "search", Pattern: "ä?"}, "3:3"},
		{historyRequest{Access: "search", Pattern: "["}, ""},
		{historyRequest{Access: "search", N: n(1)}, "3:3"},
	} {
		list, err := h.find(c.r)
		var got []string
		for _, e := range list {
			got = append(got, fmt.Sprintf("%d:%d", e.Session, e.Line))
		}
		if s := strings.Join(got, " "); err != nil || s != c.want {
			t.Errorf("%+v: %s, %v; want %s", c.r, s, err, c.want)
		}
	}
	if h, err := openHistory(t.TempDir()); err == nil || h.add(1, "kept in memory", "") != nil || len(h.list) != 1 {
		t.Errorf("a folder as history: %v", err)
	}
}

func FuzzGlob(f *testing.F) {
	f.Add("a*[b-c]?", "axxb.")
	f.Add("[]", "[]")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		re, err := glob(pattern)
		if err == nil && !strings.ContainsAny(pattern, "*?[") && pattern != "" && strings.ToValidUTF8(pattern, "") == pattern && re.MatchString(text) != (pattern == text) {
			t.Errorf("%q and %q", pattern, text)
		}
	})
}

func TestSource(t *testing.T) {
	k, err := kernel.New(kernel.Options{AutoImport: true})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	for code, want := range map[string]bool{
		"1": true, "x := 1": false, "x := 1\nx": true, "f(1)": true, "fmt.Println(1)": true, "nb.Show(1)": false, "(nb.Show)(1)": false,
		"os.Exit(1)": false, "func f() {}": false, "if true {\n1\n}": false, "": false, "%who": false, "?fmt": false, "%time 1": true,
		"x // why\n// that is why": true, "x;": true, "import \"fmt\"\nfmt.Sprint(1)": true, "func() {}()": true, "x = )": false, "println(1)": false,
		"for range 3 {\n}\n\"a\" +\n\"b\"": true, "type T struct{}\nT{}": true,
	} {
		if got := endsInValue(k, code); got != want {
			t.Errorf("%q ends in a value: %v", code, got)
		}
	}
	for code, want := range map[string]string{
		"?fmt.Println": "fmt.Println", "fmt.Println?": "fmt.Println", "??x": "x", " x? ": "x", "encoding/json?": "encoding/json",
		"?": "", "a + b?": "", "x": "", "%who": "", "x\ny?": "",
	} {
		if got, ok := helpName(code); ok != (want != "") || ok && got != want {
			t.Errorf("%q asks about %q, %v", code, got, ok)
		}
	}
	for code, want := range map[string]string{"x := 1": "complete", "func f(] {}": "invalid", "x = )": "invalid", "if x {": "incomplete", "s := `": "incomplete", "1 2": "invalid",
		"import \"fmt\"\nfunc f() {}\nf()": "complete", "func (t T) M() {}\nx := func() int { return 1 }()": "complete"} {
		if got := completeness(code)["status"]; got != want {
			t.Errorf("%q is %s, want %s", code, got, want)
		}
	}
	for _, c := range []struct{ code, name, callee string }{
		{"fmt.Print|ln(x)", "fmt.Println", ""}, {"f|mt.Println(x)", "fmt", ""}, {"fmt.Println(x|)", "x", "fmt.Println"}, {"f(g(1), |", "", "f"},
		{"a.b|.c", "a.b", ""}, {"12|", "", ""}, {"|", "", ""}, {"f()\n|", "", ""}, {"ä.ö|", "ä.ö", ""}, {"if (a) {|", "", ""},
	} {
		code, at := strings.Replace(c.code, "|", "", 1), strings.Index(c.code, "|")
		if got := nameAt(code, at); got != c.name {
			t.Errorf("%s: name %q", c.code, got)
		}
		if got := calleeAt(code, at); got != c.callee {
			t.Errorf("%s: callee %q", c.code, got)
		}
	}
}

func TestByteOffset(t *testing.T) {
	for _, c := range []struct {
		code     string
		chars, n int
	}{{"aä😀b", 0, 0}, {"aä😀b", 2, 3}, {"aä😀b", 3, 7}, {"aä😀b", 9, 8}, {"aä😀b", -1, 8}, {"", 3, 0}} {
		if got := byteOffset(c.code, c.chars); got != c.n {
			t.Errorf("%d characters of %q are %d bytes, want %d", c.chars, c.code, got, c.n)
		}
	}
}

func TestUnfinished(t *testing.T) {
	for text, want := range map[string]int{"": 0, "a": 0, "ä": 0, "a\xc3": 1, "\xe2\x82": 2, "€": 0, "\xf0\x9f\x98": 3, "\x82": 0, "\xff": 0, "a\x82\x82\x82\x82": 0} {
		if got := unfinished([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestWarningText(t *testing.T) {
	for _, c := range []struct {
		w    kernel.Warning
		want string
	}{
		{kernel.Warning{Text: "t"}, "warning: t\n"},
		{kernel.Warning{Cell: "In[1]", Text: "t"}, "In[1]: warning: t\n"},
		{kernel.Warning{Cell: "In[1]", Line: 2, Text: "t"}, "In[1]:2: warning: t\n"},
		{kernel.Warning{Text: "t", Err: &kernel.Error{Cell: "In[1]", Line: 1, Col: 2, Msg: "panic: no"}}, "warning: t\n\x1b[31mIn[1]:1:2: panic: no\x1b[0m\n"},
	} {
		if got := warningText(c.w); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
