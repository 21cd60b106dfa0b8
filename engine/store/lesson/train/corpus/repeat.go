package corpus

import (
	"slices"
	"strings"
)

var lexicon = slices.Concat(Names, Animals, Places, Things, Colours, Containers, Natures, Looks, Foods, Moods, Deeds, Voices)

// Lexicon is every word of the lists.
func Lexicon() []string { return slices.Clone(lexicon) }

// Repeat draws a block of n random words, each with a space before it.
func (s *Source) Repeat(n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(" " + s.pick(lexicon))
	}
	return b.String()
}
