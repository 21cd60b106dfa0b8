package sample

import (
	"errors"
	"math"
	"strings"
)

// Sampler narrows or reshapes the candidates. It leaves at least one.
type Sampler interface {
	Name() string // llama.cpp's name: "top_k"
	Apply(c *Candidates)
}

// chooser picks one of the candidates that are left, by position.
type chooser interface {
	name() string
	choose(c *Candidates) int
}

// Chain chooses tokens. It remembers what it was told was accepted and where it
// stands in its random sequence, so one generation uses one Chain. It may not be
// used by two goroutines at once.
type Chain struct {
	samplers   []Sampler
	last       chooser
	penalties  *penalties // also in samplers; nil when off
	candidates Candidates
	constraint Constraint // or nil
	mirostat   *mirostat  // also last; nil when off
}

// New builds the chain of cfg, leaving out the samplers that are off. A wrong
// setting is an error that names it, its value and what is allowed.
func New(cfg Config) (*Chain, error) {
	cfg, err := cfg.resolve()
	if err != nil {
		return nil, err
	}
	c := &Chain{}
	if len(cfg.LogitBias) > 0 {
		c.samplers = append(c.samplers, bias(cfg.LogitBias))
	}
	if cfg.RepeatPenalty != 1 || cfg.FrequencyPenalty != 0 || cfg.PresencePenalty != 0 {
		c.penalties = newPenalties(cfg)
		c.samplers = append(c.samplers, c.penalties)
	}
	if cfg.Temperature <= 0 {
		c.last = greedy{}
		return c, nil
	}
	if cfg.Mirostat > 0 {
		if cfg.Temperature != 1 {
			c.samplers = append(c.samplers, temperature{cfg.Temperature})
		}
		c.mirostat = newMirostat(cfg)
		c.last = c.mirostat
		return c, nil
	}
	if cfg.TopK > 0 {
		c.samplers = append(c.samplers, topK{cfg.TopK})
	}
	if cfg.TailFree < 1 {
		c.samplers = append(c.samplers, &tailFree{z: cfg.TailFree})
	}
	if cfg.Typical < 1 {
		c.samplers = append(c.samplers, &typical{p: cfg.Typical})
	}
	if cfg.TopP < 1 {
		c.samplers = append(c.samplers, topP{cfg.TopP})
	}
	if cfg.MinP > 0 {
		c.samplers = append(c.samplers, newMinP(cfg.MinP))
	}
	if cfg.XTCProbability > 0 {
		c.samplers = append(c.samplers, newXTC(cfg.XTCProbability, cfg.XTCThreshold, cfg.Seed))
	}
	if cfg.Temperature != 1 {
		c.samplers = append(c.samplers, temperature{cfg.Temperature})
	}
	c.last = newDist(cfg.Seed)
	return c, nil
}

// Sample chooses a token for logits, one per token of the vocabulary, and leaves
// logits as they are. -Inf excludes a token. NaN, +Inf and a row without any
// finite logit are errors. The chosen token counts as a recent one only after
// Accept.
func (c *Chain) Sample(logits []float32) (int, error) {
	if c.constraint != nil {
		return c.constrained(logits)
	}
	if _, ok := c.last.(greedy); ok && len(c.samplers) == 0 {
		if id := Greedy(logits); id >= 0 && logits[id] <= math.MaxFloat32 {
			return id, nil
		} // fill says what is wrong
	}
	if err := c.candidates.fill(logits); err != nil {
		return 0, err
	}
	for _, s := range c.samplers {
		s.Apply(&c.candidates)
		if _, ok := s.(bias); ok && c.candidates.Items[c.candidates.best()].Logit < -math.MaxFloat32 {
			return 0, errors.New("sample: LogitBias forbids every token that could be chosen")
		}
	}
	return int(c.candidates.Items[c.last.choose(&c.candidates)].ID), nil
}

// Accept tells the chain that id is part of the text now: a token of the prompt
// or one that was sampled.
func (c *Chain) Accept(id int) {
	if c.penalties != nil {
		c.penalties.accept(id)
	}
	if c.mirostat != nil {
		c.mirostat.accept()
	}
}

// String is the samplers in order: "penalties, top_k, min_p, temperature, dist".
func (c *Chain) String() string {
	var names []string
	for _, s := range c.samplers {
		names = append(names, s.Name())
	}
	return strings.Join(append(names, c.last.name()), ", ")
}
