package grammar

import (
	"fmt"
	"sync"
)

// Bound is a grammar with a vocabulary. It learns: what one text needed is ready for
// the next. It is safe for concurrent use.
type Bound struct {
	g         *Grammar
	v         *Vocab
	code      []elem    // the sequences one after the other, each with an elemEnd
	alts      [][]int32 // where each rule's sequences begin
	tokens    []int     // ids of the tokens that the grammar names
	seqLeast  []int32   // bytes from each place in code to its sequence's end
	ruleLeast []int32
	nodeLeast []int32 // bytes to the end of a character, of each node
	counted   bool    // some repetition counts beyond shortPiece

	mu    sync.Mutex
	table *table // the newest
	start int32
}

// Bind makes a grammar ready for a vocabulary. It fails when the grammar names a
// token that there is not, or needs a character that no tokens spell.
func (g *Grammar) Bind(v *Vocab) (*Bound, error) {
	b := &Bound{g: g, v: v}
	for _, t := range g.tokens {
		id, err := b.findToken(t)
		if err != nil {
			return nil, err
		}
		b.tokens = append(b.tokens, id)
	}
	b.nodeLeast = make([]int32, len(g.dag))
	for i, n := range g.dag { // a node comes after those that it leads to
		b.nodeLeast[i] = never
		for _, r := range n {
			b.nodeLeast[i] = min(b.nodeLeast[i], b.rangeLeast(r))
		}
	}
	classes := make([]int32, len(g.classes))
	for i, at := range g.starts {
		classes[i] = b.nodeLeast[at]
	}
	b.ruleLeast = g.lengths(classes)
	for _, r := range g.rules {
		var starts []int32
		for _, seq := range r.alts {
			if seqLength(seq, b.ruleLeast, classes) == never {
				continue // a way without an end is none
			}
			starts = append(starts, int32(len(b.code)))
			b.code = append(b.code, seq...)
			b.code = append(b.code, elem{kind: elemEnd})
		}
		b.alts = append(b.alts, starts)
	}
	b.seqLeast = make([]int32, len(b.code))
	for i := len(b.code) - 1; i >= 0; i-- {
		if e := b.code[i]; e.kind != elemEnd {
			b.seqLeast[i] = plus(elemLength(e, b.ruleLeast, classes), b.seqLeast[i+1])
			b.counted = b.counted || e.kind == elemRepeat && (e.min > shortPiece || e.max > shortPiece)
		}
	}
	if b.ruleLeast[g.root] == never {
		for i, c := range g.classes {
			if classes[i] == never {
				return nil, fmt.Errorf("grammar: no tokens of the vocabulary spell %s, which the grammar needs", c.describe())
			}
		}
	}
	b.table = newTable(b)
	var err error
	b.start, err = b.table.close(b.table.enter(nil, g.root, 0))
	return b, err
}

// findToken gives the id of a token that a grammar names.
func (b *Bound) findToken(t tokenRef) (int, error) {
	if t.text == "" {
		if t.id >= b.v.n {
			return 0, errorAt(b.g.text, t.at, "there is no token %d: the vocabulary has %d", t.id, b.v.n)
		}
		return t.id, nil
	}
	if b.v.id != nil {
		if id, ok := b.v.id(t.text); ok {
			return id, nil
		}
	}
	return 0, errorAt(b.g.text, t.at, "%s is not a token of this model; in quotes it would be text", t.text)
}

// isToken reports whether id is what the token that is named k-th stands for. Any
// token but one is none that ends the generation.
func (b *Bound) isToken(k int32, id int) bool {
	if b.g.tokens[k].not {
		return b.tokens[k] != id && !b.v.endSet[id]
	}
	return b.tokens[k] == id
}

// rangeLeast is the bytes to a character's end by way of a range.
func (b *Bound) rangeLeast(r byteRange) int32 {
	least := int32(never)
	for x := int(r.lo); x <= int(r.hi); x++ {
		least = min(least, b.byteCost(byte(x)))
	}
	if r.next == whole {
		return least
	}
	return plus(least, b.nodeLeast[r.next])
}

// byteCost is 1, or more for a byte that only longer tokens hold: others are to
// be had first.
func (b *Bound) byteCost(x byte) int32 {
	switch {
	case b.v.single[x]:
		return 1
	case b.v.any[x]:
		return 4
	}
	return never
}

// piece is what a token adds to the text; nothing for ids that are none.
func (v *Vocab) piece(id int) []byte {
	if id < 0 || id >= v.n {
		return nil
	}
	return v.pieces[id]
}

// byteVocab has a token for each byte.
var byteVocab = sync.OnceValue(func() *Vocab {
	return NewVocab(256, func(id int) Token { return Token{Piece: []byte{byte(id)}} }, nil)
})

// Match reports whether text is one that the grammar describes. A grammar that names
// tokens cannot say that of a text, nor can one that has too many readings of it.
func (g *Grammar) Match(text string) (bool, error) {
	if len(g.tokens) > 0 {
		return false, errorAt(g.text, g.tokens[0].at, "the grammar names tokens, which a text alone does not show")
	}
	b, err := g.Bind(byteVocab())
	if err != nil {
		return false, err
	}
	s := b.start
	for i := 0; i < len(text) && s != dead; i++ {
		b.table.work = 0
		if s, err = b.table.step(s, text[i]); err != nil {
			return false, err
		}
		if b.table.full() {
			t := newTable(b)
			s, b.table = t.adopt(b.table, s), t
		}
	}
	return s != dead && b.table.states[s].ends, nil
}
