package check

import (
	"fmt"
	"go/token"
	"testing"
)

// TestSyntaxWords: syntax errors have the compiler's text and place. What is
// wanted here is what go1.26 prints.
func TestSyntaxWords(t *testing.T) {
	for src, want := range map[string]string{
		"func main() {\n\tx := 1\u00a0+ 2\n}":                 "3:8: invalid character U+00A0 in identifier",
		"func main() {\n\tx := 1\x00 + 2\n}":                  "3:8: invalid NUL character",
		"func main() {\n\tx := 1 \ufeff + 2\n}":               "3:9: invalid BOM in the middle of the file",
		"func main() {\n\tx := 1 # 2\n}":                      "3:9: invalid character U+0023 '#'",
		"func main() {\n\tx := \"a\xff\"\n}":                  "3:9: invalid UTF-8 encoding",
		"import fmt\nfunc main() {\n}":                        "2:11: syntax error: missing import path",
		"func main() {\n\tprintln(1 2)\n}":                    "3:12: syntax error: unexpected literal 2 in argument list; possibly missing comma or )",
		"var x = []int{1 2}":                                  "2:17: syntax error: unexpected literal 2 in composite literal; possibly missing comma or }",
		"func f(a int b int) {}":                              "2:14: syntax error: unexpected name b in parameter list; possibly missing comma or )",
		"func main() {\n\tprintln(, 1)\n}":                    "3:10: syntax error: unexpected comma, expected expression",
		"func main() {\n\tx, y := 1, 2\n\tx, y\n}":            "4:6: syntax error: unexpected newline, expected := or = or comma",
		"func main() {\n\tfor i, s range xs {\n\t}\n}":        "3:11: syntax error: unexpected keyword range, expected := or = or comma",
		"func main() {\n\tx, err f(1)\n}":                     "3:9: syntax error: unexpected name f, expected := or = or comma",
		"func main() {\n\tfor i,, v := range xs {\n\t}\n}":    "3:8: syntax error: unexpected comma, expected expression",
		"func main() {\n\tfor i := range 3\n\t{\n\t}\n}":      "3:18: syntax error: unexpected newline, expected { after for clause",
		"func main() {\n\tif 1 > 0 0 {\n\t}\n}":               "3:11: syntax error: unexpected literal 0, expected {",
		"func main() {\n\tprintln)1)\n}":                      "3:9: syntax error: unexpected ) at end of statement",
		"func main() {\n\tif true {) }\n}":                    "3:11: syntax error: unexpected ), expected }",
		"func main()) {\n}":                                   "2:12: syntax error: unexpected ) after top level declaration",
		"func main() {} x":                                    "2:16: syntax error: unexpected name x after top level declaration",
		"x := 1":                                              "2:1: syntax error: non-declaration statement outside function body",
		"import (\n\t\"fmt\" ok\n)":                           "3:8: syntax error: unexpected name ok in grouped declaration; possibly missing semicolon or newline or )",
		"type T struct {\n\tX int `a`++ string\n}":            "3:11: syntax error: unexpected ++ in struct type; possibly missing semicolon or newline or }",
		"func main() {\n\tvar x int := 3\n}":                  "3:12: syntax error: unexpected :=, expected =",
		"func main() {\n\tprintln(a..b)\n}":                   "3:12: syntax error: unexpected ., expected name or (",
		"func main() {\n\tm[a++\n}":                           "3:5: syntax error: unexpected ++, expected comma, : or ]",
		"func main() {\n\tx := []int{\n\t\t1,\n\t\t2\n\t}\n}": "5:4: syntax error: unexpected newline in composite literal; possibly missing comma or }",
	} {
		s := NewSession(NewUniverse(), token.NewFileSet())
		_, errs := s.Parse("f.go", "package main\n"+src+"\n")
		if len(errs) == 0 {
			t.Errorf("%s\nno error", src)
			continue
		}
		if got := fmt.Sprintf("%d:%d: %s", errs[0].Pos.Line, errs[0].Pos.Column, errs[0].Msg); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", src, got, want)
		}
	}
}
