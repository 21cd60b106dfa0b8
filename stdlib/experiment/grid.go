package experiment

import (
	"fmt"

	"loupe/engine"
)

// Grid is what Compare varies, and how it measures. An empty list leaves its
// setting as Load has it; all combinations of the others are measured. The
// first one that runs is the reference, which the others are compared with: to
// compare with the plainest way, let the lists begin with engine.Off and
// engine.F16.
type Grid struct {
	FlashAttention []engine.Switch
	KCacheType     []engine.CacheType
	VCacheType     []engine.CacheType
	EvalBatchSize  []int
	ContextLength  []int

	// Load are the settings that are the same for all.
	Load engine.LoadConfig
	// Generate is how each text is generated; MaxTokens 0 is 64. OnText is not
	// used.
	Generate engine.GenerateConfig
	// PastEnd goes on behind the model's end of text until there are MaxTokens
	// tokens, so that each setting generates as many. The end token stays in the
	// text as any other; a session that is random begins anew with Seed behind it.
	PastEnd bool
	// Raw sends the prompt as it stands. Otherwise it is a user's message in the
	// model's chat template.
	Raw bool
	// Repetitions is how often each setting runs, in turns: A B C, A B C. 0 is 3.
	Repetitions int
}

// check fills in defaults and refuses what no setting can run with.
func (g Grid) check() (Grid, error) {
	if g.Repetitions < 0 {
		return g, fmt.Errorf("experiment: Grid.Repetitions is %d; it may be 1 or more, or 0 for 3", g.Repetitions)
	}
	if g.Repetitions == 0 {
		g.Repetitions = 3
	}
	if err := g.Generate.Check(); err != nil {
		return g, fmt.Errorf("experiment: Grid.Generate: %w", err)
	}
	if g.Generate.MaxTokens == 0 {
		g.Generate.MaxTokens = 64
	}
	if g.PastEnd && len(g.Generate.Stop) > 0 {
		return g, fmt.Errorf("experiment: Grid.PastEnd is set and Grid.Generate.Stop ends the text at %q; use one of them", g.Generate.Stop[0])
	}
	return g, nil
}

// settings are all combinations, those of the lists' first values first.
func (g Grid) settings() []engine.LoadConfig {
	all := []engine.LoadConfig{g.Load}
	vary := func(n int, set func(cfg *engine.LoadConfig, i int)) {
		if n == 0 {
			return
		}
		var more []engine.LoadConfig
		for _, cfg := range all {
			for i := range n {
				set(&cfg, i)
				more = append(more, cfg)
			}
		}
		all = more
	}
	vary(len(g.ContextLength), func(cfg *engine.LoadConfig, i int) { cfg.ContextLength = g.ContextLength[i] })
	vary(len(g.EvalBatchSize), func(cfg *engine.LoadConfig, i int) { cfg.EvalBatchSize = g.EvalBatchSize[i] })
	vary(len(g.FlashAttention), func(cfg *engine.LoadConfig, i int) { cfg.FlashAttention = g.FlashAttention[i] })
	vary(len(g.KCacheType), func(cfg *engine.LoadConfig, i int) { cfg.KCacheType = g.KCacheType[i] })
	vary(len(g.VCacheType), func(cfg *engine.LoadConfig, i int) { cfg.VCacheType = g.VCacheType[i] })
	return all
}
