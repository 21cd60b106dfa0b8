package grammar

// A text is brought to its end by the shortest way: the fewest bytes. Tokens are
// fewer than bytes, so that many bytes are enough tokens; and how many fewer, the
// longest pieces from left to right tell.

// symbol is a byte, or from 256 on a token that the grammar names.
type symbol = int

// shortest spells a shortest text from state s to its end.
func (t *table) shortest(s int32) []symbol {
	st := t.states[s]
	for _, id := range st.stacks {
		if t.least[id] == st.least {
			return t.spell(nil, id)
		}
	}
	return nil
}

func (t *table) spell(text []symbol, id int32) []symbol {
	for ; id != 0; id = t.stacks[id].below {
		s := t.stacks[id]
		switch s.kind {
		case inChar:
			text = t.b.spellChar(text, s.a)
		case atToken:
			text = t.b.spellElem(text, elem{kind: elemToken, ref: s.a})
		case inSeq:
			text = t.b.spellSeq(text, s.a)
		case inRepeat:
			e := t.b.code[s.a]
			for range e.min - s.n {
				text = t.b.spellElem(text, elem{kind: elemRule, ref: e.ref})
			}
		}
	}
	return text
}

// spellChar spells the shortest end of a character from a node on.
func (b *Bound) spellChar(text []symbol, node int32) []symbol {
	for node != whole {
		best, with := int32(never), 0
		next := int32(whole)
		for _, r := range b.g.dag[node] {
			rest := int32(0)
			if r.next != whole {
				rest = b.nodeLeast[r.next]
			}
			for x := int(r.lo); x <= int(r.hi); x++ {
				if n := plus(b.byteCost(byte(x)), rest); n < best {
					best, with, next = n, x, r.next
				}
			}
		}
		text = append(text, with)
		node = next
	}
	return text
}

// spellSeq spells the shortest text of a sequence from a place in code on.
func (b *Bound) spellSeq(text []symbol, at int32) []symbol {
	for ; b.code[at].kind != elemEnd; at++ {
		text = b.spellElem(text, b.code[at])
	}
	return text
}

func (b *Bound) spellElem(text []symbol, e elem) []symbol {
	switch e.kind {
	case elemClass:
		return b.spellChar(text, b.g.starts[e.ref])
	case elemToken:
		id := b.tokens[e.ref]
		if b.g.tokens[e.ref].not { // the first other one
			for id = 0; id < b.v.n-1 && !b.isToken(e.ref, id); id++ {
			}
		}
		return append(text, 256+id)
	case elemRule:
		for _, at := range b.alts[e.ref] {
			if b.seqLeast[at] == b.ruleLeast[e.ref] {
				return b.spellSeq(text, at)
			}
		}
	case elemRepeat:
		for range e.min {
			text = b.spellElem(text, elem{kind: elemRule, ref: e.ref})
		}
	}
	return text
}

// tokenize spells symbols in tokens; nil if there are none for some.
func (b *Bound) tokenize(text []symbol) []int {
	ids := []int{}
	var run []byte
	flush := func() bool {
		for len(run) > 0 {
			id, n := b.v.long.longest(run)
			if id == none {
				id, n = b.v.short.longest(run)
			}
			if id == none {
				return false
			}
			ids = append(ids, int(id))
			run = run[n:]
		}
		return true
	}
	for _, x := range text {
		if x < 256 {
			run = append(run, byte(x))
			continue
		}
		if !flush() {
			return nil
		}
		ids = append(ids, x-256)
	}
	if !flush() {
		return nil
	}
	return ids
}

// maxSpell is the longest text that is spelled to see how many tokens it takes.
const maxSpell = 1 << 16

// finish is how many tokens bring the text of state s to its end, as shortest and
// tokenize do it; never if they do not.
func (t *table) finish(s int32) int32 {
	st := &t.states[s]
	if st.finish == unknown {
		st.finish = never
		if st.least <= maxSpell {
			if ids := t.b.tokenize(t.shortest(s)); ids != nil {
				st.finish = int32(len(ids))
			}
		}
	}
	return st.finish
}
