package repl

import (
	"strings"
	"testing"
)

func TestFoldRoundTrip(t *testing.T) {
	for _, cell := range []string{"", "x", "a\nb", "for {\n\tx++\n\t\ty\n}", "\t\n\t", "日本\té\n"} {
		line := fold(cell)
		if strings.ContainsAny(line, "\n\t") {
			t.Errorf("fold(%q) keeps a newline or a tab: %q", cell, line)
		}
		if got := unfold(line); got != cell {
			t.Errorf("unfold(fold(%q)) = %q", cell, got)
		}
	}
	if got := unfold(fold("a\r\nb")); got != "a\nb" {
		t.Errorf("a Windows newline became %q", got)
	}
}

func TestMendTabs(t *testing.T) {
	tab := []rune(foldedTabGroup)
	join := func(parts ...[]rune) (out []rune) {
		for _, p := range parts {
			out = append(out, p...)
		}
		return out
	}
	x := []rune("x")
	for _, c := range []struct {
		name    string
		line    []rune
		pos     int
		back    bool
		want    []rune
		wantPos int
		changed bool
	}{
		{"whole", join(tab, x), 5, false, join(tab, x), 5, false},
		{"empty", nil, 0, false, nil, 0, false},
		{"last fill deleted", join(tab[:3], x), 3, true, x, 0, true},
		{"head deleted", join(x, tab[1:]), 1, false, x, 1, true},
		{"second of two groups cut", join(tab, tab[:3]), 7, true, tab, 4, true},
		{"cursor inside, going left", join(x, tab), 4, true, join(x, tab), 1, true},
		{"cursor inside, going right", join(x, tab), 2, false, join(x, tab), 5, true},
		{"cursor at the border", join(x, tab, x), 5, true, join(x, tab, x), 5, false},
	} {
		got, pos, changed := mendTabs(c.line, c.pos, c.back)
		if string(got) != string(c.want) || pos != c.wantPos || changed != c.changed {
			t.Errorf("%s: %q at %d, changed %v; want %q at %d, %v", c.name, string(got), pos, changed, string(c.want), c.wantPos, c.changed)
		}
		again, pos2, changed2 := mendTabs(got, pos, c.back)
		if string(again) != string(got) || pos2 != pos || changed2 {
			t.Errorf("%s: mending twice changes it again", c.name)
		}
	}
}
