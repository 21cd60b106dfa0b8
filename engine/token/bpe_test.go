package token_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"loupe/engine/token"
)

// naive merges a word as the definition says: look at all neighbours, join the
// leftmost pair of the lowest order, begin again.
func naive(v token.Vocab, word string) []int {
	var parts []string
	for i := range len(word) {
		parts = append(parts, v.Tokens[word[i]])
	}
	for {
		best, at := len(v.Merges), -1
		for i := 1; i < len(parts); i++ {
			if order := slices.Index(v.Merges, parts[i-1]+" "+parts[i]); order >= 0 && order < best {
				best, at = order, i-1
			}
		}
		if at < 0 {
			break
		}
		parts[at] += parts[at+1]
		parts = slices.Delete(parts, at+1, at+2)
	}
	var ids []int
	for _, p := range parts {
		ids = append(ids, slices.Index(v.Tokens, p))
	}
	return ids
}

// The queue of merges gives what the definition gives, with merges that overlap,
// compete and feed one another.
func TestMergesByDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		var v token.Vocab
		tiny(t, func(tv *token.Vocab) { v = *tv })
		v.Tokens, v.Kinds, v.Merges = v.Tokens[:256], nil, nil
		v.BOS, v.EOS = token.None, token.None
		words := []string{"a", "b", "c", "d"}
		for range 60 {
			left, right := words[r.IntN(len(words))], words[r.IntN(len(words))]
			m := left + " " + right
			if len(left+right) > 12 || slices.Contains(v.Merges, m) {
				continue
			}
			v.Merges = append(v.Merges, m)
			if !slices.Contains(v.Tokens, left+right) {
				v.Tokens = append(v.Tokens, left+right)
				words = append(words, left+right)
			}
		}
		tok, err := token.New(v)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			var b strings.Builder
			for range 1 + r.IntN(50) {
				b.WriteByte("abcd"[r.IntN(4)])
			}
			if got, want := tok.Encode(b.String(), token.EncodeOptions{}), naive(v, b.String()); !slices.Equal(got, want) {
				t.Fatalf("%q gave %v, want %v; merges %q", b.String(), got, want, v.Merges)
			}
		}
	}
}

// Merges work on text, as in llama.cpp: a result that is no token still leads to
// one that is, and a byte without a token still stands between its neighbours.
func TestMergesOfNoTokens(t *testing.T) {
	var v token.Vocab
	tiny(t, func(tv *token.Vocab) { v = *tv })
	v.Pre, v.Kinds, v.BOS, v.EOS = "gpt-2", nil, token.None, token.None
	v.Merges = []string{"a b", "ab c", "x y"}
	v.Tokens = append(slices.Clone(v.Tokens[:256]), "abc", "xy")
	v.Tokens['\x01'] = "nothing" // no byte of the alphabet
	tok, err := token.New(v)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]int{
		"abc":      {256},
		"abd":      {'a', 'b', 'd'}, // "ab" is spelled
		"xy":       {257},
		"\x01":     nil,
		"?\x01!":   {'?', '!'},
		"abcxyabc": {256, 257, 256},
	} {
		if got := tok.Encode(text, token.EncodeOptions{}); !slices.Equal(got, want) {
			t.Errorf("%q gave %v, want %v", text, got, want)
		}
	}
	v.Merges = append(v.Merges, "? !")
	v.Tokens = append(v.Tokens, "?!")
	if tok, err = token.New(v); err != nil {
		t.Fatal(err)
	}
	if got := tok.Encode("?\x01!", token.EncodeOptions{}); !slices.Equal(got, []int{'?', '!'}) {
		t.Errorf("a byte without a token does not keep its neighbours apart: %v", got)
	}
}
