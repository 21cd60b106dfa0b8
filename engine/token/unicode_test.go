package token

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"loupe/engine/enginetest"
)

// Letters, numbers, punctuation and blanks are llama.cpp's, character by
// character: Go and llama.cpp follow Unicode at different times.
func TestClassesAgainstLlamaCpp(t *testing.T) {
	data, err := os.ReadFile(enginetest.LlamaCpp(t, "src/unicode-data.cpp"))
	if err != nil {
		t.Fatal(err)
	}
	ranges, rest, ok := strings.Cut(string(data), "unicode_set_whitespace")
	blanks, _, ok2 := strings.Cut(rest, "unicode_map_lowercase")
	if !ok || !ok2 {
		t.Fatal("unicode-data.cpp is not laid out as expected")
	}
	const isNumber, isLetter, isPunct = 2, 4, 0x20 // unicode_cpt_flags
	hex := func(s string) int {
		n, err := strconv.ParseInt(s, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		return int(n)
	}
	flags := make([]int, unicode.MaxRune+1)
	for _, m := range regexp.MustCompile(`\{0x([0-9A-F]+), 0x([0-9A-F]{4})\}`).FindAllStringSubmatch(ranges, -1) {
		for r, f := hex(m[1]), hex(m[2]); r < len(flags) && flags[r] != f; r++ {
			flags[r] = f // up to the next range, which overwrites
		}
	}
	blank := map[int]bool{}
	for _, m := range regexp.MustCompile(`0x([0-9A-F]+)`).FindAllStringSubmatch(blanks, -1) {
		blank[hex(m[1])] = true
	}
	if len(blank) < 20 {
		t.Fatalf("%d blanks", len(blank))
	}
	for r, f := range flags {
		want := other
		switch {
		case f&isLetter != 0:
			want = letter
		case f&isNumber != 0:
			want = number
		case blank[r]:
			want = space
		}
		if got := classOf(rune(r)); got != want {
			t.Errorf("U+%04X is of class %d, want %d", r, got, want)
		}
		if got, want := unicode.IsPunct(rune(r)), f&isPunct != 0; got != want {
			t.Errorf("U+%04X is punctuation: %v, want %v", r, got, want)
		}
	}
}
