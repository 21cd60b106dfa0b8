package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"loupe/engine/observe"
)

// together generates from prompts in one batch.
func together(t testing.TB, ctx context.Context, m *Model, prompts []string, cfg func(i int) GenerateConfig) ([]*Reply, []error, []*Session) {
	t.Helper()
	b := m.NewBatch()
	replies, errs, sessions := make([]*Reply, len(prompts)), make([]error, len(prompts)), make([]*Session, len(prompts))
	for i, p := range prompts {
		sessions[i] = m.NewSession()
		t.Cleanup(sessions[i].Close)
		if err := b.Add(ctx, sessions[i], m.Tokenize(p), cfg(i)); err != nil {
			t.Fatal(err)
		}
	}
	b.Run(ctx, func(i int, r *Reply, err error) {
		if replies[i] != nil {
			t.Errorf("done heard of %d twice", i)
		}
		replies[i], errs[i] = r, err
	})
	for i := range replies {
		if replies[i] == nil {
			t.Fatalf("done did not hear of %d: %v", i, errs[i])
		}
	}
	return replies, errs, sessions
}

// near reports whether the steps of two replies offer the same logits up to rounding,
// until the first token that differs, which must have been a close call.
func near(t *testing.T, what string, got, want *Reply) {
	t.Helper()
	for i := range min(len(got.Steps), len(want.Steps)) {
		a, b := got.Steps[i], want.Steps[i]
		scale := math.Abs(a.LogSumExp) + math.Abs(float64(b.Top[0].Logit))
		if d := math.Abs(a.LogSumExp - b.LogSumExp); !(d <= 0.01*scale) {
			t.Errorf("%s: step %d has a log-sum-exp of %g, alone %g", what, i, a.LogSumExp, b.LogSumExp)
		}
		if a.ID != b.ID {
			if gap := float64(b.Top[0].Logit - b.Top[1].Logit); gap > 0.02*scale {
				t.Errorf("%s: step %d is token %d, alone %d by %g", what, i, a.ID, b.ID, gap)
			}
			return
		}
	}
	if len(got.IDs) != len(want.IDs) {
		t.Errorf("%s: %d tokens, alone %d", what, len(got.IDs), len(want.IDs))
	}
}

// Generations of different lengths that decode together give what each gives alone,
// and account for themselves.
func TestBatchAgrees(t *testing.T) {
	for _, cfg := range []LoadConfig{{Threads: 2}, {Threads: 1, KCacheType: Q8_0, VCacheType: Q8_0}, {Threads: 2, FlashAttention: Off, Exact: true}, {Threads: 2, PhysicalBatchSize: 3}} {
		m := tiny(t, cfg)
		var prompts []string
		for i := range 11 {
			prompts = append(prompts, strings.Repeat(prompt+" ", i%4)+fmt.Sprint(i))
		}
		settings := func(i int) GenerateConfig { return GenerateConfig{MaxTokens: 1 + 3*i, TopLogits: 3} }
		stats := 0
		restore := SetHost(&Host{Done: func(Stats) { stats++ }})
		all, errs, sessions := together(t, context.Background(), m, prompts, settings)
		restore()
		if stats != len(prompts) {
			t.Errorf("the host heard of %d of %d generations", stats, len(prompts))
		}
		var shares time.Duration
		for i, got := range all {
			want := generate(t, m.NewSession(), prompts[i], settings(i))
			near(t, fmt.Sprintf("%+v, prompt %d", cfg, i), got, want)
			st := got.Stats
			if errs[i] != nil || st.PromptTokens != want.Stats.PromptTokens || st.EvaluatedTokens != st.PromptTokens || st.TTFT <= 0 ||
				st.GeneratedTokens != len(got.IDs) || st.CacheCells != sessions[i].Len() || st.StopReason == "" {
				t.Errorf("prompt %d: %v, %+v", i, errs[i], st)
			}
			if said := append(m.Tokenize(prompts[i]), got.IDs...); !slices.Equal(sessions[i].Tokens(), said[:len(said)-1]) {
				t.Errorf("prompt %d: the cache holds %v, said was %v", i, sessions[i].Tokens(), said)
			}
			if i == 10 && (st.Batch <= 1 || st.Batch > 11 || !strings.Contains(st.String(), "in a batch of")) || i == 0 && st.Batch != 0 {
				t.Errorf("prompt %d was decoded with %v others: %v", i, st.Batch, st)
			}
			shares += st.GenShare()
		}
		if most := all[10].Stats.GenTime; shares > most*11/10 {
			t.Errorf("the shares add up to %v, the longest took %v", shares, most)
		}
	}
}

// Sessions that share their beginning go their own ways.
func TestBatchOfForks(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 2})
	b := m.NewBatch()
	first := m.NewSession()
	text := strings.Repeat(prompt+" ", 12)
	all := make([]*Reply, 3)
	ctx := context.Background()
	if err := b.Add(ctx, first, m.Tokenize(text+"0"), GenerateConfig{MaxTokens: 80, TopLogits: 2}); err != nil {
		t.Fatal(err)
	}
	for i := 1; i < 3; i++ { // forks may be made when a prompt was read
		if err := b.Add(ctx, first.Fork(), m.Tokenize(text+fmt.Sprint(i)), GenerateConfig{MaxTokens: 80, TopLogits: 2}); err != nil {
			t.Fatal(err)
		}
	}
	b.Run(ctx, func(i int, r *Reply, err error) { all[i] = r })
	for i, got := range all {
		if i > 0 && got.Stats.EvaluatedTokens > 3 {
			t.Errorf("fork %d read %d tokens", i, got.Stats.EvaluatedTokens)
		}
		near(t, fmt.Sprint("fork ", i), got, generate(t, m.NewSession(), text+fmt.Sprint(i), GenerateConfig{MaxTokens: 80, TopLogits: 2}))
	}
}

