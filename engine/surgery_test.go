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
	for c, want := range map[[2]int]string{
		{-1, 2}: "cannot be taken out of", {0, fork.Len()}: "cannot be taken out of", {fork.Len() - 1, fork.Len()}: "cannot be taken out of",
		{3, 2}: "from 3 to 2 is no range of cells",
	} {
		if _, err := fork.Remove(c[0], c[1]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", c, err)
		}
	}
	if x, err := fork.Remove(1, 2); err != nil || !strings.HasPrefix(x.String(), "1 cell removed, ") {
		t.Errorf("%v, %v", x, err)
	}
	one := m.NewSession()
	if _, err := one.Stored(0, 0); err == nil || !strings.Contains(err.Error(), "has read nothing yet") {
		t.Error(err)
	}
	if _, err := one.Eval([]int{5}); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Remove(0, 1); err == nil || !strings.Contains(err.Error(), "has one cell, and the last one stays") {
		t.Error(err)
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

// story is a session that has read some text.
func story(t *testing.T, m *Model) (*Session, []int) {
	t.Helper()
	s, ids := m.NewSession(), m.Tokenize(strings.Repeat("Once there was a rabbit. ", 20))
	if _, err := s.Eval(ids); err != nil {
		t.Fatal(err)
	}
	return s, ids
}

// Keys that were moved are those that reading at the new positions makes, where nothing
// but the position differs: in the first layer.
func TestShiftIsReadingElsewhere(t *testing.T) {
	for _, cfg := range []LoadConfig{
		{KCacheType: F32, VCacheType: F32},
		{KCacheType: F32, VCacheType: F32, KRotation: On},
		{KCacheType: F32, VCacheType: F32, RopeScaling: RopeYarn, RopeFrequencyScale: 0.25, ContextLength: 1024},
	} {
		cfg.Threads, cfg.Exact = 1, true
		m := lesson(t, cfg)
		s, ids := story(t, m)
		moved := m.NewSession()
		moved.seq.Skip(7)
		if _, err := moved.Eval(ids); err != nil {
			t.Fatal(err)
		}
		x, err := s.Shift(0, s.Len(), 7)
		if err != nil || x.Changed != len(ids) || x.Removed != 0 || s.Cache().Cells[0].Pos != 7 {
			t.Fatalf("%+v, %v", x, err)
		}
		// RoPE knows differences only: all cells moved alike predict what they did.
		if x.KLDivergence > 1e-6 || !x.SameTop {
			t.Errorf("all cells moved: %s", x)
		}
		for h := range m.net.Config.KVHeads {
			for layer := range m.net.Config.Layers {
				a, _ := s.K(layer, h)
				b, _ := moved.K(layer, h)
				if d := furthest(a.Values, b.Values); d > 1e-4 {
					t.Errorf("layer %d, head %d: keys differ by %v", layer, h, d)
				}
			}
		}
		if back, err := s.Shift(0, s.Len(), -7); err != nil || s.Cache().Cells[0].Pos != 0 || back.KLDivergence > 1e-6 {
			t.Error(back, err)
		}
	}
}

func TestCloseGaps(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1})
	s, ids := story(t, m)
	if _, err := s.KeepSinks(4, 40); err != nil {
		t.Fatal(err)
	}
	x, err := s.CloseGaps()
	if err != nil || x.Changed != 40 || x.Removed != 0 {
		t.Fatalf("%+v, %v", x, err)
	}
	for i, c := range s.Cache().Cells {
		if c.Pos != i {
			t.Fatalf("cell %d stands at %d", i, c.Pos)
		}
	}
	// What was moved is not what reading makes: Generate must not take it for that.
	text := m.Detokenize(append(ids[:4:4], ids[len(ids)-40:]...))
	if r := generate(t, s, text, GenerateConfig{MaxTokens: 1}); r.Stats.ReusedTokens > 4 {
		t.Errorf("%d cells reused, 4 are as read", r.Stats.ReusedTokens)
	}
	if x, err := s.CloseGaps(); err != nil || x.Changed != 0 {
		t.Errorf("no gaps: %+v, %v", x, err)
	}
}

func TestDropAndRequantize(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1, KCacheType: F32, VCacheType: F32})
	s, _ := story(t, m)
	k, _ := s.K(1, 0)
	fork := s.Fork()
	if x, err := fork.Drop(1, 0); err != nil || x.KLDivergence <= 0 || x.Changed != s.Len() {
		t.Fatal(x, err)
	}
	zero, _ := fork.V(1, 0)
	other, _ := fork.V(1, 1)
	was, _ := s.V(1, 1)
	if rms(zero.Values) != 0 || !slices.Equal(other.Values, was.Values) {
		t.Error("not that head alone")
	}
	// What is of the type already changes nothing; coarser types change more.
	if x, err := s.Fork().Requantize(F32, F32, 1); err != nil || x.KLDivergence > 1e-12 {
		t.Error(x, err)
	}
	last := 0.0
	for _, typ := range []CacheType{F16, Q8_0, Q4_0} {
		f := s.Fork()
		x, err := f.Requantize(typ, "", 1)
		if err != nil || !strings.Contains(x.What, "layer 1: K as in "+string(typ)) {
			t.Fatal(x, err)
		}
		rounded, _ := f.K(1, 0)
		d := furthest(rounded.Values, k.Values)
		if d <= last {
			t.Errorf("%s: differs by %v, the type before by %v", typ, d, last)
		}
		last = d
	}
	for _, err := range []error{
		refused(s.Drop(99)), refused(s.Drop(0, 7)), refused(s.Requantize("", "", 0)), refused(s.Requantize("q9", "", 0)), refused(m.NewSession().Drop(0)),
	} {
		if err == nil {
			t.Error("no error")
		}
	}
}

