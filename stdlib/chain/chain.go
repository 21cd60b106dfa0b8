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
	Model  *engine.Model
	Runner Runner             // what answers in place of Model, which is nil then
	Do     func(r *Run) error // the work; Map, MapReduce, ... make common ones
	Split  Splitter           // how Run.Split cuts
	// Journal is a file that every answer goes to as it comes. A run finds there
	// what an earlier one has done with the same model, settings and prompt, and
	// does not do it again. One run at a time may have it. "": none.
	Journal string
	OnEvent func(e Event)
	// KeepTokens is how many tokens of earlier prompts stay in the cache for
	// later steps to start from; 0 is as many as the context holds.
	KeepTokens int
	// Together is how many steps that do not depend on each other decode together on
	// Model, at most: those of Map, Ask and Rank, of one level of a Tree, and the answers
	// of Best. Each has cells of its own. 0 is as many as 8, as long as their cells take
	// no more than 1 GiB; 1 is none. A Runner has a limit of its own.
	Together int
	// Tokenizer counts for Split where a Runner cannot.
	Tokenizer Tokenizer

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
	if c.Model != nil {
		r.waves.cache.model = c.Model
		r.runner = &native{c.Model, r.waves}
		defer r.waves.cache.close()
	}
	if p := c.plan; p != nil && slices.Equal(p.docs, docs) {
		r.plan = p
		r.total = p.steps
	}
	c.plan = nil
	if c.Journal != "" {
		if r.journal, err = openJournal(ctx, c.Journal, c.Model, r.about); err != nil {
			return r, err
		}
		defer r.journal.close()
	}
	defer func() { r.seconds = time.Since(r.start).Seconds() }()
	return r, c.Do(r)
}

// newRun checks what was given.
func (c *Chain) newRun(ctx context.Context, docs []Document) (*Run, error) {
	r := &Run{Docs: docs, chain: c, ctx: ctx, start: time.Now()}
	switch {
	case c.Model == nil && c.Runner == nil:
		return r, errors.New("chain: Chain.Model is nil, and Chain.Runner too; give a model from engine.Load, or a Runner")
	case c.Model != nil && c.Runner != nil:
		return r, errors.New("chain: Chain.Model and Chain.Runner are both set; give one of them, it answers all steps")
	case c.Do == nil:
		return r, errors.New("chain: Chain.Do is nil; give the work, as chain.MapReduce(...)")
	case c.KeepTokens < 0:
		return r, fmt.Errorf("chain: Chain.KeepTokens is %d; it must be 0 or more", c.KeepTokens)
	case c.Together < 0:
		return r, fmt.Errorf("chain: Chain.Together is %d; it must be 1 or more, or 0 for %d", c.Together, defaultTogether)
	}
	for i, d := range docs {
		if err := d.check(i); err != nil {
			return r, err
		}
	}
	if c.Runner != nil {
		var err error
		if r.about, err = c.Runner.About(ctx); err != nil {
			return r, fmt.Errorf("chain: %w", err)
		}
		r.runner, r.context = c.Runner, r.about.ContextLength
		return r, nil
	}
	set := c.Model.Settings()
	r.about, r.context = aboutModel(c.Model), set.ContextLength
	r.waves = &waves{most: c.Together, cellBytes: set.CellBytes, cache: &cache{reuse: set.ReusePrefix == engine.On, keep: c.KeepTokens}}
	if r.waves.most == 0 {
		r.waves.most = defaultTogether
	}
	if r.waves.cache.keep == 0 {
		r.waves.cache.keep = r.context
	}
	return r, nil
}
