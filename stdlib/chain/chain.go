package chain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"loupe/engine"
	"loupe/stdlib/nb"
)

// Chain is a job for a model. Its fields are to be set before Plan or Run. It is
// for one goroutine at a time.
type Chain struct {
	Model *engine.Model
	Do    func(r *Run) error // the work; Map, MapReduce, ... make common ones
	Split Splitter           // how Run.Split cuts
	// Journal is a file that every answer goes to as it comes. A run finds there
	// what an earlier one has done with the same model, settings and prompt, and
	// does not do it again. One run at a time may have it. "": none.
	Journal string
	OnEvent func(e Event)
	// KeepTokens is how many tokens of earlier prompts stay in the cache for
	// later steps to start from; 0 is as many as the context holds.
	KeepTokens int

	rates rates
	plan  *Plan // made since the last run
}

// Run does the work on documents. It always gives the run, also beside an
// error: Run.Results holds every step that was complete by then. A plan of the
// same documents that was made since the last run stands in its account.
func (c *Chain) Run(docs ...Document) (*Run, error) { return c.RunContext(nb.Context(), docs...) }

// RunContext is Run under ctx.
func (c *Chain) RunContext(ctx context.Context, docs ...Document) (*Run, error) {
	r, err := c.newRun(ctx, docs)
	if err != nil {
		return r, err
	}
	r.cache.model = c.Model
	if p := c.plan; p != nil && slices.Equal(p.docs, docs) {
		r.plan = p
		r.total = p.steps
	}
	c.plan = nil
	if c.Journal != "" {
		if r.journal, err = openJournal(ctx, c.Journal, c.Model); err != nil {
			return r, err
		}
		defer r.journal.close()
	}
	defer r.cache.close()
	defer func() { r.seconds = time.Since(r.start).Seconds() }()
	return r, c.Do(r)
}

// newRun checks what was given.
func (c *Chain) newRun(ctx context.Context, docs []Document) (*Run, error) {
	r := &Run{Docs: docs, chain: c, ctx: ctx, start: time.Now()}
	switch {
	case c.Model == nil:
		return r, errors.New("chain: Chain.Model is nil; give a model from engine.Load")
	case c.Do == nil:
		return r, errors.New("chain: Chain.Do is nil; give the work, as chain.MapReduce(...)")
	case c.KeepTokens < 0:
		return r, fmt.Errorf("chain: Chain.KeepTokens is %d; it must be 0 or more", c.KeepTokens)
	}
	for i, d := range docs {
		if err := d.check(i); err != nil {
			return r, err
		}
	}
	set := c.Model.Settings()
	r.context, r.cellBytes = set.ContextLength, set.CellBytes
	r.cache = &cache{reuse: set.ReusePrefix == engine.On, keep: c.KeepTokens}
	if r.cache.keep == 0 {
		r.cache.keep = r.context
	}
	return r, nil
}
