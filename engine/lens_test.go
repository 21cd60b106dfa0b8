package engine

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"loupe/engine/observe"
)

// After all layers the lens sees what the model says, bit for bit, read whole or in
// pieces; after fewer it sees what the model says when the others add nothing.
func TestLogitLens(t *testing.T) {
	for _, cfg := range []LoadConfig{{Threads: 2}, {Threads: 1, PhysicalBatchSize: 7, Exact: true, FlashAttention: Off}} {
		m := lesson(t, cfg)
		s := m.NewSession()
		ids := m.Tokenize(interventionText)
		var want [][]float32
		err := s.EvalEach(context.Background(), ids, func(_ int, row []float32) { want = append(want, slices.Clone(row)) }, 0)
		if err != nil {
			t.Fatal(err)
		}
		x, err := s.LogitLens(0)
		if err != nil || len(x.Tokens) != len(ids) || len(x.After) != m.net.Config.Layers+1 {
			t.Fatalf("%v, %v", x, err)
		}
		for i, row := range want {
			of := x.After[len(x.After)-1]
			for _, g := range of.Guesses[i] {
				if math.Abs(g.Probability/probability(row, g.ID)-1) > 1e-5 || g.Text != m.TokenText(g.ID) {
					t.Errorf("token %d: %v, the model says %v", i, g, probability(row, g.ID))
				}
			}
			if of.Guesses[i][0].ID != top(row) || of.Rank[i] != 1 || of.Answer[i] != of.Guesses[i][0].Probability {
				t.Errorf("token %d: %+v", i, of.Guesses[i][0])
			}
		}
		// Layers that add nothing are none.
		for after := range m.net.Config.Layers {
			var rest []observe.Observer
			for l := after; l < m.net.Config.Layers; l++ {
				rest = append(rest, AblateAttention(l), AblateFFN(l))
			}
			row := under(t, m, interventionText, Together(rest...))
			of, i := x.After[after], len(ids)-1
			if g := of.Guesses[i][0]; g.ID != top(row) || math.Abs(g.Probability-probability(row, g.ID)) > 1e-5 {
				t.Errorf("after %d layers %v, without the others %q %v", after, g, m.TokenText(top(row)), probability(row, top(row)))
			}
			if at := of.Rank[i]; at != rank(row, top(want[i])) {
				t.Errorf("after %d layers the answer is at %d, without the others at %d", after, at, rank(row, top(want[i])))
			}
		}
		// The last tokens alone are the same.
		few, err := s.LogitLens(2)
		if err != nil || len(few.Tokens) != 2 || few.Tokens[1] != m.TokenText(ids[len(ids)-1]) {
			t.Fatalf("%v, %v", few, err)
		}
		for l, of := range few.After {
			for i := range 2 {
				if whole := x.After[l].Guesses[len(ids)-2+i]; !slices.Equal(of.Guesses[i], whole) {
					t.Errorf("layer %d: of two tokens %v, of all %v", l, of.Guesses[i], whole)
				}
			}
		}
		if x.Heat().Check() != nil {
			t.Error(x.Heat().Check())
		}
		for form, text := range x.Display() {
			if !strings.Contains(strings.ToLower(text), "after") {
				t.Errorf("%s: %s", form, text)
			}
		}
	}
}

func TestLogitLensRefuses(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1})
	s := m.NewSession()
	if _, err := s.LogitLens(1); err == nil || !strings.Contains(err.Error(), "read nothing yet") {
		t.Error(err)
	}
	if _, err := s.Eval([]int{5, 6, 7}); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{-1, 4} {
		if _, err := s.LogitLens(n); err == nil || !strings.Contains(err.Error(), "the cache holds 3") {
			t.Errorf("%d: %v", n, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.LogitLensContext(ctx, 1); err != context.Canceled {
		t.Error(err)
	}
	if x, err := s.LogitLens(1); err != nil || strings.Contains(x.String(), "probability of the model's answer") {
		t.Errorf("of one token: %v, %v", x, err)
	}
}

// The lens reads the last tokens only, behind the cells before them; where these were
// changed, all. Either way it sees what reading the whole text gives.
func TestLogitLensOfTheLast(t *testing.T) {
	for _, cfg := range []LoadConfig{{Threads: 2}, {Threads: 1, KCacheType: Q8_0, VCacheType: Q4_0, KRotation: On}} {
		m := lesson(t, cfg)
		s := m.NewSession()
		ids := m.Tokenize(strings.Repeat(interventionText+" ", 5))
		if _, err := s.Eval(ids); err != nil {
			t.Fatal(err)
		}
		whole, err := s.LogitLens(0)
		if err != nil {
			t.Fatal(err)
		}
		last := 3
		few, err := s.LogitLens(last)
		if err != nil {
			t.Fatal(err)
		}
		cut := s.Fork()
		if _, err := cut.Drop(0, 0); err != nil {
			t.Fatal(err)
		}
		anew, err := cut.LogitLens(last)
		if err != nil {
			t.Fatal(err)
		}
		n := len(ids) - last
		for l := range whole.After {
			for i := range last {
				for what, x := range map[string]*Lens{"behind its cells": few, "all anew": anew} {
					if got, want := x.After[l].Guesses[i][0], whole.After[l].Guesses[n+i][0]; got.ID != want.ID || math.Abs(got.Probability-want.Probability) > 1e-3 {
						t.Errorf("%s, after %d layers: %v, want %v", what, l, got, want)
					}
				}
			}
		}
		if s.Len() != len(ids) || s.changed() {
			t.Error("the session has changed")
		}
	}
}

// Tokens that cannot be printed are escaped in the page, each in a line of its own cell.
func TestLogitLensPage(t *testing.T) {
	g := []Guess{{1, "\x1b[2J\n", 0.5}}
	page := (&Lens{Tokens: []string{`<b> "é日`, "\x00\t"}, After: []LensLayer{{Guesses: [][]Guess{g, g}, Answer: []float64{1, 1}, Rank: []int{1, 1}}}}).Display()["text/html"]
	for _, want := range []string{">&lt;b&gt; &#34;é日</th>", `>\x00\t</th>`, `>\x1b[2J\n</td>`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in %s", want, page)
		}
	}
	if i := strings.IndexFunc(page, func(r rune) bool { return r < ' ' && r != '\n' }); i >= 0 {
		t.Errorf("%q in the page", page[i:i+1])
	}
}
