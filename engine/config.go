package engine

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"

	"loupe/engine/internal/simd"
	"loupe/engine/kvcache"
	"loupe/engine/model"
	"loupe/engine/ops"
	"loupe/engine/tensor"
)

// CacheType names the storage type of the K or the V cache, as llama.cpp's
// --cache-type-k does. The empty string is the default, f16.
type CacheType string

// The cache types that this build stores and attends to. Those from Q8_0 on hold
// blocks of 32 elements, so they need a head size that is a multiple of 32.
const (
	F32   CacheType = "f32"
	F16   CacheType = "f16"
	BF16  CacheType = "bf16"
	Q8_0  CacheType = "q8_0"
	Q5_1  CacheType = "q5_1"
	Q5_0  CacheType = "q5_0"
	Q4_1  CacheType = "q4_1"
	Q4_0  CacheType = "q4_0"
	IQ4NL CacheType = "iq4_nl"
)

// CacheTypes lists the cache types, the most exact first.
func CacheTypes() []CacheType {
	return []CacheType{F32, F16, BF16, Q8_0, Q5_1, Q5_0, Q4_1, Q4_0, IQ4NL}
}

// check says what is wrong with a cache type for heads of so many elements.
func (t CacheType) check(setting string, head int) error {
	if !slices.Contains(CacheTypes(), t) {
		return &SettingError{setting, string(t), "one of " + joined(CacheTypes())}
	}
	if block := t.dtype().BlockSize(); head%block != 0 {
		return &SettingError{setting, string(t), fmt.Sprintf("f32, f16 or bf16: blocks of %d do not divide this model's head size %d", block, head)}
	}
	return nil
}

