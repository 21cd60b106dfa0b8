package corpus

import (
	"fmt"
	"slices"
	"strings"
)

// None is the answer to a question on a fact that is not there.
const None = "none"

// Fact is a key and its four digits.
type Fact struct{ Colour, Container, Code string }

// Key is what a question asks for.
func (f Fact) Key() string { return f.Colour + " " + f.Container }

// String is the sentence that states the fact.
func (f Fact) String() string { return "The code of the " + f.Key() + " is " + f.Code + "." }

// Ask is the question for a key.
func Ask(key string) string { return "What is the code of the " + key + "?" }

// Needles is a text with facts among the sentences of stories.
type Needles struct {
	Text  string
	Facts []Fact    // in the order of the text
	Depth []float64 // where each fact stands, 0 the beginning and 1 the end

	filler []string
	before []int // sentences of filler before each fact, ascending
}

// Needles draws a text of so many facts, at most 10, about different containers
// among so many filler sentences.
func (s *Source) Needles(facts, filler int) Needles { return s.needles(facts, filler, true) }

// NeedlesAlike is Needles with containers that may come again in another colour.
func (s *Source) NeedlesAlike(facts, filler int) Needles { return s.needles(facts, filler, false) }

func (s *Source) needles(facts, filler int, apart bool) Needles {
	n := Needles{Facts: s.facts(facts, apart), filler: s.Filler(filler)}
	for range facts {
		n.before = append(n.before, s.Between(0, len(n.filler)))
	}
	slices.Sort(n.before)
	n.write()
	return n
}

// factFirst moves the first fact to the beginning.
func (n *Needles) factFirst() {
	n.before[0] = 0
	n.write()
}

// write makes Text and Depth.
func (n *Needles) write() {
	var said []string
	n.Depth = nil
	next := 0
	for i := 0; i <= len(n.filler); i++ {
		for next < len(n.Facts) && n.before[next] == i {
			said = append(said, n.Facts[next].String())
			n.Depth = append(n.Depth, float64(i)/float64(max(len(n.filler), 1)))
			next++
		}
		if i < len(n.filler) {
			said = append(said, n.filler[i])
		}
	}
	n.Text = strings.Join(said, " ")
}

// facts draws facts of different keys and different codes, and if they are to be
// told apart by it, of different containers.
func (s *Source) facts(n int, apart bool) []Fact {
	var facts []Fact
	for len(facts) < n {
		f := Fact{s.pick(Colours), s.pick(Containers), fmt.Sprintf("%04d", s.r.IntN(10000))}
		alike := func(g Fact) bool {
			return g.Key() == f.Key() || g.Code == f.Code || apart && g.Container == f.Container
		}
		if !slices.ContainsFunc(facts, alike) {
			facts = append(facts, f)
		}
	}
	return facts
}

// Absent draws a key that the text says nothing of; half of the time it shares
// its colour or its container with one that it does.
func (n Needles) Absent(s *Source) string {
	for {
		f := Fact{Colour: s.pick(Colours), Container: s.pick(Containers)}
		if len(n.Facts) > 0 && s.chance(0.5) {
			like := n.Facts[s.r.IntN(len(n.Facts))]
			if s.chance(0.5) {
				f.Colour = like.Colour
			} else {
				f.Container = like.Container
			}
		}
		if !hasKey(n.Facts, f.Key()) {
			return f.Key()
		}
	}
}

// Answer is what the text says of a key: the sentence with its code, or None.
func (n Needles) Answer(key string) string { return n.answer(key, true) }

func (n Needles) answer(key string, restate bool) string {
	for _, f := range n.Facts {
		if f.Key() == key && restate {
			return f.String()
		} else if f.Key() == key {
			return f.Code
		}
	}
	return None
}

// Filler draws n sentences of stories, which state no facts.
func (s *Source) Filler(n int) []string {
	var said []string
	for len(said) < n {
		t := s.cast(s.pick(Animals))
		said = append(said, s.opening(&t), s.before(&t), s.find(&t))
		for range s.Between(1, 4) {
			said = append(said, s.after(&t))
		}
		said = append(said, s.closing(&t))
	}
	return said[:n]
}

func hasKey(facts []Fact, key string) bool {
	for _, f := range facts {
		if f.Key() == key {
			return true
		}
	}
	return false
}
