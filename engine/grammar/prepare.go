package grammar

import (
	"fmt"
	"math"
	"strings"
)

// never is the length of what cannot end.
const never = math.MaxInt32

// plus adds lengths; what never ends stays so.
func plus(a, b int32) int32 {
	if a == never || b == never || int64(a)+int64(b) >= never {
		return never
	}
	return a + b
}

// times repeats a length.
func times(n, a int32) int32 {
	switch {
	case n == 0 || a == 0:
		return 0
	case a == never || int64(n)*int64(a) >= never:
		return never
	}
	return n * a
}

// prepare checks a parsed grammar and makes it ready to run.
func (g *Grammar) prepare() error {
	g.flattenRepeats()
	lengths := g.lengths(g.classLengths())
	if lengths[g.root] == never {
		return g.neverEnds(lengths)
	}
	if err := g.leftRecursion(lengths); err != nil {
		return err
	}
	if err := g.solidRepeats(lengths); err != nil {
		return err
	}
	d := dagBuilder{ids: map[string]int32{}}
	for _, c := range g.classes {
		g.starts = append(g.starts, d.add(c))
	}
	g.dag = d.nodes
	g.groups, g.first = groupBytes(g.dag)
	g.nGroups = len(g.first)
	return nil
}

// classLengths is the bytes of the shortest character of each class.
func (g *Grammar) classLengths() []int32 {
	n := make([]int32, len(g.classes))
	for i, c := range g.classes {
		n[i] = never
		if len(c) > 0 {
			n[i] = int32(len(string(c[0][0])))
		}
	}
	return n
}

// lengths is the least bytes of each rule; a token counts as one.
func (g *Grammar) lengths(classes []int32) []int32 {
	n := make([]int32, len(g.rules))
	users := make([][]int32, len(g.rules)) // rules whose length depends on a rule's
	for i, r := range g.rules {
		n[i] = never
		for _, seq := range r.alts {
			for _, e := range seq {
				if e.kind == elemRule || e.kind == elemRepeat {
					users[e.ref] = append(users[e.ref], int32(i))
				}
			}
		}
	}
	queue := make([]int32, len(g.rules))
	queued := make([]bool, len(g.rules))
	for i := range queue {
		queue[i], queued[i] = int32(i), true
	}
	// Lengths only fall, and a rule is looked at again when one that it uses fell.
	for len(queue) > 0 {
		i := queue[0]
		queue, queued[i] = queue[1:], false
		best := int32(never)
		for _, seq := range g.rules[i].alts {
			best = min(best, seqLength(seq, n, classes))
		}
		if best >= n[i] {
			continue
		}
		n[i] = best
		for _, u := range users[i] {
			if !queued[u] {
				queue, queued[u] = append(queue, u), true
			}
		}
	}
	return n
}

func seqLength(seq []elem, rules, classes []int32) int32 {
	sum := int32(0)
	for _, e := range seq {
		sum = plus(sum, elemLength(e, rules, classes))
	}
	return sum
}

func elemLength(e elem, rules, classes []int32) int32 {
	switch e.kind {
	case elemClass:
		return classes[e.ref]
	case elemToken:
		return 1
	case elemRule:
		return rules[e.ref]
	}
	return times(e.min, rules[e.ref])
}

// neverEnds names a rule to blame: one that needs itself, on the way from the root.
func (g *Grammar) neverEnds(lengths []int32) error {
	seen := map[int32]bool{}
	at, named := g.root, g.root
	for !seen[at] {
		seen[at] = true
		if g.rules[at].name != "" {
			named = at
		}
		next := int32(none)
		for _, seq := range g.rules[at].alts {
			for _, e := range seq {
				if next == none && (e.kind == elemRule || e.kind == elemRepeat) && lengths[e.ref] == never {
					next = e.ref
				}
			}
		}
		if next == none {
			return errorAt(g.text, g.rules[named].at, "the rule %q needs a character that no text has, half of a surrogate pair", g.rules[named].name)
		}
		at = next
	}
	r := g.rules[at]
	if r.name == "" {
		r = g.rules[named]
	}
	return errorAt(g.text, r.at, "the rule %q never ends: each of its alternatives needs itself again; add one that does not", r.name)
}

// leftRecursion refuses a rule that begins with itself: to read it would take no
// end.
func (g *Grammar) leftRecursion(lengths []int32) error {
	const fresh, open, done = 0, 1, 2
	mark := make([]uint8, len(g.rules))
	var path []int32
	var visit func(i int32) error
	visit = func(i int32) error {
		switch mark[i] {
		case done:
			return nil
		case open:
			return g.beginsWithItself(path, i)
		}
		mark[i] = open
		path = append(path, i)
		for _, seq := range g.rules[i].alts {
			for _, e := range seq {
				if e.kind == elemClass || e.kind == elemToken {
					break
				}
				if err := visit(e.ref); err != nil {
					return err
				}
				if e.kind == elemRule && lengths[e.ref] > 0 || e.kind == elemRepeat && e.min > 0 && lengths[e.ref] > 0 {
					break
				}
			}
		}
		path = path[:len(path)-1]
		mark[i] = done
		return nil
	}
	for i := range g.rules {
		if err := visit(int32(i)); err != nil {
			return err
		}
	}
	return nil
}