func joined(types []CacheType) string {
	var names []string
	for _, t := range types {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

// RopeScaling is a way to stretch the context.
type RopeScaling string

// The ways, under llama.cpp's names.
const (
	RopeNone   RopeScaling = "none"
	RopeLinear RopeScaling = "linear"
	RopeYarn   RopeScaling = "yarn"
)

// LoadMode is a way to get weights into memory.
type LoadMode string

// The ways, under the names of llama.cpp's --load-mode.
const (
	LoadMmap LoadMode = "mmap"  // maps the file, whose pages the system reads as they are needed, and may drop
	LoadRead LoadMode = "none"  // reads the whole file first; it may change afterwards
	LoadLock LoadMode = "mlock" // maps the file and keeps all weights in memory
)

// Switch is a setting that the engine may decide.
type Switch int

// The positions of a Switch.
const (
	Auto Switch = iota
	On
	Off
)

// String is "auto", "on" or "off".
func (s Switch) String() string {
	switch s {
	case On:
		return "on"
	case Off:
		return "off"
	}
	return "auto"
}

// ParseSwitch reads "auto", "on" or "off".
func ParseSwitch(text string) (Switch, error) {
	for _, s := range []Switch{Auto, On, Off} {
		if text == s.String() {
			return s, nil
		}
	}
	return Auto, fmt.Errorf("engine: %q is none of auto, on, off", text)
}

// LoadConfig are the settings of a model, under LM Studio's names. The zero
// value of a field means the default: what is saved for the model (SetDefault,
// SaveDefaults), else what is built in.
type LoadConfig struct {
	// Profile names a profile of saved settings, whose values stand in for those
	// that are not set here (SaveProfile); BuiltIn is none of them, nor other saved ones. A field that is 0 here is one that is
	// not set: saved settings apply.
	Profile string
	// ContextLength is the most tokens a session holds, prompt and answer
	// together. Default: what the model was trained on. Memory is taken as the
	// cache fills, so a long context costs nothing until it is used.
	ContextLength int
	// EvalBatchSize is how many prompt tokens are handed over at a time;
	// progress is reported between. Default 512.
	EvalBatchSize int
	// PhysicalBatchSize is how many tokens go through the layers at once; it
	// sets the size of the buffers. Default 512, at most EvalBatchSize.
	PhysicalBatchSize int
	// RopeFrequencyBase replaces the model's RoPE base. Default: the model's.
	RopeFrequencyBase float64
	// RopeFrequencyScale multiplies positions before rotation, as llama.cpp's
	// --rope-freq-scale: 0.5 stretches the trained context to twice its length.
	// Default: the model's.
	RopeFrequencyScale float64
	// RopeScaling is how a context is stretched, as llama.cpp's --rope-scaling:
	// "linear" multiplies all positions by RopeFrequencyScale, "yarn" slows only what
	// turns slowly (Peng et al., 2023), "none" leaves the scale at 1. Default: the
	// model's.
	RopeScaling RopeScaling
	// Parameters of yarn, under llama.cpp's names (--yarn-ext-factor ...); 0 is the
	// model's, mostly 1, 1, 32, 1 and the trained context. YarnAttnFactor multiplies the
	// attention's sharpening, 1 + 0.1 ln(1/RopeFrequencyScale).
	YarnExtFactor, YarnAttnFactor, YarnBetaFast, YarnBetaSlow float64
	YarnOrigContext                                           int
	// FlashAttention On goes through the cache in blocks and keeps no scores (Dao
	// et al., 2022); Off forms all scores of a query before their softmax. Auto is
	// On, but Off with Exact. Results differ by rounding only.
	FlashAttention Switch
	// KCacheType and VCacheType are how keys and values are stored: one of
	// CacheTypes; default F16.
	KCacheType CacheType
	VCacheType CacheType
	// KRotation and VRotation On store keys and values turned by a Hadamard matrix,
	// which spreads outliers, so that types of few bits lose less; queries and results
	// are turned to match (llama.cpp PR 21038, where it is on for quantised types).
	// Auto is Off.
	KRotation, VRotation Switch
	// CacheSinkTokens and CacheResidualLength keep the first and the last tokens of the
	// cache in f16 while the others are in KCacheType and VCacheType: attention leans on
	// the first ones whatever they say (KVQuant: Hooper et al., 2024), and on the last
	// (KIVI's residual_length: Liu et al., 2024). CacheQuantizedStart keeps all in f16
	// until there are more than so many (LM Studio's quantizedStart for MLX). Default 0,
	// none of it. Tokens count by pages of 64, and a page is stored anew between two
	// batches: tokens of one batch meet each other in f16, so that with
	// CacheResidualLength or CacheQuantizedStart results depend on PhysicalBatchSize.
	CacheSinkTokens, CacheResidualLength, CacheQuantizedStart int
	// SWAFull On keeps all cells in all layers, as llama.cpp's --swa-full. Off, which Auto
	// is, keeps in layers with a sliding window the last cells only, as many as the window
	// and PhysicalBatchSize together. What is predicted is the same, but a session that is
	// cut back by more than PhysicalBatchSize tokens is read anew when it goes on. Models
	// without such layers have no use for it.
	SWAFull Switch
	// Threads is how many threads generate; default one per processor.
	Threads int
	// BatchThreads is how many threads read prompts; default Threads.
	BatchThreads int
	// ReusePrefix Auto and On keep what a new prompt shares with the cache; Off
	// reads every prompt from its first token.
	ReusePrefix Switch
	// LoadMode is how the weights get into memory: LoadMmap (the default), LoadRead or
	// LoadLock. What kernels read faster from panels is laid out anew in any case.
	LoadMode LoadMode
	// LoadAnyway loads also what a full context would not fit the machine's memory
	// with; otherwise a ContextLength that somebody chose is refused then.
	LoadAnyway bool
	// Exact keeps activations in float32 and, unless a cache type is given,
	// keys and values too: the model's numbers with no rounding but the file's
	// own. Slower; meant for comparing.
	Exact bool
}

// Upper bounds of settings: far above use, far below overflow.
const (
	maxContext = 1 << 24
	maxBatch   = 1 << 16
	maxThreads = 1 << 10
)

// resolve fills in the defaults and refuses what cannot run, all of it at once. c is
// the model's own configuration.
func (cfg LoadConfig) resolve(c model.Config) (LoadConfig, error) {
	var problems []error
	refuse := func(name string, value any, allowed string, args ...any) {
		problems = append(problems, &SettingError{name, fmt.Sprint(value), fmt.Sprintf(allowed, args...)})
	}
	for _, s := range []struct {
		name  string
		value int
		max   int
	}{
		{"ContextLength", cfg.ContextLength, maxContext},
		{"EvalBatchSize", cfg.EvalBatchSize, maxBatch},
		{"PhysicalBatchSize", cfg.PhysicalBatchSize, maxBatch},
		{"Threads", cfg.Threads, maxThreads},
		{"BatchThreads", cfg.BatchThreads, maxThreads},
		{"YarnOrigContext", cfg.YarnOrigContext, maxContext},
		{"CacheSinkTokens", cfg.CacheSinkTokens, maxContext},
		{"CacheResidualLength", cfg.CacheResidualLength, maxContext},
		{"CacheQuantizedStart", cfg.CacheQuantizedStart, maxContext},
	} {
		if s.value < 0 || s.value > s.max {
			refuse(s.name, s.value, "from 1 to %d, or 0 for the default", s.max)
		}
	}
	for _, s := range []struct {
		name  string
		value float64
	}{{"RopeFrequencyBase", cfg.RopeFrequencyBase}, {"RopeFrequencyScale", cfg.RopeFrequencyScale},
		{"YarnExtFactor", cfg.YarnExtFactor}, {"YarnAttnFactor", cfg.YarnAttnFactor}, {"YarnBetaFast", cfg.YarnBetaFast}, {"YarnBetaSlow", cfg.YarnBetaSlow}} {
		if !(s.value >= 0 && s.value < 1e12) {
			refuse(s.name, s.value, "a positive number, or 0 for the model's own")
		}
	}
	for _, s := range []struct {
		name  string
		value Switch
	}{{"FlashAttention", cfg.FlashAttention}, {"ReusePrefix", cfg.ReusePrefix}, {"KRotation", cfg.KRotation}, {"VRotation", cfg.VRotation}, {"SWAFull", cfg.SWAFull}} {
		if s.value < Auto || s.value > Off {
			refuse(s.name, int(s.value), "Auto, On or Off")
		}
	}
	if cfg.ContextLength == 1 {
		refuse("ContextLength", 1, "2 or more, for a prompt and an answer")
	}
	if cfg.EvalBatchSize > 0 && cfg.PhysicalBatchSize > cfg.EvalBatchSize {
		refuse("PhysicalBatchSize", cfg.PhysicalBatchSize, "at most EvalBatchSize, %d, or 0 for the default; or EvalBatchSize may be greater", cfg.EvalBatchSize)
	}
	if cfg.ContextLength > 1 && cfg.EvalBatchSize > cfg.ContextLength {
		refuse("EvalBatchSize", cfg.EvalBatchSize, "at most ContextLength, %d, or 0 for the default; or ContextLength may be greater", cfg.ContextLength)
	}
	switch cfg.RopeScaling {
	case "", RopeNone, RopeLinear, RopeYarn:
	default:
		refuse("RopeScaling", cfg.RopeScaling, `"none", "linear" or "yarn", or "" for the model's`)
	}
	switch cfg.LoadMode {
	case "", LoadMmap, LoadRead, LoadLock:
	default:
		refuse("LoadMode", cfg.LoadMode, `"mmap", "none" (read) or "mlock", or "" for mmap`)
	}
	if cfg.RopeScaling == RopeNone && cfg.RopeFrequencyScale != 0 && cfg.RopeFrequencyScale != 1 {
		refuse("RopeFrequencyScale", cfg.RopeFrequencyScale, "1 or 0 while RopeScaling is none; or RopeScaling may be linear or yarn")
	}
	cache := F16
	if cfg.Exact {
		cache = F32
	}
	for _, t := range []struct {
		name string
		p    *CacheType
		head int
	}{{"KCacheType", &cfg.KCacheType, c.HeadK}, {"VCacheType", &cfg.VCacheType, c.HeadV}} {
		if *t.p == "" {
			*t.p = cache
		}
		if err := t.p.check(t.name, t.head); err != nil {
			problems = append(problems, err)
		}
	}
	switch len(problems) {
	case 0:
		return cfg.filled(c), nil
	case 1:
		return cfg, problems[0]
	}
	return cfg, &SettingErrors{problems}
}

// filled is resolve's second half, for settings that can be used.
func (cfg LoadConfig) filled(c model.Config) LoadConfig {
	def := func(p *int, d int) {
		if *p == 0 {
			*p = d
		}
	}
	def(&cfg.ContextLength, c.Context)
	def(&cfg.EvalBatchSize, 512)
	def(&cfg.PhysicalBatchSize, 512)
	def(&cfg.Threads, runtime.GOMAXPROCS(0))
	def(&cfg.BatchThreads, cfg.Threads)
	cfg.PhysicalBatchSize = min(cfg.PhysicalBatchSize, cfg.EvalBatchSize, cfg.ContextLength)
	if cfg.RopeFrequencyBase == 0 {
		cfg.RopeFrequencyBase = c.RopeBase
	}
	if cfg.LoadMode == "" {
		cfg.LoadMode = LoadMmap
	}
	if cfg.RopeScaling == "" {
		cfg.RopeScaling = RopeScaling(c.RopeScaling)
	}
	switch {
	case cfg.RopeScaling == RopeNone:
		cfg.RopeFrequencyScale = 1
	case cfg.RopeFrequencyScale == 0:
		cfg.RopeFrequencyScale = c.RopeScale
	}
	for _, y := range []struct {
		p   *float64
		own float64
	}{{&cfg.YarnExtFactor, c.YarnExt}, {&cfg.YarnAttnFactor, c.YarnAttn}, {&cfg.YarnBetaFast, c.BetaFast}, {&cfg.YarnBetaSlow, c.BetaSlow}} {
		if *y.p == 0 {
			*y.p = y.own
		}
	}
	def(&cfg.YarnOrigContext, c.RopeOrigContext)
	if cfg.FlashAttention == Auto {
		cfg.FlashAttention = On
		if cfg.Exact {
			cfg.FlashAttention = Off
		}
	}
	if cfg.ReusePrefix == Auto {
		cfg.ReusePrefix = On
	}
	if cfg.KRotation == Auto {
		cfg.KRotation = Off
	}
	if cfg.VRotation == Auto {
		cfg.VRotation = Off
	}
	if cfg.SWAFull == Auto {
		cfg.SWAFull = Off
	}
	return cfg
}

// warnings says what of resolved settings runs, but not as somebody may expect.
func (cfg LoadConfig) warnings(c model.Config) (list []string) {
	// Linear scaling by s makes positions as far apart as s times as many; the model
	// has seen those up to its trained context.
	scale := cfg.RopeFrequencyScale / c.RopeScale
	reach := int(float64(c.Context) / scale)
	switch changed := scale != 1 || cfg.RopeFrequencyBase != c.RopeBase; {
	case scale > 1:
		list = append(list, fmt.Sprintf("RopeFrequencyScale %.3g shortens the context: positions come as far apart as trained ones after %s tokens of the trained %s; "+
			"below %g it stretches it (%.3g reaches %s tokens)", cfg.RopeFrequencyScale, count(reach), count(c.Context), c.RopeScale,
			1/cfg.RopeFrequencyScale, count(int(float64(c.Context)*cfg.RopeFrequencyScale))))
	case cfg.ContextLength > c.Context && !changed:
		list = append(list, fmt.Sprintf("a context of %s is longer than the %s tokens that the model was trained on; expect nonsense past that; "+
			"RopeFrequencyScale %.3g would stretch it, at some loss", count(cfg.ContextLength), count(c.Context), c.RopeScale*float64(c.Context)/float64(cfg.ContextLength)))
	case scale < 1 && cfg.ContextLength > reach:
		list = append(list, fmt.Sprintf("RopeFrequencyScale %g stretches the trained %s tokens to %s; a context of %s is longer still",
			cfg.RopeFrequencyScale, count(c.Context), count(reach), count(cfg.ContextLength)))
	}
	if c.UnusedWindow > 0 && cfg.ContextLength > c.UnusedWindow {
		list = append(list, fmt.Sprintf("the file asks for a sliding window of %s tokens, which is not applied, as in llama.cpp: every token sees all before it; "+
			"past %s tokens that is not what the model was trained for", count(c.UnusedWindow), count(c.UnusedWindow)))
	}
	if late := (kvcache.Config{Sinks: cfg.CacheSinkTokens, Residual: cfg.CacheResidualLength, Start: cfg.CacheQuantizedStart}); late.Late() &&
		cfg.KCacheType.dtype().BlockSize() == 1 && cfg.VCacheType.dtype().BlockSize() == 1 {
		list = append(list, fmt.Sprintf("CacheSinkTokens %d, CacheResidualLength %d and CacheQuantizedStart %d change nothing: K in %s and V in %s are not quantised",
			cfg.CacheSinkTokens, cfg.CacheResidualLength, cfg.CacheQuantizedStart, cfg.KCacheType, cfg.VCacheType))
	}
	return list
}

// cache is the geometry of the cache for resolved settings.
func (cfg LoadConfig) cache(net *model.Model) kvcache.Config {
	c := net.CacheConfig(cfg.KCacheType.dtype(), cfg.VCacheType.dtype(), cfg.ContextLength)
	if c.KType.BlockSize() > 1 || c.VType.BlockSize() > 1 {
		c.Sinks, c.Residual, c.Start = cfg.CacheSinkTokens, cfg.CacheResidualLength, cfg.CacheQuantizedStart
	}
	if cfg.SWAFull != On && net.Config.Local != nil {
		c.Local, c.Window, c.Batch = net.Config.Local, net.Config.Window, cfg.PhysicalBatchSize
	}
	return c
}

// rope puts resolved settings into the model's rotation.
func (cfg LoadConfig) rope(r ops.Rope) ops.Rope {
	r.Base, r.Scale = cfg.RopeFrequencyBase, cfg.RopeFrequencyScale
	if cfg.RopeScaling == RopeYarn {
		r.Yarn = ops.Yarn{Ext: cfg.YarnExtFactor, BetaFast: cfg.YarnBetaFast, BetaSlow: cfg.YarnBetaSlow, OrigContext: cfg.YarnOrigContext}
		r.Magnitude = cfg.YarnAttnFactor * max(1, 1+0.1*math.Log(1/r.Scale))
	}
	return r
}

// dtype is the storage type behind a resolved cache type.
func (t CacheType) dtype() tensor.DType {
	d, err := tensor.ParseDType(string(t))
	if err != nil {
		panic(err) // resolve has checked it
	}
	return d
}

// Kernels names the tier of compute kernels this machine and environment give:
// "avx2" or "generic". LOUPE_SIMD forces one.
func Kernels() (string, error) {
	k, err := simd.Choose()
	if err != nil {
		return "", fmt.Errorf("engine: %w", err)
	}
	return k.Name, nil
}
