package engine

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loupe/engine/observe"
)

const interventionText = "Once there was a rabbit. Mia the fox was brave and Tom the owl was quiet."

// under is the logits after a text that is read under an observer.
func under(t *testing.T, m *Model, text string, o observe.Observer) []float32 {
	t.Helper()
	s := m.NewSession()
	defer s.Close()
	s.Observe(o)
	logits, err := s.Eval(m.Tokenize(text))
	if err != nil {
		t.Fatal(err)
	}
	return logits
}

// interventionModels are read whole and in pieces, exactly and fast, with flash
// attention and without, with rotation and without.
func interventionModels(t *testing.T) []*Model {
	return []*Model{
		lesson(t, LoadConfig{Threads: 2, FlashAttention: On}),
		lesson(t, LoadConfig{Threads: 1, FlashAttention: Off, PhysicalBatchSize: 5, Exact: true, KRotation: On, VRotation: On}),
	}
}

// All heads taken out are the attention taken out, a head taken out is its elements set
// to 0 by hand, and what is taken out is missed.
func TestAblate(t *testing.T) {
	for _, m := range interventionModels(t) {
		c := m.net.Config
		plain := under(t, m, interventionText, nil)
		all := make([]int, c.Heads)
		for h := range all {
			all[h] = h
		}
		for layer := range c.Layers {
			want := under(t, m, interventionText, AblateAttention(layer))
			if slices.Equal(want, plain) {
				t.Errorf("layer %d: attention taken out changes nothing", layer)
			}
			for _, o := range []observe.Observer{Ablate(layer), Ablate(layer, all...), Together(Ablate(layer, all[1:]...), Ablate(layer, 0))} {
				if got := under(t, m, interventionText, o); !slices.Equal(got, want) {
					t.Errorf("layer %d: %s differs from its attention taken out by %v", layer, o, furthest(got, want))
				}
			}
			if slices.Equal(under(t, m, interventionText, AblateFFN(layer)), plain) {
				t.Errorf("layer %d: the feed-forward part taken out changes nothing", layer)
			}
		}
		// By way of V: with the values of one K/V head 0, the query heads on it give 0.
		group := c.Heads / c.KVHeads
		noValues := &Intervention{layer: 1, point: observe.V, change: func(e observe.Event) {
			for t := range e.Shape[0] {
				clear(e.X[(t*c.KVHeads+1)*c.HeadV:][:c.HeadV])
			}
		}}
		if d := furthest(under(t, m, interventionText, noValues), under(t, m, interventionText, Ablate(1, all[group:2*group]...))); d > 1e-4 {
			t.Errorf("heads without values differ from heads taken out by %v", d)
		}
	}
}

// A run patched with its own record is the run, bit for bit, at every point; patched at
// all positions of a late point with that of another text it is the other run.
func TestPatch(t *testing.T) {
	other := strings.Replace(interventionText, " fox", " owl", 1)
	for _, m := range interventionModels(t) {
		last := m.net.Config.Layers - 1
		points := []observe.Point{observe.ResidPre, observe.AttnNorm, observe.Q, observe.K, observe.V, observe.QRot, observe.KRot,
			observe.AttnScores, observe.AttnPattern, observe.Z, observe.AttnOut, observe.ResidMid, observe.FFNNorm, observe.FFNOut, observe.ResidPost}
		own, foreign := Record(points...), Record(points...)
		plain, want := under(t, m, interventionText, own), under(t, m, other, foreign)
		for layer := range m.net.Config.Layers {
			for _, p := range points {
				s := m.NewSession()
				s.Observe(Patch(own, layer, p))
				if got, err := s.Eval(m.Tokenize(interventionText)); err != nil || !slices.Equal(got, plain) {
					t.Errorf("layer %d, %s: patched with its own record it differs, %v", layer, p, err)
				}
				if s.Cache().Cells[3].Edited {
					t.Errorf("layer %d, %s: cells are marked though nothing was changed", layer, p)
				}
			}
		}
		if n := len(m.Tokenize(interventionText)); n != len(m.Tokenize(other)) {
			t.Fatal("the texts have not as many tokens")
		} else if got := under(t, m, interventionText, Patch(foreign, last, observe.ResidPost, n-1)); !slices.Equal(got, want) {
			t.Errorf("with the other's residual behind the last layer it differs by %v", furthest(got, want))
		}
		if got := under(t, m, interventionText, Patch(foreign, 0, observe.ResidPre)); !slices.Equal(got, want) {
			t.Errorf("with the other's embeddings it differs by %v", furthest(got, want))
		}
		if got := under(t, m, interventionText, Patch(foreign, 0, observe.ResidPre, 1)); !slices.Equal(got, plain) {
			t.Errorf("with an embedding that is the same it differs")
		}
	}
}

