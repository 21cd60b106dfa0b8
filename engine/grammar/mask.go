package grammar

// like is the state that allows the same short pieces as s: repetitions that are
// further from their ends than a short piece can reach do not matter.
func (t *table) like(s int32) int32 {
	if !t.b.counted {
		return s
	}
	if l := t.states[s].like; l != unknown {
		return l
	}
	moved := map[int32]int32{0: 0}
	var move func(id int32) int32
	move = func(id int32) int32 {
		to, ok := moved[id]
		if ok {
			return to
		}
		k := t.stacks[id]
		k.below = move(k.below)
		if k.kind == inRepeat {
			k.n = t.b.code[k.a].likeCount(k.n)
		}
		to = t.push(k)
		moved[id] = to
		return to
	}
	var tops []int32
	seen := map[int32]bool{}
	for _, id := range t.states[s].stacks {
		if to := move(id); !seen[to] {
			seen[to] = true
			tops = append(tops, to)
		}
	}
	l := t.intern(tops)
	t.states[s].like, t.states[l].like = l, l
	return l
}

// likeCount is the count that allows the same short pieces as n rounds.
func (e elem) likeCount(n int32) int32 {
	switch {
	case n < e.min && e.min-n > shortPiece:
		return 0
	case n >= e.min && e.max != forever && e.max-n > shortPiece:
		return e.min
	}
	return n
}

// mask is the tokens that may come in state s: bit id of the words. It belongs to
// the table, or is scratch.
func (t *table) mask(s int32, scratch *[]uint64) ([]uint64, error) {
	if m := t.states[s].mask; m != nil {
		return m, nil
	}
	l := t.like(s)
	short := t.states[l].short
	if short == nil {
		short = t.newMask()
		if err := t.scan(&t.b.v.short, l, short, nil); err != nil {
			return nil, err
		}
		t.states[l].short = short
	}
	m := short
	switch {
	case l != s:
		*scratch = append((*scratch)[:0], short...)
		m = *scratch
	case t.b.counted: // the short ones alone serve others
		m = t.newMask()
		copy(m, short)
	}
	if err := t.scan(&t.b.v.long, s, m, nil); err != nil {
		return nil, err
	}
	t.mark(s, m, nil)
	if l == s {
		t.states[s].mask = m
	}
	return m, nil
}

// tight is mask of the tokens after which fits says yes to the state.
func (t *table) tight(s int32, fits func(after int32) bool) ([]uint64, error) {
	m := make([]uint64, (t.b.v.n+63)/64)
	for _, pieces := range []*trie{&t.b.v.short, &t.b.v.long} {
		if err := t.scan(pieces, s, m, fits); err != nil {
			return nil, err
		}
	}
	t.mark(s, m, fits)
	return m, nil
}

func (t *table) newMask() []uint64 {
	words := (t.b.v.n + 63) / 64
	t.masks += 8 * words
	return make([]uint64, words)
}

// scan sets the tokens of a trie whose pieces match from state s on.
func (t *table) scan(pieces *trie, s int32, mask []uint64, fits func(after int32) bool) error {
	var stop error
	groups, nGroups := &t.b.g.groups, t.b.g.nGroups
	at := make([]int32, pieces.deep+1) // the state before the byte of each depth
	at[0] = s
	for i := int32(0); i < int32(len(pieces.bytes)); {
		d, b := pieces.depth[i], pieces.bytes[i]
		n := t.next[int(at[d])*nGroups+int(groups[b])]
		if n == unknown {
			if n, stop = t.step(at[d], b); stop != nil {
				return stop
			}
		}
		if n == dead {
			i = pieces.skip[i]
			continue
		}
		if id := pieces.token[i]; id != none && (fits == nil || fits(n)) {
			for ; id != none; id = pieces.more[id] {
				mask[id>>6] |= 1 << (id & 63)
			}
		}
		at[d+1] = n
		i++
	}
	return nil
}

// mark sets the tokens that state s names, and those that end a generation where
// the text may end.
func (t *table) mark(s int32, mask []uint64, fits func(after int32) bool) {
	st := &t.states[s]
	if st.ends {
		for _, id := range t.b.v.ends {
			mask[id>>6] |= 1 << (id & 63)
		}
	}
	if !st.tokens {
		return
	}
	for _, k := range st.stacks {
		top := t.stacks[k]
		if top.kind != atToken {
			continue
		}
		if fits != nil {
			if after, err := t.close([]int32{top.below}); err != nil || !fits(after) {
				continue
			}
			st = &t.states[s] // close may have moved it
		}
		id := t.b.tokens[top.a]
		if !t.b.g.tokens[top.a].not {
			mask[id>>6] |= 1 << (id & 63)
			continue
		}
		had := append([]uint64(nil), mask...)
		for i := range mask {
			mask[i] = ^uint64(0)
		}
		for _, x := range append(t.b.v.ends[:len(t.b.v.ends):len(t.b.v.ends)], id) {
			mask[x>>6] = mask[x>>6]&^(1<<(x&63)) | had[x>>6]&(1<<(x&63))
		}
		if r := t.b.v.n & 63; r != 0 {
			mask[len(mask)-1] &= 1<<r - 1
		}
	}
}
