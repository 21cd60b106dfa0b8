package measure_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"loupe/engine"
	"loupe/engine/enginetest"
	"loupe/engine/measure"
	"loupe/engine/tensor"
)

// tinyPlan is a plan of small tests on a random model.
func tinyPlan(t *testing.T) measure.BenchPlan {
	p := measure.DefaultBenchPlan()
	p.Models = []string{enginetest.DefaultTiny().Write(t)}
	p.Prompt, p.Gen, p.Threads, p.Batch, p.UBatch = []int{20}, []int{4}, []int{1}, []int{16}, []int{8}
	return p
}

// runBench collects what a run hands over.
func runBench(t *testing.T, b measure.Bench, tests []measure.BenchTest) (rows []measure.BenchResult, failed map[string]error) {
	t.Helper()
	failed = map[string]error{}
	b.Result = func(r measure.BenchResult) error { rows = append(rows, r); return nil }
	b.Failed = func(t measure.BenchTest, err error) { failed[t.Name()] = err }
	if err := b.Run(context.Background(), tests); err != nil {
		t.Fatal(err)
	}
	return rows, failed
}

func TestBenchOnARandomModel(t *testing.T) {
	p := tinyPlan(t)
	p.Depth, p.PG = []int{0, 30}, [][2]int{{6, 3}}
	var said []string
	b := measure.Bench{
		Repetitions: 3,
		ReadRate:    func(threads int) float64 { return 1e9 * float64(threads) },
		Progress:    func(n, of int, what string) { said = append(said, fmt.Sprintf("%d/%d %s", n, of, what)) },
	}
	rows, failed := runBench(t, b, p.Tests())
	if len(failed) > 0 || len(rows) != 6 {
		t.Fatalf("%d rows, failed %v", len(rows), failed)
	}
	m := load(t, p.Models[0], engine.LoadConfig{})
	s := m.Settings()
	weights, perToken := m.WeightBytes()
	for i, want := range []string{"pp20", "tg4", "pp6+tg3", "pp20 @ d30", "tg4 @ d30", "pp6+tg3 @ d30"} {
		r := rows[i]
		if r.Name() != want || len(r.Samples) != 3 || slices.Min(r.Samples) <= 0 {
			t.Errorf("row %d is %s with samples %v, want %s with 3", i, r.Name(), r.Samples, want)
		}
		if r.ModelSize != weights || r.Params != s.Parameters || r.ModelType != "llama 0.3M F32" || r.Kernels != s.Kernels {
			t.Errorf("%s: %s, %d bytes, %d parameters, %s", want, r.ModelType, r.ModelSize, r.Params, r.Kernels)
		}
		cells := int64(r.Depth + r.Prompt + r.Gen)
		if got := r.Memory; got.Weights != weights || got.K+got.V != cells*int64(s.CellBytes) || got.K != got.V || got.Scratch < 1<<10 {
			t.Errorf("%s: memory %+v for %d cells of %d", want, got, cells, s.CellBytes)
		}
		reads, known := 0.0, r.Prompt == 0
		if known {
			reads = float64(perToken) + (float64(r.Depth)+2.5)*float64(s.CellBytes) // 4 tokens see depth+1 to depth+4 cells
		}
		ts, _ := measure.MeanStddev(r.PerSecond())
		if math.Abs(r.ReadBytes-reads) > 1e-6 || r.ReadRate != 1e9 || known && math.Abs(r.Share()-reads*ts/1e9) > 1e-9 || known == math.IsNaN(r.Share()) {
			t.Errorf("%s: reads %v bytes a token, rate %v, share %v; want %v bytes", want, r.ReadBytes, r.ReadRate, r.Share(), reads)
		}
	}
	// The cache is filled once per depth, and the other times forked.
	text := strings.Join(said, "\n")
	for what, times := range map[string]int{
		" depth run 1/3\n": 1, "(kept)": 8, "memory read rate": 1, "warmup": 6, "starting": 6, "4/6 prompt run 3/3": 1, "5/6 generation run 1/3": 1,
	} {
		if n := strings.Count(text, what); n != times {
			t.Errorf("%q was said %d times, want %d:\n%s", what, n, times, text)
		}
	}
}

// Without a warm-up and at depth 0 there is nothing but the test itself.
func TestBenchNoWarmup(t *testing.T) {
	var said []string
	b := measure.Bench{Repetitions: 1, NoWarmup: true, Progress: func(_, _ int, what string) { said = append(said, what) }}
	rows, _ := runBench(t, b, tinyPlan(t).Tests())
	if want := []string{"starting", "prompt run 1/1", "starting", "generation run 1/1"}; !slices.Equal(said, want) || len(rows) != 2 {
		t.Errorf("said %q, want %q; %d rows", said, want, len(rows))
	}
	if r := rows[0]; r.ReadRate != 0 || !math.IsNaN(r.Share()) {
		t.Errorf("read rate %v, share %v; nobody measured", r.ReadRate, r.Share())
	}
}

