package chain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"loupe/engine"
	"loupe/engine/chat"
)

// asking is a step at work: it asks, and asks again, until an answer passes.
type asking struct {
	step     Step
	x        *Result
	form     *form // of the answer, or nil
	messages []chat.Message
	tries    int
	drawn    []Call // of this try, [max(Best, 1)]
	missing  int    // of these, not drawn yet
	failed   error  // of the first that failed
	start    time.Time
	over     bool
}

// wanted is a request that a step waits for: that of its drawn[n].
type wanted struct {
	Request
	of *asking
	n  int
}

// all runs steps that do not depend on each other, each into its result. When the run
// is stopped, what had not begun is no step of it: its ID is 0.
func (r *Run) all(steps []Step, results []*Result) {
	r.total = max(r.total, len(r.Results)+len(steps))
	size := len(steps)
	if r.waves != nil { // what is asked again is asked while the cache has it
		size = r.waves.most
	}
	for from := 0; from < len(steps); from += size {
		to := min(from+size, len(steps))
		if from == 0 || r.ctx.Err() == nil {
			r.some(steps[from:to], results[from:to])
			continue
		}
		for _, x := range results[from:to] {
			x.Err = &StepError{Step: x.Step, Of: x.about(), Err: r.ctx.Err()}
		}
	}
}

// some is all, for as many as are asked at a time.
func (r *Run) some(steps []Step, results []*Result) {
	asks := make([]*asking, len(steps))
	for i, step := range steps {
		x := results[i]
		x.ID, x.Step, x.Settings, x.planned = len(r.Results)+1+i, step.title(), step.Config, r.Planning()
		x.Settings.OnText = nil
		if x.Settings.MaxTokens == 0 {
			x.Settings.MaxTokens = r.reserve(step)
		}
		asks[i] = &asking{step: step, x: x, messages: step.messages()}
	}
	for {
		var wants []wanted
		for _, a := range asks {
			if !a.over {
				wants = append(wants, r.try(a)...)
			}
		}
		if len(wants) == 0 {
			break
		}
		r.draw(wants)
		if r.ctx.Err() != nil {
			break
		}
	}
	if r.ctx.Err() != nil && !slices.ContainsFunc(asks, func(a *asking) bool { return !a.start.IsZero() }) {
		r.begin(asks[0]) // so that there is one that says so
	}
	for _, a := range asks {
		if a.x.ID = len(r.Results) + 1; a.start.IsZero() {
			a.x.Err = &StepError{ID: a.x.ID, Step: a.x.Step, Of: a.x.about(), Err: r.ctx.Err()}
			a.x.ID = 0
			continue
		}
		if !a.over {
			r.fail(a, r.ctx.Err())
		}
		r.Results = append(r.Results, a.x)
	}
}

// try finds what a step has to ask next; what the journal has, it takes from there.
func (r *Run) try(a *asking) []wanted {
	if a.tries == 0 {
		var err error
		if a.form, err = a.step.check(); err != nil {
			r.begin(a)
			r.fail(a, err)
			return nil
		}
		a.x.Settings.JSONSchema = a.step.Config.JSONSchema
	}
	a.drawn, a.failed = make([]Call, max(a.step.Best, 1)), nil
	a.missing = len(a.drawn)
	prompt, ids, err := r.prompt(a.step, a.messages)
	e := &OverflowError{len(ids), a.x.Settings.MaxTokens, r.context}
	if ids == nil || r.context == 0 {
		e = nil // nobody knows whether it fits
	}
	if err == nil && e.Over() > 0 && !r.Planning() {
		err = e
	}
	if err != nil {
		r.begin(a)
		r.fail(a, err)
		return nil
	}
	var wants []wanted
	for n := range a.drawn {
		cfg := a.x.Settings
		cfg.Seed += uint64(n)
		q := Request{Messages: a.messages, Raw: a.step.Raw, IDs: ids, Config: cfg, Timeout: a.step.Timeout}
		a.drawn[n].Prompt = prompt
		if reply := r.journal.find(q); reply != nil {
			r.begin(a)
			a.drawn[n].Reply, a.drawn[n].Stats, a.drawn[n].Resumed = reply, reply.Stats, true
			a.missing--
		} else {
			wants = append(wants, wanted{q, a, n})
			if r.Planning() {
				r.dry.fits(a.step, e)
			}
		}
	}
	if a.missing == 0 {
		r.settle(a)
		if !a.over { // the journal may have the next try too
			return r.try(a)
		}
	}
	return wants
}

