package lesson_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"loupe/engine"
	"loupe/engine/observe"
	"loupe/engine/store/lesson/train/corpus"
)

// patterns keeps the attention of every layer and head of one pass.
type patterns struct {
	heads int
	layer [][]float32 // [layer][nTok, nHead, nKV]
}

func (p *patterns) Wants(_ int, at observe.Point) bool { return at == observe.AttnPattern }

func (p *patterns) Observe(e observe.Event) {
	p.heads = e.Shape[1]
	p.layer = append(p.layer, slices.Clone(e.X))
}

// There is a head that looks at the token before, and one that looks at what
// followed the last time (Olsson et al., 2022): the copying circuit.
func TestHeads(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	block := m.TokenizePlain(corpus.New(corpus.TestSeeds + 5).Repeat(60))
	bos, _ := m.BOS()
	ids := append(append([]int{bos}, block...), block...)
	s := m.NewSession()
	defer s.Close()
	var p patterns
	s.Observe(&p)
	if _, err := s.Eval(ids); err != nil {
		t.Fatal(err)
	}
	n := len(ids)
	type best struct {
		score       float64
		layer, head int
	}
	var previous, induction best
	for l, x := range p.layer {
		for h := range p.heads {
			at := func(q, k int) float64 { return float64(x[(q*p.heads+h)*n+k]) }
			var prev, ind float64
			for q := len(block) + 2; q < n; q++ {
				prev += at(q, q-1)
				ind += at(q, q-len(block)+1)
			}
			of := float64(n - len(block) - 2)
			if prev/of > previous.score {
				previous = best{prev / of, l, h}
			}
			if ind/of > induction.score {
				induction = best{ind / of, l, h}
			}
		}
	}
	show := func(b best) string { return fmt.Sprintf("%.2f (layer %d, head %d)", b.score, b.layer, b.head) }
	row(t, "best head's attention to the token before", show(previous), "> 0.5", previous.score > 0.5)
	row(t, "best head's attention to what followed the last time (induction)", show(induction), "> 0.5", induction.score > 0.5)
}

// stretch is the mean loss of stories laid end to end, by stretches of so many
// positions, under a load setting.
func stretch(t *testing.T, cfg engine.LoadConfig, length, width int) []float64 {
	t.Helper()
	cfg.ContextLength = length
	m := measured(t, cfg)
	src := corpus.New(corpus.TestSeeds + 6)
	bos, _ := m.BOS()
	sums := make([]float64, length/width)
	texts := items(3)
	for range texts {
		var ids []int
		for len(ids) < length {
			ids = append(append(ids, bos), m.TokenizePlain(src.Story().Text)...)
			ids = append(ids, 1) // end
		}
		s := m.NewSession()
		err := s.EvalEach(context.Background(), ids[:length-1], func(i int, logits []float32) {
			sums[(i+1)/width] += (engine.LogSumExp(logits) - float64(logits[ids[i+1]])) / float64(width*texts)
		}, 0)
		s.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	return sums
}

// Perplexity stays as it is up to the trained context and rises past it; RoPE's
// base and scale move that edge and change the curve.
func TestLength(t *testing.T) {
	const width = 256
	plain := stretch(t, engine.LoadConfig{}, 2048, width)
	ppl := func(x []float64) (s string) {
		for _, v := range x {
			s += fmt.Sprintf("%.2f ", math.Exp(v))
		}
		return s
	}
	row(t, "perplexity of positions 0-255, 256-511, 512-767, ... of stories end to end", ppl(plain), "reported", true)
	row(t, "the second stretch against the first", fmt.Sprintf("%.2f", math.Exp(plain[1]-plain[0])), "within 10 %", math.Abs(math.Exp(plain[1]-plain[0])-1) < 0.1)
	last := math.Exp(plain[len(plain)-1] - plain[1])
	row(t, "the last stretch against the second", fmt.Sprintf("%.2f", last), "> 1.25", last > 1.25)
	for _, c := range []struct {
		name string
		cfg  engine.LoadConfig
	}{
		{"RopeFrequencyBase 200000", engine.LoadConfig{RopeFrequencyBase: 200000}},
		{"RopeFrequencyScale 0.5", engine.LoadConfig{RopeFrequencyScale: 0.5}},
	} {
		x := stretch(t, c.cfg, 2048, width)
		row(t, "the same with "+c.name, ppl(x), "reported", true)
		first, last := math.Exp(x[0]-plain[0]), math.Exp(x[len(x)-1]-plain[len(x)-1])
		row(t, "against the curve as it was, first and last stretch", fmt.Sprintf("%.2f, %.2f", first, last), "one of them off by > 10 %",
			math.Abs(first-1) > 0.1 || math.Abs(last-1) > 0.1)
	}
}

// What q8_0 does to K and V changes next to no answer, and what q4_0 does is
// plain to see.
func TestCacheTypes(t *testing.T) {
	type answered struct {
		text string
		loss []float64
	}
	run := func(k, v engine.CacheType) (out []answered) {
		m := measured(t, engine.LoadConfig{KCacheType: k, VCacheType: v})
		src := corpus.New(corpus.TestSeeds + 7)
		for range items(25) {
			n := src.Needles(src.Between(4, 7), src.Between(0, 20))
			key := n.Facts[src.Between(0, len(n.Facts)-1)].Key()
			if src.Between(0, 3) == 0 {
				key = n.Absent(src)
			}
			out = append(out, answered{text: ask(t, m, n.Text+"\n"+corpus.Ask(key))})
			s := src.Story()
			out = append(out, answered{ask(t, m, s.Text+"\n"+corpus.Summarise), losses(t, m, m.TokenizePlain(s.Text))})
		}
		return out
	}
	f16 := run(engine.F16, engine.F16)
	compare := func(k, v engine.CacheType) (same tally, loss float64) {
		n := 0
		for i, a := range run(k, v) {
			same.same(a.text, f16[i].text)
			for j := range a.loss {
				loss += math.Abs(a.loss[j] - f16[i].loss[j])
				n++
			}
		}
		return same, loss / float64(n)
	}
	q8, q8loss := compare(engine.Q8_0, engine.Q8_0)
	atLeast(t, "answers that q8_0 K and V leave as they are", q8, 0.99)
	q4, q4loss := compare(engine.Q4_0, engine.Q4_0)
	row(t, "answers that q4_0 K and V leave as they are", q4.String(), "reported", true)
	row(t, "mean change of a token's loss, q8_0 and q4_0", fmt.Sprintf("%.5f, %.5f nats", q8loss, q4loss), "q4_0 at least 5 times q8_0's", q4loss > 5*q8loss)
	k4, k4loss := compare(engine.Q4_0, engine.F16)
	v4, v4loss := compare(engine.F16, engine.Q4_0)
	row(t, "q4_0 on K alone", fmt.Sprintf("%s as they are, %.5f nats", k4, k4loss), "reported", true)
	row(t, "q4_0 on V alone", fmt.Sprintf("%s as they are, %.5f nats", v4, v4loss), "reported", true)
}