// Steering by 0 changes nothing; steering towards a text makes it likelier than steering
// away from it.
func TestSteer(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1})
	v, err := m.Direction(1, "The fox, a fox, the fox and the fox.", "The owl, an owl, the owl and the owl.")
	if err != nil || len(v) != m.net.Config.Embd {
		t.Fatal(len(v), err)
	}
	text := "Once there was a"
	if !slices.Equal(under(t, m, text, Steer(1, v, 0)), under(t, m, text, nil)) {
		t.Error("steering by 0 changes something")
	}
	fox, owl := m.TokenizePlain(" fox")[0], m.TokenizePlain(" owl")[0]
	lead := func(scale float64) float64 {
		l := under(t, m, text, Steer(1, v, scale))
		return float64(l[fox] - l[owl])
	}
	if a, b, c := lead(-1), lead(0), lead(1); !(a < b && b < c) {
		t.Errorf("the fox leads the owl by %.2f, %.2f, %.2f", a, b, c)
	}
	if _, err := m.Direction(1, "", "b"); err == nil || !strings.Contains(err.Error(), "fewer than two tokens") {
		t.Error(err)
	}
	if _, err := m.Direction(9, "a b", "b a"); err == nil || !strings.Contains(err.Error(), "no layer 9") {
		t.Error(err)
	}
}

// What is read under an observer that writes is never reused; what one has only looked
// at is.
func TestIntervenedCellsAreNotReused(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1})
	prompt := interventionText + " Mia the"
	n := len(m.Tokenize(prompt))
	want := generate(t, m.NewSession(), prompt, GenerateConfig{MaxTokens: 8})
	last := m.net.Config.Layers - 1
	for _, c := range []struct {
		o      observe.Observer
		reused int
	}{
		{Record(observe.ResidPost, observe.AttnPattern), n - 1},
		{Steer(0, make([]float32, m.net.Config.Embd), 1), n - 1}, // nothing added
		{Ablate(last), n - 1}, // behind the last keys and values
		{Steer(last, slices.Repeat([]float32{1}, m.net.Config.Embd), 1), n - 1},
		{Ablate(0, 0), 0},
		{attend{last}, n - 1}, // as the others behind the last keys and values
		{attend{0}, 0},
		{Together(Record(observe.Q), AblateFFN(0)), 0},
	} {
		s := m.NewSession()
		s.Observe(c.o)
		generate(t, s, prompt, GenerateConfig{MaxTokens: 1})
		path := filepath.Join(t.TempDir(), "s")
		if err := s.Save(path); err != nil {
			t.Fatal(err)
		}
		restored, err := m.Restore(path)
		if err != nil {
			t.Fatal(err)
		}
		f := s.Fork()
		s.Observe(nil)
		for what, s := range map[string]*Session{"the session": s, "its fork": f, "the restored one": restored} {
			r := generate(t, s, prompt, GenerateConfig{MaxTokens: 8})
			if r.Stats.ReusedTokens != c.reused || r.Stats.EditedTokens != n-1-c.reused || r.Stats.Differs != nil {
				t.Errorf("%s, %s: reused %d, edited %d of %d", c.o, what, r.Stats.ReusedTokens, r.Stats.EditedTokens, n)
			}
			if says := strings.Contains(r.Stats.String(), "cells were changed"); says != (c.reused == 0) {
				t.Errorf("%s: %s", c.o, r.Stats)
			}
			if !slices.Equal(r.IDs, want.IDs) {
				t.Errorf("%s, %s: it went on with %q, not %q", c.o, what, r.Text, want.Text)
			}
		}
	}
	// Only what was read under it is read anew.
	s := m.NewSession()
	generate(t, s, interventionText, GenerateConfig{MaxTokens: 1})
	had := s.Len()
	s.Observe(AblateAttention(0))
	generate(t, s, prompt, GenerateConfig{MaxTokens: 1})
	if x := s.Cache(); x.Cells[had-1].Edited || !x.Cells[n-1].Edited || !strings.Contains(x.String(), "changed") {
		t.Errorf("%d cells, then under an observer:\n%s", had, x)
	}
	s.Observe(nil)
	if r := generate(t, s, prompt, GenerateConfig{MaxTokens: 1}); r.Stats.ReusedTokens != had || r.Stats.EditedTokens != n-1-had {
		t.Errorf("%+v", r.Stats)
	}
}

