package chain

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"loupe/engine"
	"loupe/engine/chat"
	"loupe/stdlib/nb"
)

// Run is a chain at work on documents, and afterwards what came of it. It is
// for one goroutine.
type Run struct {
	Docs    []Document
	Results []*Result // every step so far, the failed ones too

	chain     *Chain
	ctx       context.Context
	start     time.Time
	seconds   float64 // of the whole run, once it has ended
	context   int
	cellBytes int
	cache     *cache
	journal   *journal
	plan      *Plan // made before, or nil
	dry       *dry  // not nil when planning
	total     int   // steps known to come, done ones included
}

// Planning reports whether this is a plan: no model answers, and texts stand
// for answers of some length.
func (r *Run) Planning() bool { return r.dry != nil }

// Context is the context that the run ends with.
func (r *Run) Context() context.Context { return r.ctx }

// Last is the last result, nil if there is none.
func (r *Run) Last() *Result {
	if len(r.Results) == 0 {
		return nil
	}
	return r.Results[len(r.Results)-1]
}

// Answer is the text of the last step, "" if it failed or there is none.
func (r *Run) Answer() string {
	if last := r.Last(); last != nil {
		return last.Text
	}
	return ""
}

// Of are the results of the steps of a name.
func (r *Run) Of(step string) []*Result {
	var of []*Result
	for _, x := range r.Results {
		if x.Step == step {
			of = append(of, x)
		}
	}
	return of
}

// Do runs one step. parents are the results that its prompt was made from: they
// stand in the tree of the run and nothing more; those that are not of this run
// do not. The error is a *StepError; when the run was stopped it wraps the
// context's.
func (r *Run) Do(step Step, parents ...*Result) (*Result, error) {
	x := &Result{Parents: r.numbers(parents)}
	return x, r.do(step, x)
}

// numbers are the IDs of results of this run.
func (r *Run) numbers(results []*Result) []int {
	var n []int
	for _, p := range results {
		if p != nil && p.ID >= 1 && p.ID <= len(r.Results) && r.Results[p.ID-1] == p {
			n = append(n, p.ID)
		}
	}
	return n
}

// do runs a step into x.
func (r *Run) do(step Step, x *Result) error {
	x.ID, x.Step, x.Settings, x.planned = len(r.Results)+1, step.title(), step.Config, r.Planning()
	x.Settings.OnText = nil
	if x.Settings.MaxTokens == 0 {
		x.Settings.MaxTokens = r.reserve(step)
	}
	r.total = max(r.total, x.ID)
	start := time.Now()
	r.event(Event{Kind: Started, Result: x})
	err := r.answer(step, x)
	x.Seconds = time.Since(start).Seconds()
	r.Results = append(r.Results, x)
	if err != nil {
		x.Err = &StepError{ID: x.ID, Step: x.Step, Of: x.about(), Err: err}
		x.Text, x.Value = "", nil
		r.event(Event{Kind: Failed, Result: x})
		return x.Err
	}
	r.event(Event{Kind: Done, Result: x})
	return nil
}

// answer asks until an answer passes.
func (r *Run) answer(step Step, x *Result) error {
	form, err := step.check()
	if err != nil {
		return err
	}
	x.Settings.JSONSchema = step.Config.JSONSchema
	messages := step.messages()
	for try := 0; ; try++ {
		best := -1
		var refused error
		for n := range max(step.Best, 1) {
			cfg := x.Settings
			cfg.Seed += uint64(n)
			call, err := r.call(step, messages, cfg, x)
			if err != nil {
				if call.Reply != nil { // it was drawn, but could not be kept
					x.Calls = append(x.Calls, call)
				}
				return err
			}
			x.Chosen, x.Text = len(x.Calls), strings.TrimSpace(call.Reply.Text)
			x.Calls = append(x.Calls, call)
			this := &x.Calls[x.Chosen]
			if r.Planning() {
				if best = x.Chosen; form != nil {
					this.Value = form.zero()
				}
				continue
			}
			var wrong error
			if form != nil {
				this.Value, wrong = form.value(x.Text)
				x.Value = this.Value
			}
			if wrong == nil && step.Check != nil {
				wrong = step.Check(x)
			}
			if wrong != nil {
				refused, this.Refused = wrong, wrong.Error()
				r.event(Event{Kind: Refused, Result: x, Text: this.Refused})
				continue
			}
			if step.Judge != nil {
				this.Score = step.Judge(x)
			}
			if best < 0 || this.Score > x.Calls[best].Score {
				best = x.Chosen
			}
		}
		if best >= 0 {
			x.Chosen, x.Score, x.Value = best, x.Calls[best].Score, x.Calls[best].Value
			x.Text = strings.TrimSpace(x.Calls[best].Reply.Text)
			return nil
		}
		if try == step.Retries {
			return &CheckError{Answers: len(x.Calls), Last: refused}
		}
		messages = step.askAgain(messages, x.Calls[x.Chosen].Reply.Text, refused)
	}
}

