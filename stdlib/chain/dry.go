package chain

import (
	"context"
	"fmt"
	"strings"

	"loupe/engine"
)

// dry is the Runner that answers in place of another when planning.
type dry struct {
	about    About
	waves    *waves // as the run will have them; nil: the runner is no model in this process
	units    []string
	replies  int
	high     bool // answers are as long as they may be, else of one token
	overflow map[string]*overflow
	order    []string // of overflow
	unknown  []string
}

// overflow is what will not fit of one step.
type overflow struct{ calls, over, most int }

// unit is a text of one token in most vocabularies.
const unit = " a"

// units are words of one token each, so that answers differ as real ones do:
// else prompts that hold them would share more than they will.
func units(m *engine.Model) []string {
	u := []string{unit}
	if m == nil {
		return u
	}
	for id := range m.Vocabulary() {
		text := m.TokenText(id)
		if word, ok := strings.CutPrefix(text, " "); ok && len(word) > 1 && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") == "" && len(m.TokenizePlain(text+text)) == 2 {
			if u = append(u, text); len(u) == 64 {
				break
			}
		}
	}
	return u
}

// About is that of the other.
func (d *dry) About(context.Context) (About, error) { return d.about, nil }

// Draw makes replies, in waves as native does.
func (d *dry) Draw(ctx context.Context, requests []Request, on Listener) {
	for from := 0; from < len(requests) && ctx.Err() == nil; {
		size := 1
		if d.waves != nil {
			size = d.waves.next(requests[from:])
		}
		var seqs []*sequence
		var held [][]int
		for i, q := range requests[from : from+size] {
			on.Begun(from + i)
			reply := d.reply(q)
			if d.waves != nil {
				seq := d.waves.cache.take(q.IDs)
				st := &reply.Stats
				st.ReusedTokens = len(seq.ids)
				st.EvaluatedTokens = st.PromptTokens - st.ReusedTokens
				if size > 1 {
					st.Batch = float64(size)
					d.waves.cache.hold(seq, q.IDs)
				}
				seqs = append(seqs, seq)
				held = append(held, append(q.IDs[:len(q.IDs):len(q.IDs)], reply.IDs[:min(st.GeneratedTokens-1, len(reply.IDs))]...))
			}
			on.Done(from+i, reply, nil)
		}
		if d.waves != nil {
			d.waves.cache.active = nil
			d.waves.cache.put(seqs, held)
		}
		from += size
	}
}

// reply is an answer of one token, or of as many as there may be.
func (d *dry) reply(q Request) *engine.Reply {
	n := 1
	if d.high {
		n = q.Config.MaxTokens
	}
	reply := &engine.Reply{Text: strings.Repeat(d.units[d.replies%len(d.units)], n), PromptIDs: q.IDs}
	d.replies++
	if d.about.Reader != nil {
		reply.IDs = d.about.Reader.TokenizePlain(reply.Text)
	}
	reply.Stats = engine.Stats{PromptTokens: len(q.IDs), EvaluatedTokens: len(q.IDs), GeneratedTokens: n, StopReason: engine.EOSFound}
	if d.high {
		reply.Stats.StopReason = engine.MaxPredictedTokensReached
	}
	return reply
}

// fits notes whether a call fits.
func (d *dry) fits(step Step, e *OverflowError) {
	name := step.title()
	o := d.overflow[name]
	if o == nil {
		o = &overflow{}
		d.overflow[name] = o
		d.order = append(d.order, name)
		if step.Check != nil && step.Retries > 0 {
			d.unknown = append(d.unknown, fmt.Sprintf("%s: asking again, up to %d times a step, is not counted", name, step.Retries))
		}
	}
	o.calls++
	if e.Over() > 0 {
		o.over++
		o.most = max(o.most, e.Over())
	}
}

// problems says what will not fit, or may not.
func problems(low, high *dry) []string {
	var text []string
	for _, step := range high.order {
		o := high.overflow[step]
		if l := low.overflow[step]; l != nil && l.over > 0 {
			text = append(text, fmt.Sprintf("%s: %d of %d calls will not fit the context, by up to %d tokens", step, l.over, l.calls, l.most))
		} else if o.over > 0 {
			text = append(text, fmt.Sprintf("%s: %d of %d calls will not fit the context if the answers before are as long as they may be, by up to %d tokens", step, o.over, o.calls, o.most))
		}
	}
	return text
}