func TestEffect(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1})
	s := m.NewSession()
	if _, err := s.Effect(Ablate(0, 0)); err == nil || !strings.Contains(err.Error(), "read nothing yet") {
		t.Error(err)
	}
	text := strings.Repeat(interventionText+" ", 3) + "Mia the"
	ids := m.Tokenize(text)
	if _, err := s.Eval(ids); err != nil {
		t.Fatal(err)
	}
	none, err := s.Effect(Record(observe.Z))
	if err != nil || none.KLDivergence != 0 || none.MeanKL > 1e-12 || !none.SameTop || len(none.KL) != len(ids) {
		t.Errorf("an observer that only looks: %+v, %v", none, err)
	}
	x, err := s.Effect(AblateAttention(0))
	if err != nil {
		t.Fatal(err)
	}
	// The last divergence is that of two readings; they are cut into other pieces here.
	a, b := under(t, m, text, nil), under(t, m, text, AblateAttention(0))
	if d := x.KLDivergence - klDivergence(a, b); d > 0.01 || d < -0.01 || x.MeanKL <= 0 {
		t.Errorf("%v, by reading %v", x.KLDivergence, klDivergence(a, b))
	}
	if top(a) != x.Before[0].ID || top(b) != x.After[0].ID || x.Before[0].Text != m.TokenText(top(a)) || x.SameTop != (top(a) == top(b)) {
		t.Errorf("%v and %v", x.Before, x.After)
	}
	if s.Len() != len(ids) || s.Cache().Cells[5].Edited {
		t.Error("the session has changed")
	}
	for form, text := range x.Display() {
		if !strings.Contains(text, "without the attention of layer 0") || !strings.Contains(text, "KL divergence") {
			t.Errorf("%s: %s", form, text)
		}
	}
}

// What does not fit is an error of the reading.
func TestInterventionsThatDoNotFit(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1})
	rec := Record(observe.Z)
	under(t, m, "Once there", rec)
	wide := Record(observe.Z)
	wide.Observe(observe.Event{Layer: 0, Point: observe.Z, Shape: [3]int{1, 1, 3}, X: []float32{1, 2, 3}})
	wide.Observe(observe.Event{Layer: 0, Point: observe.AttnScores, Shape: [3]int{1, 1, 3}, X: []float32{1, 2, 3}})
	for want, o := range map[string]observe.Observer{
		"no layer 7":                      Ablate(7),
		"no layer -1":                     AblateFFN(-1),
		"no head 99":                      Together(Ablate(0), Ablate(1, 0, 99)),
		"observer 1 is nil":               Together(Ablate(0), nil),
		"nothing of that point":           Patch(rec, 0, observe.Q),
		"nothing of position 50":          Patch(rec, 0, observe.Z, 0, 50),
		"another model":                   Patch(wide, 0, observe.Z),
		"not a point of a layer that can": Patch(rec, 0, observe.Logits),
		"recording has 1 heads":           Patch(wide, 0, observe.AttnScores),
		"direction has 2 elements":        Steer(0, []float32{1, 2}, 1),
		"it must be finite":               Steer(0, slices.Repeat([]float32{1e30}, m.net.Config.Embd), 1e30),
		"name a point to keep":            Record(),
		"Record: there is no layer 12":    Record(observe.Q).Layers(12),
	} {
		s := m.NewSession()
		s.Observe(o)
		if _, err := s.Eval([]int{5, 6}); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "engine: ") {
			t.Errorf("%s: %v", want, err)
		}
		if s.Len() != 0 {
			t.Errorf("%s: %d tokens were read", want, s.Len())
		}
	}
}

