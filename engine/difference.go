package engine

import (
	"fmt"
	"time"
)

// Difference is where a prompt parts from what the cache holds: from there on the
// cache was of no use.
type Difference struct {
	At     int           // index of the first token that differs
	Cached string        // its text in the cache
	Prompt string        // and in the prompt
	Lost   int           // tokens that would have been reused, had they been the same
	Cost   time.Duration // of reading as many
}

// String is `then "red" and not "grey": 12 tokens more, 3.1 ms`.
func (d *Difference) String() string {
	return fmt.Sprintf("then %q and not %q: %s tokens more, %s", d.Prompt, d.Cached, count(d.Lost), millis(d.Cost))
}

// noteDifference says why the prompt does not reuse more of the cache. That it goes
// on where the cache ends, or ends earlier, is no difference. Cells of the same text
// that were changed are counted as such. at is how many leading cells are of the prompt.
func (g *generation) noteDifference(ids []int, at int) {
	m, st, cells := g.s.model, &g.reply.Stats, g.s.seq.Cells()
	end := min(len(cells), len(ids)-1)
	if m.cfg.ReusePrefix != On || g.cfg.NoCache {
		return
	}
	for at < end && cells[at].Token == ids[at] {
		at++
		st.EditedTokens++
	}
	if at >= end {
		return
	}
	st.Differs = &Difference{
		At: at, Cached: m.TokenText(cells[at].Token), Prompt: m.TokenText(ids[at]), Lost: end - at,
	}
}
