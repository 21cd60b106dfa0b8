package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"loupe/engine/enginetest"
)

// What a model is estimated to take is what it has taken once its context is full.
func TestEstimate(t *testing.T) {
	saving(t)
	kernels, err := Kernels()
	few := err != nil || kernels == "generic" && !*long // without assembly a long prompt takes seconds
	n := 0
	for _, types := range [][2]CacheType{{F16, F16}, {Q8_0, Q4_0}, {F32, BF16}} {
		for _, flash := range []Switch{On, Off} {
			for _, size := range []struct{ context, batch, threads int }{{130, 16, 1}, {700, 512, 2}, {1000, 100, 3}} {
				for _, exact := range []bool{false, true} {
					if exact && (size.context > 700 || types[0] == F32) || few && size.context > 130 {
						continue
					}
					n++
					cfg := LoadConfig{
						ContextLength: size.context, EvalBatchSize: size.batch, PhysicalBatchSize: size.batch, Threads: size.threads,
						KCacheType: types[0], VCacheType: types[1], FlashAttention: flash, Exact: exact,
					}
					if err := checkEstimate(cfg); err != nil {
						t.Errorf("%+v: %v", cfg, err)
					}
				}
			}
		}
	}
	for _, late := range []LoadConfig{{CacheSinkTokens: 4, CacheResidualLength: 128}, {CacheResidualLength: 700}, {CacheQuantizedStart: 300}, {CacheQuantizedStart: 5000}} {
		n++
		late.ContextLength, late.EvalBatchSize, late.PhysicalBatchSize, late.Threads, late.KCacheType, late.VCacheType = 1000, 100, 100, 1, Q8_0, Q4_0
		if err := checkEstimate(late); err != nil {
			t.Errorf("%+v: %v", late, err)
		}
	}
	window := enginetest.DefaultTiny()
	window.Layers, window.Window, window.Context = 3, 70, 1024
	path := window.Write(t)
	for _, cfg := range []LoadConfig{
		{PhysicalBatchSize: 32}, {PhysicalBatchSize: 100, VCacheType: Q8_0}, {PhysicalBatchSize: 500}, {PhysicalBatchSize: 64, SWAFull: On},
		{PhysicalBatchSize: 64, KCacheType: Q8_0, VCacheType: Q4_0, CacheSinkTokens: 64, CacheResidualLength: 128},
		{PhysicalBatchSize: 64, KCacheType: Q8_0, VCacheType: Q4_0, CacheQuantizedStart: 300},
	} {
		cfg.ContextLength, cfg.EvalBatchSize, cfg.Threads = 1000, cfg.PhysicalBatchSize, 1
		if err := checkEstimateOf(path, cfg); err != nil {
			t.Errorf("with a window, %+v: %v", cfg, err)
		}
	}
	if n < 20 && !few {
		t.Errorf("%d settings", n)
	}
}

// The same of a real model.
func TestEstimateOfSmolLM2(t *testing.T) {
	saving(t)
	path := enginetest.SmolLM2(t)
	if kernels, err := Kernels(); err != nil || kernels == "generic" && !*long {
		t.Skip("a real model takes minutes on kernels without assembly; run with -long: ", err)
	}
	for _, cfg := range []LoadConfig{
		{KCacheType: Q8_0},
		{KCacheType: Q4_0, VCacheType: Q4_0, CacheSinkTokens: 4, CacheResidualLength: 128},
		{FlashAttention: Off},
	} {
		cfg.ContextLength, cfg.EvalBatchSize, cfg.PhysicalBatchSize, cfg.Threads = 600, 200, 200, 1
		if err := checkEstimateOf(path, cfg); err != nil {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}

func checkEstimate(cfg LoadConfig) error { return checkEstimateOf("lesson", cfg) }

// checkEstimateOf fills the context of a model and compares what it takes then.
func checkEstimateOf(model string, cfg LoadConfig) error {
	want, err := Estimate(model, cfg)
	if err != nil {
		return err
	}
	m, err := Load(model, cfg)
	if err != nil {
		return err
	}
	defer m.Close()
	s := m.NewSession()
	defer s.Close()
	ids := make([]int, cfg.ContextLength-1)
	for i := range ids {
		ids[i] = 100 + i%min(300, m.Vocabulary()-102)
	}
	if err := s.EvalEach(context.Background(), ids, func(int, []float32) {}, len(ids)-1); err != nil {
		return err
	}
	if _, err := s.Eval([]int{5}); err != nil {
		return err
	}
	got := m.Memory()
	parts := []struct {
		name      string
		got, want int64
	}{
		{"weights", got.Weights, want.Weights}, {"packed", got.Packed, want.Packed}, {"K", got.K, want.K}, {"V", got.V, want.V},
		{"scratch", got.Scratch, want.Scratch}, {"logits", got.Logits, want.Logits}, {"together", got.Total() - got.Scores, want.Total() - want.Scores},
	}
	// A thread that came too late for the longest batch has taken less for scores.
	if got.Scores > want.Scores || got.Scores < want.Scores/int64(2*max(cfg.Threads, 1)) {
		return fmt.Errorf("scores: %d bytes taken, %d estimated", got.Scores, want.Scores)
	}
	for _, p := range parts {
		if off := float64(p.got-p.want) / float64(max(p.want, 1)); off > 0.02 || off < -0.02 {
			return fmt.Errorf("%s: %d bytes taken, %d estimated (%+.1f %%)", p.name, p.got, p.want, 100*off)
		}
	}
	text, err := m.MemoryTable()
	if err == nil && (!strings.Contains(text, "context full") || !strings.Contains(text, Size(want.Total()))) {
		err = fmt.Errorf("the table lacks something:\n%s", text)
	}
	return err
}

// A context that somebody chose and that cannot fit is refused, with what would fit.
func TestMemoryIsChecked(t *testing.T) {
	saving(t)
	if availableMemory() == 0 {
		t.Skip("this system does not say how much memory it has")
	}
	_, err := Load("lesson", LoadConfig{ContextLength: maxContext, KCacheType: F32, VCacheType: F32})
	var over *MemoryError
	if !errors.As(err, &over) {
		t.Skipf("this machine has memory for %d tokens: %v", maxContext, err)
	}
	if over.Need <= over.Available || over.Fits < 1000 || over.Fits >= maxContext || !strings.Contains(err.Error(), "would fit") {
		t.Errorf("%+v", over)
	}
	m, err := Load("lesson", LoadConfig{ContextLength: maxContext, KCacheType: F32, VCacheType: F32, LoadAnyway: true})
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
}
