package token

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// spm is a vocabulary of SentencePiece's BPE (Kudo and Richardson, 2018), which
// GGUF files call "llama": a token's score says when its parts are merged into it.
// Text is not cut into words; a space is the character U+2581, and a character
// without a token is the tokens of its bytes.
type spm struct {
	order       []int32    // of each token: the rank of its score, the highest first
	byteIDs     [256]int32 // <0x00> to <0xFF>
	longest     int        // bytes of a token's text
	spacePrefix bool       // text begins with a space, and again after a special token
}

const spaceMark = "\u2581" // ▁

func newSPM(v Vocab, ids map[string]int) (*spm, error) {
	if len(v.Scores) != len(v.Tokens) {
		return nil, fmt.Errorf("token: tokenizer.ggml.scores has %d scores for %d tokens: the file is damaged", len(v.Scores), len(v.Tokens))
	}
	s := &spm{order: make([]int32, len(v.Scores)), spacePrefix: v.SpacePrefix == nil || *v.SpacePrefix}
	distinct := slices.Clone(v.Scores)
	for i, x := range distinct {
		if math.IsNaN(float64(x)) {
			return nil, fmt.Errorf("token: tokenizer.ggml.scores[%d] is NaN, of the token %q: the file is damaged", i, v.Tokens[i])
		}
	}
	slices.SortFunc(distinct, func(a, b float32) int { return cmp.Compare(b, a) })
	distinct = slices.Compact(distinct)
	for i, x := range v.Scores {
		at, _ := slices.BinarySearchFunc(distinct, x, func(a, b float32) int { return cmp.Compare(b, a) })
		s.order[i] = int32(at)
		s.longest = max(s.longest, len(v.Tokens[i]))
	}
	var err error
	s.byteIDs, err = byteTokens(ids)
	return s, err
}

// byteTokens finds the tokens of bytes: <0x00> to <0xFF>, or the byte itself.
func byteTokens(ids map[string]int) (tokens [256]int32, err error) {
	missing := 0
	for b := range tokens {
		id, ok := ids[fmt.Sprintf("<0x%02X>", b)]
		if !ok {
			if id, ok = ids[string([]byte{byte(b)})]; !ok {
				missing++
			}
		}
		tokens[b] = int32(id)
	}
	if missing > 0 {
		return tokens, fmt.Errorf("token: %d of the 256 bytes have no token (<0x00> to <0xFF>): text outside the vocabulary could not be read", missing)
	}
	return tokens, nil
}

// spmEncoder merges texts; it keeps its buffers from part to part.
type spmEncoder struct {
	t     *Tokenizer
	text  string
	syms  []spmSymbol
	queue mergeQueue
}

// spmSymbol is a part of the text at work, in a doubly linked list. size 0: it was
// merged into its left neighbour.
type spmSymbol struct {
	at, size   int32
	prev, next int32 // none: it is the first, the last
}

// encode appends the ids of a part of text. It takes the merge of highest score,
// the leftmost of equals, until there is none: n log n for a part of n bytes.
func (e *spmEncoder) encode(ids []int, part string) []int {
	e.text = strings.ReplaceAll(part, " ", spaceMark)
	e.syms, e.queue = e.syms[:0], e.queue[:0]
	for at := 0; at < len(e.text); {
		size, n := min(leadLen(e.text[at]), len(e.text)-at), int32(len(e.syms))
		// A character that was cut off must not take a part of the space that follows.
		for i := 1; i < size; i++ {
			if strings.HasPrefix(e.text[at+i:], spaceMark) {
				size = i
			}
		}
		e.syms = append(e.syms, spmSymbol{int32(at), int32(size), n - 1, n + 1})
		at += size
	}
	if len(e.syms) == 0 {
		return ids
	}
	e.syms[len(e.syms)-1].next = none
	for i := 1; i < len(e.syms); i++ {
		e.offer(int32(i-1), int32(i))
	}
	for len(e.queue) > 0 {
		m := e.queue.pop()
		l, r := &e.syms[m.left], &e.syms[m.right]
		// Symbols only grow or vanish, so the sizes tell whether both are as they were.
		if sizes(l, r) != m.pair {
			continue
		}
		l.size, r.size = l.size+r.size, 0
		l.next = r.next
		if r.next != none {
			e.syms[r.next].prev = m.left
		}
		e.offer(l.prev, m.left)
		e.offer(m.left, l.next)
	}
	for i := int32(0); i != none; i = e.syms[i].next {
		text := e.text[e.syms[i].at:][:e.syms[i].size]
		if id, ok := e.t.ids[text]; ok {
			ids = append(ids, id)
			continue
		}
		for _, b := range []byte(text) {
			ids = append(ids, int(e.t.spm.byteIDs[b]))
		}
	}
	return ids
}

func sizes(l, r *spmSymbol) pair { return pairOf(l.size, r.size) }

// offer queues the merge of two neighbours, if they make a token.
func (e *spmEncoder) offer(left, right int32) {
	if left == none || right == none {
		return
	}
	l, r := &e.syms[left], &e.syms[right]
	size := int(l.size + r.size)
	if size > e.t.spm.longest {
		return
	}
	if id, ok := e.t.ids[e.text[l.at:][:size]]; ok {
		e.queue.push(merge{e.t.spm.order[id], left, right, int32(id), sizes(l, r)})
	}
}

// leadLen is the length of the character that begins with b, by b alone. What
// follows is not looked at, as in llama.cpp: bytes that are not UTF-8 fall back to
// byte tokens one by one all the same.
func leadLen(b byte) int {
	switch {
	case b < 0xC0:
		return 1
	case b < 0xE0:
		return 2
	case b < 0xF0:
		return 3
	}
	return utf8.UTFMax
}

// appendSPM appends the bytes of a normal token or a byte token.
func appendSPM(dst []byte, text string, kind Kind) []byte {
	if kind == Byte {
		if b, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(text, "<0x"), ">"), 16, 8); err == nil && len(text) == len("<0x00>") {
			return append(dst, byte(b))
		}
		return append(dst, text...)
	}
	for {
		before, after, ok := strings.Cut(text, spaceMark)
		dst = append(dst, before...)
		if !ok {
			return dst
		}
		dst, text = append(dst, ' '), after
	}
}