// A setting that is refused costs its row only.
func TestBenchGoesOnAfterARefusal(t *testing.T) {
	p := tinyPlan(t)
	p.KType = []engine.CacheType{"f16", "q9_9", "q8_0"}
	rows, failed := runBench(t, measure.Bench{Repetitions: 1}, p.Tests())
	if len(rows) != 4 || rows[3].KType != "q8_0" {
		t.Errorf("%d rows: %+v", len(rows), rows)
	}
	for _, name := range []string{"pp20", "tg4"} {
		var setting *engine.SettingError
		if err := failed[name]; !errors.As(err, &setting) || setting.Name != "KCacheType" {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A context that no model may have refuses its own test, and not the one it
	// would have shared a model with.
	p = tinyPlan(t)
	p.Prompt = []int{8, 1 << 30}
	p.Gen = []int{2}
	rows, failed = runBench(t, measure.Bench{Repetitions: 1}, p.Tests())
	if len(rows) != 2 || len(failed) != 1 || !strings.Contains(fmt.Sprint(failed["pp1073741824"]), "ContextLength") {
		t.Errorf("%d rows, failed %v", len(rows), failed)
	}
	// A model that is not there.
	p = tinyPlan(t)
	p.Models = append([]string{"missing.gguf"}, p.Models...)
	rows, failed = runBench(t, measure.Bench{Repetitions: 1}, p.Tests())
	if len(rows) != 2 || len(failed) != 2 || !strings.Contains(fmt.Sprint(failed["tg4"]), "missing.gguf") {
		t.Errorf("%d rows, failed %v", len(rows), failed)
	}
}

// When the context ends, the row at work is handed over with what it has.
func TestBenchInterrupted(t *testing.T) {
	p := tinyPlan(t)
	p.Gen = []int{4, 200}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var rows []measure.BenchResult
	b := measure.Bench{
		Repetitions: 5,
		Progress: func(test, _ int, what string) {
			if test == 3 && what == "generation run 3/5" {
				cancel()
			}
		},
		Result: func(r measure.BenchResult) error { rows = append(rows, r); return nil },
		Failed: func(t2 measure.BenchTest, err error) { t.Errorf("%s failed: %v", t2.Name(), err) },
	}
	if err := b.Run(ctx, p.Tests()); err != context.Canceled {
		t.Errorf("error %v, want that of the context", err)
	}
	if len(rows) != 3 || len(rows[1].Samples) != 5 || len(rows[2].Samples) != 2 {
		t.Errorf("rows %+v, want two whole ones and one with 2 samples", rows)
	}
	// Between tests, while waiting.
	ctx, cancel = context.WithCancel(context.Background())
	b.Delay = 1 << 40
	b.Progress = func(int, int, string) { cancel() }
	if err := b.Run(ctx, p.Tests()); err != context.Canceled {
		t.Errorf("error %v, want that of the context", err)
	}
}

func TestBenchEndsWhenNobodyTakesRows(t *testing.T) {
	full := errors.New("disk full")
	n := 0
	b := measure.Bench{Repetitions: 1, Result: func(measure.BenchResult) error { n++; return full }}
	if err := b.Run(context.Background(), tinyPlan(t).Tests()); err != full || n != 1 {
		t.Errorf("error %v after %d rows", err, n)
	}
	if err := (&measure.Bench{}).Run(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "0 repetitions") {
		t.Errorf("no repetitions: %v", err)
	}
}

// A head of its own leaves the embedding out of what a token reads.
func TestWeightBytes(t *testing.T) {
	tiny := enginetest.DefaultTiny()
	tiny.Type = tensor.F16
	tied := load(t, tiny.Write(t), engine.LoadConfig{})
	tiny.Tied = false
	untied := load(t, tiny.Write(t), engine.LoadConfig{})
	table := int64(tied.Vocabulary() * tiny.Embd() * 2)
	all, perToken := tied.WeightBytes()
	if all != perToken {
		t.Errorf("tied: %d bytes, %d a token", all, perToken)
	}
	all2, perToken2 := untied.WeightBytes()
	if all2 != all+table || perToken2 != all+int64(tiny.Embd()*2) {
		t.Errorf("untied: %d bytes, %d a token; want %d and %d", all2, perToken2, all+table, all+int64(tiny.Embd()*2))
	}
	tied.Close()
	if all, perToken := tied.WeightBytes(); all != 0 || perToken != 0 {
		t.Errorf("closed: %d, %d", all, perToken)
	}
}

// llama-bench says of SmolLM2: 96576768 bytes, 134515008 parameters.
func TestBenchKnowsSmolLM2AsLlamaBenchDoes(t *testing.T) {
	m := load(t, enginetest.SmolLM2(t), engine.LoadConfig{})
	want := llamaRows(t, golden(t, "row.json"))[0]
	if all, _ := m.WeightBytes(); all != want.Size || m.Settings().Parameters != want.Params {
		t.Errorf("%d bytes, %d parameters; want %d and %d", all, m.Settings().Parameters, want.Size, want.Params)
	}
}

// No absolute rate, but what must hold of any: it is positive, and reading does
// not take longer on a buffer of a quarter.
func TestReadRate(t *testing.T) {
	for _, threads := range []int{1, 2, 3} {
		if rate := measure.ReadRate(threads, 1<<20); !(rate > 1e6 && rate < 1e14) {
			t.Errorf("%d threads: %v bytes a second", threads, rate)
		}
	}
	if measure.CPUInfo() == "" {
		t.Error("the processor has no name")
	}
}
