package model

import (
	"fmt"
	"math"
	"math/bits"

	"loupe/engine/observe"
	"loupe/engine/ops"
)

// attendWatched is attention whose scores or weights are watched. Flash attention forms
// neither, so the plain way does; what flows on is what flows unwatched. The rows, of a
// query and a head, that the watcher writes to are computed anew, of what it wrote.
func (p *Pass) attendWatched(l int, a ops.Attention) {
	c, rows, cells := p.model.Config, a.N*a.Heads, a.From+a.N
	scores, pattern := p.wants(l, observe.AttnScores), p.wants(l, observe.AttnPattern)
	look := a
	if a.Flash {
		look.Out = nil
	}
	if scores {
		p.scores = roomFor(p.scores, rows*cells)
		look.Scores = p.scores
	}
	if pattern {
		p.pattern = roomFor(p.pattern, rows*cells)
		look.Pattern = p.pattern
	}
	p.cpu.Attend(look)
	if a.Flash {
		p.cpu.Attend(a)
	}
	p.written, p.prints = roomFor(p.written, rows), roomFor(p.prints, rows)
	clear(p.written)
	wrote := false
	if scores {
		if wrote = p.showRows(l, observe.AttnScores, &a, p.scores); wrote {
			p.pattern = roomFor(p.pattern, rows*cells)
			for r, written := range p.written {
				if written {
					from, to := seen(&a, r)
					softMaxRow(p.pattern[r*cells:][:cells], p.scores[r*cells:][:cells], from, to)
				}
			}
		}
	}
	if pattern && p.showRows(l, observe.AttnPattern, &a, p.pattern) {
		wrote = true
	}
	if !wrote {
		return
	}
	a.Pattern, a.Given = p.pattern, p.written
	for r, written := range p.written {
		if written { // what a query does not see stays so
			from, _ := seen(&a, r)
			clear(p.pattern[r*cells:][:from])
		}
	}
	p.cpu.Attend(a)
	p.wrote = p.wrote || l < c.Layers-1
}

// showRows shows scores or weights, [nTok, Heads, nKV], and notes in written which rows
// were written to, where their queries see.
func (p *Pass) showRows(l int, at observe.Point, a *ops.Attention, x []float32) bool {
	cells := a.From + a.N
	e := observe.Event{Layer: l, Point: at, Pos: p.pos[0], Shape: [3]int{a.N, a.Heads, cells}, X: x[:a.N*a.Heads*cells]}
	if p.reads {
		p.watcher.Observe(e)
		return false
	}
	visible := func(r int) []float32 {
		from, to := seen(a, r)
		return x[r*cells:][from:to]
	}
	for r := range p.prints {
		p.prints[r] = fingerprint(visible(r))
	}
	p.watcher.Observe(e)
	any := false
	for r, before := range p.prints {
		if fingerprint(visible(r)) != before {
			p.written[r], any = true, true
			p.mustBeFinite(l, at, visible(r))
		}
	}
	return any
}

// seen is the cells that a row of scores, of a query and a head, sees.
func seen(a *ops.Attention, row int) (from, to int) {
	to = a.From + row/a.Heads + 1
	if a.Window > 0 {
		from = max(0, to-a.Window)
	}
	return from, to
}

// mustBeFinite makes the pass fail if what the watcher wrote is not, as no later layer and
// no cache would be of use. Scores may be -Inf.
func (p *Pass) mustBeFinite(l int, at observe.Point, x []float32) {
	if p.bad != nil || p.cpu.Canceled() {
		return
	}
	for _, v := range x {
		if v-v == 0 || at == observe.AttnScores && v < 0 {
			continue
		}
		also := ""
		if at == observe.AttnScores {
			also = ", or -Inf for a key that is not to be seen"
		}
		p.bad = fmt.Errorf("model: the observer left %v in %s of layer %d; write finite numbers%s", v, at, l, also)
		return
	}
}

// softMaxRow makes weights of the scores of the cells from from on to to; others weigh
// nothing, and if all scores are -Inf, none does.
func softMaxRow(dst, scores []float32, from, to int) {
	clear(dst)
	top := math.Inf(-1)
	for _, s := range scores[from:to] {
		top = max(top, float64(s))
	}
	if math.IsInf(top, -1) {
		return
	}
	sum := 0.0
	for _, s := range scores[from:to] {
		sum += math.Exp(float64(s) - top)
	}
	for i, s := range scores[from:to] {
		dst[from+i] = float32(math.Exp(float64(s)-top) / sum)
	}
}

// fingerprint is another number for another x: always, where one element differs, and
// all but always, where several do.
func fingerprint(x []float32) uint64 {
	const odd = 0x9e3779b97f4a7c15
	h := uint64(len(x))
	// Of many, four at a time, which do not wait for each other.
	if len(x) >= 8 {
		a, b, c, d := h, h+1, h+2, h+3
		for ; len(x) >= 8; x = x[8:] {
			a = bits.RotateLeft64((a^pair(x[0], x[1]))*odd, 29)
			b = bits.RotateLeft64((b^pair(x[2], x[3]))*odd, 29)
			c = bits.RotateLeft64((c^pair(x[4], x[5]))*odd, 29)
			d = bits.RotateLeft64((d^pair(x[6], x[7]))*odd, 29)
		}
		h = a
		for _, other := range [...]uint64{b, c, d} {
			h = bits.RotateLeft64((h^other)*odd, 29)
		}
	}
	for ; len(x) >= 2; x = x[2:] {
		h = bits.RotateLeft64((h^pair(x[0], x[1]))*odd, 29)
	}
	if len(x) == 1 {
		h = (h ^ uint64(math.Float32bits(x[0]))) * odd
	}
	return h
}

// pair is the bits of two elements.
func pair(a, b float32) uint64 {
	return uint64(math.Float32bits(a)) | uint64(math.Float32bits(b))<<32
}

// roomFor gives a slice of n elements, s itself when it is long enough.
func roomFor[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
