package corpus

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// TestSeeds is the first seed that training never draws from.
const TestSeeds = 1 << 32

// Source draws items; the same seed gives the same items in the same order.
type Source struct{ r *rand.Rand }

// New returns the source of a seed.
func New(seed uint64) *Source { return &Source{rand.New(rand.NewPCG(seed, 0x10ade))} }

// words splits a list of words at white space.
func words(list string) []string { return strings.Fields(list) }

// pick draws one of a list.
func (s *Source) pick(list []string) string { return list[s.r.IntN(len(list))] }

// one draws one of its arguments.
func (s *Source) one(list ...string) string { return s.pick(list) }

// other draws one of a list that is not among the words not wanted.
func (s *Source) other(list []string, not ...string) string {
	for {
		w := s.pick(list)
		if !slices.Contains(not, w) {
			return w
		}
	}
}

// Between draws a number from lo to hi, both included.
func (s *Source) Between(lo, hi int) int { return lo + s.r.IntN(hi-lo+1) }

// chance is true with probability p.
func (s *Source) chance(p float64) bool { return s.r.Float64() < p }

// capital is a sentence's beginning.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// an is a noun phrase with its article.
func an(phrase string) string {
	if strings.ContainsRune("aeiou", rune(phrase[0])) {
		return "an " + phrase
	}
	return "a " + phrase
}