func TestRecording(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1, PhysicalBatchSize: 3})
	rec := Record(observe.ResidPost, observe.Z).Layers(1, 2)
	ids := m.Tokenize(interventionText)
	under(t, m, interventionText, rec)
	if at := rec.Positions(1, observe.Z); len(at) != len(ids) || at[len(at)-1] != len(ids)-1 || rec.Positions(0, observe.Z) != nil {
		t.Errorf("positions %v", at)
	}
	if want := int64(2*len(ids)*(m.net.Config.Embd+m.net.Config.Heads*m.net.Config.HeadV)) * 4; rec.Bytes() != want {
		t.Errorf("%d bytes, want %d", rec.Bytes(), want)
	}
	under(t, m, interventionText, rec) // in the place of the first
	sum := 0.0
	for pos := 2; pos < len(ids); pos++ {
		sum += float64(rec.At(2, observe.ResidPost, pos)[5]) / float64(len(ids)-2)
	}
	if d := sum - float64(rec.Mean(2, observe.ResidPost, 2)[5]); d > 1e-5 || d < -1e-5 || rec.Mean(0, observe.Z, 0) != nil {
		t.Errorf("the mean is off by %v", d)
	}
	if h := rec.Heat(1, observe.ResidPost); h.Check() != nil || h.Rows != len(ids) || !strings.Contains(rec.String(), "resid_post, z") {
		t.Errorf("%v, %s", h.Check(), rec)
	}
}

// attend makes all tokens look at the first one only, in all heads of a layer.
type attend struct{ layer int }

func (a attend) Wants(layer int, p observe.Point) bool {
	return layer == a.layer && p == observe.AttnPattern
}

func (attend) Observe(e observe.Event) {
	clear(e.X)
	for i := 0; i < len(e.X); i += e.Shape[2] {
		e.X[i] = 1
	}
}

// poison writes something that is not finite.
type poison struct {
	point observe.Point
	x     float32
}

func (p poison) Wants(layer int, at observe.Point) bool { return layer == 1 && at == p.point }

func (p poison) Observe(e observe.Event) { e.X[0] = p.x }

// A pass in which an observer wrote what is no number fails and says so, whatever the
// cache could hold; in scores -Inf hides a key.
func TestObserversWriteNumbers(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, k := range []CacheType{F16, Q8_0} {
		m := lesson(t, LoadConfig{Threads: 1, KCacheType: k, VCacheType: k})
		for _, p := range []observe.Point{observe.ResidPre, observe.V, observe.KRot, observe.AttnScores, observe.AttnPattern, observe.Z, observe.ResidPost} {
			for _, x := range []float32{nan, inf, -inf} {
				s := m.NewSession()
				s.Observe(poison{p, x})
				_, err := s.Eval([]int{5, 6, 7})
				if p == observe.AttnScores && x == -inf {
					if err != nil {
						t.Errorf("%s: a hidden key: %v", k, err)
					}
					continue
				}
				if err == nil || !strings.Contains(err.Error(), "the observer left") || !strings.Contains(err.Error(), p.String()+" of layer 1") || s.Len() != 0 {
					t.Errorf("%s, %s %v: %v, %d tokens were read", k, p, x, err, s.Len())
				}
				// The session is of use without it.
				s.Observe(nil)
				if _, err := s.Eval([]int{5, 6, 7}); err != nil {
					t.Errorf("%s, %s: %v", k, p, err)
				}
			}
		}
	}
}

