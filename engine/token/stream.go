package token

import "unicode/utf8"

// Stream decodes the tokens of one generation as they come. It never gives half
// a character: bytes that may become one wait for the rest.
type Stream struct {
	t    *Tokenizer
	held []byte // the beginning of a character, or nothing
}

// NewStream starts a stream.
func (t *Tokenizer) NewStream() *Stream { return &Stream{t: t} }

// Push adds a token and returns the text that is complete now. Control tokens
// give none. Bytes that cannot become a character come out as U+FFFD.
func (s *Stream) Push(id int) string {
	if s.t.IsControl(id) {
		return ""
	}
	s.held = s.t.appendPiece(s.held, id)
	n := whole(s.held)
	text := valid(s.held[:n])
	s.held = append(s.held[:0], s.held[n:]...)
	return text
}

// Flush ends the stream: what is still held was cut off and comes out as U+FFFD.
func (s *Stream) Flush() string {
	text := valid(s.held)
	s.held = s.held[:0]
	return text
}

// whole is the length of b without a beginning of a character at its end.
func whole(b []byte) int {
	for i := 1; i <= utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return len(b) - i
			}
			break
		}
	}
	return len(b)
}

// valid is b as text, each bad byte as U+FFFD.
func valid(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return replaceInvalid(string(b))
}
