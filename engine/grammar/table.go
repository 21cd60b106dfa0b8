package grammar

import (
	"encoding/binary"
	"slices"
)

// A stack says what a text must go on with: its top now, then what lies below.
// Stacks share what they have in common and are numbered: equal ones are one.
type stack struct {
	kind  stackKind
	a, n  int32 // see stackKind
	below int32
}

type stackKind uint8

const (
	endOfText stackKind = iota // nothing: the text may end. It is stack 0, alone
	inChar                     // a is the place inside a character: a node of the dag
	atToken                    // a is the number of a token that is named
	inSeq                      // a is the place in code, below what follows the rule
	inRepeat                   // a is the place of the repetition in code; n rounds are done
)

// The table of a grammar grows as texts are matched: of states, which are sets of
// stacks, and of the moves between them.
type table struct {
	b       *Bound
	stacks  []stack
	least   []int32 // bytes to the end of each stack
	stackID map[stack]int32
	states  []state
	stateID map[string]int32
	next    []int32 // state*groups + group: a state, dead, or unknown
	masks   int     // bytes of them
	work    int     // done since it was begun to count: stacks looked at
	seen    []int32 // of each stack: when close met it last
	when    int32
	key     []byte
}

// state is the stacks that a text may go on with.
type state struct {
	stacks []int32  // tops are inChar or atToken, or the stack is endOfText; in order
	least  int32    // bytes to the nearest end
	ends   bool     // the text may end here
	tokens bool     // a token is named here
	mask   []uint64 // of all tokens that may come, if it was asked for
	short  []uint64 // of those with short pieces, in a state that stands for others
	like   int32    // the state that stands for this one there, or unknown
	finish int32    // tokens to an end, as shortest spells it, or unknown
}

// States that are none.
const (
	dead    = -1 // nothing matches
	unknown = -2
)

// The limits of a table. A state of more stacks, or that takes more work to find,
// is an error; a larger table is thrown away and begun again.
const (
	maxStacks    = 4096
	maxWork      = 1 << 16
	maxAllWork   = 1 << 20 // for one token
	maxStates    = 1 << 15
	maxAllStacks = 1 << 20
	maxMaskBytes = 32 << 20
)

func newTable(b *Bound) *table {
	t := &table{b: b, stackID: map[stack]int32{}, stateID: map[string]int32{}}
	t.push(stack{})
	return t
}

// full reports whether it is time to begin again.
func (t *table) full() bool {
	return len(t.states) > maxStates || len(t.stacks) > maxAllStacks || t.masks > maxMaskBytes
}

// push gives the number of a stack.
func (t *table) push(s stack) int32 {
	id, ok := t.stackID[s]
	if !ok {
		id = int32(len(t.stacks))
		t.stackID[s] = id
		t.stacks = append(t.stacks, s)
		t.least = append(t.least, t.leastOf(s))
		t.seen = append(t.seen, 0)
	}
	return id
}

// leastOf is how many bytes a stack takes to its end.
func (t *table) leastOf(s stack) int32 {
	b := t.b
	top := int32(0)
	switch s.kind {
	case endOfText:
		return 0
	case inChar:
		top = b.nodeLeast[s.a]
	case atToken:
		top = 1
	case inSeq:
		top = b.seqLeast[s.a]
	case inRepeat:
		e := b.code[s.a]
		top = times(max(0, e.min-s.n), b.ruleLeast[e.ref])
	}
	return plus(top, t.least[s.below])
}

// repeat is a stack that does more rounds of the repetition at code place a.
func (t *table) repeat(a, n, below int32) int32 {
	e := t.b.code[a]
	if e.max == forever {
		n = min(n, e.min)
	} else if n >= e.max {
		return below
	}
	return t.push(stack{inRepeat, a, n, below})
}

// after is the stack that goes on behind code place a.
func (t *table) after(a, below int32) int32 {
	if t.b.code[a+1].kind == elemEnd { // nothing follows: no stack for it
		return below
	}
	return t.push(stack{inSeq, a + 1, 0, below})
}

