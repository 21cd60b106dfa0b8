package grammar

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// Token is what a grammar has to know of a token.
type Token struct {
	Piece []byte // the bytes that it adds to the text; none: it is allowed only where the grammar names it
	Ends  bool   // it ends the generation: allowed where the text may end
}

// Vocab is a vocabulary, ready to be matched. It is read only and safe for
// concurrent use.
type Vocab struct {
	n      int
	pieces [][]byte
	ends   []int  // ids that end a generation
	endSet []bool // of each id
	single [256]bool
	any    [256]bool // in some piece
	id     func(text string) (int, bool)
	short  trie // of pieces up to shortPiece bytes
	long   trie // of the others
}

// shortPiece splits the vocabulary: what is allowed of pieces up to this size is
// the same for all counts of a repetition that are further from its ends.
const shortPiece = 16

// trie is pieces in order, as the nodes of a walk that goes down first.
type trie struct {
	bytes []byte
	depth []uint16
	skip  []int32 // the node after all that lie below this one
	token []int32 // the first token whose piece ends here, or none
	more  []int32 // of each token: another of the same piece, or none
	deep  int
}

const none = -1

// NewVocab takes in n tokens. id finds the token that a text such as "<think>" is
// as a whole; nil: grammars cannot name tokens by text.
func NewVocab(n int, token func(id int) Token, id func(text string) (int, bool)) *Vocab {
	v := &Vocab{n: n, pieces: make([][]byte, n), endSet: make([]bool, n), id: id}
	var short, long []int32
	for i := range n {
		t := token(i)
		if t.Ends {
			v.ends, v.endSet[i] = append(v.ends, i), true
			continue
		}
		v.pieces[i] = t.Piece
		switch {
		case len(t.Piece) == 0 || len(t.Piece) > 1<<15:
			v.pieces[i] = nil
		case len(t.Piece) <= shortPiece:
			short = append(short, int32(i))
		default:
			long = append(long, int32(i))
		}
		for _, b := range v.pieces[i] {
			v.any[b] = true
			v.single[b] = v.single[b] || len(t.Piece) == 1
		}
	}
	v.short.build(v.pieces, short)
	v.long.build(v.pieces, long)
	return v
}

// build lays out the nodes of the pieces of ids.
func (t *trie) build(pieces [][]byte, ids []int32) {
	// The first bytes of a piece as a number tell most pieces apart at once.
	type entry struct {
		head uint64
		id   int32
	}
	sorted := make([]entry, len(ids))
	size := 0
	for k, id := range ids {
		var head [8]byte
		copy(head[:], pieces[id])
		sorted[k] = entry{binary.BigEndian.Uint64(head[:]), id}
		size += len(pieces[id])
	}
	slices.SortFunc(sorted, func(a, b entry) int {
		if a.head != b.head {
			return cmp.Compare(a.head, b.head)
		}
		if c := bytes.Compare(pieces[a.id], pieces[b.id]); c != 0 {
			return c
		}
		return cmp.Compare(a.id, b.id)
	})
	for k, e := range sorted {
		ids[k] = e.id
	}
	size /= 2 // about as many nodes as that, for what pieces have in common
	t.bytes, t.depth = make([]byte, 0, size), make([]uint16, 0, size)
	t.skip, t.token = make([]int32, 0, size), make([]int32, 0, size)
	t.more = make([]int32, len(pieces))
	var open []int32 // nodes on the way to the last piece
	var last []byte
	for k, id := range ids {
		p := pieces[id]
		t.more[id] = none
		if k > 0 && bytes.Equal(p, last) {
			t.more[ids[k-1]] = id
			continue
		}
		same := 0
		for same < min(len(p), len(last)) && p[same] == last[same] {
			same++
		}
		for len(open) > same {
			t.skip[open[len(open)-1]] = int32(len(t.bytes))
			open = open[:len(open)-1]
		}
		for i := same; i < len(p); i++ {
			open = append(open, int32(len(t.bytes)))
			t.bytes = append(t.bytes, p[i])
			t.depth = append(t.depth, uint16(i))
			t.skip = append(t.skip, 0)
			t.token = append(t.token, none)
		}
		t.token[len(t.token)-1] = id
		t.deep = max(t.deep, len(p))
		last = p
	}
	for _, n := range open {
		t.skip[n] = int32(len(t.bytes))
	}
}

// longest is the longest piece that text begins with, as a token; none if there is
// no such one.
func (t *trie) longest(text []byte) (token int32, size int) {
	token = none
	at, end := int32(0), int32(len(t.bytes))
	for d := 0; d < len(text); d++ {
		for at < end && t.bytes[at] != text[d] {
			at = t.skip[at]
		}
		if at >= end {
			break
		}
		if t.token[at] != none {
			token, size = t.token[at], d+1
		}
		at, end = at+1, t.skip[at]
	}
	return token, size
}

// Ends reports whether the vocabulary has a token that ends a generation.
func (v *Vocab) Ends() bool { return len(v.ends) > 0 }
