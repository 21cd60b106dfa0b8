package kernel

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"
)

// A value alone is shown, whatever the form of the expression.
func TestValuesAlone(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	got := play(t, k, r, "x := []int{1, 2}", "len(x)", `len("abc")`, "append(x, 3)", "make([]int, 3)", "int64(3)", `[]byte("hi")`,
		"min(2, 1)", "complex(1, 2)", "(*int)(nil)", "func f() {}", "f()", "5; 6", "len(x) + nope")
	want := "= 2\n= 3\n= [1 2 3]\n= [0 0 0]\n= 3\n= [104 105]\n= 1\n= (1+2i)\n= nil\n" +
		"! In[13]:1:1: 5 (untyped int constant) is not used\n! In[14]:1:10: undefined: nope\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What is shown of a large value costs what is shown of it, and a value that holds
// itself ends.
func TestLargeValues(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	play(t, k, r, "type R []R\nloop := R{nil}\nloop[0] = loop", "m := map[int]string{}\nfor i := range 20000 { m[i] = \"ä\" }", "var a [200000]int", "text := strings.Repeat(\"ä\", 100000)", "type S struct{ T string }", "one := \"x\" + text")
	for src, want := range map[string]string{
		"loop":                       "[[[...\n... (the first 65536 bytes shown)",
		"m":                          "map[0:ä 1:ä 2:ä...\n... (the first 6553",
		"a":                          "[0 0 0...\n... (the first 65536 bytes shown)",
		"text":                       "\"äää...\"\n... (65536 of 200000 bytes shown)",
		"one":                        "\"xää...\"\n... (65535 of 200001 bytes shown)",
		"S{text}":                    "{T:ää...\n... (the first 6553",
		"[]S{{\"a\"}}":               "[{T:a}]",
		"strings.Repeat(\"\\n\", 3)": "",
	} {
		n := len(r.events)
		_ = k.Run(context.Background(), Cell{Name: "In[1]", Source: src, Show: true})
		got := ""
		for _, e := range r.events[n:] {
			if d, ok := e.(Display); ok {
				got = d.Data["text/plain"]
			}
		}
		head, tail, _ := strings.Cut(want, "...\n")
		if head, _, _ = strings.Cut(head, "...\""); !strings.HasPrefix(got, head) || !strings.Contains(got, tail) || len(got) > 67000 || !utf8.ValidString(got) {
			t.Errorf("%s: %d bytes, %.80q ... %q", src, len(got), got, got[max(0, len(got)-80):])
		}
	}
	if got := play(t, k, r, "var e error\nvar f func()\nvar c chan int", "%who"); !strings.Contains(got, "20000 entries") || strings.Contains(got, "PANIC") || strings.Count(got, "nil\n") != 3 {
		t.Errorf("%s", got)
	}
}