func refused(_ *Surgery, err error) error { return err }

func TestKeepNormAndRandom(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1})
	s, ids := story(t, m)
	a, err := s.Fork().KeepRandom(30, 1)
	b, _ := s.Fork().KeepRandom(30, 1)
	if err != nil || a.Left != 30 || a.KLDivergence != b.KLDivergence {
		t.Error(a, b, err)
	}
	x, err := s.KeepNorm(30)
	if err != nil || x.Left != 30 || x.Removed != len(ids)-30 || s.Tokens()[29] != ids[len(ids)-1] {
		t.Error(x, err)
	}
	if _, err := s.KeepNorm(0); err == nil {
		t.Error("nothing kept")
	}
	if x, err := s.KeepNorm(1 << 30); err != nil || x.Removed != 0 {
		t.Error(x, err)
	}
}

// A prefix swapped for its own copy changes nothing; for another, what follows is what
// it was.
func TestSwapPrefix(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1})
	s, ids := story(t, m)
	own := s.Fork()
	if x, err := s.Fork().SwapPrefix(own, 70); err != nil || x.KLDivergence > 1e-12 {
		t.Error(x, err)
	}
	other := m.NewSession()
	if _, err := other.Eval(m.Tokenize(strings.Repeat("The code of the red box is 4711. ", 20))); err != nil {
		t.Fatal(err)
	}
	x, err := s.SwapPrefix(other, 70)
	if err != nil || x.KLDivergence <= 0 || s.Len() != len(ids) {
		t.Fatal(x, err)
	}
	now, _ := s.V(2, 1)
	a, _ := other.V(2, 1)
	b, _ := own.V(2, 1)
	if !slices.Equal(now.Values[:70*now.Cols], a.Values[:70*now.Cols]) || !slices.Equal(now.Values[70*now.Cols:], b.Values[70*now.Cols:]) {
		t.Error("other values than those swapped")
	}
	if _, err := s.SwapPrefix(s, 3); err == nil {
		t.Error("its own")
	}
	if _, err := s.SwapPrefix(other, len(ids)); err == nil {
		t.Error("all cells")
	}
}

// Continue goes on as Generate would, and from what surgery left.
func TestContinue(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1})
	s, ids := story(t, m)
	text := strings.Repeat("Once there was a rabbit. ", 20)
	want := generate(t, m.NewSession(), text, GenerateConfig{MaxTokens: 12})
	r, err := s.Fork().Continue(GenerateConfig{MaxTokens: 12})
	if err != nil || !slices.Equal(r.IDs, want.IDs) || r.Stats.ReusedTokens != len(ids)-1 || r.Stats.EvaluatedTokens != 1 {
		t.Fatalf("%v, want %v: %+v, %v", r.IDs, want.IDs, r.Stats, err)
	}
	if _, err := s.KeepSinks(4, 20); err != nil {
		t.Fatal(err)
	}
	r, err = s.Continue(GenerateConfig{MaxTokens: 5})
	if err != nil || r.Stats.ReusedTokens != 23 || s.Cache().Cells[23].Pos != len(ids)-1 || s.Cache().Cells[24].Pos != len(ids) {
		t.Errorf("%+v, %v", r.Stats, err)
	}
	if _, err := m.NewSession().Continue(); err == nil {
		t.Error("an empty session goes on")
	}
	if _, err := s.Continue(GenerateConfig{NoCache: true}); err == nil {
		t.Error("an edited cache is read anew")
	}
}

// Without a cache the same tokens come out, and each of them takes a pass over all.
func TestNoCache(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1, Exact: true})
	text, n := "Once there was a rabbit", 10
	with := generate(t, m.NewSession(), text, GenerateConfig{MaxTokens: n})
	s := m.NewSession()
	without := generate(t, s, text, GenerateConfig{MaxTokens: n, NoCache: true})
	if !slices.Equal(with.IDs, without.IDs) {
		t.Errorf("%v, without a cache %v", with.IDs, without.IDs)
	}
	p := len(with.PromptIDs)
	if got := with.Stats.TokenPasses; got != p+n-1 {
		t.Errorf("%d tokens went through with a cache, want %d", got, p+n-1)
	}
	if got := without.Stats.TokenPasses; got != p*n+n*(n-1)/2 {
		t.Errorf("%d tokens went through without a cache, want %d", got, p*n+n*(n-1)/2)
	}
	if len(without.Times) != n || !slices.IsSorted(without.Times) || without.Times[0] <= 0 {
		t.Errorf("times %v", without.Times)
	}
	if r := generate(t, s, text, GenerateConfig{MaxTokens: 1, NoCache: true}); r.Stats.ReusedTokens != 0 {
		t.Errorf("%d tokens reused", r.Stats.ReusedTokens)
	}
	if err := m.NewBatch().Add(t.Context(), m.NewSession(), with.PromptIDs, GenerateConfig{NoCache: true}); err == nil {
		t.Error("in a batch")
	}
}
