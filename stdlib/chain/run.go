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

	chain   *Chain
	ctx     context.Context
	start   time.Time
	seconds float64 // of the whole run, once it has ended
	about   About
	context int // About.ContextLength; 0: not known
	runner  Runner
	waves   *waves // of the model in this process; nil: the runner is another
	journal *journal
	plan    *Plan // made before, or nil
	dry     *dry  // not nil when planning
	done    int   // steps that are complete or failed
	total   int   // steps known to come, done ones included
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
	r.all([]Step{step}, []*Result{x})
	return x.Err
}

// prompt is a conversation as text and as tokens, nil if nobody knows these.
func (r *Run) prompt(step Step, messages []chat.Message) (string, []int, error) {
	for i, msg := range messages {
		if !utf8.ValidString(msg.Content) {
			return "", nil, fmt.Errorf("message %d is not UTF-8 text; convert it first", i+1)
		}
	}
	if r.about.Reader != nil {
		text, ids, err := r.about.Reader.Prompt(messages, step.Raw)
		if err == nil && len(ids) == 0 {
			err = engine.ErrEmptyPrompt
		}
		return text, ids, err
	}
	if step.Raw {
		return messages[0].Content, nil, nil
	}
	var b strings.Builder
	for _, msg := range messages {
		fmt.Fprintf(&b, "%s: %s\n", msg.Role, msg.Content)
	}
	return b.String(), nil, nil
}

// reserve is the room for an answer.
func (r *Run) reserve(step Step) int {
	if n := step.Config.MaxTokens; n > 0 {
		return n
	}
	if r.context == 0 {
		return 256
	}
	return max(min(256, r.context/4), 1)
}

// event tells what happens.
func (r *Run) event(e Event) {
	if r.Planning() {
		return
	}
	done := r.done
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
