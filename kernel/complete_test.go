package kernel

import (
	"strings"
	"testing"
)

func TestCandidates(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	play(t, k, r, "import \"strings\"", "type T struct{ Alpha int; beta string }\nfunc (t *T) Gamma(n int) error { return nil }", "t := T{}\nnames := []string{}")
	for src, want := range map[string]string{
		"strings.ToU":                           "ToUpper:func ToUpperSpecial:func",
		"x := strings.ToTi":                     "ToTitle:func ToTitleSpecial:func",
		"t.":                                    "Alpha:field Gamma:method beta:field",
		"(&t).G":                                "Gamma:method",
		"for _, thing := range names { thin":    "thing:var",
		"b := strings.NewReplacer(\"a\")\nb.Re": "Replace:method",
		"strings.NewReplacer().Wr":              "WriteString:method",
		"if t.Ga":                               "Gamma:method",
		"func f(alpha int) { alph":              "alpha:var",
		"time.Now().Unix":                       "Unix:method UnixMicro:method UnixMilli:method UnixNano:method",
		"%ti":                                   "time:magic timeit:magic",
		"?strings.ToUppe":                       "ToUpper:func ToUpperSpecial:func",
		"fmt.Println(t.Al":                      "Alpha:field",
		"engine.ParseSw":                        "ParseSwitch:func",
		"\"in a string t.":                      "",
		"// in a comment nam":                   "",
		"map[string]*strings.Builder{}[\"a\"].WriteS":     "WriteString:method",
		"func() *strings.Builder { return nil }().WriteS": "WriteString:method",
		"?t.Ga":                                  "Gamma:method",
		"??t.Ga":                                 "Gamma:method",
		"%doc t.Ga":                              "Gamma:method",
		"%time t.Ga":                             "Gamma:method",
		"%timeit\nt.Ga":                          "Gamma:method",
		"%type t.Al":                             "Alpha:field",
		"go t.Ga":                                "Gamma:method",
		"defer t.Ga":                             "Gamma:method",
		"func() { defer t.Ga":                    "Gamma:method",
		"%rerun st":                              "stale:value",
		"%who nam":                               "",
		"import \"encoding/js":                   "encoding/json:package",
		"import j \"encoding/js":                 "encoding/json:package",
		"import (\n\t\"fmt\"\n\t. \"encoding/js": "encoding/json:package",
		"x := 1; import \"encoding/js":           "encoding/json:package",
		"nope.":                                  "",
		"t.Alpha.":                               "",
	} {
		from, list := k.Candidates(src, len(src))
		var got []string
		for _, c := range list {
			got = append(got, c.Text+":"+c.Kind)
			if c.Kind == "method" && c.Detail == "" {
				t.Errorf("%q: no detail of %s", src, c.Text)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q (from %d): got %v want %s", src, from, got, want)
		}
	}
	dot, r2 := newKernel(t, Options{AutoImport: true})
	play(t, dot, r2, "import . \"text/tabwriter\"")
	for src, want := range map[string]string{"NewWri": "NewWriter", "NewWriter(nil, 0, 0, 0, 0, 0).Flu": "Flush", "w := NewWriter(nil, 0, 0, 0, 0, 0)\nw.Flu": "Flush"} {
		if _, list := dot.Candidates(src, len(src)); len(list) != 1 || list[0].Text != want {
			t.Errorf("%s: %v", src, list)
		}
	}
	if d, ok := dot.Doc("NewWriter"); !ok || !strings.Contains(d.Doc, "NewWriter allocates") {
		t.Errorf("%+v", d)
	}
	_, list := k.Candidates("str", 3)
	var got []string
	for _, c := range list {
		got = append(got, c.Text+":"+c.Kind)
	}
	if all := strings.Join(got, " "); all != "strconv:package string:type strings:package struct:keyword" {
		t.Errorf("of str: %s", all)
	}
}

func TestIsComplete(t *testing.T) {
	for src, want := range map[string]bool{
		"": true, "x := 1": true, "f(1,": false, "func f() {": false, "func f() {\n}": true, "x := `a": false, "x :=": false, "a +": false,
		"if x {\n} else": false, "for": false, "/* a": false, "x)": true, "%who": true, "?x": true, "type T struct {\n A int\n": false,
		"s.\n": false, "x := []int{1,\n2}": true, "a ? b": true, "x := \"a": true, "// a comment": false, "// a comment\n": true, "// a comment\nx := 1": true, "x := 1 // a comment": true, "x := 1\n// a comment": true, "return": true, "x++": true,
	} {
		if got := IsComplete(src); got != want {
			t.Errorf("%q: %v", src, got)
		}
	}
}

func FuzzCandidates(f *testing.F) {
	for _, s := range []string{"t.", "x := (a[1", "`", "\"", "%", "?", "func(", "}}}", "for i := range 3 { i."} {
		f.Add(s, len(s))
	}
	k, err := New(Options{AutoImport: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, src string, cursor int) {
		IsComplete(src)
		if from, _ := k.Candidates(src, cursor); from < 0 || from > len(src) {
			t.Errorf("%q at %d: from %d", src, cursor, from)
		}
	})
}
