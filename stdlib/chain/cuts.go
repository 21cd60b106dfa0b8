package chain

import (
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
	"github.com/clipperhouse/uax29/v2/sentences"
	"github.com/clipperhouse/uax29/v2/words"
)

// cuts are the byte offsets where a text may be cut, by rank: the best kind of
// place first, each list ascending. The last rank, between any two characters
// as a reader sees them (grapheme clusters), is not listed but asked for.
type cuts struct {
	text  string
	ranks [][]int
}

// newCuts finds the places. Sentences and words are those of Unicode's
// UAX #29; a single line break does not end a sentence, as text may be wrapped.
func newCuts(text string, f Format) *cuts {
	c := &cuts{text: text}
	word := wordCuts(text)
	lines := lineStarts(text)
	fenced := make([]bool, len(lines)) // the line begins inside a code fence
	titled := make([]bool, len(lines)) // the line before it, but for empty ones, is a heading
	var heads, blocks, outer []int
	open, blank, title := "", false, false
	for i, at := range lines {
		line := lineAt(text, at)
		trimmed := strings.TrimSpace(line)
		fenced[i], titled[i] = open != "", title
		if f == Markdown {
			if mark := fence(trimmed); open == "" && mark != "" {
				open = mark
			} else if open != "" && strings.HasPrefix(trimmed, open) && strings.Trim(trimmed, open[:1]) == "" {
				open = ""
			}
		}
		if trimmed != "" {
			title = f == Markdown && !fenced[i] && heading(line)
			if title {
				heads = append(heads, at)
			}
			if blank {
				blocks = append(blocks, at)
				if line[0] != ' ' && line[0] != '\t' && !strings.ContainsRune("})]", rune(line[0])) {
					outer = append(outer, at)
				}
			}
		}
		blank = trimmed == ""
	}
	// free leaves out the places inside a fence, and between a heading and what
	// it is the heading of.
	free := func(cuts []int) []int {
		return slices.DeleteFunc(cuts, func(at int) bool {
			i := sort.SearchInts(lines, at+1) - 1
			return fenced[i] || titled[i] && strings.TrimSpace(text[lines[i]:at]) == ""
		})
	}
	switch f {
	case Code:
		c.ranks = [][]int{outer, blocks, lines, word}
	case Markdown:
		c.ranks = [][]int{heads, free(blocks), free(sentenceCuts(text)), lines, word}
	default:
		c.ranks = [][]int{blocks, sentenceCuts(text), lines, word}
	}
	return c
}

// last is the best place to end a piece in (from, to]: the last one of the
// first rank that has one in the upper half, or failing all between characters.
func (c *cuts) last(from, to int) int {
	if to >= len(c.text) {
		return len(c.text)
	}
	half := from + (to-from)/2
	for _, rank := range c.ranks {
		if i := sort.SearchInts(rank, to+1) - 1; i >= 0 && rank[i] > half {
			return rank[i]
		}
	}
	at, g := from, graphemes.FromString(c.text[from:])
	for g.Next() && from+g.End() <= to {
		at = from + g.End()
	}
	if at > from {
		return at
	}
	// One cluster is larger than a piece may be: only between code points.
	for i := range c.text[from:] {
		if from+i > to {
			break
		}
		at = from + i
	}
	return at
}

// first is where an overlap begins: the first sentence or line in [from, to),
// failing that the first word.
func (c *cuts) first(from, to int) int {
	at := to
	for i, rank := range c.ranks {
		if i == len(c.ranks)-1 && at < to {
			break // words only when there is nothing better
		}
		if i := sort.SearchInts(rank, from); i < len(rank) {
			at = min(at, rank[i])
		}
	}
	return at
}

func lineStarts(text string) []int {
	at := []int{0}
	for i := 0; i < len(text)-1; i++ {
		if text[i] == '\n' {
			at = append(at, i+1)
		}
	}
	return at
}

func lineAt(text string, at int) string {
	line, _, _ := strings.Cut(text[at:], "\n")
	return strings.TrimSuffix(line, "\r")
}

// fence is the mark that opens a fenced code block in a line, or "".
func fence(line string) string {
	for _, mark := range []string{"`", "~"} {
		if n := len(line) - len(strings.TrimLeft(line, mark)); n >= 3 {
			return strings.Repeat(mark, n)
		}
	}
	return ""
}

// heading reports whether a line is an ATX heading of Markdown.
func heading(line string) bool {
	n := len(line) - len(strings.TrimLeft(line, "#"))
	return n > 0 && n <= 6 && (len(line) == n || line[n] == ' ' || line[n] == '\t')
}

func sentenceCuts(text string) []int {
	flat := []byte(text)
	for i, b := range flat {
		if b == '\n' && i > 0 && i+1 < len(flat) && !strings.ContainsRune("\r\n", rune(flat[i-1])) && !strings.ContainsRune("\r\n", rune(text[i+1])) {
			flat[i] = ' ' // of one byte too, so offsets stay
		}
	}
	var at []int
	for s := sentences.FromBytes(flat); s.Next(); {
		at = append(at, s.End())
	}
	return at
}

// wordCuts are the beginnings of words, the white space staying with the word
// before it. Words of Chinese and Japanese stand without space between.
func wordCuts(text string) []int {
	var at []int
	space := false
	for w := words.FromString(text); w.Next(); {
		blank := strings.TrimSpace(w.Value()) == ""
		r, _ := utf8.DecodeRuneInString(w.Value())
		if w.Start() > 0 && !blank && (space || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)) {
			at = append(at, w.Start())
		}
		space = blank
	}
	return at
}