// close turns stacks into a state: it takes rules apart until every top is a
// character, a token or the end. It fails when there are too many.
func (t *table) close(work []int32) (int32, error) {
	t.when++
	var tops []int32
	for steps := 0; len(work) > 0; steps++ {
		id := work[len(work)-1]
		work = work[:len(work)-1]
		if t.seen[id] == t.when || t.least[id] == never {
			continue
		}
		t.seen[id] = t.when
		t.work++
		if steps > maxWork || len(tops) > maxStacks || t.work > maxAllWork {
			return dead, &AmbiguousError{}
		}
		s := t.stacks[id]
		switch s.kind {
		case endOfText, inChar, atToken:
			tops = append(tops, id)
		case inRepeat:
			e := t.b.code[s.a]
			if s.n >= e.min {
				work = append(work, s.below)
			}
			work = t.enter(work, e.ref, t.repeat(s.a, s.n+1, s.below))
		case inSeq:
			e := t.b.code[s.a]
			switch e.kind {
			case elemEnd:
				work = append(work, s.below)
			case elemClass:
				work = append(work, t.push(stack{inChar, t.b.g.starts[e.ref], 0, t.after(s.a, s.below)}))
			case elemToken:
				work = append(work, t.push(stack{atToken, e.ref, 0, t.after(s.a, s.below)}))
			case elemRule:
				work = t.enter(work, e.ref, t.after(s.a, s.below))
			case elemRepeat:
				work = append(work, t.repeat(s.a, 0, t.after(s.a, s.below)))
			}
		}
	}
	if len(tops) == 0 {
		return dead, nil
	}
	return t.intern(tops), nil
}

// enter appends the alternatives of a rule.
func (t *table) enter(work []int32, r, below int32) []int32 {
	for _, at := range t.b.alts[r] {
		work = append(work, t.push(stack{inSeq, at, 0, below}))
	}
	return work
}

// intern gives the number of a state.
func (t *table) intern(tops []int32) int32 {
	slices.Sort(tops)
	t.key = t.key[:0]
	for _, s := range tops {
		t.key = binary.LittleEndian.AppendUint32(t.key, uint32(s))
	}
	if id, ok := t.stateID[string(t.key)]; ok {
		return id
	}
	st := state{stacks: tops, least: never, like: unknown, finish: unknown}
	for _, s := range tops {
		st.least = min(st.least, t.least[s])
		st.ends = st.ends || s == 0
		st.tokens = st.tokens || t.stacks[s].kind == atToken
	}
	id := int32(len(t.states))
	t.stateID[string(t.key)] = id
	t.states = append(t.states, st)
	for range t.b.g.nGroups {
		t.next = append(t.next, unknown)
	}
	return id
}

// step is the state after a byte.
func (t *table) step(s int32, b byte) (int32, error) {
	at := int(s)*t.b.g.nGroups + int(t.b.g.groups[b])
	if n := t.next[at]; n != unknown {
		return n, nil
	}
	var work []int32
	for _, id := range t.states[s].stacks {
		top := t.stacks[id]
		if top.kind != inChar {
			continue
		}
		for _, r := range t.b.g.dag[top.a] {
			if b < r.lo || b > r.hi {
				continue
			}
			if r.next == whole {
				work = append(work, top.below)
			} else {
				work = append(work, t.push(stack{inChar, r.next, 0, top.below}))
			}
		}
	}
	n, err := t.close(work)
	if err == nil {
		t.next[at] = n
	}
	return n, err
}

// walk is the state after bytes.
func (t *table) walk(s int32, text []byte) (int32, error) {
	groups, nGroups := &t.b.g.groups, t.b.g.nGroups
	for _, b := range text {
		n := t.next[int(s)*nGroups+int(groups[b])]
		if n == unknown {
			var err error
			if n, err = t.step(s, b); err != nil {
				return dead, err
			}
		}
		if n == dead {
			return dead, nil
		}
		s = n
	}
	return s, nil
}

// named is the stacks below the tokens named in a state that id is.
func (t *table) named(s int32, id int) []int32 {
	var work []int32
	for _, k := range t.states[s].stacks {
		if top := t.stacks[k]; top.kind == atToken && t.b.isToken(top.a, id) {
			work = append(work, top.below)
		}
	}
	return work
}

// token is the state after token id.
func (t *table) token(s int32, id int) (int32, error) {
	n := int32(dead)
	var err error
	if p := t.b.v.piece(id); len(p) > 0 {
		if n, err = t.walk(s, p); err != nil {
			return dead, err
		}
	}
	if !t.states[s].tokens {
		return n, nil
	}
	work := t.named(s, id)
	if len(work) == 0 {
		return n, nil
	}
	if n != dead {
		work = append(work, t.states[n].stacks...)
	}
	return t.close(work)
}

// adopt brings a state of another table of the same grammar here.
func (t *table) adopt(from *table, s int32) int32 {
	moved := map[int32]int32{0: 0}
	var move func(id int32) int32
	move = func(id int32) int32 {
		to, ok := moved[id]
		if !ok {
			k := from.stacks[id]
			k.below = move(k.below)
			to = t.push(k)
			moved[id] = to
		}
		return to
	}
	tops := make([]int32, 0, len(from.states[s].stacks))
	for _, id := range from.states[s].stacks {
		tops = append(tops, move(id))
	}
	return t.intern(tops)
}

// AmbiguousError says that a text has more readings at once than are followed.
type AmbiguousError struct{}

func (*AmbiguousError) Error() string {
	return "grammar: the text can be read in thousands of ways at once; write the grammar so that each text has one reading, or few"
}
