package grammar

import (
	"fmt"
	"math"
)

// Matcher follows one text, token by token. It is for one goroutine; several of one
// Bound may run at once.
type Matcher struct {
	b       *Bound
	t       *table
	state   int32
	left    int // tokens, or noLimit
	plan    []int
	tried   int // the token that Allows said yes to last, or none
	next    int32
	scratch []uint64
	err     error
}

const noLimit = math.MaxInt32

// NewMatcher begins a text.
func (b *Bound) NewMatcher() *Matcher {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := &Matcher{b: b, t: b.table, left: noLimit, tried: none}
	if b.table.full() {
		m.t = newTable(b)
	}
	start, _ := m.t.close(m.t.enter(nil, b.g.root, 0)) // Bind did the same
	m.state, b.table = start, m.t
	return m
}

// Limit says how many tokens are left, the next one included: from now on a token is
// allowed only if the text can end with those that are left after it. It is to be
// told again before each token; 0 or less is no limit. If even the shortest text
// takes more, the error says how many that are, and nothing is limited.
func (m *Matcher) Limit(tokens int) error {
	m.b.mu.Lock()
	defer m.b.mu.Unlock()
	if tokens <= 0 || tokens > noLimit {
		tokens = noLimit
	}
	m.tried = none
	m.left = tokens
	if need := m.need(m.state); need > tokens {
		m.left = noLimit
		return &LimitError{Need: need, Left: tokens}
	}
	return nil
}

// LimitError says that a text cannot end in time.
type LimitError struct {
	Need int // tokens of a shortest end
	Left int
}

func (e *LimitError) Error() string {
	if e.Need >= never {
		return fmt.Sprintf("grammar: no text that it describes fits %d tokens", e.Left)
	}
	return fmt.Sprintf("grammar: the shortest text that it describes takes %d tokens, and %d are left", e.Need, e.Left)
}

// need is how many tokens are enough from a state on, as far as m.left matters; it
// makes the plan for it.
func (m *Matcher) need(s int32) int {
	if m.left == noLimit {
		m.plan = nil
		return 0
	}
	least := int(m.t.states[s].least)
	if least <= m.left {
		m.plan = nil
		return least
	}
	if len(m.plan) > 0 && len(m.plan) <= m.left {
		return len(m.plan)
	}
	n := int(m.t.finish(s))
	m.plan = nil
	if n <= m.left {
		m.plan = m.b.tokenize(m.t.shortest(s))
	}
	return min(n, least)
}

// fits reports whether the text can end in time after a token that leads to s.
func (m *Matcher) fits(s int32) bool {
	return m.left == noLimit || int(m.t.states[s].least) < m.left || int(m.t.finish(s)) < m.left
}

// Allows reports whether a token may come next.
func (m *Matcher) Allows(id int) bool {
	m.b.mu.Lock()
	defer m.b.mu.Unlock()
	m.t.work = 0
	next, ok := m.try(id)
	if !ok {
		return false
	}
	m.tried, m.next = id, next
	return true
}

// try gives the state after a token. A token that ends the generation leaves the
// state as it is.
func (m *Matcher) try(id int) (int32, bool) {
	if id < 0 || id >= m.b.v.n || m.err != nil {
		return dead, false
	}
	if m.b.v.endSet[id] && m.t.states[m.state].ends {
		return m.state, true
	}
	next, err := m.t.token(m.state, id)
	if err != nil {
		m.err = err
		return dead, false
	}
	return next, next != dead && (len(m.plan) > 0 && m.plan[0] == id || m.fits(next))
}

// Mask is the tokens that may come next, bit id of the words; it is good until the
// next call. Unless it is tight it does not ask for the Limit, so that it is ready
// at once where a text has been before: then Allows has the last word.
func (m *Matcher) Mask(tight bool) ([]uint64, error) {
	m.b.mu.Lock()
	defer m.b.mu.Unlock()
	if m.err != nil {
		return nil, m.err
	}
	m.t.work = 0
	var mask []uint64
	if tight && m.left != noLimit {
		mask, m.err = m.t.tight(m.state, m.fits)
		if m.err == nil && len(m.plan) > 0 {
			mask[m.plan[0]>>6] |= 1 << (m.plan[0] & 63)
		}
	} else {
		mask, m.err = m.t.mask(m.state, &m.scratch)
	}
	if m.err != nil {
		return nil, m.err
	}
	for _, w := range mask {
		if w != 0 {
			return mask, nil
		}
	}
	return nil, fmt.Errorf("grammar: no token of the vocabulary goes on from here")
}

// Accept adds a token to the text. One that Allows refuses is an error.
func (m *Matcher) Accept(id int) error {
	m.b.mu.Lock()
	defer m.b.mu.Unlock()
	m.t.work = 0
	next, ok := m.next, m.tried == id && m.tried != none
	if !ok {
		next, ok = m.try(id)
	}
	m.tried = none
	if m.err != nil {
		return m.err
	}
	if !ok {
		return fmt.Errorf("grammar: token %d, %q, cannot come here", id, m.b.v.piece(id))
	}
	if len(m.plan) > 0 && m.plan[0] == id {
		m.plan = m.plan[1:]
	} else {
		m.plan = nil
	}
	m.state = next
	if m.t.full() {
		if m.b.table.full() {
			m.b.table = newTable(m.b)
		}
		m.state, m.t = m.b.table.adopt(m.t, m.state), m.b.table
	}
	return nil
}

// Ends reports whether the text may end here, and whether it must.
func (m *Matcher) Ends() (may, must bool) {
	m.b.mu.Lock()
	defer m.b.mu.Unlock()
	st := m.t.states[m.state]
	return st.ends, st.ends && len(st.stacks) == 1
}

// Err is why the text cannot be followed any more, if it cannot.
func (m *Matcher) Err() error { return m.err }
