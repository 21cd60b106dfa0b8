package measure

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"loupe/engine"
)

// Bench measures speed by llama-bench's method (tools/llama-bench of llama.cpp).
// A test reads random tokens, a beginning-of-sequence token first where the
// model adds one; generating is reading random tokens one at a time. Nothing is
// sampled, and logits are computed for the last token of each batch only.
// Each repetition begins with an empty cache, which is filled to the depth of
// the test without being timed: the first fill is kept and forked from then on.
type Bench struct {
	Repetitions int           // of each test; at least 1
	NoWarmup    bool          // leave out the untimed prompt and token before each test
	Delay       time.Duration // before each test, to cool off
	// ReadRate, if not nil, gives the memory read rate for a number of threads,
	// in bytes a second. It is asked once for each number, before the first
	// test with it.
	ReadRate func(threads int) float64
	// Profile adds a repetition, not timed, of which Result gets the profile.
	Profile bool
	// Progress, if not nil, hears what is about to be done in which of the tests.
	Progress func(test, tests int, what string)
	// Result gets every measured row. An error of it ends the run.
	Result func(BenchResult) error
	// Failed gets every test that could not be measured, with the reason; the
	// others go on.
	Failed func(BenchTest, error)
}

// Run measures tests, in their order. When ctx ends first, Run returns its
// error; the row at work is handed over before, if a repetition of it was
// finished.
func (b *Bench) Run(ctx context.Context, tests []BenchTest) error {
	if b.Repetitions < 1 {
		return fmt.Errorf("measure: %d repetitions; it takes at least 1", b.Repetitions)
	}
	// The same tokens in every run.
	r := benchRun{Bench: b, tests: tests, rates: map[int]float64{}, rng: rand.New(rand.NewPCG(1, 2))}
	defer r.unload()
	for i := range tests {
		res, err := r.test(ctx, i)
		if len(res.Samples) > 0 {
			if err := b.Result(res); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			b.Failed(tests[i], err)
		}
	}
	return nil
}

// benchRun is a run at work, with the model and the filled cache that tests of
// equal settings share.
type benchRun struct {
	*Bench
	tests  []BenchTest
	rates  map[int]float64
	model  *engine.Model
	loaded BenchTest // what model was loaded for
	heap   int64     // Go heap before it was
	filled *engine.Session
	rng    *rand.Rand
}

func (r *benchRun) say(i int, format string, args ...any) {
	if r.Progress != nil {
		r.Progress(i+1, len(r.tests), fmt.Sprintf(format, args...))
	}
}

// test measures test i. Samples may be there beside an error.
func (r *benchRun) test(ctx context.Context, i int) (BenchResult, error) {
	t := r.tests[i]
	res := BenchResult{BenchTest: t, Time: time.Now().UTC()}
	r.say(i, "starting")
	if r.ReadRate != nil {
		if _, known := r.rates[t.Threads]; !known {
			r.say(i, "memory read rate")
			r.unload() // its memory is not to lie beside the buffer that is read
			r.rates[t.Threads] = r.ReadRate(t.Threads)
		}
		res.ReadRate = r.rates[t.Threads]
	}
	if err := r.load(ctx, i); err != nil {
		return res, err
	}
	r.describe(&res)
	select {
	case <-time.After(r.Delay):
	case <-ctx.Done():
		return res, ctx.Err()
	}
	if !r.NoWarmup {
		if err := r.warmUp(ctx, i); err != nil {
			return res, err
		}
	}
	for n := range r.Repetitions {
		if err := r.repeat(ctx, i, n, &res); err != nil {
			return res, err
		}
	}
	if r.Profile {
		r.say(i, "profile")
		untimed := BenchResult{BenchTest: t}
		p, err := r.model.Profile(func() error { return r.repeat(ctx, i, r.Repetitions, &untimed) })
		if err != nil {
			return res, err
		}
		res.Profile = &p
	}
	return res, nil
}

// load makes the model of test i ready: the one that is loaded, if it will do.
func (r *benchRun) load(ctx context.Context, i int) error {
	t := r.tests[i]
	same := func(u BenchTest) bool { return u.Model == t.Model && u.BenchSettings == t.BenchSettings }
	if r.model != nil && same(r.loaded) && t.context() <= r.model.Settings().ContextLength {
		return nil
	}
	r.unload()
	room := 0 // of this test and those after it that could use the same model
	for _, u := range r.tests[i:] {
		if !same(u) {
			break
		}
		room = max(room, u.context())
	}
	r.heap = liveHeap()
	m, err := engine.LoadContext(ctx, t.Model, t.config(room))
	if err != nil && room > t.context() { // the fault may be another test's
		m, err = engine.LoadContext(ctx, t.Model, t.config(t.context()))
	}
	if err != nil {
		return err
	}
	r.model, r.loaded = m, t
	return nil
}

