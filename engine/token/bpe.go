package token

import (
	"fmt"
	"slices"
	"strings"
)

// pair is two symbols that a merge joins.
type pair uint64

func pairOf(left, right int32) pair { return pair(uint32(left))<<32 | pair(uint32(right)) }

// rank is what a merge gives and when it is tried: the lowest order first.
type rank struct{ order, id int32 }

// readMerges numbers everything that merging can give. Tokens have their ids.
// A string that is no token, yet is a byte of the alphabet or is named by a
// merge, takes part in merging like any other, as in llama.cpp: it gets a
// number past the tokens, and spelled says how it ends.
func (t *Tokenizer) readMerges(merges []string) error {
	if t.characters {
		ids, err := byteTokens(t.ids)
		if err != nil {
			return err
		}
		t.byteIDs = ids
	} else {
		missing := 0
		for _, r := range byteRunes {
			if _, ok := t.ids[string(r)]; !ok {
				missing++
			}
		}
		// Some vocabularies lack a few control bytes, or bytes that UTF-8 never has.
		if missing > 128 {
			return fmt.Errorf("token: %d of the 256 bytes have no token: this is no byte-level vocabulary", missing)
		}
	}
	extra := map[string]int32{}
	number := func(text string) int32 {
		if id, ok := t.ids[text]; ok {
			return int32(id)
		}
		id, ok := extra[text]
		if !ok {
			id = int32(len(t.tokens) + len(t.spelled))
			extra[text] = id
			t.spelled = append(t.spelled, t.spell(text))
		}
		return id
	}
	if !t.characters {
		for b := range t.byteIDs {
			t.byteIDs[b] = number(string(byteRunes[b]))
		}
	}
	t.ranks = make(map[pair]rank, len(merges))
	for i, m := range merges {
		// A token may hold a space only in first place.
		at := strings.IndexByte(m[min(1, len(m)):], ' ') + 1
		if at < 1 {
			return fmt.Errorf("token: tokenizer.ggml.merges[%d] is %q; a merge is two tokens with a space between", i, m)
		}
		left, right := m[:at], m[at+1:]
		p := pairOf(number(left), number(right))
		if _, twice := t.ranks[p]; !twice {
			t.ranks[p] = rank{int32(i), number(left + right)}
		}
	}
	if t.characters {
		t.extra = extra
	}
	return nil
}

// spell gives text, which is no token, as the tokens of its bytes. Bytes without
// a token are left out.
func (t *Tokenizer) spell(text string) []int {
	var ids []int
	if t.characters {
		for _, b := range []byte(text) {
			ids = append(ids, int(t.byteIDs[b]))
		}
		return ids
	}
	for _, r := range text {
		if id, ok := t.ids[string(r)]; ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// encoder merges words; it keeps its buffers from word to word.
type encoder struct {
	t     *Tokenizer
	syms  []symbol
	queue mergeQueue
	cache map[string][]int
	chars strings.Builder
	odd   []string // characters without a number; see oddChar
}

// symbol is a part of the word at work, in a doubly linked list.
type symbol struct {
	id         int32 // merged: it went into its left neighbour
	prev, next int32 // none: it is the first, the last
}

const (
	merged = -1
	none   = -1
)

// A text repeats its words, so the ids of short ones are kept while it is read.
const (
	cachedWord  = 32 // bytes
	cachedWords = 1 << 14
)

// encode appends the ids of a part of text without special tokens.
func (e *encoder) encode(ids []int, part string) []int {
	e.t.pre.split(part, func(word string) {
		if kept, ok := e.cache[word]; ok {
			ids = append(ids, kept...)
			return
		}
		from := len(ids)
		ids = e.word(ids, word)
		if len(word) <= cachedWord && len(e.cache) < cachedWords {
			if e.cache == nil {
				e.cache = map[string][]int{}
			}
			e.cache[word] = slices.Clone(ids[from:])
		}
	})
	return ids
}

// word appends the ids of one word. It takes the merge of lowest order, the
// leftmost of equals, until there is none: n log n for a word of n bytes.
func (e *encoder) word(ids []int, word string) []int {
	t := e.t
	e.syms = e.syms[:0]
	switch {
	case t.characters:
		if id, ok := t.ids[word]; ok && word[0] == '\n' {
			return append(ids, id) // line ends are in no merge
		}
		e.readCharacters(word)
	case t.pre.ignoreMerges:
		// A word that is a token stays whole, even if no merges lead there.
		e.chars.Reset()
		for i := 0; i < len(word); i++ {
			e.chars.WriteRune(byteRunes[word[i]])
		}
		if id, ok := t.ids[e.chars.String()]; ok {
			return append(ids, id)
		}
		fallthrough
	default:
		for i := 0; i < len(word); i++ {
			n := int32(i)
			e.syms = append(e.syms, symbol{t.byteIDs[word[i]], n - 1, n + 1})
		}
	}
	e.syms[len(e.syms)-1].next = none
	e.queue = e.queue[:0]
	for i := 1; i < len(e.syms); i++ {
		e.offer(int32(i-1), int32(i))
	}
	for len(e.queue) > 0 {
		m := e.queue.pop()
		l, r := &e.syms[m.left], &e.syms[m.right]
		if pairOf(l.id, r.id) != m.pair {
			continue // one of them has been merged since
		}
		l.id, r.id = m.id, merged
		l.next = r.next
		if r.next != none {
			e.syms[r.next].prev = m.left
		}
		e.offer(l.prev, m.left)
		e.offer(m.left, l.next)
	}
	for i := int32(0); i != none; i = e.syms[i].next {
		if id := int(e.syms[i].id); id <= oddChar {
			ids = append(ids, t.spell(e.odd[oddChar-id])...)
		} else if id < len(t.tokens) {
			ids = append(ids, id)
		} else {
			ids = append(ids, t.spelled[id-len(t.tokens)]...)
		}
	}
	return ids
}

// offer queues the merge of two neighbours, if there is one.
func (e *encoder) offer(left, right int32) {
	if left == none || right == none {
		return
	}
	p := pairOf(e.syms[left].id, e.syms[right].id)
	if r, ok := e.t.ranks[p]; ok {
		e.queue.push(merge{r.order, left, right, r.id, p})
	}
}
