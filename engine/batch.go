package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"loupe/engine/kvcache"
	"loupe/engine/model"
)

// Batch is several generations that decode together: in one pass over the weights
// each of them gets its next token, from its own cache. Prompts are read one after
// another, by Add. On a CPU a token's time is that of reading the weights, so several
// take little more than one; attention to the caches is paid by each.
//
// The tokens are those of Generate, but for rounding: as with prompts that are read
// in one go or in parts, products of several rows add up in another order.
type Batch struct {
	model *Model
	all   []*member

	active []*member // of these, those that the next pass is for
	seqs   []*kvcache.Seq
	tokens []int
}

// member is one of the generations.
type member struct {
	*generation
	cells int           // of its session when Add was done
	over  bool          // nothing is to be generated any more
	told  bool          // done has heard of it
	share time.Duration // of Run
	err   error
}

// NewBatch is an empty batch. It holds no memory of its own.
func (m *Model) NewBatch() *Batch { return &Batch{model: m} }

// Len is how many generations were added since the last Run.
func (b *Batch) Len() int { return len(b.all) }

// Add reads a prompt as GenerateIDs does, and chooses the first token. The generation
// is over when ctx ends, which is looked at after each token. The session may be forked
// before Run, and not used otherwise; it may not be one that is observed.
//
// After an error the generation does not take part.
func (b *Batch) Add(ctx context.Context, s *Session, ids []int, cfg GenerateConfig) error {
	if s.model != b.model {
		return fmt.Errorf("engine: a session on %s in a batch of another model, %s", s.model.name, b.model.name)
	}
	for _, o := range b.all {
		if o.s == s {
			return errors.New("engine: a session was added to a batch twice; Fork it")
		}
	}
	if err := s.mu.LockContext(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if s.watcher != nil {
		return errors.New("engine: a session that is observed cannot be in a batch; use Generate, or Observe(nil)")
	}
	if cfg.NoCache {
		return errors.New("engine: NoCache reads each sequence anew for every token, which a batch cannot; use Generate")
	}
	g, err := s.newGeneration(ctx, ids, cfg)
	o := &member{generation: g}
	if over := (*ContextError)(nil); errors.As(err, &over) && cfg.ContextOverflowPolicy == StopAtLimit {
		g.reply.Stats.StopReason = ContextLengthReached
		o.over, o.cells = true, s.seq.Len()
		b.all = append(b.all, o)
		return nil
	}
	if err != nil {
		return err
	}
	t := b.model.begin(ctx)
	defer b.model.end(t)
	if err := g.read(t); err != nil {
		_, err = g.finish(err)
		return err
	}
	o.over, o.cells = g.accept(), s.seq.Len()
	b.all = append(b.all, o)
	return nil
}

// Run generates until all are over. done hears of each as it ends, in an order of
// their lengths; i counts the calls of Add that had no error. The batch is empty
// afterwards.
//
// When ctx ends, or the ctx of one's Add, done gets both the reply so far, with
// StopReason UserStopped, and the context's error, as Generate returns them. done runs
// while the sessions are in use and must not call their methods.
func (b *Batch) Run(ctx context.Context, done func(i int, r *Reply, err error)) {
	all := b.all
	b.all = nil
	for i, o := range all {
		if err := o.s.mu.LockContext(ctx); err != nil {
			o.over, o.told = true, true
			done(i, nil, err)
			continue
		}
		defer o.s.mu.Unlock()
		if n := o.s.seq.Len(); n != o.cells {
			o.over, o.err = true, fmt.Errorf("engine: session %d of a batch has %d cells, it had %d when it was added; do not use it before Run", i+1, n, o.cells)
		}
	}
	t := b.model.begin(ctx)
	defer b.model.end(t)
	start := time.Now()
	for _, o := range all {
		o.first = start
	}
	for {
		b.active = b.active[:0]
		for i, o := range all {
			if !o.over {
				if o.err = o.ctx.Err(); o.err == nil {
					o.fail(t, o.room(t))
				}
				o.over = o.err != nil
			}
			if o.over {
				o.tell(i, done)
			} else {
				b.active = append(b.active, o)
			}
		}
		if len(b.active) == 0 {
			return
		}
		for from := 0; from < len(b.active); {
			n := min(len(b.active)-from, b.model.pass.Batch())
			some := b.active[from : from+n]
			if err := b.step(t, some); err != nil {
				for _, o := range some {
					o.fail(t, err)
				}
			}
			from += n
		}
		for _, o := range b.active {
			o.over = o.err != nil || o.accept()
		}
		now := time.Now()
		for _, o := range b.active {
			o.share += now.Sub(start) / time.Duration(len(b.active))
		}
		start = now
	}
}

// tell hands a generation that is over to done, once.
func (o *member) tell(i int, done func(i int, r *Reply, err error)) {
	if o.told {
		return
	}
	o.told = true
	if st := &o.reply.Stats; o.share > 0 {
		st.Batch = float64(st.GenTime) / float64(o.share)
	}
	r, err := o.finish(o.err)
	done(i, r, err)
}

// fail notes an error, if it is one.
func (o *member) fail(t *turn, err error) {
	if o.err = err; err != nil && t.ctx.Err() != nil {
		o.ctx = t.ctx // what finish compares with
	}
}

// step gives each of some generations its next token, in one pass.
func (b *Batch) step(t *turn, some []*member) error {
	m := b.model
	if len(some) == 1 {
		o := some[0]
		return o.s.pass(t, append(b.tokens[:0], o.next), nil, func() error { return o.choose(0) })
	}
	b.seqs, b.tokens = b.seqs[:0], b.tokens[:0]
	for _, o := range some {
		b.seqs, b.tokens = append(b.seqs, o.s.seq), append(b.tokens, o.next)
	}
	if err := m.take(t); err != nil {
		return err
	}
	defer m.give()
	m.cpu.SetThreads(m.cfg.BatchThreads)
	if err := m.pass.ForwardEach(b.seqs, b.tokens); errors.Is(err, model.ErrCanceled) {
		return t.ctx.Err()
	} else if err != nil {
		return err
	}
	for from := 0; from < len(some); {
		rows := min(model.LogitRows, len(some)-from)
		logits := m.pass.Logits(from, rows)
		if m.cpu.Canceled() {
			return t.ctx.Err()
		}
		width := len(logits) / rows
		for r := range rows {
			o := some[from+r]
			o.err = o.pick(m.known(logits[r*width:][:width]))
		}
		from += rows
	}
	return nil
}