// unload gives the model and what belongs to it back.
func (r *benchRun) unload() {
	if r.filled != nil {
		r.filled.Close()
	}
	if r.model != nil {
		r.model.Close()
	}
	r.model, r.filled = nil, nil
}

func (r *benchRun) describe(res *BenchResult) {
	s := r.model.Settings()
	all, perToken := r.model.WeightBytes()
	res.ModelType, res.ModelSize, res.Params, res.Kernels = modelType(s), all, s.Parameters, s.Kernels
	res.Memory.Weights, res.Memory.Packed = all, r.model.PackedBytes()
	if res.Prompt == 0 {
		// Token j of the test, counted from 1, attends to depth+j cells.
		cells := float64(res.Depth) + float64(res.Gen+1)/2
		res.ReadBytes = float64(perToken) + cells*float64(s.CellBytes)
	}
}

// warmUp reads the whole prompt and generates one token, as llama-bench does.
func (r *benchRun) warmUp(ctx context.Context, i int) error {
	t := r.tests[i]
	s := r.model.NewSession()
	defer s.Close()
	if t.Prompt > 0 {
		r.say(i, "warmup prompt run")
	} else {
		r.say(i, "warmup generation run")
	}
	if err := evalPrompt(ctx, s, r.randomPrompt(t.Prompt), t.Batch); err != nil {
		return err
	}
	return evalGen(ctx, s, r.randomPrompt(min(t.Gen, 1)))
}

// repeat takes one sample of test i.
func (r *benchRun) repeat(ctx context.Context, i, n int, res *BenchResult) error {
	t := r.tests[i]
	s, err := r.fill(ctx, i, n)
	if err != nil {
		return err
	}
	defer s.Close()
	if t.Prompt > 0 {
		r.say(i, "prompt run %d/%d", n+1, r.Repetitions)
	} else {
		r.say(i, "generation run %d/%d", n+1, r.Repetitions)
	}
	prompt, gen := r.randomPrompt(t.Prompt), r.randomPrompt(t.Gen)
	start := time.Now()
	err = evalPrompt(ctx, s, prompt, t.Batch)
	if err == nil {
		err = evalGen(ctx, s, gen)
	}
	took := time.Since(start)
	if err != nil {
		return err
	}
	res.Samples = append(res.Samples, took)
	if n == 0 {
		c := s.Cache()
		res.Memory.K, res.Memory.V = c.KBytes, c.VBytes
		c.Cells = nil // not to be counted
		res.Memory.Scratch = max(0, liveHeap()-r.heap)
		res.Memory.RSS = residentBytes()
	}
	return nil
}

// fill gives a session with the depth of test i in its cache.
func (r *benchRun) fill(ctx context.Context, i, n int) (*engine.Session, error) {
	t := r.tests[i]
	if t.Depth == 0 {
		return r.model.NewSession(), nil
	}
	if r.filled == nil || r.filled.Len() != t.Depth {
		if r.filled != nil {
			r.filled.Close()
		}
		r.say(i, "depth run %d/%d", n+1, r.Repetitions)
		r.filled = r.model.NewSession()
		if err := evalPrompt(ctx, r.filled, r.randomPrompt(t.Depth), t.Batch); err != nil {
			return nil, err
		}
	} else {
		r.say(i, "depth run %d/%d (kept)", n+1, r.Repetitions)
	}
	return r.filled.Fork(), nil
}

// randomPrompt is n random tokens, a beginning-of-sequence token first where
// the model adds one.
func (r *benchRun) randomPrompt(n int) []int {
	ids := make([]int, n)
	vocab := r.model.Vocabulary()
	for i := range ids {
		ids[i] = r.rng.IntN(vocab)
	}
	if bos, added := r.model.BOS(); added && n > 0 {
		ids[0] = bos
	}
	return ids
}

func noLogits(int, []float32) {}

// evalPrompt reads ids, batch at a time.
func evalPrompt(ctx context.Context, s *engine.Session, ids []int, batch int) error {
	for len(ids) > 0 {
		n := min(batch, len(ids))
		if err := s.EvalEach(ctx, ids[:n], noLogits, n-1); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// evalGen reads ids one at a time.
func evalGen(ctx context.Context, s *engine.Session, ids []int) error {
	for i := range ids {
		if err := s.EvalEach(ctx, ids[i:i+1], noLogits, 0); err != nil {
			return err
		}
	}
	return nil
}

// liveHeap is the Go heap that is in use.
func liveHeap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
