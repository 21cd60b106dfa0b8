package sample

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// cut is the oracle: over the whole text, the stop string that is complete
// first, and of two that end together the longer.
func cut(text string, stops []string) (before, which string) {
	for end := range len(text) + 1 {
		for _, s := range stops {
			if s != "" && strings.HasSuffix(text[:end], s) && len(s) > len(which) {
				which = s
			}
		}
		if which != "" {
			return text[:end-len(which)], which
		}
	}
	return text, ""
}

func TestStopper(t *testing.T) {
	for _, c := range []struct {
		stops  []string
		pieces []string
		emits  []string // what each piece lets out, and Flush
		which  string
	}{
		{nil, []string{"any", "thing"}, []string{"any", "thing", ""}, ""},
		{[]string{"END"}, []string{"a E", "N", "D b"}, []string{"a ", "", "", ""}, "END"},
		{[]string{"END"}, []string{"a E", "N", "d"}, []string{"a ", "", "ENd", ""}, ""},
		{[]string{"END"}, []string{"EEN", "EN"}, []string{"E", "EN", "EN"}, ""},
		{[]string{"aab"}, []string{"a", "a", "a", "b"}, []string{"", "", "a", "", ""}, "aab"},
		{[]string{"\n\n", "###"}, []string{"x\n", "y##", "\n\nz"}, []string{"x", "\ny", "##", ""}, "\n\n"},
		{[]string{"abc", "b"}, []string{"abc"}, []string{"a", ""}, "b"},
		{[]string{"bc", "abc"}, []string{"xabc"}, []string{"x", ""}, "abc"},
		{[]string{"né"}, []string{"n", "é"}, []string{"", "", ""}, "né"},
		{[]string{"stop"}, []string{"stop", "more"}, []string{"", "", ""}, "stop"},
	} {
		s, err := NewStopper(c.stops)
		if err != nil {
			t.Fatal(err)
		}
		which := ""
		for i, p := range c.pieces {
			emit, stopped, w := s.Push(p)
			if emit != c.emits[i] {
				t.Errorf("%q after %q: %q, want %q", c.stops, c.pieces[:i+1], emit, c.emits[i])
			}
			if stopped != (w != "") {
				t.Errorf("stopped %v by %q", stopped, w)
			}
			which = w
		}
		if got := s.Flush(); got != c.emits[len(c.pieces)] {
			t.Errorf("%q Flush after %q: %q, want %q", c.stops, c.pieces, got, c.emits[len(c.pieces)])
		}
		if which != c.which {
			t.Errorf("%q in %q: stopped by %q, want %q", c.stops, c.pieces, which, c.which)
		}
	}
}

func TestStopperRefuses(t *testing.T) {
	for stops, want := range map[string]string{"ok|": "stop string 2 of 2 is empty", "\xff": "not valid UTF-8"} {
		if _, err := NewStopper(strings.Split(stops, "|")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", stops, err, want)
		}
	}
}

// However the text is cut into pieces, what comes out is what the oracle finds
// in the whole, and nothing is held back that cannot begin a stop string.
func FuzzStopper(f *testing.F) {
	f.Add("aXaab aabab", "aab", "aba", uint64(0x123456789))
	f.Add("the END", "END", "", uint64(3))
	f.Add("ééé\n\n\n###", "\n\n#", "é#", uint64(77))
	f.Fuzz(func(t *testing.T, text, stop1, stop2 string, cuts uint64) {
		var stops []string
		for _, s := range []string{stop1, stop2} {
			if s != "" && utf8.ValidString(s) {
				stops = append(stops, s)
			}
		}
		s, err := NewStopper(stops)
		if err != nil {
			t.Fatal(err)
		}
		before, which := cut(text, stops)
		var out strings.Builder
		found, pushed := "", ""
		for rest := text; rest != ""; {
			n := min(1+int(cuts%5), len(rest))
			cuts = cuts>>3 | cuts<<61
			emit, stopped, w := s.Push(rest[:n])
			out.WriteString(emit)
			pushed, rest = pushed+rest[:n], rest[n:]
			if stopped {
				found = w
				continue
			}
			held := pushed[out.Len():]
			begins := held == ""
			for _, st := range stops {
				begins = begins || len(held) < len(st) && strings.HasPrefix(st, held)
			}
			if !begins {
				t.Fatalf("%q is held back, which begins none of %q", held, stops)
			}
		}
		out.WriteString(s.Flush())
		if out.String() != before || found != which {
			t.Fatalf("%q, stops %q: %q by %q, want %q by %q", text, stops, out.String(), found, before, which)
		}
	})
}
