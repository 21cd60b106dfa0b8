package token_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"loupe/engine/token"
)

// A stream gives the same text however the bytes fall into tokens, and what is
// cut off in the end is said.
func TestStreamOfBytes(t *testing.T) {
	tok := tiny(t, func(v *token.Vocab) { v.Merges = nil }) // every byte its own token
	for _, s := range samples {
		roundTrip(t, tok, s)
	}
	ids := tok.Encode("aé🚀", token.EncodeOptions{})
	s := tok.NewStream()
	var parts []string
	for _, id := range ids {
		parts = append(parts, s.Push(id))
	}
	if want := []string{"a", "", "é", "", "", "", "🚀"}; !slices.Equal(parts, want) {
		t.Errorf("parts %q, want %q", parts, want)
	}
	s = tok.NewStream()
	for _, id := range ids[:len(ids)-1] {
		s.Push(id)
	}
	if got := s.Flush(); got != "\uFFFD\uFFFD\uFFFD" {
		t.Errorf("three bytes of a character cut off come out as %q", got)
	}
	s = tok.NewStream()
	if got := s.Push(ids[1]) + s.Push(ids[0]); got != "\uFFFDa" {
		t.Errorf("a broken character and a letter come out as %q", got)
	}
}

// However the bytes of a text fall into tokens, a stream gives the same text, and
// each part of it is whole.
func TestStreamOfAllSplits(t *testing.T) {
	const text = "aé🚀\u00df日" // 12 bytes: 2,048 ways
	var v token.Vocab
	tiny(t, func(tv *token.Vocab) { tv.Merges = nil; v = *tv })
	known := map[string]int{} // substrings of text
	for b := range 256 {
		known[string([]byte{byte(b)})] = -1 // bytes are in the vocabulary
	}
	for from := range len(text) {
		for to := from + 2; to <= len(text); to++ {
			if _, ok := known[text[from:to]]; ok {
				continue
			}
			var alphabet strings.Builder
			for _, b := range []byte(text[from:to]) {
				alphabet.WriteString(v.Tokens[b]) // the bytes come first, in order
			}
			known[text[from:to]] = len(v.Tokens)
			v.Tokens = append(v.Tokens, alphabet.String())
			v.Kinds = append(v.Kinds, token.Normal)
		}
	}
	tok, err := token.New(v)
	if err != nil {
		t.Fatal(err)
	}
	for cuts := range 1 << (len(text) - 1) {
		s := tok.NewStream()
		from, got := 0, ""
		for to := 1; to <= len(text); to++ {
			if to < len(text) && cuts>>(to-1)&1 == 0 {
				continue
			}
			id, ok := tok.ID(text[from:to])
			if !ok || string(tok.Piece(id)) != text[from:to] {
				t.Fatalf("no token for %q", text[from:to])
			}
			part := s.Push(id)
			if !utf8.ValidString(part) {
				t.Fatalf("cuts %b: the stream gave %q", cuts, part)
			}
			got += part
			if from = to; !strings.HasPrefix(text, got) || len(got) <= to-utf8.UTFMax {
				t.Fatalf("cuts %b: %q after %q", cuts, got, text[:to])
			}
		}
		if got += s.Flush(); got != text {
			t.Fatalf("cuts %b: %q", cuts, got)
		}
	}
}

// Whatever tokens come, the stream gives what the bytes of all of them together
// say, each bad byte as U+FFFD.
func TestStreamOfAnything(t *testing.T) {
	tok := tiny(t)
	r := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		s := tok.NewStream()
		var ids []int
		got := ""
		for range r.IntN(12) {
			id := r.IntN(266) // the bytes and the merged tokens
			if r.IntN(2) == 0 {
				id = []int{0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x9A, 0x80, 'a', 0xC3}[r.IntN(9)]
			}
			ids = append(ids, id)
			part := s.Push(id)
			if !utf8.ValidString(part) {
				t.Fatalf("%v: the stream gave %q", ids, part)
			}
			got += part
		}
		got += s.Flush()
		want := ""
		for _, r := range tok.Decode(ids) { // ranging gives U+FFFD for each bad byte
			want += string(r)
		}
		if got != want {
			t.Fatalf("%v: %q, want %q", ids, got, want)
		}
	}
}
