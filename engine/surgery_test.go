package engine

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestRemove(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1, KCacheType: F32, VCacheType: F32})
	ids := m.Tokenize(strings.Repeat("Once there was a rabbit. ", 30))
	s := m.NewSession()
	if _, err := s.Eval(ids); err != nil {
		t.Fatal(err)
	}
	n := len(ids)
	k, _ := s.K(2, 1)
	fork := s.Fork()
	x, err := s.Remove(10, 90)
	if err != nil || x.Removed != 80 || x.Left != n-80 || s.Len() != n-80 || x.KLDivergence <= 0 || math.IsNaN(x.KLDivergence) || x.String() == "" {
		t.Fatalf("%+v, %v", x, err)
	}
	after, _ := s.K(2, 1)
	for i := range after.Rows {
		from := i
		if i >= 10 {
			from = i + 80
		}
		if !slices.Equal(after.Row(i), k.Row(from)) || s.Cache().Cells[i].Pos != from {
			t.Fatalf("cell %d is not what cell %d was", i, from)
		}
	}
	if whole, _ := fork.K(2, 1); !slices.Equal(whole.Values, k.Values) || fork.Len() != n {
		t.Error("a fork was cut too")
	}
	// Removing nothing, or what nothing has looked at, changes nothing.
	if x, err := fork.Remove(5, 5); err != nil || x.KLDivergence > 1e-12 || !x.SameTop || fork.Len() != n {
		t.Errorf("nothing removed: %+v, %v", x, err)
	}
	// What is left of a gap is no beginning of any text.
	left := s.Tokens()
	r := generate(t, s, m.Detokenize(left[:0])+strings.Repeat("Once there was a rabbit. ", 30), GenerateConfig{MaxTokens: 1})
	if r.Stats.ReusedTokens > 10 {
		t.Errorf("%d tokens were reused, past the gap", r.Stats.ReusedTokens)
	}
	for _, c := range [][2]int{{-1, 2}, {3, 2}, {0, fork.Len()}, {fork.Len() - 1, fork.Len()}} {
		if _, err := fork.Remove(c[0], c[1]); err == nil || !strings.Contains(err.Error(), "cannot be taken out of") {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestKeepSinks(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1})
	s := m.NewSession()
	ids := m.Tokenize(strings.Repeat("Once there was a rabbit. ", 30))
	if _, err := s.Eval(ids); err != nil {
		t.Fatal(err)
	}
	if x, err := s.Fork().KeepSinks(4, 1); err != nil || x.Left != 5 {
		t.Errorf("%+v, %v", x, err)
	}
	if x, err := s.Fork().KeepSinks(4, 1<<30); err != nil || x.Removed != 0 || x.KLDivergence > 1e-12 {
		t.Errorf("%+v, %v", x, err)
	}
	x, err := s.KeepSinks(4, 60)
	if err != nil || x.Left != 64 || s.Tokens()[4] != ids[len(ids)-60] {
		t.Fatalf("%+v, %v", x, err)
	}
	if _, err := s.Eval([]int{5}); err != nil || s.Cache().Cells[64].Pos != len(ids) {
		t.Errorf("going on: %v, at position %d", err, s.Cache().Cells[64].Pos)
	}
	if _, err := s.KeepSinks(4, 0); err == nil {
		t.Error("a window of nothing")
	}
}