// Interrupted, all give what they have and their sessions go on; when one's own
// context ends, the others are not disturbed.
func TestBatchInterrupted(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 2})
	prompts := []string{"a", "b", "c"}
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	all, errs, sessions := together(t, ctx, m, prompts, func(int) GenerateConfig {
		return GenerateConfig{Temperature: 1, Seed: 3, OnText: func(string) {
			if n++; n == 12 {
				cancel()
			}
		}}
	})
	for i, r := range all {
		if !errors.Is(errs[i], context.Canceled) || r.Stats.StopReason != UserStopped || len(r.IDs) < 2 {
			t.Errorf("%d: %v, %+v", i, errs[i], r.Stats)
		}
		said := append(slices.Clone(r.PromptIDs), r.IDs...)
		if got := sessions[i].Tokens(); !slices.Equal(got, said[:len(got)]) {
			t.Errorf("%d: cache %v, said %v", i, got, said)
		}
		want := generate(t, m.NewSession(), prompts[i], GenerateConfig{MaxTokens: 5})
		if again := generate(t, sessions[i], prompts[i], GenerateConfig{MaxTokens: 5}); !slices.Equal(again.IDs, want.IDs) {
			t.Errorf("%d: after an interrupt %v, fresh %v", i, again.IDs, want.IDs)
		}
	}

	b := m.NewBatch()
	own, stop := context.WithCancel(context.Background())
	for i, ctx := range []context.Context{context.Background(), own} {
		if err := b.Add(ctx, m.NewSession(), m.Tokenize(prompts[i]), GenerateConfig{MaxTokens: 30, LogitBias: map[int]float64{}}); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	b.Run(context.Background(), func(i int, r *Reply, err error) {
		if i == 0 && (err != nil || len(r.IDs) == 0 || r.Stats.StopReason == UserStopped) || i == 1 && (!errors.Is(err, context.Canceled) || r.Stats.StopReason != UserStopped) {
			t.Errorf("%d: %v, %+v", i, err, r)
		}
	})
}

func TestBatchRefuses(t *testing.T) {
	m, other := tiny(t, LoadConfig{Threads: 1}), tiny(t, LoadConfig{Threads: 1})
	b, s := m.NewBatch(), m.NewSession()
	ctx := context.Background()
	ids := m.Tokenize("ab")
	if err := b.Add(ctx, s, ids, GenerateConfig{MaxTokens: 9}); err != nil {
		t.Fatal(err)
	}
	watched := m.NewSession()
	watched.Observe(wants(observe.Logits))
	done, stop := context.WithCancel(ctx)
	stop()
	for want, err := range map[string]error{
		"added to a batch twice": b.Add(ctx, s, ids, GenerateConfig{}),
		"of another model":       b.Add(ctx, other.NewSession(), ids, GenerateConfig{}),
		"is observed":            b.Add(ctx, watched, ids, GenerateConfig{}),
		"no tokens":              b.Add(ctx, m.NewSession(), nil, GenerateConfig{}),
		"MaxTokens is -1":        b.Add(ctx, m.NewSession(), ids, GenerateConfig{MaxTokens: -1}),
		"context canceled":       b.Add(done, m.NewSession(), ids, GenerateConfig{}),
		"the context 256":        b.Add(ctx, m.NewSession(), make([]int, 300), GenerateConfig{}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := b.Add(ctx, m.NewSession(), make([]int, 300), GenerateConfig{ContextOverflowPolicy: StopAtLimit}); err != nil || b.Len() != 2 {
		t.Fatalf("%v with %d in the batch", err, b.Len())
	}
	s.Rewind(1)
	b.Run(ctx, func(i int, r *Reply, err error) {
		if i == 0 && (err == nil || !strings.Contains(err.Error(), "do not use it before Run")) || i == 1 && (err != nil || r.Stats.StopReason != ContextLengthReached || r.Text != "") {
			t.Errorf("%d: %v, %v", i, r, err)
		}
	})
	m.Close()
	if err := b.Add(ctx, s, ids, GenerateConfig{}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// With a policy that drops tokens each makes room for itself.
func TestBatchRollsOn(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1, ContextLength: 24})
	all, errs, _ := together(t, context.Background(), m, []string{"abc", "the man"}, func(i int) GenerateConfig {
		return GenerateConfig{MaxTokens: 60, ContextOverflowPolicy: RollingWindow, LogitBias: map[int]float64{266: math.Inf(-1), 267: math.Inf(-1), 268: math.Inf(-1)}}
	})
	for i, r := range all {
		if errs[i] != nil || len(r.IDs) != 60 || r.Stats.Shifts == 0 || r.Stats.CacheCells > 24 {
			t.Errorf("%d: %v, %+v", i, errs[i], r.Stats)
		}
	}
}
