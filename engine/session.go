package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"loupe/engine/chat"
	"loupe/engine/kvcache"
	"loupe/engine/model"
	"loupe/engine/observe"
)

// Session is one sequence of tokens with its keys and values. Calls on one
// session take turns, so nothing that a call runs meanwhile (OnText, an
// observer, what EvalEach hands logits to) may call methods of that session: it
// would wait for ever.
type Session struct {
	// Messages is the conversation so far, as Chat has built it. It may be
	// edited between calls.
	Messages []chat.Message

	model   *Model
	mu      lock
	seq     *kvcache.Seq
	watcher observe.Observer
	changes int // by surgery
	reread  int // tokens that were read anew, as a window had left their keys and values
}

// newSession is a session with the cells of seq, which are freed with it.
func newSession(m *Model, seq *kvcache.Seq) *Session {
	s := &Session{model: m, mu: newLock(), seq: seq}
	runtime.AddCleanup(s, (*kvcache.Seq).Free, seq)
	return s
}

// Model is the model that the session runs on.
func (s *Session) Model() *Model { return s.model }

// String is one line: "session on smollm2, 47 of 4,096 cells".
func (s *Session) String() string {
	return fmt.Sprintf("session on %s, %s of %s cells", s.model.name, count(s.Len()), count(s.model.cfg.ContextLength))
}

// Len is the number of tokens in the cache.
func (s *Session) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seq.Len()
}

// Tokens are the ids in the cache, oldest first.
func (s *Session) Tokens() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]int, s.seq.Len())
	for i, c := range s.seq.Cells() {
		ids[i] = c.Token
	}
	return ids
}

// Fork is a second session with the same cache and conversation. Keys and
// values are shared until one side goes on.
func (s *Session) Fork() *Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := newSession(s.model, s.seq.Fork())
	f.Messages = append(f.Messages, s.Messages...)
	return f
}

// Rewind keeps the first n tokens of the cache and forgets the others. The
// conversation in Messages stays. n above Len changes nothing.
//
// In layers with a sliding window the cells before these may be gone (LoadConfig.SWAFull).
// Then the n tokens are read anew, by themselves, before the next one is.
func (s *Session) Rewind(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq.Truncate(n)
}

// Close gives the session's cache back. The session is empty and usable
// afterwards. A session that is no longer reachable is closed by the garbage
// collector.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq.Free()
}

// Bytes is what the session's cells take, shared ones included.
func (s *Session) Bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seq.UsedBytes()
}

// Observe makes o look at the passes of this session; nil ends that. A fork is
// not watched. o is called while the model is at work, as f in EvalEach.
//
// Generate reads only what it cannot reuse, so o sees no pass over tokens that
// are in the cache already; Rewind(0) makes the next call read everything anew.
//
// Where o writes to what flows, the keys and values of that pass are not the model's
// own. Their cells are marked (CacheCell.Edited), in forks and in what Save writes too:
// Eval and Continue go on from them, but Generate and Chat never reuse them, whatever
// is observed by then. They read those tokens anew, and Stats.EditedTokens counts them.
// An observer that only reads, or writes what is there already, marks nothing.
func (s *Session) Observe(o observe.Observer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watcher = o
}

// Eval reads ids as the continuation of the cache and returns the logits after
// the last one, [vocabulary]. It is the plainest use of a session: no sampling,
// no text, no reuse. ids that do not fit, or are no tokens of the model, are
// refused before any is read.
func (s *Session) Eval(ids []int) ([]float32, error) {
	return s.EvalContext(hostContext(), ids)
}

// EvalContext is Eval under ctx.
func (s *Session) EvalContext(ctx context.Context, ids []int) ([]float32, error) {
	var logits []float32
	err := s.evalEach(ctx, "prompt", ids, func(i int, row []float32) {
		if i == len(ids)-1 {
			logits = append(logits, row...)
		}
	}, len(ids)-1)
	return logits, err
}

// EvalEach reads ids as the continuation of the cache and hands the logits
// after each id from number first on to f, one row at a time; row is valid
// during the call only. f runs while the model is at work: it must not make
// any session of this model read or generate, nor close the model.
func (s *Session) EvalEach(ctx context.Context, ids []int, f func(i int, row []float32), first int) error {
	return s.evalEach(ctx, "", ids, f, first)
}

// readBeside reads what a session holds anew in one beside it, under an observer; label
// is what the host is told of it.
func (m *Model) readBeside(ctx context.Context, label string, ids []int, o observe.Observer) error {
	beside := m.NewSession()
	defer beside.Close()
	beside.Observe(o)
	return beside.evalEach(ctx, label, ids, func(int, []float32) {}, len(ids))
}

