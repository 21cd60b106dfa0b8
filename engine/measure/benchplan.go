package measure

import (
	"fmt"
	"runtime"

	"loupe/engine"
)

// BenchTest is one row of a benchmark: what is read and generated, at which
// depth, under which settings.
type BenchTest struct {
	Model  string
	Prompt int // tokens read (pp)
	Gen    int // tokens generated (tg), after the prompt
	Depth  int // tokens in the cache before
	BenchSettings
}

// BenchSettings are the load settings of a row.
type BenchSettings struct {
	Batch, UBatch int
	KType, VType  engine.CacheType
	Flash         engine.Switch
	Threads       int
}

// Name is llama-bench's name of the test: "pp512", "tg128 @ d2048", "pp512+tg128".
func (t BenchTest) Name() string {
	name := fmt.Sprintf("pp%d+tg%d", t.Prompt, t.Gen)
	switch {
	case t.Gen == 0:
		name = fmt.Sprintf("pp%d", t.Prompt)
	case t.Prompt == 0:
		name = fmt.Sprintf("tg%d", t.Gen)
	}
	if t.Depth > 0 {
		name += fmt.Sprintf(" @ d%d", t.Depth)
	}
	return name
}

// context is the tokens that the test fills.
func (t BenchTest) context() int { return t.Prompt + t.Gen + t.Depth }

// config is the test's load settings, with room for context tokens.
func (t BenchTest) config(context int) engine.LoadConfig {
	return engine.LoadConfig{
		// A batch is never longer than the context, as in llama.cpp.
		Profile: engine.BuiltIn, ContextLength: context, EvalBatchSize: min(t.Batch, context), PhysicalBatchSize: min(t.UBatch, context),
		KCacheType: t.KType, VCacheType: t.VType, FlashAttention: t.Flash,
		Threads: t.Threads, BatchThreads: t.Threads,
	}
}

// BenchPlan is what to measure: every combination of the values in its lists.
type BenchPlan struct {
	Models                        []string
	Prompt, Gen                   []int
	PG                            [][2]int // prompt and generation timed together
	Depth, Batch, UBatch, Threads []int
	KType, VType                  []engine.CacheType
	Flash                         []engine.Switch
}

// DefaultBenchPlan is llama-bench's: pp512 and tg128 at depth 0, batches of
// 2048 and 512, K and V in f16. Threads is one per processor; Models is empty.
func DefaultBenchPlan() BenchPlan {
	return BenchPlan{
		Prompt: []int{512}, Gen: []int{128}, Depth: []int{0}, Batch: []int{2048}, UBatch: []int{512},
		KType: []engine.CacheType{engine.F16}, VType: []engine.CacheType{engine.F16},
		Flash: []engine.Switch{engine.Auto}, Threads: []int{runtime.GOMAXPROCS(0)},
	}
}

// Tests lists the combinations in llama-bench's order; tests of no tokens are
// left out, as there.
func (p BenchPlan) Tests() []BenchTest {
	var tests []BenchTest
	add := func(t BenchTest) {
		if t.Prompt+t.Gen > 0 {
			tests = append(tests, t)
		}
	}
	for _, base := range p.settings() {
		for _, n := range p.Prompt {
			t := base
			t.Prompt = n
			add(t)
		}
		for _, n := range p.Gen {
			t := base
			t.Gen = n
			add(t)
		}
		for _, pg := range p.PG {
			t := base
			t.Prompt, t.Gen = pg[0], pg[1]
			add(t)
		}
	}
	return tests
}

// settings lists the combinations of all but what is read and generated.
func (p BenchPlan) settings() []BenchTest {
	list := []BenchTest{{}}
	list = vary(list, p.Models, func(t *BenchTest, v string) { t.Model = v })
	list = vary(list, p.Batch, func(t *BenchTest, v int) { t.Batch = v })
	list = vary(list, p.UBatch, func(t *BenchTest, v int) { t.UBatch = v })
	list = vary(list, p.KType, func(t *BenchTest, v engine.CacheType) { t.KType = v })
	list = vary(list, p.VType, func(t *BenchTest, v engine.CacheType) { t.VType = v })
	list = vary(list, p.Flash, func(t *BenchTest, v engine.Switch) { t.Flash = v })
	list = vary(list, p.Threads, func(t *BenchTest, v int) { t.Threads = v })
	return vary(list, p.Depth, func(t *BenchTest, v int) { t.Depth = v })
}

// vary repeats each test of list with every value; the values vary fastest.
func vary[T any](list []BenchTest, values []T, set func(*BenchTest, T)) []BenchTest {
	out := make([]BenchTest, 0, len(list)*len(values))
	for _, t := range list {
		for _, v := range values {
			set(&t, v)
			out = append(out, t)
		}
	}
	return out
}
