package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// wordIDs is n ids of the tiny model's words.
func wordIDs(m *Model, n int) []int {
	ids := m.TokenizePlain(strings.Repeat("the man and the hen in the rain ", n))
	return ids[:n]
}

// A prompt that does not fit is refused, or cut as its policy says; what is left is
// answered as if it had been sent.
func TestPromptOverflow(t *testing.T) {
	const size = 32
	m := tiny(t, LoadConfig{Threads: 1, ContextLength: size})
	ids := wordIDs(m, 70)
	send := func(ids []int, cfg GenerateConfig) (*Reply, error) {
		s := m.NewSession()
		defer s.Close()
		return s.GenerateIDs(context.Background(), ids, cfg)
	}
	var over *ContextError
	if _, err := send(ids, GenerateConfig{}); !errors.As(err, &over) || over.Over() != 70+1-size {
		t.Errorf("by default: %v", err)
	}
	if r, err := send(ids, GenerateConfig{ContextOverflowPolicy: StopAtLimit}); err != nil || r.Text != "" || r.Stats.StopReason != ContextLengthReached || r.Stats.EvaluatedTokens != 0 {
		t.Errorf("stopAtLimit: %+v, %v", r, err)
	}
	for _, c := range []struct {
		cfg  GenerateConfig
		want []int
	}{
		{GenerateConfig{ContextOverflowPolicy: TruncateMiddle, MaxTokens: 8}, append(slices.Clone(ids[:12]), ids[70-12:]...)},
		{GenerateConfig{ContextOverflowPolicy: TruncateMiddle, MaxTokens: 1}, append(slices.Clone(ids[:15]), ids[70-16:]...)},
		{GenerateConfig{ContextOverflowPolicy: RollingWindow, MaxTokens: 8}, append(slices.Clone(ids[:4]), ids[70-20:]...)},
		{GenerateConfig{ContextOverflowPolicy: RollingWindow, MaxTokens: 8, KeepTokens: 10}, append(slices.Clone(ids[:10]), ids[70-14:]...)},
		{GenerateConfig{ContextOverflowPolicy: RollingWindow, MaxTokens: 100, KeepTokens: 1000}, append(slices.Clone(ids[:15]), ids[70-1:]...)},
	} {
		got, err := send(ids, c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		if c.cfg.MaxTokens > 8 {
			continue // it goes on past the context: see below
		}
		plain := GenerateConfig{MaxTokens: c.cfg.MaxTokens}
		want, err := send(c.want, plain)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.IDs, want.IDs) || got.Stats.EvaluatedTokens != len(c.want) || got.Stats.DroppedTokens != 70-len(c.want) || got.Stats.PromptTokens != 70 || len(got.PromptIDs) != 70 {
			t.Errorf("%+v: ids %v, want %v; %s", c.cfg, got.IDs, want.IDs, got.Stats)
		}
	}
	for _, bad := range []GenerateConfig{{ContextOverflowPolicy: "shift"}, {KeepTokens: -1}} {
		var setting *SettingError
		if _, err := send(ids[:3], bad); !errors.As(err, &setting) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// A generation goes on past a full context as one that was started anew from what
// the policy keeps.
func TestGenerationOverflow(t *testing.T) {
	const size, tokens = 24, 60
	m, wide := tiny(t, LoadConfig{Threads: 1, ContextLength: size}), tiny(t, LoadConfig{Threads: 1, ContextLength: 2 * size})
	for _, policy := range []ContextOverflowPolicy{TruncateMiddle, RollingWindow} {
		s := m.NewSession()
		got, err := s.GenerateIDs(context.Background(), wordIDs(m, 9), GenerateConfig{MaxTokens: tokens, ContextOverflowPolicy: policy})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.IDs) < tokens {
			t.Fatalf("the model ended after %d tokens; the test needs another prompt", len(got.IDs))
		}
		held, want := wordIDs(m, 9), []int{}
		shifts := 0
		for len(want) < tokens {
			if len(held) == size+1 { // the context, and the token that is next
				keep := 4
				if policy == TruncateMiddle {
					keep = 7
				}
				held = append(slices.Clone(held[:keep]), held[size-(14-keep):]...)
				shifts++
			}
			fresh := wide.NewSession()
			r, err := fresh.GenerateIDs(context.Background(), held, GenerateConfig{MaxTokens: 1})
			if err != nil {
				t.Fatal(err)
			}
			fresh.Close()
			held, want = append(held, r.IDs...), append(want, r.IDs...)
		}
		if !slices.Equal(got.IDs, want) {
			t.Errorf("%s:\n%v, want\n%v", policy, got.IDs, want)
		}
		if st := got.Stats; st.Shifts != shifts || st.ShiftedTokens != shifts*(size-14) || st.StopReason != MaxPredictedTokensReached || !strings.Contains(st.String(), "shifts dropped") {
			t.Errorf("%s: %d shifts, want %d: %s", policy, st.Shifts, shifts, st)
		}
		s.Close()
	}
}

// Where a prompt parts from the cache is told, with what that costs.
func TestDifference(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1})
	s := m.NewSession()
	one := GenerateConfig{MaxTokens: 1}
	ids := wordIDs(m, 20)
	if r, _ := s.GenerateIDs(context.Background(), ids, one); r.Stats.Differs != nil {
		t.Errorf("in an empty cache: %v", r.Stats.Differs)
	}
	if r, _ := s.GenerateIDs(context.Background(), append(slices.Clone(ids), 5, 6), one); r.Stats.Differs != nil {
		t.Errorf("going on: %v", r.Stats.Differs)
	}
	if r, _ := s.GenerateIDs(context.Background(), ids[:10], one); r.Stats.Differs != nil {
		t.Errorf("ending earlier: %v", r.Stats.Differs)
	}
	s.GenerateIDs(context.Background(), ids, one)
	other := slices.Clone(ids)
	other[7] = ids[8]
	r, err := s.GenerateIDs(context.Background(), other, one)
	if err != nil {
		t.Fatal(err)
	}
	d := r.Stats.Differs
	if d == nil || d.At != 7 || d.Cached != m.TokenText(ids[7]) || d.Prompt != m.TokenText(ids[8]) || d.Lost != 12 || d.Cost <= 0 || d.Cost > r.Stats.PromptTime {
		t.Fatalf("%+v", d)
	}
	if text := (&Difference{At: 7, Cached: "a\n", Prompt: "b", Lost: 1200, Cost: 3 * time.Millisecond}).String(); text != `then "b" and not "a\n": 1,200 tokens more, 3.0 ms` {
		t.Error(text)
	}
	off := tiny(t, LoadConfig{Threads: 1, ReusePrefix: Off}).NewSession()
	off.GenerateIDs(context.Background(), ids, one)
	if r, _ := off.GenerateIDs(context.Background(), other, one); r.Stats.Differs != nil {
		t.Errorf("without reuse: %v", r.Stats.Differs)
	}
}
