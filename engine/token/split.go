package token

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The rules of pre-tokenizers that go over the text several times, each time within
// the words of the time before, and of those that know cases of letters.

// matcher is the length of a match at the beginning of a text that is not empty, or 0.
type matcher func(s string) int

// matches makes words of the matches in s, the leftmost first, and of what lies
// between.
func matches(s string, match matcher, word func(string)) {
	from := 0
	for i := 0; i < len(s); {
		n := match(s[i:])
		if n == 0 {
			_, size := utf8.DecodeRuneInString(s[i:])
			i += size
			continue
		}
		if from < i {
			word(s[from:i])
		}
		word(s[i : i+n])
		i += n
		from = i
	}
	if from < len(s) {
		word(s[from:])
	}
}

// inTurn is a splitter of several, each within the words of those before.
func inTurn(rules ...splitter) splitter {
	if len(rules) == 1 {
		return rules[0]
	}
	rest := inTurn(rules[1:]...)
	return func(s string, word func(string)) {
		rules[0](s, func(s string) { rest(s, word) })
	}
}

func all(match matcher) splitter {
	return func(s string, word func(string)) { matches(s, match, word) }
}

// lastBlanks makes a word of the blanks at the end: \s+$.
func lastBlanks(s string, word func(string)) {
	n := len(strings.TrimRightFunc(s, func(r rune) bool { return classOf(r) == space }))
	if n > 0 {
		word(s[:n])
	}
	if n < len(s) {
		word(s[n:])
	}
}

// runOf is [set]{1,most} at the beginning of s.
func runOf(s string, in func(rune) bool, most int) int {
	n := 0
	for i, r := range s {
		if most == 0 || !in(r) {
			return i
		}
		most--
		n = i + utf8.RuneLen(r)
	}
	return n
}

const unbounded = -1

// one is [set].
func one(in func(rune) bool) matcher { return func(s string) int { return runOf(s, in, 1) } }

// some is [set]+.
func some(in func(rune) bool) matcher { return func(s string) int { return runOf(s, in, unbounded) } }

// blankAnd is \s?[set]+.
func blankAnd(in func(rune) bool) matcher {
	return func(s string) int {
		if r, size := utf8.DecodeRuneInString(s); classOf(r) == space {
			if n := runOf(s[size:], in, unbounded); n > 0 {
				return size + n
			}
		}
		return runOf(s, in, unbounded)
	}
}

func lineEnd(s string) int { return runOf(s, isLineEnd, 1) }

func isLetter(r rune) bool { return classOf(r) == letter }
func isNumber(r rune) bool { return classOf(r) == number }

// ideographs is [一-龥ࠀ-一가-퟿] of the DeepSeek models: no Hangul, for all that it says.
func ideographs(r rune) bool { return 0x800 <= r && r <= 0x9FA5 || 0xAC00 <= r && r <= 0xD7FF }

// splitFalcon is
//
//	[\p{P}\$\+<=>\^~\|`]+
//	splitGPT2
//	[0-9][0-9][0-9]
func splitFalcon(s string, word func(string)) {
	isolate(s, func(r rune) bool { return isMark(r) || r == '`' }, 0, func(s string) {
		splitGPT2(s, func(s string) {
			isolate(s, func(r rune) bool { return '0' <= r && r <= '9' }, 3, word)
		})
	})
}

// splitDeepSeekCoder is
//
//	[\r\n]
//	\s?\p{L}+
//	\s?\p{P}+
//	[一-龥ࠀ-一가-퟿]+
//	\p{N}
var splitDeepSeekCoder = inTurn(all(lineEnd), all(blankAnd(isLetter)), all(blankAnd(unicode.IsPunct)), all(some(ideographs)), all(one(isNumber)))

// splitDeepSeekLLM is splitDeepSeekCoder with letters that have case, marks by list,
// \s+$ and \p{N}+.
var splitDeepSeekLLM = inTurn(all(lineEnd), all(blankAnd(func(r rune) bool { return unicode.Is(casedLetters, r) })), all(blankAnd(deepSeekMarks)),
	lastBlanks, all(some(ideographs)), all(some(isNumber)))

// deepSeekMarks is [!-/:-~！-／：-～‘-‟　-。], but for the ideographic space, which to
// llama.cpp is a space.
func deepSeekMarks(r rune) bool {
	return '!' <= r && r <= '/' || ':' <= r && r <= '~' || 0xFF01 <= r && r <= 0xFF0F || 0xFF1A <= r && r <= 0xFF5E ||
		0x2018 <= r && r <= 0x201F || r == 0x3001 || r == 0x3002
}