// draw has requests answered.
func (r *Run) draw(wants []wanted) {
	requests := make([]Request, len(wants))
	for i, w := range wants {
		requests[i] = w.Request
	}
	on := Listener{
		Begun: func(i int) { r.begin(wants[i].of) },
		Done:  func(i int, reply *engine.Reply, err error) { r.drew(wants[i], reply, err) },
	}
	if r.chain.OnEvent != nil && !r.Planning() {
		on.Text = func(i int, text string) { r.event(Event{Kind: Texted, Result: wants[i].of.x, Text: text}) }
	}
	r.runner.Draw(r.ctx, requests, on)
}

// begin says that a step is at work.
func (r *Run) begin(a *asking) {
	if a.start.IsZero() {
		a.start = time.Now()
		r.event(Event{Kind: Started, Result: a.x})
	}
}

// drew takes an answer.
func (r *Run) drew(w wanted, reply *engine.Reply, err error) {
	a := w.of
	a.missing--
	if err == nil {
		c := &a.drawn[w.n]
		c.Reply, c.Stats, c.blind = reply, reply.Stats, reply.Stats.PromptTokens == 0
		if !r.Planning() {
			r.chain.rates.add(c.Stats)
			err = r.journal.add(w.Request, a.x.Step, reply)
		}
	} else if w.Timeout > 0 && r.ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer within the Timeout of %v: %w", w.Timeout, err)
	}
	if a.failed == nil {
		a.failed = err
	}
	if a.missing == 0 {
		r.settle(a)
	}
}

// settle looks at the answers of a try: one may be good, or another try is due.
func (r *Run) settle(a *asking) {
	x := a.x
	if a.failed != nil { // what was drawn all the same is kept
		x.Calls = append(x.Calls, slices.DeleteFunc(a.drawn, func(c Call) bool { return c.Reply == nil })...)
		r.fail(a, a.failed)
		return
	}
	best := -1
	var refused error
	for _, call := range a.drawn {
		x.Chosen, x.Text = len(x.Calls), strings.TrimSpace(call.Reply.Text)
		x.Calls = append(x.Calls, call)
		this := &x.Calls[x.Chosen]
		if r.Planning() {
			if best = x.Chosen; a.form != nil {
				this.Value = a.form.zero()
			}
			continue
		}
		var wrong error
		if a.form != nil {
			this.Value, wrong = a.form.value(x.Text)
			x.Value = this.Value
		}
		if wrong == nil && a.step.Check != nil {
			wrong = a.step.Check(x)
		}
		if wrong != nil {
			refused, this.Refused = wrong, wrong.Error()
			r.event(Event{Kind: Refused, Result: x, Text: this.Refused})
			continue
		}
		if a.step.Judge != nil {
			this.Score = a.step.Judge(x)
		}
		if best < 0 || this.Score > x.Calls[best].Score {
			best = x.Chosen
		}
	}
	switch {
	case best >= 0:
		x.Chosen, x.Score, x.Value = best, x.Calls[best].Score, x.Calls[best].Value
		x.Text = strings.TrimSpace(x.Calls[best].Reply.Text)
		r.end(a, Done)
	case a.tries == a.step.Retries:
		r.fail(a, &CheckError{Answers: len(x.Calls), Last: refused})
	default:
		a.tries++
		a.messages = a.step.askAgain(a.messages, x.Calls[x.Chosen].Reply.Text, refused)
	}
}

func (r *Run) fail(a *asking, err error) {
	a.x.Err = &StepError{ID: a.x.ID, Step: a.x.Step, Of: a.x.about(), Err: err}
	a.x.Text, a.x.Value = "", nil
	r.end(a, Failed)
}

func (r *Run) end(a *asking, kind EventKind) {
	a.over = true
	a.x.Seconds = time.Since(a.start).Seconds()
	r.done++
	r.event(Event{Kind: kind, Result: a.x})
}
