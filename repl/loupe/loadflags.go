package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"loupe/engine"
	"loupe/engine/store"
)

// loadFlags are the flags that choose a model and its load settings, under
// llama.cpp's names. Its two- and three-letter short forms (-ctk, -fa, -ub) are
// turned into the long ones before the flags are parsed.
type loadFlags struct {
	model                      string
	context, batch, ubatch     int
	threads, batchThreads      int
	cacheK, cacheV, flash      string
	ropeFreqBase, ropeFreqScal float64
	exact                      bool
	profile, ropeScaling       string
	anyway                     bool
	mode                       string
	rotateK, rotateV, swaFull  bool
	more                       engine.LoadConfig // its Yarn fields, and when the cache is quantised
}

func (l *loadFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&l.model, "model", "m", store.Default, "path of a GGUF file or name of a pulled model")
	if err := cmd.RegisterFlagCompletionFunc("model", completeModels); err != nil {
		panic(err)
	}
	l.addSettings(cmd)
}

// addSettings adds the flags of the settings alone.
func (l *loadFlags) addSettings(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVarP(&l.context, "ctx-size", "c", 0, "context length in tokens (0: what the model was trained on)")
	f.IntVarP(&l.batch, "batch-size", "b", 0, "prompt tokens handed over at a time (0: 512)")
	f.IntVar(&l.ubatch, "ubatch-size", 0, "tokens through the layers at once (0: 512); short: -ub")
	f.IntVarP(&l.threads, "threads", "t", 0, "threads that generate (0: one per processor)")
	f.IntVar(&l.batchThreads, "threads-batch", 0, "threads that read prompts (0: as --threads); short: -tb")
	f.StringVar(&l.cacheK, "cache-type-k", "", "type of the K cache: f32, f16, bf16, q8_0, q5_1, q5_0, q4_1, q4_0 or iq4_nl (default f16); short: -ctk")
	f.StringVar(&l.cacheV, "cache-type-v", "", "type of the V cache, likewise; short: -ctv")
	f.StringVar(&l.flash, "flash-attn", "auto", "flash attention: on, off or auto; short: -fa")
	f.Float64Var(&l.ropeFreqBase, "rope-freq-base", 0, "RoPE base (0: the model's)")
	f.Float64Var(&l.ropeFreqScal, "rope-freq-scale", 0, "RoPE position scale, below 1 stretches the context (0: the model's)")
	f.StringVar(&l.ropeScaling, "rope-scaling", "", "none, linear or yarn (default: the model's)")
	f.Float64Var(&l.more.YarnExtFactor, "yarn-ext-factor", 0, "YaRN: how much of its speed what turns fast keeps (0: 1)")
	f.Float64Var(&l.more.YarnAttnFactor, "yarn-attn-factor", 0, "YaRN: multiplies the sharpening of attention (0: 1)")
	f.Float64Var(&l.more.YarnBetaFast, "yarn-beta-fast", 0, "YaRN: what turns more often keeps its speed (0: 32)")
	f.Float64Var(&l.more.YarnBetaSlow, "yarn-beta-slow", 0, "YaRN: what turns less often is slowed in full (0: 1)")
	f.IntVar(&l.more.YarnOrigContext, "yarn-orig-ctx", 0, "YaRN: context that the turns are counted in (0: the trained one)")
	f.BoolVar(&l.exact, "exact", false, "float32 activations, and float32 K and V unless a cache type is given")
	f.BoolVar(&l.rotateK, "rotate-k", false, "store keys turned by a Hadamard matrix, for types of few bits")
	f.BoolVar(&l.rotateV, "rotate-v", false, "the same for values")
	f.IntVar(&l.more.CacheSinkTokens, "cache-sinks", 0, "first tokens whose K and V stay in f16 with quantised cache types")
	f.IntVar(&l.more.CacheResidualLength, "cache-residual", 0, "last tokens whose K and V are in f16 still")
	f.IntVar(&l.more.CacheQuantizedStart, "cache-quantized-start", 0, "K and V are in f16 until there are more tokens than this")
	f.BoolVar(&l.swaFull, "swa-full", false, "keep all cells in layers with a sliding window too: cutting back costs nothing then")
	f.StringVar(&l.mode, "load-mode", "", "mmap maps the file, none reads it whole, mlock keeps the weights in memory (default mmap)")
	f.BoolVar(&l.anyway, "load-anyway", false, "load also what the memory seems too small for")
	f.StringVar(&l.profile, "profile", "", "saved profile whose settings stand in for flags that are not given")
}

// config turns the flags into load settings.
func (l *loadFlags) config() (engine.LoadConfig, error) {
	flash, err := engine.ParseSwitch(l.flash)
	if err != nil {
		return engine.LoadConfig{}, usageError{fmt.Errorf("--flash-attn: %w", err)}
	}
	asked := map[bool]engine.Switch{true: engine.On}
	return engine.LoadConfig{
		KRotation: asked[l.rotateK], VRotation: asked[l.rotateV], SWAFull: asked[l.swaFull],
		ContextLength: l.context, EvalBatchSize: l.batch, PhysicalBatchSize: l.ubatch,
		Threads: l.threads, BatchThreads: l.batchThreads,
		KCacheType: engine.CacheType(l.cacheK), VCacheType: engine.CacheType(l.cacheV),
		FlashAttention: flash, RopeFrequencyBase: l.ropeFreqBase, RopeFrequencyScale: l.ropeFreqScal,
		Exact: l.exact, Profile: l.profile, RopeScaling: engine.RopeScaling(l.ropeScaling),
		LoadAnyway: l.anyway, LoadMode: engine.LoadMode(l.mode),
		YarnExtFactor: l.more.YarnExtFactor, YarnAttnFactor: l.more.YarnAttnFactor, YarnBetaFast: l.more.YarnBetaFast,
		YarnBetaSlow: l.more.YarnBetaSlow, YarnOrigContext: l.more.YarnOrigContext,
		CacheSinkTokens: l.more.CacheSinkTokens, CacheResidualLength: l.more.CacheResidualLength, CacheQuantizedStart: l.more.CacheQuantizedStart,
	}, nil
}

// load loads the model that the flags name, for a command: Ctrl-C ends it, and a line
// on the terminal says how far it is if it takes over a second.
func (l *loadFlags) load(cmd *cobra.Command) (*engine.Model, error) {
	defer engine.SetHost(&engine.Host{Progress: stepBar(progressLine(cmd))})()
	return l.loadContext(cmd.Context())
}

// loadContext is load where the engine has a host already.
func (l *loadFlags) loadContext(ctx context.Context) (*engine.Model, error) {
	cfg, err := l.config()
	if err != nil {
		return nil, err
	}
	m, err := engine.LoadContext(ctx, l.model, cfg)
	if err != nil {
		return nil, err
	}
	for _, warning := range m.Settings().Warnings {
		fmt.Fprintln(os.Stderr, "loupe:", warning)
	}
	return m, nil
}

// noArguments refuses words that are no flags, and says what may have been meant.
func noArguments(hint string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return fmt.Errorf("%s takes no argument, but %q was given; %s", cmd.CommandPath(), args[0], hint)
	}
}

// completeModels completes the names of models for the shell.
func completeModels(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	models, err := store.List()
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var names []string
	for _, m := range models {
		names = append(names, m.Name)
	}
	return names, cobra.ShellCompDirectiveDefault // files too: a path is a model
}
