package engine

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
)

var lateText []int // a story of 400 tokens

// lateLogits reads a story while pages change their type, and gives the logits of the
// later tokens.
func lateLogits(t *testing.T, cfg LoadConfig) (s *Session, logits [][]float32) {
	t.Helper()
	cfg.ContextLength, cfg.Threads = 512, 1
	m := lesson(t, cfg)
	if lateText == nil {
		end, _ := m.tok.EOS()
		r, err := lesson(t, LoadConfig{ContextLength: 512}).NewSession().Generate("Once there was a rabbit", GenerateConfig{MaxTokens: 420, Temperature: 1, Seed: 3, LogitBias: map[int]float64{end: math.Inf(-1)}})
		if err != nil {
			t.Fatal(err)
		}
		lateText = append(r.PromptIDs, r.IDs...)[:400]
	}
	s = m.NewSession()
	ids := lateText
	err := s.EvalEach(context.Background(), ids, func(_ int, row []float32) { logits = append(logits, slices.Clone(row)) }, 150)
	if err != nil {
		t.Fatal(err)
	}
	return s, logits
}

// klOf is the mean KL divergence of b from a.
func klOf(a, b [][]float32) float64 {
	sum := 0.0
	for i := range a {
		la, lb := LogSumExp(a[i]), LogSumExp(b[i])
		for j := range a[i] {
			p := float64(a[i][j]) - la
			sum += math.Exp(p) * (p - float64(b[i][j]) + lb)
		}
	}
	return sum / float64(len(a))
}

// A cache whose windows hold everything is one in f16, bit by bit; one whose windows
// hold nothing is a quantised one; and between them lies what is lost.
func TestCacheInF16First(t *testing.T) {
	saving(t)
	q4 := LoadConfig{KCacheType: Q4_0, VCacheType: Q4_0, PhysicalBatchSize: 32}
	with := func(f func(*LoadConfig)) LoadConfig { cfg := q4; f(&cfg); return cfg }
	_, f16 := lateLogits(t, LoadConfig{PhysicalBatchSize: 32})
	_, all := lateLogits(t, q4)
	worst := klOf(f16, all)
	if worst < 1e-4 {
		t.Fatalf("q4_0 loses %v only", worst)
	}
	same := func(name string, cfg LoadConfig, want [][]float32) {
		if _, got := lateLogits(t, cfg); !slices.EqualFunc(got, want, slices.Equal[[]float32]) {
			t.Errorf("%s: other logits", name)
		}
	}
	for _, flash := range []Switch{On, Off} {
		_, f16 := lateLogits(t, LoadConfig{PhysicalBatchSize: 32, FlashAttention: flash})
		for _, c := range []LoadConfig{{CacheSinkTokens: 400}, {CacheResidualLength: 400}, {CacheQuantizedStart: 400}} {
			c.KCacheType, c.VCacheType, c.PhysicalBatchSize, c.FlashAttention = Q4_0, Q4_0, 32, flash
			same("everything kept, flash attention "+flash.String(), c, f16)
		}
	}
	same("a page of sinks, in other batches", with(func(c *LoadConfig) { c.CacheSinkTokens, c.PhysicalBatchSize = 64, 100 }),
		func() [][]float32 {
			_, l := lateLogits(t, with(func(c *LoadConfig) { c.CacheSinkTokens = 64 }))
			return l
		}())

	for _, c := range []struct {
		name string
		cfg  LoadConfig
		wide string // cells in f16, of 400
	}{
		{"sinks", with(func(c *LoadConfig) { c.CacheSinkTokens = 10 }), "0-63"},
		{"residual", with(func(c *LoadConfig) { c.CacheResidualLength = 100 }), "256-399"},
		{"both", with(func(c *LoadConfig) { c.CacheSinkTokens, c.CacheResidualLength = 4, 64 }), "0-63 320-399"},
		{"start", with(func(c *LoadConfig) { c.CacheQuantizedStart = 300 }), ""},
	} {
		s, got := lateLogits(t, c.cfg)
		if kl := klOf(f16, got); !(kl > 0 && kl < 1.2*worst) {
			t.Errorf("%s: divergence %v, of a cache in q4_0 %v", c.name, kl, worst)
		} else {
			t.Logf("%s: divergence %.5f of %.5f", c.name, kl, worst)
		}
		wide, from := "", -1
		cells := s.Cache().Cells
		for i, cell := range append(cells, CacheCell{KType: Q4_0}) {
			if cell.KType != Q4_0 && from < 0 {
				from = i
			}
			if cell.KType == Q4_0 && from >= 0 {
				wide += " " + count(from) + "-" + count(i-1)
				from = -1
			}
		}
		if strings.TrimSpace(wide) != c.wide {
			t.Errorf("%s: cells%s are in f16, want %s", c.name, wide, c.wide)
		}
		bytes := int64(0)
		for _, cell := range cells {
			bytes += int64(cell.KBytes + cell.VBytes)
		}
		if s.Bytes() != bytes {
			t.Errorf("%s: %d bytes, the table says %d", c.name, s.Bytes(), bytes)
		}
		if text := s.Cache().String(); strings.Contains(c.wide, "399") && !strings.Contains(text, "f16 ") {
			t.Errorf("%s:\n%s", c.name, text)
		}
		// A fork goes on in the same way.
		f := s.Fork()
		a, err := s.Eval([]int{5, 6, 7})
		if err != nil {
			t.Fatal(err)
		}
		b, err := f.Eval([]int{5, 6, 7})
		if err != nil || !slices.Equal(a, b) {
			t.Errorf("%s: a fork goes on otherwise: %v", c.name, err)
		}
	}
	if w := lesson(t, LoadConfig{CacheSinkTokens: 4}).Settings().Warnings; len(w) != 1 || !strings.Contains(w[0], "change nothing: K in f16 and V in f16 are not quantised") {
		t.Errorf("%q", w)
	}
}
