package token

import "unicode/utf8"

// The BPE of Gemma 4 begins with characters in place of bytes. As in SentencePiece a
// space is U+2581, and a character that is no token the tokens of its bytes; there are
// no words but lines.

// oddChar and below it are the numbers of characters that neither tokens nor merges
// have: oddChar-i is the i-th of the word.
const oddChar = -2

// readCharacters makes a symbol of each character of word.
func (e *encoder) readCharacters(word string) {
	t := e.t
	e.odd = e.odd[:0]
	for at := 0; at < len(word); {
		_, size := utf8.DecodeRuneInString(word[at:])
		char := word[at : at+size]
		at += size
		id, ok := t.extra[char]
		if token, is := t.ids[char]; is {
			id, ok = int32(token), true
		}
		if !ok {
			id = int32(oddChar - len(e.odd))
			e.odd = append(e.odd, char)
		}
		n := int32(len(e.syms))
		e.syms = append(e.syms, symbol{id, n - 1, n + 1})
	}
}

// splitLines is [^\n]+|[\n]+
var splitLines = all(func(s string) int {
	newline := s[0] == '\n'
	return runOf(s, func(r rune) bool { return (r == '\n') == newline }, unbounded)
})