// splitDeepSeek3 is
//
//	\p{N}{1,3}
//	[一-龥぀-ゟ゠-ヿ]+
//	[!-/:-@[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
var splitDeepSeek3 = inTurn(
	all(func(s string) int { return runOf(s, isNumber, 3) }),
	all(some(func(r rune) bool { return 0x4E00 <= r && r <= 0x9FA5 || 0x3040 <= r && r <= 0x30FF })),
	all(func(s string) int {
		isSign := func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) }
		isWord := func(r rune) bool { return isLetter(r) || unicode.IsMark(r) }
		first, size := utf8.DecodeRuneInString(s)
		if first < utf8.RuneSelf && isSign(first) {
			if n := runOf(s[1:], func(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' && r < utf8.RuneSelf }, unbounded); n > 0 {
				return 1 + n
			}
		}
		if !isLineEnd(first) && !isLetter(first) && !isSign(first) {
			if n := runOf(s[size:], isWord, unbounded); n > 0 {
				return size + n
			}
		}
		if n := runOf(s, isWord, unbounded); n > 0 {
			return n
		}
		lead := 0
		if first == ' ' {
			lead = 1
		}
		if n := runOf(s[lead:], isSign, unbounded); n > 0 {
			n += lead
			return n + runOf(s[n:], isLineEnd, unbounded)
		}
		if n := lineEnds(s); n > 0 {
			return n
		}
		if classOf(first) == space {
			return blanks(s)
		}
		return 0
	}))

// splitQwen35 is splitQwen2 with marks (\p{M}) among the letters:
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
func splitQwen35(s string, word func(string)) {
	isWord := func(r rune) bool { return isLetter(r) || unicode.IsMark(r) }
	isOther := func(r rune) bool { return classOf(r) == other && !unicode.IsMark(r) }
	matches(s, func(s string) int {
		if n := contraction(s, true); n > 0 {
			return n
		}
		first, lead := utf8.DecodeRuneInString(s)
		if isLineEnd(first) || isLetter(first) || isNumber(first) {
			lead = 0
		}
		if n := runOf(s[lead:], isWord, unbounded); n > 0 {
			return lead + n
		}
		if n := runOf(s, isWord, unbounded); n > 0 {
			return n
		}
		return wordOf(s, 1, isOther, isLineEnd)
	}, word)
}

// wordOf is \p{N}{1,digits}| ?[others]+[tail]*|\s*[\r\n]+|\s+(?!\S)|\s+
func wordOf(s string, digits int, isOther, isTail func(rune) bool) int {
	if n := runOf(s, isNumber, digits); n > 0 {
		return n
	}
	lead := 0
	if s[0] == ' ' {
		lead = 1
	}
	if n := runOf(s[lead:], isOther, unbounded); n > 0 {
		n += lead
		return n + runOf(s[n:], isTail, unbounded)
	}
	if n := lineEnds(s); n > 0 {
		return n
	}
	if r, _ := utf8.DecodeRuneInString(s); classOf(r) == space {
		return blanks(s)
	}
	return 0
}

// splitMiniCPM5 is
//
//	\p{N}{1,3}
//	splitLlama3
var splitMiniCPM5 = inTurn(all(func(s string) int { return runOf(s, isNumber, 3) }), splitLlama3)

// splitSeedCoder is splitQwen2 with marks that leave line ends alone:
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+
func splitSeedCoder(s string, word func(string)) {
	isOther := func(r rune) bool { return classOf(r) == other }
	none := func(rune) bool { return false }
	matches(s, func(s string) int {
		if n := contraction(s, true); n > 0 {
			return n
		}
		if n := markedLetters(s); n > 0 {
			return n
		}
		return wordOf(s, 1, isOther, none)
	}, word)
}

// splitViking is
//
//	" ?[^(\s|.,!?…。，、।۔،)]+"
//	\p{N}
var splitViking = inTurn(all(func(s string) int {
	lead := 0
	if s[0] == ' ' {
		lead = 1
	}
	n := runOf(s[lead:], func(r rune) bool {
		return classOf(r) != space && !strings.ContainsRune("(|.,!?…。，、।۔،)", r)
	}, unbounded)
	if n == 0 {
		return 0
	}
	return lead + n
}), all(one(isNumber)))

