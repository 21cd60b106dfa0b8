package token

import (
	"container/heap"
	"fmt"
	"strings"
)

// pair is two tokens that a merge joins.
type pair struct{ left, right int32 }

// rank is what a merge gives and when it is tried: the lowest order first.
type rank struct{ order, id int32 }

func (t *Tokenizer) readMerges(merges []string) error {
	t.ranks = make(map[pair]rank, len(merges))
	for i, m := range merges {
		// A token may hold a space only in first place.
		at := strings.IndexByte(m[min(1, len(m)):], ' ') + 1
		if at < 1 {
			return fmt.Errorf("token: tokenizer.ggml.merges[%d] is %q; a merge is two tokens with a space between", i, m)
		}
		left, right := m[:at], m[at+1:]
		l, okL := t.ids[left]
		r, okR := t.ids[right]
		id, ok := t.ids[left+right]
		if !okL || !okR || !ok {
			// Some vocabularies carry merges of tokens that were removed; they can
			// never apply.
			continue
		}
		p := pair{int32(l), int32(r)}
		if _, twice := t.ranks[p]; !twice {
			t.ranks[p] = rank{int32(i), int32(id)}
		}
	}
	return nil
}

// encoder merges words; it keeps its buffers from word to word.
type encoder struct {
	t     *Tokenizer
	syms  []symbol
	queue mergeQueue
	cache map[string][]int
	chars strings.Builder
}

// symbol is a token in the word at work, in a doubly linked list.
type symbol struct {
	id         int32 // -1: merged into its left neighbour
	prev, next int32
}

// merge is two neighbours that might be joined.
type merge struct {
	order       int32
	left, right int32 // indexes of symbols
	a, b, id    int32 // their tokens when this was found, and what it gives
}

// mergeQueue gives the merge of lowest order, the leftmost of equals.
type mergeQueue []merge

func (q mergeQueue) Len() int { return len(q) }
func (q mergeQueue) Less(i, j int) bool {
	return q[i].order < q[j].order || q[i].order == q[j].order && q[i].left < q[j].left
}
func (q mergeQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *mergeQueue) Push(x any)   { *q = append(*q, x.(merge)) }
func (q *mergeQueue) Pop() any {
	x := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return x
}

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
			e.cache[word] = append([]int(nil), ids[from:]...)
		}
	})
	return ids
}

// word appends the ids of one word.
func (e *encoder) word(ids []int, word string) []int {
	t := e.t
	if t.pre.ignoreMerges {
		// A word that is a token stays whole, even if no merges lead there.
		e.chars.Reset()
		for i := 0; i < len(word); i++ {
			e.chars.WriteRune(byteRunes[word[i]])
		}
		if id, ok := t.ids[e.chars.String()]; ok {
			return append(ids, id)
		}
	}
	e.syms = e.syms[:0]
	for i := 0; i < len(word); i++ {
		if id := int32(t.byteIDs[word[i]]); id != None {
			n := int32(len(e.syms))
			e.syms = append(e.syms, symbol{id, n - 1, n + 1})
		}
	}
	if len(e.syms) == 0 {
		return ids
	}
	e.syms[len(e.syms)-1].next = -1
	e.queue = e.queue[:0]
	for i := 1; i < len(e.syms); i++ {
		e.offer(int32(i-1), int32(i))
	}
	for len(e.queue) > 0 {
		m := heap.Pop(&e.queue).(merge)
		l, r := &e.syms[m.left], &e.syms[m.right]
		if l.id != m.a || r.id != m.b {
			continue // one of them has been merged since
		}
		l.id, r.id = m.id, -1
		l.next = r.next
		if r.next >= 0 {
			e.syms[r.next].prev = m.left
		}
		e.offer(l.prev, m.left)
		e.offer(m.left, l.next)
	}
	for i := int32(0); i >= 0; i = e.syms[i].next {
		ids = append(ids, int(e.syms[i].id))
	}
	return ids
}

// offer queues the merge of two neighbours, if there is one.
func (e *encoder) offer(left, right int32) {
	if left < 0 || right < 0 {
		return
	}
	a, b := e.syms[left].id, e.syms[right].id
	if r, ok := e.t.ranks[pair{a, b}]; ok {
		heap.Push(&e.queue, merge{r.order, left, right, a, b, r.id})
	}
}
