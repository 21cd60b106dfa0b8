package chain

import (
	"fmt"
	"strings"

	"loupe/engine"
)

// dry answers in place of the model when planning.
type dry struct {
	model    *engine.Model
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

func (d *dry) reply(c *cache, ids []int, cfg engine.GenerateConfig) *engine.Reply {
	n := 1
	if d.high {
		n = cfg.MaxTokens
	}
	text := strings.Repeat(d.units[d.replies%len(d.units)], n)
	d.replies++
	answer := d.model.TokenizePlain(text)
	seq := c.take(ids)
	st := engine.Stats{PromptTokens: len(ids), ReusedTokens: len(seq.ids), GeneratedTokens: n, StopReason: engine.EOSFound}
	st.EvaluatedTokens = st.PromptTokens - st.ReusedTokens
	if d.high {
		st.StopReason = engine.MaxPredictedTokensReached
	}
	held := append(ids[:len(ids):len(ids)], answer[:min(n-1, len(answer))]...)
	c.put(seq, held)
	return &engine.Reply{Text: text, PromptIDs: ids, IDs: answer, Stats: st}
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
