package token

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// preTokenizer cuts a text into the words that merges stay within.
type preTokenizer struct {
	split        func(text string, word func(string))
	ignoreMerges bool // a word that is a token is not cut up
	addBOS       bool // unless the file says otherwise
}

// preTokenizers maps tokenizer.ggml.pre to what it means (llama-vocab.cpp). Only
// names whose rules are known to be the same share an entry.
var preTokenizers = map[string]preTokenizer{
	"gpt-2":            {split: splitGPT2},
	"smollm":           {split: splitDigitsGPT2},
	"starcoder":        {split: splitDigitsGPT2},
	"refact":           {split: splitDigitsGPT2},
	"command-r":        {split: splitDigitsGPT2},
	"llama-bpe":        {split: splitLlama3, ignoreMerges: true, addBOS: true},
	"llama3":           {split: splitLlama3, ignoreMerges: true, addBOS: true},
	"llama-v3":         {split: splitLlama3, ignoreMerges: true, addBOS: true},
	"qwen2":            {split: splitQwen2},
	"deepseek-r1-qwen": {split: splitQwen2},
}

func preNames() []string {
	var names []string
	for n := range preTokenizers {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// The rules are given as regular expressions by the models' authors. They are
// written out here: a general engine with look-ahead is many times slower, and
// quadratic on long runs of blanks. Each rule below quotes its alternatives in
// order.

func isLetter(r rune) bool { return unicode.IsLetter(r) }
func isNumber(r rune) bool { return unicode.IsNumber(r) }

// isSpace is \s over Unicode.
func isSpace(r rune) bool { return unicode.IsSpace(r) }

// isOther is [^\s\p{L}\p{N}].
func isOther(r rune) bool { return !isSpace(r) && !isLetter(r) && !isNumber(r) }

// run is the length of the longest prefix of s in which every rune has the property.
func run(s string, is func(rune) bool) int {
	for i, r := range s {
		if !is(r) {
			return i
		}
	}
	return len(s)
}

// contractions of English after an apostrophe.
var contractions = []string{"s", "t", "re", "ve", "m", "ll", "d"}

// contraction is the length of an apostrophe with a contraction at the beginning
// of s, or 0. fold also takes capital letters.
func contraction(s string, fold bool) int {
	if s == "" || s[0] != '\'' {
		return 0
	}
	for _, c := range contractions {
		if len(s) <= len(c) {
			continue
		}
		same := true
		for i := 0; i < len(c); i++ {
			b := s[1+i]
			if fold && 'A' <= b && b <= 'Z' {
				b += 'a' - 'A'
			}
			same = same && b == c[i]
		}
		if same {
			return 1 + len(c)
		}
	}
	return 0
}

// blanks is what \s+(?!\S)|\s+ takes at the beginning of s, which begins with a
// blank: a run of blanks up to the end of the text, or all but the last of it
// (which then goes with the word that follows), or a single one.
func blanks(s string) int {
	n := run(s, isSpace)
	if n == len(s) {
		return n
	}
	_, last := utf8.DecodeLastRuneInString(s[:n])
	if n > last {
		return n - last
	}
	return n
}

// splitGPT2 is
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
func splitGPT2(s string, word func(string)) {
	for s != "" {
		n := contraction(s, false)
		if n == 0 {
			n = spacedRun(s)
		}
		if n == 0 {
			n = blanks(s)
		}
		word(s[:n])
		s = s[n:]
	}
}

// spacedRun is the length of an optional space and a run of letters, of numbers,
// or of other marks at the beginning of s.
func spacedRun(s string) int {
	lead := 0
	if s[0] == ' ' {
		lead = 1
	}
	rest := s[lead:]
	if rest == "" {
		return 0
	}
	for _, is := range []func(rune) bool{isLetter, isNumber, isOther} {
		if n := run(rest, is); n > 0 {
			return lead + n
		}
	}
	return 0
}

// splitDigitsGPT2 is \p{N} first, every number character a word of its own, and
// splitGPT2 on what lies between.
func splitDigitsGPT2(s string, word func(string)) {
	from := 0
	for i, r := range s {
		if !isNumber(r) {
			continue
		}
		splitGPT2(s[from:i], word)
		from = i + utf8.RuneLen(r)
		word(s[i:from])
	}
	splitGPT2(s[from:], word)
}

// splitLlama3 is
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
func splitLlama3(s string, word func(string)) { splitCased(s, 3, word) }

// splitQwen2 is splitLlama3 with \p{N} in place of \p{N}{1,3}.
func splitQwen2(s string, word func(string)) { splitCased(s, 1, word) }

func splitCased(s string, digits int, word func(string)) {
	for s != "" {
		n := contraction(s, true)
		if n == 0 {
			n = markedLetters(s)
		}
		if n == 0 {
			n = numbers(s, digits)
		}
		if n == 0 {
			n = marks(s)
		}
		if n == 0 {
			n = lineEnds(s)
		}
		if n == 0 {
			n = blanks(s)
		}
		word(s[:n])
		s = s[n:]
	}
}

// markedLetters is [^\r\n\p{L}\p{N}]?\p{L}+ at the beginning of s.
func markedLetters(s string) int {
	r, lead := utf8.DecodeRuneInString(s)
	if r == '\r' || r == '\n' || isLetter(r) || isNumber(r) {
		lead = 0
	}
	if n := run(s[lead:], isLetter); n > 0 {
		return lead + n
	}
	return 0
}

// numbers is \p{N}{1,most} at the beginning of s.
func numbers(s string, most int) int {
	n := 0
	for i := 0; i < most && n < len(s); i++ {
		r, size := utf8.DecodeRuneInString(s[n:])
		if !isNumber(r) {
			break
		}
		n += size
	}
	return n
}

// marks is " ?[^\s\p{L}\p{N}]+[\r\n]*" at the beginning of s.
func marks(s string) int {
	lead := 0
	if s[0] == ' ' {
		lead = 1
	}
	n := run(s[lead:], isOther)
	if n == 0 {
		return 0
	}
	n += lead
	return n + run(s[n:], isLineEnd)
}

// lineEnds is \s*[\r\n]+ at the beginning of s: blanks up to and with the last
// line end among them.
func lineEnds(s string) int {
	n := run(s, isSpace)
	for n > 0 && !isLineEnd(rune(s[n-1])) {
		n--
	}
	return n
}

func isLineEnd(r rune) bool { return r == '\r' || r == '\n' }
