package sample

import (
	"fmt"
	"math"
)

// Config holds the settings of a Chain, by LM Studio's names. The zero Config
// is greedy without penalties; in every field 0 means "off", save RepeatLastN
// and Seed. Default gives LM Studio's values.
type Config struct {
	Temperature float64 // 0 or less: always the most likely token (greedy)
	TopK        int     // keep the K most likely tokens; 0: all
	TopP        float64 // keep the fewest tokens that together reach this probability, in (0, 1]; 0 or 1: all
	MinP        float64 // keep tokens at least this likely relative to the likeliest, in [0, 1]; 0: all

	Typical        float64 // keep the tokens whose information is nearest to the entropy, up to this probability, in (0, 1]; 0 or 1: all
	XTCProbability float64 // how often the likeliest tokens are taken out, in [0, 1]; 0: never
	XTCThreshold   float64 // the probability from which a token counts as one of them, in (0, 0.5]; 0: 0.1, llama.cpp's default

	TailFree float64 // drop the candidates after which probabilities bend no more, keeping this part of the bend, in (0, 1]; 0 or 1: all

	// Mirostat 1 or 2 keeps the surprise of the text around MirostatTau bits a token,
	// learning at the rate MirostatEta; 0: off. It takes the place of TopK, TopP, MinP,
	// Typical, TailFree and XTC. Tau 0 is 5, Eta 0 is 0.1, llama.cpp's defaults.
	Mirostat                 int
	MirostatTau, MirostatEta float64

	LogitBias map[int]float64 // added to the logits of these tokens before all else; -Inf forbids one

	RepeatPenalty    float64 // divides the positive logits of recent tokens and multiplies negative ones, above 0; 0 or 1: off
	FrequencyPenalty float64 // taken from a recent token's logit once per occurrence; negative favours repeats
	PresencePenalty  float64 // taken from a recent token's logit once
	RepeatLastN      int     // how many of the last accepted tokens count as recent; 0: 64, llama.cpp's default; -1: all

	Seed uint64 // of the draws; 0 is a seed like any other, so a run repeats unless the seed is changed
}

// Default is LM Studio's settings for a prediction.
func Default() Config {
	return Config{Temperature: 0.8, TopK: 40, TopP: 0.95, MinP: 0.05, RepeatPenalty: 1.1, RepeatLastN: 64}
}

// resolve replaces the zero values that stand for another and refuses what no
// sampler can use.
func (cfg Config) resolve() (Config, error) {
	if cfg.TopP == 0 {
		cfg.TopP = 1
	}
	if cfg.Typical == 0 {
		cfg.Typical = 1
	}
	if cfg.TailFree == 0 {
		cfg.TailFree = 1
	}
	if cfg.MirostatTau == 0 {
		cfg.MirostatTau = 5
	}
	if cfg.MirostatEta == 0 {
		cfg.MirostatEta = 0.1
	}
	if cfg.Mirostat != 0 && cfg.Temperature > 0 {
		for _, s := range []struct {
			name string
			on   bool
		}{{"TopK", cfg.TopK != 0}, {"TopP", cfg.TopP != 1}, {"MinP", cfg.MinP != 0}, {"Typical", cfg.Typical != 1}, {"TailFree", cfg.TailFree != 1}, {"XTCProbability", cfg.XTCProbability != 0}} {
			if s.on {
				return cfg, fmt.Errorf("sample: Mirostat is %d and %s is set: Mirostat decides itself how many tokens are left; switch one of them off", cfg.Mirostat, s.name)
			}
		}
	}
	if cfg.Mirostat != 0 && cfg.Temperature <= 0 {
		return cfg, fmt.Errorf("sample: Mirostat is %d and Temperature %v, which is greedy: Mirostat needs a temperature above 0, such as 0.8", cfg.Mirostat, cfg.Temperature)
	}
	if cfg.XTCThreshold == 0 {
		cfg.XTCThreshold = 0.1
	}
	if err := bias(cfg.LogitBias).check(); err != nil {
		return cfg, err
	}
	if cfg.RepeatPenalty == 0 {
		cfg.RepeatPenalty = 1
	}
	if cfg.RepeatLastN == 0 {
		cfg.RepeatLastN = 64
	}
	finite := func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
	for _, s := range []struct {
		name  string
		value any
		ok    bool
		want  string
	}{
		{"Temperature", cfg.Temperature, finite(cfg.Temperature), "a finite number; 0 or less is greedy"},
		{"TopK", cfg.TopK, cfg.TopK >= 0, "0 (all tokens) or more"},
		{"TopP", cfg.TopP, cfg.TopP > 0 && cfg.TopP <= 1, "above 0 and at most 1; 0 or 1 is off"},
		{"MinP", cfg.MinP, cfg.MinP >= 0 && cfg.MinP <= 1, "0 (off) to 1"},
		{"Typical", cfg.Typical, cfg.Typical > 0 && cfg.Typical <= 1, "above 0 and at most 1; 0 or 1 is off"},
		{"TailFree", cfg.TailFree, cfg.TailFree > 0 && cfg.TailFree <= 1, "above 0 and at most 1; 0 or 1 is off"},
		{"Mirostat", cfg.Mirostat, cfg.Mirostat >= 0 && cfg.Mirostat <= 2, "0 (off), 1 or 2"},
		{"MirostatTau", cfg.MirostatTau, cfg.MirostatTau > 0 && cfg.MirostatTau <= 100, "above 0 and at most 100; 0 is 5"},
		{"MirostatEta", cfg.MirostatEta, cfg.MirostatEta > 0 && cfg.MirostatEta <= 1, "above 0 and at most 1; 0 is 0.1"},
		{"XTCProbability", cfg.XTCProbability, cfg.XTCProbability >= 0 && cfg.XTCProbability <= 1, "0 (off) to 1"},
		{"XTCThreshold", cfg.XTCThreshold, cfg.XTCThreshold > 0 && cfg.XTCThreshold <= 0.5, "above 0 and at most 0.5; 0 is 0.1"},
		{"RepeatPenalty", cfg.RepeatPenalty, finite(cfg.RepeatPenalty) && cfg.RepeatPenalty > 0, "a finite number above 0; 0 or 1 is off"},
		{"FrequencyPenalty", cfg.FrequencyPenalty, finite(cfg.FrequencyPenalty), "a finite number; 0 is off"},
		{"PresencePenalty", cfg.PresencePenalty, finite(cfg.PresencePenalty), "a finite number; 0 is off"},
		{"RepeatLastN", cfg.RepeatLastN, cfg.RepeatLastN >= -1, "-1 (all tokens), 0 (64 tokens) or more"},
	} {
		if !s.ok {
			return cfg, fmt.Errorf("sample: %s is %v: it must be %s", s.name, s.value, s.want)
		}
	}
	return cfg, nil
}
