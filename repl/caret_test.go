package repl

import (
	"strings"
	"testing"
)

func TestCaretLines(t *testing.T) {
	for _, c := range []struct {
		source      string
		col         int
		text, caret string
	}{
		{"x := nope", 6, "    x := nope", "         ^"},
		{"x := nope", 1, "    x := nope", "    ^"},
		{"\treturn nope", 9, "        return nope", "               ^"},
		{"a\tnope", 3, "    a   nope", "        ^"},
		{"s := \"日本\" + 1", 17, "    s := \"日本\" + 1", "                  ^"},
		{"é + 1", 4, "    é + 1", "      ^"},
		{"short", 40, "    short", "         ^"}, // just behind the line
		{"bell\a nope", 7, "    bell· nope", "          ^"},
		{"", 1, "", ""},
		{"   ", 1, "", ""},
		{"x", 0, "", ""},
	} {
		text, caret := caretLines(c.source, c.col, 80)
		if text != c.text || caret != c.caret {
			t.Errorf("%q col %d:\n%s\n%s\nwant\n%s\n%s", c.source, c.col, text, caret, c.text, c.caret)
		}
	}
}

func TestCaretStaysUnderItsRune(t *testing.T) {
	long := strings.Repeat("abcdef ", 40) + "HERE" + strings.Repeat(" ghijkl", 40)
	at := strings.Index(long, "HERE")
	for _, width := range []int{10, 30, 40, 80, 200, 1000} {
		text, caret := caretLines(long, at+1, width)
		limit := max(width, 20+caretIndent+1)
		if w := columns.StringWidth(text); w > limit {
			t.Errorf("width %d: the line takes %d columns", width, w)
		}
		cells := []rune(text)
		if pos := len([]rune(caret)) - 1; pos >= len(cells) || cells[pos] != 'H' {
			t.Errorf("width %d:\n%s\n%s", width, text, caret)
		}
	}
}
