package experiment

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"loupe/engine"
	"loupe/engine/store/lesson/train/corpus"
)

// Past the trained context perplexity rises; the mean over stretches is that of the
// whole, by another way of reading it too.
func TestPerplexityByPosition(t *testing.T) {
	src := corpus.New(corpus.TestSeeds + 11)
	var text strings.Builder
	for text.Len() < 9000 {
		text.WriteString(src.Story().Text + "\n")
	}
	plain := engine.LoadConfig{Threads: 1}
	stretched := engine.LoadConfig{Threads: 1, RopeScaling: engine.RopeYarn, RopeFrequencyScale: 0.5}
	x, err := PerplexityByPosition("lesson", text.String(), 1536, 256, plain, stretched)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(x)
	if len(x.Curves) != 2 || len(x.Curves[0].Loss) != 6 || x.Pieces != 1 || x.Curves[1].Name != "yarn 0.5" {
		t.Fatalf("%+v", x)
	}
	p, y := x.Curves[0].Perplexity(), x.Curves[1].Perplexity()
	if p[5] < 1.15*p[1] {
		t.Errorf("past its context of %d: %.2f, in it %.2f", x.TrainedContext, p[5], p[1])
	}
	if y[0] == p[0] || math.IsNaN(y[5]) {
		t.Errorf("YaRN changes nothing: %v, %v", p, y)
	}
	sum, n := 0.0, 0
	for i, loss := range x.Curves[0].Loss {
		sum, n = sum+loss*float64(x.Curves[0].Tokens[i]), n+x.Curves[0].Tokens[i]
	}
	m, err := engine.Load("lesson", engine.LoadConfig{Threads: 1, ContextLength: 1536})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	ids := m.Tokenize(text.String())[:1536]
	want := 0.0
	err = m.NewSession().EvalEach(context.Background(), ids[:1535], func(i int, row []float32) {
		want += engine.LogSumExp(row) - float64(row[ids[i+1]])
	}, 0)
	if err != nil || n != 1535 || math.Abs(sum-want) > 0.01*want {
		t.Errorf("%d predictions lose %v, by hand %v, %v", n, sum, want, err)
	}
	for form, text := range x.Display() {
		if !strings.Contains(text, "yarn 0.5") || !strings.Contains(text, "1,280-1,535") {
			t.Errorf("%s: %s", form, text)
		}
	}
	if !strings.Contains(x.Chart().SVG(), "<svg") {
		t.Error("no curve")
	}
}

func TestPerplexityByPositionRefuses(t *testing.T) {
	for want, c := range map[string][2]int{"stretches of 0": {10, 0}, "stretches of 20": {10, 20}, "pieces of 1": {1, 1}, "fewer than one piece of 1,000": {1000, 10}} {
		if _, err := PerplexityByPosition("lesson", "Once there was a rabbit.", c[0], c[1]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := PerplexityByPositionContext(ctx, "lesson", strings.Repeat("Once there was a rabbit. ", 9), 20, 10); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for want, cfg := range map[string]engine.LoadConfig{
		"as it is": {}, "RoPE base 200,000": {RopeFrequencyBase: 200000}, "RoPE scale 0.5, K q8_0": {RopeFrequencyScale: 0.5, KCacheType: engine.Q8_0},
		"linear 0.25": {RopeScaling: engine.RopeLinear, RopeFrequencyScale: 0.25}, "none": {RopeScaling: engine.RopeNone},
	} {
		if got := settingName(cfg); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
