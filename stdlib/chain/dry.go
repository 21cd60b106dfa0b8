package chain

import (
	"fmt"
	"strings"

	"loupe/engine"
)

// dry answers in place of the model when planning.
type dry struct {
	model    *engine.Model
	high     bool // answers are as long as they may be, else of one token
	overflow map[string]*overflow
	order    []string // of overflow
}

// overflow is what will not fit of one step.
type overflow struct{ calls, over, most int }

// unit is a text of one token in most vocabularies.
const unit = " a"

func (d *dry) reply(c *cache, ids []int, cfg engine.GenerateConfig) *engine.Reply {
	n := 1
	if d.high {
		n = cfg.MaxTokens
	}
	text := strings.Repeat(unit, n)
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
func (d *dry) fits(step string, e *OverflowError) {
	o := d.overflow[step]
	if o == nil {
		o = &overflow{}
		d.overflow[step] = o
		d.order = append(d.order, step)
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
