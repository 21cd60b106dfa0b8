package token

import (
	"unicode"
	"unicode/utf8"
)

// class is what the rules of the pre-tokenizers tell characters apart by. Every
// character is of exactly one.
type class uint8

const (
	other  class = iota // [^\s\p{L}\p{N}]
	letter              // \p{L}
	number              // \p{N}
	space               // \s
)

var asciiClass = func() (c [utf8.RuneSelf]class) {
	for r := range c {
		c[r] = uncachedClass(rune(r))
	}
	return
}()

func classOf(r rune) class {
	if r < utf8.RuneSelf {
		return asciiClass[r]
	}
	return uncachedClass(r)
}

func uncachedClass(r rune) class {
	switch {
	case unicode.IsLetter(r), laterLetter(r):
		return letter
	case unicode.IsNumber(r):
		return number
	case unicode.IsSpace(r):
		return space
	}
	return other
}

// laterLetter reports letters that llama.cpp's tables (Unicode 15.1) have and
// Go's (15.0) do not: CJK unified ideographs, extension I.
func laterLetter(r rune) bool { return 0x2EBF0 <= r && r <= 0x2EE5D }

// run is the length of the longest prefix of s in class c, in bytes.
func run(s string, c class) int {
	for i, r := range s {
		if classOf(r) != c {
			return i
		}
	}
	return len(s)
}
