package sample

import (
	"math"
	"slices"
)

// penalties makes recent tokens less likely, as llama.cpp's sampler of that name:
// the repeat penalty divides a positive logit and multiplies a negative one, then
// frequency (per occurrence) and presence (once) are subtracted. It stands first
// in a chain, where Items[id] is the candidate of token id.
type penalties struct {
	repeat, frequency, presence float64
	recent                      []int // a ring once it is full
	next                        int   // where the ring continues
	size                        int   // of the ring; -1: no limit
	counts                      []int32
}

func newPenalties(cfg Config) *penalties {
	return &penalties{
		repeat: cfg.RepeatPenalty, frequency: cfg.FrequencyPenalty, presence: cfg.PresencePenalty,
		size: cfg.RepeatLastN,
	}
}

func (*penalties) Name() string { return "penalties" }

func (s *penalties) accept(id int) {
	if s.size < 0 || len(s.recent) < s.size {
		s.recent = append(s.recent, id)
		return
	}
	s.recent[s.next] = id
	s.next = (s.next + 1) % s.size
}

func (s *penalties) Apply(c *Candidates) {
	// counts is zero between calls, so only the recent ids need clearing.
	vocab := len(c.Items)
	s.counts = slices.Grow(s.counts[:0], vocab)[:vocab]
	known := func(id int) bool { return id >= 0 && id < vocab }
	for _, id := range s.recent {
		if known(id) {
			s.counts[id]++
		}
	}
	for _, id := range s.recent {
		if known(id) && s.counts[id] > 0 {
			s.penalize(&c.Items[id], s.counts[id])
			s.counts[id] = 0
		}
	}
}

func (s *penalties) penalize(c *Candidate, count int32) {
	l := float64(c.Logit)
	if l < -math.MaxFloat32 {
		return // excluded, and stays so
	}
	// Absurd penalties must not make an infinity, which has no probability, nor
	// of two infinities a NaN.
	if l <= 0 {
		l = max(l*s.repeat, -math.MaxFloat32)
	} else {
		l = min(l/s.repeat, math.MaxFloat32)
	}
	l -= float64(count)*s.frequency + s.presence
	c.Logit = float32(min(max(l, -math.MaxFloat32), math.MaxFloat32))
}
