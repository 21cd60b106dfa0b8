package token

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// preTokenizer cuts a text into the words that merges stay within.
type preTokenizer struct {
	split        splitter
	ignoreMerges bool // a word that is a token is not cut up
	addBOS       bool // unless the file says otherwise
}

// splitter hands the words of text on in order. Together they are the text.
type splitter func(text string, word func(string))

// preTokenizers maps tokenizer.ggml.pre to what it means (llama-vocab.cpp). Names
// share a line when llama.cpp gives them the same rules and the same defaults;
// testdata/splits.json holds its answers for every one.
var preTokenizers = func() map[string]preTokenizer {
	table := map[string]preTokenizer{}
	for _, e := range []struct {
		names string
		pre   preTokenizer
	}{
		{"default", preTokenizer{split: splitDefault}},
		{"gpt-2 phi-2 gigachat a.x-4.0 mellum exaone4 mpt olmo jais trillion granite-docling", preTokenizer{split: splitGPT2}},
		{"smollm starcoder refact command-r codeshell exaone minerva-7b mellum2", preTokenizer{split: splitDigitsGPT2}},
		{"llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2", preTokenizer{split: splitLlama3, ignoreMerges: true, addBOS: true}},
		{"glm4 glm5", preTokenizer{split: splitLlama3, ignoreMerges: true}},
		{"dbrx smaug-bpe chatglm-bpe", preTokenizer{split: splitLlama3}},
		{"falcon", preTokenizer{split: splitFalcon}},
		{"deepseek-llm", preTokenizer{split: splitDeepSeekLLM}},
		{"deepseek-coder", preTokenizer{split: splitDeepSeekCoder}},
		{"deepseek-v3 hunyuan-dense joyai-llm", preTokenizer{split: splitDeepSeek3}},
		{"qwen35", preTokenizer{split: splitQwen35}},
		{"minicpm5", preTokenizer{split: splitMiniCPM5, ignoreMerges: true}},
		{"viking", preTokenizer{split: splitViking}},
		{"seed-coder", preTokenizer{split: splitSeedCoder}},
		{"tekken", preTokenizer{split: splitTekken, ignoreMerges: true, addBOS: true}},
		{"gpt-4o llama4 kanana2", preTokenizer{split: splitGPT4o}},
		{"qwen2 deepseek-r1-qwen megrez kormo stablelm2 hunyuan solar-open grok-2", preTokenizer{split: splitQwen2}},
	} {
		for _, name := range strings.Fields(e.names) {
			table[name] = e.pre
		}
	}
	return table
}()

func preNames() []string { return slices.Sorted(maps.Keys(preTokenizers)) }

// The rules are given as regular expressions by the models' authors. They are
// written out here: a general engine with look-ahead is many times slower, and
// quadratic on long runs of blanks. Each rule below quotes its alternatives in
// order.

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
	n := run(s, space)
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
	r, _ := utf8.DecodeRuneInString(s[lead:])
	if c := classOf(r); lead < len(s) && c != space {
		return lead + run(s[lead:], c)
	}
	return 0
}

// splitDigitsGPT2 is \p{N} first, every number character a word of its own, and
// splitGPT2 on what lies between.
func splitDigitsGPT2(s string, word func(string)) {
	from := 0
	for i, r := range s {
		if classOf(r) != number {
			continue
		}
		splitGPT2(s[from:i], word)
		from = i + utf8.RuneLen(r)
		word(s[i:from])
	}
	splitGPT2(s[from:], word)
}

// splitDefault is llama.cpp's rule for a file that says "default". Four rules
// in turn, each within the words of the one before:
//
//	[\p{P}\$\+<=>\^~\|]+
//	splitGPT2
//	\p{N}+
//	[0-9][0-9][0-9]
func splitDefault(s string, word func(string)) {
	isolate(s, isMark, 0, func(s string) {
		splitGPT2(s, func(s string) {
			isolate(s, func(r rune) bool { return classOf(r) == number }, 0, func(s string) {
				isolate(s, func(r rune) bool { return '0' <= r && r <= '9' }, 3, word)
			})
		})
	})
}

func isMark(r rune) bool { return unicode.IsPunct(r) || strings.ContainsRune("$+<=>^~|", r) }

// isolate makes words of the longest runs of characters that are in a set, and
// of what lies between. With exactly > 0 it takes runs of just so many.
func isolate(s string, in func(rune) bool, exactly int, word func(string)) {
	from, first, n := 0, 0, 0 // of what lies between; of the run; its characters
	end := func(i int) {
		if n > 0 && n >= exactly {
			if from < first {
				word(s[from:first])
			}
			word(s[first:i])
			from = i
		}
		n = 0
	}
	for i, r := range s {
		if n > 0 && n == exactly || !in(r) {
			end(i)
		}
		if in(r) {
			if n == 0 {
				first = i
			}
			n++
		}
	}
	end(len(s))
	if from < len(s) {
		word(s[from:])
	}
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
	if c := classOf(r); isLineEnd(r) || c == letter || c == number {
		lead = 0
	}
	if n := run(s[lead:], letter); n > 0 {
		return lead + n
	}
	return 0
}

// numbers is \p{N}{1,most} at the beginning of s.
func numbers(s string, most int) int {
	n := 0
	for i := 0; i < most && n < len(s); i++ {
		r, size := utf8.DecodeRuneInString(s[n:])
		if classOf(r) != number {
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
	n := run(s[lead:], other)
	if n == 0 {
		return 0
	}
	for n += lead; n < len(s) && isLineEnd(rune(s[n])); {
		n++
	}
	return n
}

// lineEnds is \s*[\r\n]+ at the beginning of s: blanks up to and with the last
// line end among them.
func lineEnds(s string) int {
	n := run(s, space)
	for n > 0 && !isLineEnd(rune(s[n-1])) {
		n--
	}
	return n
}

func isLineEnd(r rune) bool { return r == '\r' || r == '\n' }
