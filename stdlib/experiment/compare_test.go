package experiment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"

	"loupe/engine"
	"loupe/engine/enginetest"
	"loupe/stdlib/nb"
)

const prompt = "Tell me a story about an owl."

func compare(t *testing.T, g Grid) *Comparison {
	t.Helper()
	g.Load.Threads = 1
	if g.Repetitions == 0 {
		g.Repetitions = 1
	}
	c, err := CompareContext(t.Context(), "lesson", prompt, g)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func generate(n int) engine.GenerateConfig { return engine.GenerateConfig{MaxTokens: n} }

// story is how the model tells stories that are none the same sentence for ever.
func story(n int) engine.GenerateConfig {
	return engine.GenerateConfig{MaxTokens: n, Temperature: 0.7, Seed: 3}
}

// A setting loaded and run a second time is the reference again, to the bit.
func TestReferenceAgainstItself(t *testing.T) {
	c := compare(t, Grid{KCacheType: []engine.CacheType{engine.Q8_0, engine.Q8_0}, Generate: generate(60)})
	if c.Reference != 0 || len(c.Rows) != 2 {
		t.Fatalf("reference %d of %d rows", c.Reference, len(c.Rows))
	}
	for i, r := range c.Rows {
		if r.KLD != 0 || r.KLDMax != 0 || r.SameTop != 1 || r.Predictions != 60 || r.Differs != -1 || r.Unsteady {
			t.Errorf("row %d: KLD %g, at most %g, same top %g of %d, differs at %d", i, r.KLD, r.KLDMax, r.SameTop, r.Predictions, r.Differs)
		}
	}
}

// Fewer bits differ more, on K, on V and on both.
func TestFewerBitsDifferMore(t *testing.T) {
	types := []engine.CacheType{engine.F32, engine.Q8_0, engine.Q4_0}
	c := compare(t, Grid{KCacheType: types, VCacheType: types, Generate: story(200), PastEnd: true})
	at := func(k, v int) Row { return c.Rows[3*k+v] }
	for _, step := range [][2]Row{{at(0, 0), at(0, 1)}, {at(0, 1), at(0, 2)}, {at(0, 0), at(1, 0)}, {at(1, 0), at(2, 0)}, {at(1, 1), at(2, 2)}} {
		if step[0].KLD >= step[1].KLD {
			t.Errorf("KLD of K %s, V %s is %g, of K %s, V %s %g", step[0].Effective.KCacheType, step[0].Effective.VCacheType, step[0].KLD,
				step[1].Effective.KCacheType, step[1].Effective.VCacheType, step[1].KLD)
		}
	}
	// A row of 32 elements takes 128, 34 and 18 bytes.
	for i, bytes := range []int64{128, 34, 18} {
		if got := at(i, 0).KBytes * 128; got != at(0, 0).KBytes*bytes {
			t.Errorf("%s: K takes %d bytes, in f32 %d", types[i], at(i, 0).KBytes, at(0, 0).KBytes)
		}
		if at(0, i).VBytes != at(i, 0).KBytes {
			t.Errorf("%s: V takes %d bytes, K %d", types[i], at(0, i).VBytes, at(i, 0).KBytes)
		}
	}
}

// softmax is the distribution of logits, the plain way.
func softmax(x []float32) []float64 {
	p, sum := make([]float64, len(x)), 0.0
	for i, v := range x {
		p[i] = math.Exp(float64(v) - float64(slices.Max(x)))
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// The text is what the engine generates by itself, and the divergence what two
// models that read it differ by.
func TestAgainstTheEngine(t *testing.T) {
	c := compare(t, Grid{VCacheType: []engine.CacheType{engine.F16, engine.Q4_0}, Generate: generate(40), Raw: true})
	var dist [2][][]float64
	var text []int
	top := 0
	for i, typ := range []engine.CacheType{engine.F16, engine.Q4_0} {
		m, err := engine.Load("lesson", engine.LoadConfig{VCacheType: typ, Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		reply, err := m.NewSession().Generate(prompt, generate(40))
		if err != nil {
			t.Fatal(err)
		}
		if r := c.Rows[i]; r.Text != reply.Text || !slices.Equal(r.IDs, reply.IDs) || r.StopReason != reply.Stats.StopReason {
			t.Errorf("%s: %q, the engine gives %q", typ, r.Text, reply.Text)
		}
		if i == 0 {
			text = append(m.Tokenize(prompt), reply.IDs...)
		}
		from := len(text) - len(c.Rows[0].IDs)
		err = m.NewSession().EvalEach(t.Context(), text, func(n int, row []float32) {
			if n+1 < len(text) {
				dist[i] = append(dist[i], softmax(row))
			}
		}, from-1)
		if err != nil {
			t.Fatal(err)
		}
	}
	want := 0.0
	for n, p := range dist[0] {
		for i, x := range p {
			want += x * math.Log(x/dist[1][n][i])
		}
		if slices.Index(p, slices.Max(p)) == slices.Index(dist[1][n], slices.Max(dist[1][n])) {
			top++
		}
	}
	n := float64(len(dist[0]))
	if r := c.Rows[1]; math.Abs(r.KLD-want/n) > 1e-6*want/n || r.SameTop != float64(top)/n || r.KLDMax < r.KLD {
		t.Errorf("KLD %g and same top %g; computed plainly %g and %g", r.KLD, r.SameTop, want/n, float64(top)/n)
	}
}

// What stands where in a grid changes no text.
func TestOrderChangesNoText(t *testing.T) {
	g := Grid{
		FlashAttention: []engine.Switch{engine.Off, engine.On},
		KCacheType:     []engine.CacheType{engine.F16, engine.Q4_0},
		EvalBatchSize:  []int{1, 512},
		Generate:       engine.GenerateConfig{MaxTokens: 50, Temperature: 0.8, Seed: 7},
		PastEnd:        true, Repetitions: 2,
	}
	texts := map[string]string{}
	for _, r := range compare(t, g).Rows {
		if r.Unsteady || r.GenRate.N != 2 || r.Tokens != 50 {
			t.Errorf("%+v", r)
		}
		texts[fmt.Sprint(r.Setting)] = r.Text
	}
	if len(texts) != 8 {
		t.Fatalf("%d settings", len(texts))
	}
	slices.Reverse(g.FlashAttention)
	slices.Reverse(g.KCacheType)
	slices.Reverse(g.EvalBatchSize)
	for _, r := range compare(t, g).Rows {
		if want, ok := texts[fmt.Sprint(r.Setting)]; !ok || want != r.Text {
			t.Errorf("%v: %q, in the other order %q", r.Setting, r.Text, want)
		}
	}
}

// Behind the end of text the same text goes on, to the last token that was asked for.
func TestPastEnd(t *testing.T) {
	g := Grid{Generate: story(250), Load: engine.LoadConfig{ContextLength: 1024}}
	short := compare(t, g).Rows[0]
	g.PastEnd = true
	long := compare(t, g).Rows[0]
	if short.StopReason != engine.EOSFound || short.Tokens >= 250 {
		t.Fatalf("the model does not end its story: %d tokens, %s", short.Tokens, short.StopReason)
	}
	if long.Tokens != 250 || !slices.Equal(long.IDs[:short.Tokens], short.IDs) || !strings.HasPrefix(long.Text, short.Text+"<|end|>") {
		t.Errorf("%d tokens: %q, and without PastEnd %q", long.Tokens, long.Text, short.Text)
	}
}

// What is refused is a row that says why, and the rest is measured.
func TestRefusedRows(t *testing.T) {
	c := compare(t, Grid{
		KCacheType:    []engine.CacheType{"q9", engine.F16},
		ContextLength: []int{4, 40, 400},
		EvalBatchSize: []int{64},
		Generate:      generate(20),
	})
	if c.Reference != 5 {
		t.Fatalf("reference %d", c.Reference)
	}
	for i, want := range []string{"KCacheType is q9", "KCacheType is q9", "KCacheType is q9", "EvalBatchSize is 64", "EvalBatchSize is 64", ""} {
		i = []int{0, 2, 4, 1, 3, 5}[i]
		err := c.Rows[i].Err
		if want == "" && err == nil {
			continue
		}
		if err == nil || want == "" || !strings.Contains(err.Error(), want) || !strings.Contains(c.String(), fmt.Sprintf("%s: refused: %v", c.label(i), err)) {
			t.Errorf("row %d: %v, want %q", i, err, want)
		}
	}
	c = compare(t, Grid{ContextLength: []int{400, 4, 30}, Generate: generate(40)})
	if over := (*engine.ContextError)(nil); c.Rows[1].Err == nil || !errors.As(c.Rows[1].Err, &over) && !strings.Contains(c.Rows[1].Err.Error(), "context of 4") {
		t.Errorf("a prompt that does not fit: %v", c.Rows[1].Err)
	}
	// A text that the context ends is compared as far as it goes.
	if r := c.Rows[2]; r.StopReason != engine.ContextLengthReached || r.Predictions == 0 || r.Predictions >= c.Rows[0].Predictions || r.Differs != r.Tokens || r.KLD != 0 {
		t.Errorf("%s after %d tokens, %d predictions, differs at %d by %g", r.StopReason, r.Tokens, r.Predictions, r.Differs, r.KLD)
	}
	_, err := CompareContext(t.Context(), "no such model", prompt, Grid{})
	if err == nil || !strings.Contains(err.Error(), "none of the 1 settings runs") || !strings.Contains(err.Error(), "no such model") {
		t.Error(err)
	}
}

func TestBadInput(t *testing.T) {
	for want, f := range map[string]func() (string, Grid){
		"Repetitions is -1": func() (string, Grid) { return prompt, Grid{Repetitions: -1} },
		"MaxTokens is -3":   func() (string, Grid) { return prompt, Grid{Generate: generate(-3)} },
		"prompt is empty":   func() (string, Grid) { return " \n", Grid{} },
		"not valid UTF-8":   func() (string, Grid) { return "a\xff", Grid{} },
		"ends the text at \"": func() (string, Grid) {
			return prompt, Grid{PastEnd: true, Generate: engine.GenerateConfig{Stop: []string{"x"}}}
		},
	} {
		p, g := f()
		c, err := CompareContext(t.Context(), "lesson", p, g)
		if c != nil || err == nil || !strings.HasPrefix(err.Error(), "experiment: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// A comparison that is stopped keeps, shows and says what it has.
func TestStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var shown []any
	last := int64(0)
	off := nb.Attach(nb.Host{
		Context: func() context.Context { return ctx },
		Show:    func(v []any) { shown = append(shown, v...) },
		Progress: func(label string, done, total int64, unit string) {
			if label == "prompt" || label == "packed" { // the engine's own
				return
			}
			if label != "compare" || unit != "tokens" || total != 4*2*30 || done < last || done > total {
				t.Errorf("%s: %d of %d %s after %d", label, done, total, unit, last)
			}
			if last = done; done > 65 {
				cancel()
			}
		},
	})
	defer off()
	g := Grid{KCacheType: []engine.CacheType{engine.F16, engine.Q8_0, engine.Q5_0, engine.Q4_0}, Generate: generate(30), Repetitions: 2}
	c, err := Compare("lesson", prompt, g)
	if !errors.Is(err, context.Canceled) || !c.Stopped || c.Runs != 2 {
		t.Fatalf("%v, stopped %t after %d runs", err, c.Stopped, c.Runs)
	}
	for i, r := range c.Rows {
		if r.ran() != (i < 2) || r.ran() && (r.Text == "" || r.KBytes == 0) {
			t.Errorf("row %d: %+v", i, r)
		}
	}
	if len(shown) != 1 || shown[0] != any(c) || !strings.Contains(c.String(), "stopped after 2 of 8 runs") || strings.Count(c.String(), "not run") != 4 {
		t.Errorf("shown %v", shown)
	}
}

// Weights that would take too much together are there once at a time, and the
// results are the same.
func TestOneCopy(t *testing.T) {
	g, err := Grid{KCacheType: []engine.CacheType{engine.F16, engine.Q4_0}, Generate: generate(20), Repetitions: 2, Load: engine.LoadConfig{Threads: 1}}.check()
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for keep, want := range map[int64]int{1: 1, keepBytes: 2} {
		b := newBench(t.Context(), "lesson", prompt, g)
		b.keep = keep
		if err := b.run(); err != nil {
			t.Fatal(err)
		}
		loaded := 0
		for _, m := range b.models {
			if m != nil {
				loaded++
			}
		}
		b.unload()
		if loaded != want || b.Runs != 4 {
			t.Errorf("%d models are loaded after %d runs, want %d", loaded, b.Runs, want)
		}
		texts = append(texts, fmt.Sprint(b.Rows[0].Text, b.Rows[1].Text, b.Rows[0].KLD, b.Rows[1].KLD))
	}
	if texts[0] != texts[1] {
		t.Errorf("%s\n%s", texts[0], texts[1])
	}
}

// Tables are straight and fit a terminal.
func TestWidths(t *testing.T) {
	c := compare(t, Grid{
		FlashAttention: []engine.Switch{engine.Off, engine.On}, KCacheType: []engine.CacheType{engine.F16, "wrong"},
		VCacheType: []engine.CacheType{engine.IQ4NL, engine.F32}, EvalBatchSize: []int{8, 64}, ContextLength: []int{2048, 100000},
		Generate: generate(8),
	})
	for i := range c.Rows {
		r := &c.Rows[i]
		for _, f := range []*Figure{&r.PromptRate, &r.GenRate, &r.TTFT} {
			if f.N > 0 {
				*f = Figure{123456, 1000, 200000, 5}
			}
		}
		r.KBytes, r.VBytes, r.ScoreBytes = 1023<<20, 1023<<20, 1023<<20
	}
	width := 0
	for _, line := range strings.Split(c.Table().String(), "\n") {
		w := runewidth.StringWidth(line)
		if width == 0 {
			width = w
		}
		if w != width || w > 120 {
			t.Errorf("%d cells wide, the first line %d: %s", w, width, line)
		}
	}
	for _, m := range Measures() {
		for _, line := range strings.Split(c.Speed().String()+"\n"+c.Chart(m).String(), "\n") {
			if w := runewidth.StringWidth(line); w > 120 || strings.TrimRight(line, " ") != line {
				t.Errorf("%d cells wide: %q", w, line)
			}
		}
	}
}

// HTML holds the pictures, and texts as texts.
func TestDisplay(t *testing.T) {
	c := compare(t, Grid{KCacheType: []engine.CacheType{engine.F16, engine.Q4_0}, Generate: story(250), PastEnd: true})
	d := c.Display()
	if page := d["text/html"]; strings.Count(page, "<svg") != 2 || strings.Count(page, "</svg>") != 2 || strings.Contains(page, "<?xml") ||
		strings.Contains(page, "<|end|>") || !strings.Contains(page, "&lt;|end|&gt;") {
		t.Errorf("HTML:\n%s", page)
	}
	if d["text/plain"] != c.String() || !strings.Contains(d["text/markdown"], "```\ngeneration") || !strings.Contains(d["text/markdown"], "| --- |") && !strings.Contains(d["text/markdown"], "| ---:|") {
		t.Errorf("Markdown:\n%s", d["text/markdown"])
	}
	if svg := c.Chart(Divergence).SVG(); !strings.HasPrefix(svg, "<svg") || !strings.Contains(svg, "2 q4_0") {
		t.Errorf("%.200s", svg)
	}
}

// What a model writes is text in every form.
func TestTextsAreText(t *testing.T) {
	s := lines("", []string{"a <img src=x> *b* q8_0\n  here: `c` \\ [d](e)", "f"})
	if want := "- a \\<img src=x> \\*b\\* q8\\_0  \n  here: \\`c\\` \\\\ \\[d](e)\n- f"; s.markdown != want {
		t.Errorf("%q, want %q", s.markdown, want)
	}
	if want := "<ul><li>a &lt;img src=x&gt; *b* q8_0<br>  here: `c` \\ [d](e)</li><li>f</li></ul>"; s.html != want {
		t.Errorf("%q, want %q", s.html, want)
	}
}

func TestFigure(t *testing.T) {
	for _, x := range []struct {
		values []float64
		want   Figure
	}{
		{nil, Figure{}}, {[]float64{3}, Figure{3, 3, 3, 1}}, {[]float64{4, 1}, Figure{2.5, 1, 4, 2}}, {[]float64{9, 1, 2}, Figure{2, 1, 9, 3}},
	} {
		if got := figure(x.values); got != x.want {
			t.Errorf("%v: %v", x.values, got)
		}
	}
	if got := (Figure{101.4, 98, 104, 3}).text(perSecond); got != "101/s ±3.0/s" {
		t.Error(got)
	}
}

func TestPlaces(t *testing.T) {
	for _, n := range []int{0, 1, 5, maxPredictions, maxPredictions + 1, 3000} {
		at := places(10, 10+n)
		if len(at) != min(n, maxPredictions) || !slices.IsSorted(at) || len(slices.Compact(slices.Clone(at))) != len(at) || n > 0 && (at[0] != 10 || at[len(at)-1] >= 10+n) {
			t.Errorf("%d: %v", n, at)
		}
	}
}

// On a real model, q4_0 differs more than q8_0 too.
func TestRealModel(t *testing.T) {
	c, err := CompareContext(t.Context(), enginetest.SmolLM2(t), "Why is the sky blue?", Grid{
		KCacheType: []engine.CacheType{engine.F16, engine.Q8_0, engine.Q4_0}, Generate: generate(24), Repetitions: 1, Load: engine.LoadConfig{ContextLength: 512},
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := c.Rows; !(0 < r[1].KLD && r[1].KLD < r[2].KLD) || r[1].SameTop < 0.9 {
		t.Errorf("\n%s", c)
	}
}
