package repl

import (
	"fmt"
	"strings"
	"testing"

	"loupe/kernel"
)

// tab presses Tab at | in src, with names as what the kernel knows.
func tab(c *completer, names []string, src string) (inserted, printed string) {
	c.candidates = func(src string, cursor int) (int, []kernel.Candidate) {
		from := cursor
		for from > 0 && strings.IndexByte(" .(\n\t=", src[from-1]) < 0 {
			from--
		}
		var list []kernel.Candidate
		for _, n := range names {
			if strings.HasPrefix(strings.ToLower(n), strings.ToLower(src[from:cursor])) {
				list = append(list, kernel.Candidate{Text: n, Kind: "func", Detail: "func " + n + "()"})
			}
		}
		return from, list
	}
	c.print = func(s string) { printed += s }
	left, right, _ := strings.Cut(src, "|")
	got, _ := c.Do([]rune(fold(left+right)), len([]rune(fold(left))))
	if len(got) > 1 {
		panic("more than one insertion opens the editor's grid")
	}
	if len(got) == 1 {
		inserted = unfold(string(got[0]))
	}
	return inserted, printed
}

func TestTab(t *testing.T) {
	names := []string{"Generate", "GenerateContext", "Fork", "größe", "größer"}
	for _, c := range []struct{ src, want string }{
		{"s.Fo|", "rk"},
		{"s.G|", "enerate"},
		{"s.gr|", "öße"},
		{"s.Nope|", ""},
		{"s.gen|", ""}, // another case: listed, not inserted
		{"|", "\t"},
		{"if x {\n\t|", "\t"},
		{"if x {\n\ts.Fo|\n}", "rk"},
	} {
		if got, _ := tab(&completer{width: func() int { return 80 }}, names, c.src); got != c.want {
			t.Errorf("Tab at %q inserts %q, want %q", c.src, got, c.want)
		}
	}
	if _, printed := tab(&completer{width: func() int { return 80 }}, names, "s.gen|"); !strings.Contains(printed, "GenerateContext  func") {
		t.Errorf("printed %q", printed)
	}
}

func TestTabListFitsTheTerminal(t *testing.T) {
	var names []string
	for i := range 300 {
		names = append(names, fmt.Sprintf("%c%s", 'a'+i%26, strings.Repeat("w", i%70)))
	}
	for _, width := range []int{1, 2, 5, 20, 30, 39, 40, 80, 300} {
		c := &completer{width: func() int { return width }}
		for press := range 2 {
			_, printed := tab(c, names, "x.|")
			if printed == "" {
				t.Fatalf("width %d, press %d: nothing printed", width, press)
			}
			lines := strings.Split(strings.TrimSuffix(printed, "\n"), "\n")
			for _, l := range lines {
				if w := columns.StringWidth(l); w >= max(width, 2) {
					t.Errorf("width %d, press %d: %d columns: %q", width, press, w, l)
				}
			}
			if len(lines) > 2*listLimit+1 {
				t.Errorf("width %d, press %d: %d lines", width, press, len(lines))
			}
		}
	}
}