// splitTekken is
//
//	[^\r\n\p{L}\p{N}]?U*W+|[^\r\n\p{L}\p{N}]?U+W*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
//
// where U are letters but a to z, and W letters but A to Z. The model's author means
// upper and lower case by them; llama.cpp sees case in ASCII only.
func splitTekken(s string, word func(string)) { splitCamel(s, 1, false, word) }

// splitGPT4o is splitTekken with \p{N}{1,3}, and with words that take their contraction.
func splitGPT4o(s string, word func(string)) { splitCamel(s, 3, true, word) }

func splitCamel(s string, digits int, contracted bool, word func(string)) {
	isOther := func(r rune) bool { return classOf(r) == other }
	isTail := func(r rune) bool { return isLineEnd(r) || r == '/' }
	matches(s, func(s string) int {
		first, lead := utf8.DecodeRuneInString(s)
		if isLineEnd(first) || isLetter(first) || isNumber(first) {
			lead = 0
		}
		n := camel(s[lead:])
		if n == 0 {
			return wordOf(s, digits, isOther, isTail)
		}
		if n += lead; contracted {
			n += contraction(s[n:], true)
		}
		return n
	}, word)
}

// camel is U*W+|U+W* at the beginning of s; see splitTekken.
func camel(s string) int {
	upper := func(r rune) bool { return isLetter(r) && !('a' <= r && r <= 'z') }
	lower := func(r rune) bool { return isLetter(r) && !('A' <= r && r <= 'Z') }
	u := runOf(s, upper, unbounded)
	if n := runOf(s[u:], lower, unbounded); n > 0 {
		return u + n
	}
	// U* gives back letters until the last of them may be a W.
	for end := u; end > 0; {
		r, size := utf8.DecodeLastRuneInString(s[:end])
		if lower(r) {
			return end
		}
		end -= size
	}
	return u
}

// casedLetters is the list of rule 2 of DeepSeek's LLM.
var casedLetters = table("\u0041\u005a\u0061\u007a\u00b5\u00b5\u00c0\u00d6\u00d8\u00f6\u00f8\u01ba\u01bc\u01bf\u01c4\u0293\u0295\u02af\u0370\u0373\u0376\u0376\u0377\u0377\u037b\u037d\u037f\u037f\u0386\u0386\u0388\u038a\u038c\u038c\u038e\u03a1\u03a3\u03f5\u03f7\u0481\u048a\u052f\u0531\u0556\u10a0\u10c5\u13a0\u13f5\u13f8\u13fd\u1c90\u1cba\u1cbd\u1cbf\u1d00\u1d2b\u1d6b\u1d77\u1d79\u1d9a\u1e00\u1f15\u1f18\u1f1d\u1f20\u1f45\u1f48\u1f4d\u1f50\u1f57\u1f59\u1f59\u1f5b\u1f5b\u1f5d\u1f5d\u1f5f\u1f7d\u1f80\u1fb4\u1fb6\u1fbc\u1fbe\u1fbe\u1fc2\u1fc4\u1fc6\u1fcc\u1fd0\u1fd3\u1fd6\u1fdb\u1fe0\u1fec\u1ff2\u1ff4\u1ff6\u1ffc\u2102\u2102\u2107\u2107\u210a\u2113\u2115\u2115\u2119\u211d\u2124\u2124\u2126\u2126\u2128\u2128\u212a\u212d\u212f\u2134\u2139\u2139\u213c\u213f\u2145\u2149\u214e\u214e\u2183\u2183\u2184\u2184\u2c00\u2c7b\u2c7e\u2ce4\u2ceb\u2cee\u2cf2\u2cf2\u2cf3\u2cf3\ua640\ua66d\ua680\ua69b\ua722\ua76f\ua771\ua787\ua78b\ua78e\uab70\uabbf\ufb00\ufb06\ufb13\ufb17\uff21\uff3a\uff41\uff5a\U00010400\U0001044f\U000104b0\U000104d3\U000104d8\U000104fb\U00010c80\U00010cb2\U00010cc0\U00010cf2\U000118a0\U000118df\U0001e900\U0001e943")

// table makes a set of ranges, given by their first and last characters.
func table(bounds string) *unicode.RangeTable {
	t, r := &unicode.RangeTable{}, []rune(bounds)
	for i := 0; i+1 < len(r); i += 2 {
		t.R32 = append(t.R32, unicode.Range32{Lo: uint32(r[i]), Hi: uint32(r[i+1]), Stride: 1})
	}
	return t
}