// beginsWithItself words the cycle from i on.
func (g *Grammar) beginsWithItself(path []int32, i int32) error {
	var names []string
	at, inside := -1, false
	for _, p := range append(path, i) {
		inside = inside || p == i
		if r := g.rules[p]; inside && r.name != "" {
			names = append(names, r.name)
			if at < 0 {
				at = r.at
			}
		}
	}
	if at < 0 {
		at = g.rules[i].at
	}
	if len(names) == 1 {
		names = append(names, names[0])
	}
	return errorAt(g.text, at, "left recursion: %s: a rule cannot begin with itself; repeat instead, as item (\",\" item)*", strings.Join(names, " begins with "))
}

// flattenRepeats makes (x*){0,9} and the like x*: counting what is repeated without
// end anyway would only make texts ambiguous.
func (g *Grammar) flattenRepeats() {
	flatten := func(seq []elem) {
		for j, e := range seq {
			if e.kind != elemRepeat {
				continue
			}
			b := g.rules[e.ref]
			if b.name != "" || len(b.alts) != 1 || len(b.alts[0]) != 1 {
				continue
			}
			in := b.alts[0][0]
			if in.kind == elemRepeat && in.max == forever && in.min <= 1 {
				seq[j] = elem{kind: elemRepeat, ref: in.ref, min: in.min * e.min, max: forever}
			} else if in.kind == elemRule {
				seq[j].ref = in.ref
			}
		}
	}
	// Inner groups come before outer ones, and before the rules that hold them.
	for _, named := range []bool{false, true} {
		for _, r := range g.rules {
			for _, seq := range r.alts {
				if (r.name != "") == named {
					flatten(seq)
				}
			}
		}
	}
}

// solidRepeats makes repetitions of what may be empty ones of what is not: x{m,n}
// of such an x is (x without the empty text){0,n}. So each round takes a byte at
// least, and no loop runs on the spot.
func (g *Grammar) solidRepeats(lengths []int32) error {
	s := solid{g: g, lengths: lengths, of: map[int32]int32{}}
	for i := 0; i < len(g.rules) && s.elems <= maxElems; i++ { // those that it adds, too
		for k, seq := range g.rules[i].alts {
			for j, e := range seq {
				if e.kind == elemRepeat && int(e.ref) < len(lengths) && lengths[e.ref] == 0 {
					seq = append([]elem(nil), g.rules[i].alts[k]...)
					seq[j] = elem{kind: elemRepeat, ref: s.rule(e.ref), max: e.max}
					g.rules[i].alts[k] = seq
				}
			}
		}
	}
	if s.elems > maxElems {
		return errorAt(g.text, 0, "the grammar is too large: without empty repetitions it has more than %d symbols", maxElems)
	}
	return nil
}

type solid struct {
	g       *Grammar
	lengths []int32 // of the rules that were there
	of      map[int32]int32
	elems   int
}

// rule is a rule of the texts of r but the empty one.
func (s *solid) rule(r int32) int32 {
	if int(r) >= len(s.lengths) || s.lengths[r] > 0 {
		return r
	}
	if id, ok := s.of[r]; ok {
		return id
	}
	id := int32(len(s.g.rules))
	s.of[r] = id
	s.g.rules = append(s.g.rules, rule{at: s.g.rules[r].at, set: true})
	var alts [][]elem
	for _, seq := range s.g.rules[r].alts {
		for i, e := range seq {
			if s.elems > maxElems {
				return id
			}
			alts = append(alts, append([]elem{s.elem(e)}, seq[i+1:]...))
			s.elems += len(seq) - i
			if !s.empty(e) {
				break
			}
		}
	}
	s.g.rules[id].alts = alts
	return id
}

// elem is e without the empty text.
func (s *solid) elem(e elem) elem {
	switch {
	case e.kind == elemRule:
		e.ref = s.rule(e.ref)
	case e.kind == elemRepeat && s.empty(e):
		e.ref, e.min = s.rule(e.ref), 1
	}
	return e
}

func (s *solid) empty(e elem) bool {
	switch e.kind {
	case elemRule:
		return int(e.ref) < len(s.lengths) && s.lengths[e.ref] == 0
	case elemRepeat:
		return e.min == 0 || int(e.ref) < len(s.lengths) && s.lengths[e.ref] == 0
	}
	return false
}

// String is the text that was parsed.
func (g *Grammar) String() string { return g.text }

// describe names a class for an error.
func (s charset) describe() string {
	if len(s) == 1 && s[0][0] == s[0][1] {
		return fmt.Sprintf("the character %q", s[0][0])
	}
	return fmt.Sprintf("a character of the class from %q on", s[0][0])
}
