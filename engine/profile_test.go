package engine_test

import (
	"errors"
	"strings"
	"testing"

	"loupe/engine"
)

// The phases of a profile are those of the work done, and add up to its time.
func TestProfile(t *testing.T) {
	m, err := engine.Load("lesson", engine.LoadConfig{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	s := m.NewSession()
	defer s.Close()
	failed := errors.New("as it is")
	p, err := m.Profile(func() error {
		if _, err := m.Profile(func() error { return nil }); err == nil || !strings.Contains(err.Error(), "already") {
			t.Errorf("a profile within a profile: %v", err)
		}
		if _, err := s.Generate("Once", engine.GenerateConfig{MaxTokens: 8}); err != nil {
			t.Error(err)
		}
		return failed
	})
	if err != failed {
		t.Errorf("error %v, want that of the function", err)
	}
	calls, sum := map[string]int{}, p.Wall
	for _, x := range p.Phases {
		calls[x.Name] = x.Calls
		sum -= x.Time
		if x.Time < 0 && x.Name != "outside the operations" {
			t.Errorf("%s took %v", x.Name, x.Time)
		}
	}
	// The first token comes with the prompt: 8 passes, one of them the prompt's.
	layers := s.Cache().Layers
	if sum != 0 || calls["sampling"] != 8 || calls["attention"] != 8*layers || calls["matmul attn_q attn_k attn_v"] != 8*layers || calls["matmul token_embd"] != 8 {
		t.Errorf("%v of %v not told; calls %v", sum, p.Wall, calls)
	}
	if text := p.Per(8); !strings.Contains(text, "barrier") || !strings.Contains(text, "│ sampling") || !strings.Contains(text, "100.0 %") {
		t.Error(text)
	}
	again, err := m.Profile(func() error { return nil })
	if err != nil || len(again.Phases) != 2 {
		t.Errorf("of nothing: %v, %v", again.Phases, err)
	}
}
