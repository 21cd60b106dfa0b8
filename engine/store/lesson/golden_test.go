package lesson_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"loupe/engine"
	"loupe/engine/internal/simd"
)

// golden is what llama.cpp makes of the file: see train/golden/llama.cpp.
type golden struct {
	Prompt    string
	PromptIDs []int          `json:"prompt_ids"`
	Steps     [][][2]float64 // the five best of each step: id, logit
}

func (g golden) ids() []int {
	ids := slices.Clone(g.PromptIDs)
	for _, s := range g.Steps {
		ids = append(ids, int(s[0][0]))
	}
	return ids
}

func readGolden(t *testing.T) []golden {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []golden
	if err := json.Unmarshal(data, &all); err != nil || len(all) < 5 {
		t.Fatalf("%d prompts: %v", len(all), err)
	}
	return all
}

// Limits for logits against llama.cpp's, which rounds activations to 8 bits, as
// we do unless Exact is set, but in another order of sums. A choice is only
// held against it where its best two are further apart than that.
const (
	logitLimit = 0.6
	meanLimit  = 0.05
)

// In every tier, with any number of threads and any split of the prompt, exact or
// not, the greedy ids and the five best logits are llama.cpp's.
func TestLlamaCpp(t *testing.T) {
	all := readGolden(t)
	for _, tier := range simd.All() {
		for _, cfg := range []engine.LoadConfig{
			{Threads: 1, KCacheType: engine.F32, VCacheType: engine.F32},
			{Threads: 2, EvalBatchSize: 7, KCacheType: engine.F32, VCacheType: engine.F32},
			{Threads: 3, EvalBatchSize: 64, PhysicalBatchSize: 16},
			{Threads: 2, Exact: true},
		} {
			t.Run(fmt.Sprintf("%s/%d threads/batch %d/exact %v", tier.Name, cfg.Threads, cfg.EvalBatchSize, cfg.Exact), func(t *testing.T) {
				t.Setenv(simd.Env, tier.Name)
				m := load(t, cfg)
				if got := m.Settings().Kernels; got != tier.Name {
					t.Fatalf("the model runs on %s", got)
				}
				var sum, worst float64
				n, skipped := 0, 0
				for i, g := range all {
					if tier.Name == "generic" && i%3 != 0 {
						continue // plain Go is slow
					}
					if got := m.Tokenize(g.Prompt); !slices.Equal(got, g.PromptIDs) {
						t.Fatalf("%q is %v, llama.cpp has %v", g.Prompt, got, g.PromptIDs)
					}
					first := len(g.PromptIDs) - 1
					s := m.NewSession()
					ids := g.ids()
					err := s.EvalEach(context.Background(), ids[:len(ids)-1], func(at int, logits []float32) {
						step := g.Steps[at-first]
						best := 0
						for id, v := range logits {
							if v > logits[best] {
								best = id
							}
						}
						if step[0][1]-step[1][1] < logitLimit {
							skipped++
						} else if best != int(step[0][0]) {
							t.Errorf("%.30q step %d: %d, llama.cpp has %v", g.Prompt, at-first, best, step[0][0])
						}
						for _, want := range step {
							d := math.Abs(float64(logits[int(want[0])]) - want[1])
							sum += d
							worst = max(worst, d)
							n++
						}
					}, first)
					s.Close()
					if err != nil {
						t.Fatal(err)
					}
				}
				if mean := sum / float64(n); !(worst <= logitLimit && mean <= meanLimit) {
					t.Errorf("logits are off by %.3f in the mean, %.3f at worst; limits %.3f and %.3f", mean, worst, meanLimit, logitLimit)
				} else {
					t.Logf("%d logits off by %.4f in the mean, %.3f at worst; %d choices too near to call", n, mean, worst, skipped)
				}
			})
		}
	}
}

// What a session generates greedily is the same with any number of threads and
// any split of the prompt, to the last id.
func TestSplitsAgree(t *testing.T) {
	const prompt = "<|user|>Tell me a story about a hedgehog.<|end|><|assistant|>"
	var want []int
	for _, cfg := range []engine.LoadConfig{{Threads: 1}, {Threads: 2}, {Threads: 5}, {EvalBatchSize: 1}, {EvalBatchSize: 3}, {PhysicalBatchSize: 2}} {
		m := load(t, cfg)
		s := m.NewSession()
		r, err := s.Generate(prompt, engine.GenerateConfig{MaxTokens: 120})
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = r.IDs
		}
		if !slices.Equal(r.IDs, want) {
			t.Errorf("%+v: %q", cfg, r.Text)
		}
	}
}