// call draws one answer: from the journal, or from the model.
func (r *Run) call(step Step, messages []chat.Message, cfg engine.GenerateConfig, x *Result) (Call, error) {
	prompt, ids, err := r.prompt(step, messages)
	if err != nil {
		return Call{}, err
	}
	c := Call{Prompt: prompt}
	if len(ids) == 0 {
		return c, engine.ErrEmptyPrompt
	}
	e := &OverflowError{len(ids), cfg.MaxTokens, r.context}
	if e.Over() > 0 && !r.Planning() {
		return c, e
	}
	if c.Reply = r.journal.find(cfg, ids); c.Reply != nil {
		c.Stats, c.Resumed = c.Reply.Stats, true
		return c, nil
	}
	if r.Planning() {
		r.dry.fits(step, e)
		c.Reply = r.dry.reply(r.cache, ids, cfg)
		c.Stats = c.Reply.Stats
		return c, nil
	}
	c.Reply, err = r.generate(step, ids, cfg, x)
	if err != nil {
		return c, err
	}
	c.Stats = c.Reply.Stats
	r.chain.rates.add(c.Stats)
	return c, r.journal.add(cfg, ids, x.Step, c.Reply)
}

// generate asks the model.
func (r *Run) generate(step Step, ids []int, cfg engine.GenerateConfig, x *Result) (*engine.Reply, error) {
	ctx := r.ctx
	if step.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, step.Timeout)
		defer cancel()
	}
	cfg.OnText = func(text string) { r.event(Event{Kind: Texted, Result: x, Text: text}) }
	seq := r.cache.take(ids)
	reply, err := seq.session.GenerateIDs(ctx, ids, cfg)
	if err != nil {
		r.cache.drop(seq)
		if r.ctx.Err() == nil && ctx.Err() != nil {
			return nil, fmt.Errorf("no answer within the Timeout of %v: %w", step.Timeout, err)
		}
		return nil, err
	}
	r.cache.put(seq, seq.session.Tokens())
	return reply, nil
}

// prompt is a conversation as text and as tokens, as Session.Send has it.
func (r *Run) prompt(step Step, messages []chat.Message) (string, []int, error) {
	m := r.chain.Model
	for i, msg := range messages {
		if !utf8.ValidString(msg.Content) {
			return "", nil, fmt.Errorf("message %d is not UTF-8 text; convert it first", i+1)
		}
	}
	if step.Raw {
		return messages[0].Content, m.Tokenize(messages[0].Content), nil
	}
	text, err := m.ChatTemplate(messages)
	if err != nil {
		return "", nil, err
	}
	if id, added := m.BOS(); added { // a template may write it itself
		return text, m.Tokenize(strings.TrimPrefix(text, m.TokenText(id))), nil
	}
	return text, m.Tokenize(text), nil
}

// reserve is the room for an answer.
func (r *Run) reserve(step Step) int {
	if n := step.Config.MaxTokens; n > 0 {
		return n
	}
	return max(min(256, r.context/4), 1)
}

// event tells what happens.
func (r *Run) event(e Event) {
	if r.Planning() {
		return
	}
	done := len(r.Results)
	if e.Kind == Done || e.Kind == Failed {
		nb.Progress("chain", int64(done), int64(r.total), "steps")
	}
	if r.chain.OnEvent == nil {
		return
	}
	e.Steps, e.Total, e.Elapsed = done, r.total, time.Since(r.start)
	if done > 0 {
		e.Left = e.Elapsed / time.Duration(done) * time.Duration(max(r.total-done, 0))
	}
	r.chain.OnEvent(e)
}

// expect says that n more steps will come.
func (r *Run) expect(n int) { r.total = max(r.total, len(r.Results)+n) }

// WriteJSON writes every result as a line of JSON.
func (r *Run) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	for _, x := range r.Results {
		if err := e.Encode(x); err != nil {
			return fmt.Errorf("chain: step %d: %w", x.ID, err)
		}
	}
	return nil
}
