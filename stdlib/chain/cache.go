package chain

import (
	"slices"

	"loupe/engine"
)

// cache keeps recent sequences, so that a prompt starts from the one that it
// shares the longest beginning with. Planning keeps only the ids: it decides
// from them just as a run does, so both count the same.
type cache struct {
	model   *engine.Model // nil when planning
	reuse   bool          // ReusePrefix is on
	keep    int           // cells of sequences not in use, at most
	entries []*sequence   // the least recently used first
	active  []*sequence   // those of a wave whose prompts are read
	peak    int           // most cells there were at once
}

type sequence struct {
	ids     []int
	session *engine.Session // nil when planning
}

// take gives a sequence that holds the longest known beginning of ids and
// nothing else, but not all of ids: the last token has to be read for there to
// be an answer. It belongs to the caller until put or drop.
func (c *cache) take(ids []int) *sequence {
	best, most := -1, 0
	for i, e := range c.entries {
		if n := common(e.ids, ids[:len(ids)-1]); n > most {
			best, most = i, n
		}
	}
	var from *sequence
	for _, e := range c.active {
		if n := common(e.ids, ids[:len(ids)-1]); n > most {
			from, most = e, n
		}
	}
	if !c.reuse || most == 0 {
		e := &sequence{}
		if c.model != nil {
			e.session = c.model.NewSession()
		}
		return e
	}
	if from == nil {
		from = c.entries[best]
		c.entries = slices.Delete(c.entries, best, best+1)
		if most == len(from.ids) { // goes on where that one ended
			return from
		}
		c.entries = append(c.entries, from) // just used
	}
	e := &sequence{ids: slices.Clone(from.ids[:most])}
	if c.model != nil {
		e.session = from.session.Fork()
		e.session.Rewind(most)
	}
	return e
}

// hold says that a sequence has read ids, and goes on when others have read theirs:
// these may start from it.
func (c *cache) hold(e *sequence, ids []int) {
	e.ids = ids
	c.active = append(c.active, e)
}

// put gives sequences back, now holding ids, and lets go of old ones.
func (c *cache) put(back []*sequence, ids [][]int) {
	for i, e := range back {
		e.ids = ids[i]
	}
	c.entries = append(c.entries, back...)
	c.peak = max(c.peak, cells(c.entries))
	for len(c.entries) > 0 && (!c.reuse || cells(c.entries) > c.keep) {
		c.entries[0].close()
		c.entries = slices.Delete(c.entries, 0, 1)
	}
}

// drop lets go of a sequence in an unknown state.
func (c *cache) drop(e *sequence) { e.close() }

// close lets go of all.
func (c *cache) close() {
	for _, e := range c.entries {
		e.close()
	}
	c.entries = nil
}

func (e *sequence) close() {
	if e.session != nil {
		e.session.Close()
	}
}

// common is the length of the common beginning.
func common(a, b []int) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// cells is how many cells sequences take together: what forks share counts
// once. In order, each sequence shares most with the one before it.
func cells(entries []*sequence) int {
	ids := make([][]int, len(entries))
	for i, e := range entries {
		ids[i] = e.ids
	}
	slices.SortFunc(ids, slices.Compare)
	n := 0
	for i, s := range ids {
		n += len(s)
		if i > 0 {
			n -= common(ids[i-1], s)
		}
	}
	return n
}