// evalEach is EvalEach; the host hears how far it is, under a label that is not "".
func (s *Session) evalEach(ctx context.Context, label string, ids []int, f func(i int, row []float32), first int) error {
	if err := s.mu.LockContext(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	m := s.model
	if err := m.checkIDs(ids); err != nil {
		return err
	}
	if have, over := s.seq.Len(), s.seq.Len()+len(ids)-m.cfg.ContextLength; over > 0 {
		return fmt.Errorf("engine: %d tokens behind the %d in the cache are %d too many for the context of %d; "+
			"Rewind or Close the session, give fewer, or load the model with a larger ContextLength", len(ids), have, over, m.cfg.ContextLength)
	}
	t := m.begin(ctx)
	defer m.end(t)
	var progress func(done int, part float64)
	if start := time.Now(); label != "" {
		progress = func(done int, part float64) {
			if len(ids) > m.cfg.EvalBatchSize || time.Since(start) > slowPrompt {
				hostProgress(label, done+int(part), len(ids))
			}
		}
	}
	return s.read(t, ids, progress, func(from, n int) error {
		for i := max(first-from, 0); i < n; i++ {
			rows := min(model.LogitRows, n-i, m.cfg.PhysicalBatchSize)
			logits := m.pass.Logits(i, rows)
			if m.cpu.Canceled() {
				return ctx.Err()
			}
			width := len(logits) / rows
			for r := 0; r < rows; r++ {
				f(from+i+r, m.known(logits[r*width:(r+1)*width]))
			}
			i += rows - 1
		}
		return nil
	})
}

// checkIDs refuses what cannot be read.
func (m *Model) checkIDs(ids []int) error {
	if len(ids) == 0 {
		return ErrEmptyPrompt
	}
	for i, id := range ids {
		if id < 0 || id >= m.tok.Len() {
			return fmt.Errorf("engine: token %d of %d is %d; the vocabulary has %d; take ids from this model's Tokenize", i, len(ids), id, m.tok.Len())
		}
	}
	return nil
}

// known is a row of logits without those past the vocabulary: an embedding may
// have more rows than there are tokens.
func (m *Model) known(logits []float32) []float32 { return logits[:m.tok.Len()] }

// read runs ids through the model: EvalBatchSize tokens at a time, and of these
// PhysicalBatchSize at once. After each physical batch, still in the model's
// turn, after may take logits of the batch that began at from. progress, if any,
// hears between them how many tokens are done, and before each layer how much work
// of the batch, in tokens, is done beside those.
func (s *Session) read(t *turn, ids []int, progress func(done int, part float64), after func(from, n int) error) error {
	m := s.model
	if progress != nil {
		progress(0, 0)
	}
	for from := 0; from < len(ids); {
		end := min(from+m.cfg.EvalBatchSize, len(ids))
		for from < end {
			n := min(end-from, m.cfg.PhysicalBatchSize)
			var layer func(l int)
			if progress != nil && n > 1 {
				layer = func(l int) {
					if l > 0 {
						progress(from, float64(n*l)/float64(m.net.Config.Layers))
					}
				}
			}
			if err := s.pass(t, ids[from:from+n], layer, func() error { return after(from, n) }); err != nil {
				return err
			}
			if from += n; progress != nil {
				progress(from, 0)
			}
		}
	}
	return nil
}

// pass runs one batch in a turn of the model. layer, if any, hears of each layer.
func (s *Session) pass(t *turn, ids []int, layer func(l int), after func() error) error {
	m := s.model
	if o, ok := s.watcher.(checker); ok {
		if err := o.check(m); err != nil {
			return err
		}
	}
	if !s.seq.Whole() {
		if err := s.restoreWindow(t); err != nil {
			return err
		}
	}
	if err := m.take(t); err != nil {
		return err
	}
	defer m.give()
	if len(ids) > 1 {
		m.cpu.SetThreads(m.cfg.BatchThreads)
	} else {
		m.cpu.SetThreads(m.cfg.Threads)
	}
	m.pass.OnLayer = layer
	m.pass.Observe(s.watcher)
	defer func() { m.pass.OnLayer = nil }()
	defer m.pass.Observe(nil) // the observer may hold the session or the model, which must stay collectable
	if err := m.pass.Forward(s.seq, ids); err != nil {
		if errors.Is(err, model.ErrCanceled) {
			return t.ctx.Err()
		}
		return err
	}
	return after()
}
