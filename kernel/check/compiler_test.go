package check

import (
	"fmt"
	"go/token"
	"testing"
)

// TestCompilerWords: the first error of a file, with its further places, in the words of
// the compiler ("go tool compile").
func TestCompilerWords(t *testing.T) {
	for src, want := range map[string]string{
		"func f(a, b int) int { return a }\nfunc main() { f(1) }":                   "3:17: not enough arguments in call to f\n\thave (number)\n\twant (int, int)",
		"func f(a, b int) int { return a }\nfunc main() { f() }":                    "3:15: not enough arguments in call to f\n\thave ()\n\twant (int, int)",
		"func f(a, b int) int { return a }\nfunc main() {\n\tf(1 +\n\t\t2,\n\t)\n}": "4:4: not enough arguments in call to f\n\thave (number)\n\twant (int, int)",
		"func main() { _ = append() }":                                              "2:19: invalid operation: not enough arguments for append() (expected 1, found 0)",
		"func main() { _ = complex(1.0) }":                                          "2:19: invalid operation: not enough arguments for complex(1.0) (expected 2, found 1)",
		"func main() { _ = len(1, 2) }":                                             "2:19: invalid operation: too many arguments for len(1, 2) (expected 1, found 2)",
		"func f(a []int) {}\nfunc main() { f([]int{}...) }":                         "3:15: cannot use ... in call to non-variadic f",
		"var x [...]int\nfunc main() {}":                                            "2:7: invalid use of [...] array (outside a composite literal)",
		"func main() { p := new(string); _ = p[0] }":                                "2:38: cannot index p (variable of type *string)",
		"func main() { s := []int{1}; s[0:1] = nil }":                               "2:31: cannot assign to s[0:1] (neither addressable nor a map index expression)",
		"func main() {\nL:\n\tfor {\n\t}\n}":                                        "3:1: label L defined and not used",
		"func f() {}\nfunc f() {}\nfunc main() {}":                                  "3:6: f redeclared in this block\n\t./f.go:2:6: other declaration of f",
		"var a = b\nvar b = a\nfunc main() {}":                                      "2:5: initialization cycle for a\n\t./f.go:2:5: a refers to b\n\t./f.go:3:5: b refers to a",
		"func main() { defer 1 }":                                                   "2:21: expression in defer must be function call",
		"func main() {\n\tgo func() {\n\t\tdefer println(\"a\")\n\t}\n}":            "3:5: expression in go must be function call",
		"func main() { x := [3]int{}; _ = x[::2] }":                                 "2:37: middle index required in 3-index slice",
		"func main() { _ = '' }":                                                    "2:20: empty rune literal or unescaped '",
		"func main() { _ = 'ab' }":                                                  "2:19: more than one character in rune literal",
		"func main() { _ = \"\\q\" }":                                               "2:21: unknown escape",
		"func main() { _ = 1_ }":                                                    "2:20: '_' must separate successive digits",
		"func main() { _ = 0x1p }":                                                  "2:23: exponent has no digits",
		"func main() { for _, _, _ = range []int{} { } }":                           "2:25: range clause permits at most two iteration variables",
		"func f(a ...int, b int) {}\nfunc main() {}":                                "2:10: can only use ... with final parameter",
		"type T struct{}\nfunc (T) M() {}\nfunc (T) M() {}\nfunc main() {}":         "4:10: method T.M already declared at ./f.go:3:10",
	} {
		s := NewSession(NewUniverse(), token.NewFileSet())
		f, errs := s.Parse("/d/f.go", "package main\n"+src+"\n")
		if len(errs) == 0 {
			_, errs = s.Check(f, nil)
			errs = Sorted(errs)
		}
		if len(errs) == 0 {
			t.Errorf("%s\nno error", src)
			continue
		}
		if got := fmt.Sprintf("%d:%d: %s", errs[0].Pos.Line, errs[0].Pos.Column, errs[0].Msg); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", src, got, want)
		}
	}
}
