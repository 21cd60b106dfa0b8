package kernel

import (
	"go/types"
	"strings"
	"testing"
)

// TestDescribe: ? shows declarations with the comments of their fields, ?? the
// source, of the session's objects and of packages.
func TestDescribe(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	play(t, k, r, "// T is a thing.\ntype T struct {\n\t// A counts.\n\tA int\n\tb string // hidden\n}\n\n// M multiplies.\nfunc (t *T) M(n int) int {\n\treturn t.A * n\n}", "// Two is 2.\nconst Two = 2", "x := T{}")
	for _, c := range []struct{ ask, want string }{
		{"?T", "type T struct {\n\t// A counts.\n\tA int\n\tb string // hidden\n}\nfunc (t *T) M(n int) int    // In[1]:2:6\n\nT is a thing."},
		{"?T.A", "field A int    // In[1]:4:2\n\nA counts."},
		{"%doc x.M", "func (t *T) M(n int) int    // In[1]:9:13\n\nM multiplies."},
		{"??x.M", "func (t *T) M(n int) int {\n\treturn t.A * n\n}"},
		{"?Two", "const Two untyped int = 2    // In[2]:2:7\n\nTwo is 2."},
		{"??strings.Cut", "// src/strings/strings.go\nfunc Cut(s, sep string) (before, after string, found bool) {\n\treturn stringslite.Cut(s, sep)\n}"},
		{"??strings.Builder.Len", "// src/strings/builder.go\nfunc (b *Builder) Len() int { return len(b.buf) }"},
		{"?http.StatusOK", "const http.StatusOK untyped int = 200\n\nRFC 9110, 15.3.1"},
		{"?clear", "func clear(v)\n\nclear empties a map, or sets all elements of a slice to zero."},
		{"?%time", "%time CODE      run CODE and say how long it took"},
	} {
		if got := play(t, k, r, c.ask); got != "= "+c.want+"\n" {
			t.Errorf("%s: got\n%s\nwant\n%s", c.ask, got, c.want)
		}
	}
	for _, name := range types.Universe.Names() {
		if d, ok := k.Doc(name); !ok || d.Signature == "" || d.Doc == "" && name != "true" && name != "false" {
			t.Errorf("%s: %+v", name, d)
		}
	}
	for _, c := range []struct {
		ask  string
		want []string
	}{
		{"?engine.LoadConfig", []string{"// Threads is how many", "Threads int", "LoadConfig are the settings"}},
		{"?engine.Model", []string{"func (m *Model) Bytes() int64", "Model is a loaded model."}},
		{"?plugin.Open", []string{"no documentation of plugin.Open"}},
	} {
		got := play(t, k, r, c.ask)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", c.ask, want, got)
			}
		}
		if strings.Contains(got, "\t") || strings.Contains(got, "struct{}") {
			t.Errorf("%s: shows what cells cannot reach:\n%s", c.ask, got)
		}
	}
}

// TestChoices: where a value of a type is expected its constants are offered,
// inside of quotes their texts, and candidates have docs.
func TestChoices(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	play(t, k, r, "type Mode string\nconst (\n\tSlow Mode = \"slow-mode\" // takes its time\n\tFast Mode = \"fast\"\n)\ntype Conf struct {\n\tMode Mode\n\t// Kind is \"one\" or \"two\".\n\tKind string\n\tOn bool\n}\nfunc use(n int, m ...Mode) {}", "var c Conf")
	for src, want := range map[string]string{
		"Conf{Mode: ":                              "Fast:const Slow:const",
		"Conf{Mode: \"":                            "fast:value slow-mode:value",
		"Conf{Mode: \"slow-":                       "slow-mode:value",
		"Conf{Kind: \"":                            "one:value two:value",
		"Conf{On: tr":                              "true:const",
		"c.Mode = \"f":                             "fast:value",
		"if c.Mode == \"s":                         "slow-mode:value",
		"switch c.Mode {\ncase \"f":                "fast:value",
		"use(1, \"f":                               "fast:value",
		"[]Mode{\"fast\", \"s":                     "slow-mode:value",
		"fmt.Println(\"f":                          "",
		"engine.LoadConfig{KCacheType: \"q8":       "q8_0:value",
		"engine.LoadConfig{KCacheType: engine.Q8_": "Q8_0:const",
		"engine.LoadConfig{KCacheType: engine.F1":  "F16:const",
	} {
		_, list := k.Candidates(src, len(src))
		var got []string
		for _, c := range list {
			if strings.Contains(want, c.Text+":") || c.Kind == "value" {
				got = append(got, c.Text+":"+c.Kind)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %v want %s", src, got, want)
		}
	}
	for src, want := range map[string]string{
		"strings.Cu":             "Cut slices s around the first instance of sep, returning the text before and after sep.",
		"Conf{Ki":                "Kind is \"one\" or \"two\".",
		"c.Kin":                  "Kind is \"one\" or \"two\".",
		"engine.LoadConfig{Cont": "ContextLength is the most tokens a session holds, prompt and answer together.",
		"Conf{Mode: \"sl":        "takes its time",
		"stri":                   "Package strings implements simple functions to manipulate UTF-8 encoded strings.",
	} {
		_, list := k.Candidates(src, len(src))
		found := false
		for _, c := range list {
			found = found || c.Doc == want
		}
		if !found {
			t.Errorf("%q: no doc %q in %v", src, want, list)
		}
	}
}

// TestTimeit: code is run often, alone, and its errors name their place.
func TestTimeit(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	got := play(t, k, r, "n := 0", "%timeit n++", "n > 1000", "%timeit len(\"abc\") + n", "%timeit time.Sleep(20 * time.Millisecond)", "%timeit n +\n  nope", "%timeit\nvar p *int; *p = 1", "n = 5\nn")
	lines := strings.Split(got, "\n")
	if len(lines) != 8 || !strings.Contains(lines[0], " a run (best of 3 rounds of ") || lines[1] != "= true" || !strings.Contains(lines[2], "s a run") || !strings.Contains(lines[3], "ms a run") ||
		lines[4] != "! In[6]:2:3: undefined: nope" || lines[5] != "! In[7]:2:13: panic: runtime error: invalid memory address or nil pointer dereference" || lines[6] != "= 5" {
		t.Errorf("got\n%s", got)
	}
}