// Scores that were recorded while tokens came one by one have a column for each head and
// key, whatever the number of keys was.
func TestRecordedScores(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1})
	ids, heads := m.Tokenize(interventionText)[:6], m.net.Config.Heads
	whole, steps := Record(observe.AttnScores, observe.AttnPattern), Record(observe.AttnScores, observe.AttnPattern)
	a, b := m.NewSession(), m.NewSession()
	a.Observe(whole)
	b.Observe(steps)
	if _, err := a.Eval(ids); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if _, err := b.Eval([]int{id}); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []observe.Point{observe.AttnScores, observe.AttnPattern} {
		x, y := whole.Heat(1, p), steps.Heat(1, p)
		if x.Rows != len(ids) || x.Cols != heads*len(ids) || y.Cols != x.Cols {
			t.Fatalf("%s: %d x %d and %d x %d", p, x.Rows, x.Cols, y.Rows, y.Cols)
		}
		for i, v := range x.Values {
			if d := math.Abs(float64(v - y.Values[i])); v != y.Values[i] && !(d < 0.05) {
				t.Errorf("%s: row %d, column %d is %v, read one by one %v", p, i/x.Cols, i%x.Cols, v, y.Values[i])
			}
		}
	}
	// What one run recorded fits another that reads in other batches.
	want, err := m.NewSession().Eval(ids)
	if err != nil {
		t.Fatal(err)
	}
	s := m.NewSession()
	s.Observe(Patch(steps, 1, observe.AttnScores))
	got, err := s.Eval(ids)
	if err != nil {
		t.Fatal(err)
	}
	if kl := klDivergence(want, got); !(kl < 1e-3) {
		t.Errorf("patched with what is all but its own record: KL divergence %v", kl)
	}
}

func TestShareOfOneToken(t *testing.T) {
	a := &Attention{N: 1, Weights: []float32{1}}
	if first, last8, self, entropy := a.Share(); first != 1 || last8 != 1 || self != 1 || entropy != 0 {
		t.Error(first, last8, self, entropy)
	}
}

// Logits of which none differs are no nats apart, whatever they are.
func TestDivergenceOfEqualsIsNone(t *testing.T) {
	x := make([]float32, 1000)
	for i := range x {
		x[i] = float32(math.Sin(float64(i)) * 9)
	}
	if d := klDivergence(x, slices.Clone(x)); d != 0 {
		t.Error(d)
	}
	y := slices.Clone(x)
	y[3] += 5
	if d := klDivergence(x, y); !(d > 0) {
		t.Error(d)
	}
}

// Weights that were written do the same whether values are stored turned or not, in which
// type, and with flash attention on or off.
func TestWrittenWeightsInAnyCache(t *testing.T) {
	var want []float32
	for _, cfg := range []LoadConfig{
		{KCacheType: F32, VCacheType: F32, FlashAttention: Off},
		{KCacheType: F32, VCacheType: F32, FlashAttention: On},
		{KCacheType: Q8_0, VCacheType: Q8_0, FlashAttention: On},
		{KCacheType: Q8_0, VCacheType: Q8_0, FlashAttention: Off, KRotation: On, VRotation: On},
		{KCacheType: Q8_0, VCacheType: Q8_0, FlashAttention: On, KRotation: On, VRotation: On},
		{KCacheType: F16, VCacheType: Q8_0, FlashAttention: On, VRotation: On, PhysicalBatchSize: 5},
	} {
		cfg.Threads = 1
		m := lesson(t, cfg)
		got := under(t, m, interventionText, attend{1})
		if want == nil {
			want = got
			if kl := klDivergence(want, under(t, m, interventionText, nil)); kl < 0.1 {
				t.Errorf("that all look at the first token changes predictions by %v nats only", kl)
			}
			continue
		}
		if kl := klDivergence(want, got); !(kl < 0.01) {
			t.Errorf("%+v: KL divergence %v", cfg, kl)
		}
	}
}
