package chain

import (
	"fmt"
	"sort"
	"strings"
)

// Tokenizer counts what a model would read; *engine.Model is one.
type Tokenizer interface {
	TokenizePlain(text string) []int
	TokenText(id int) string
}

// Splitter cuts documents into pieces that fit.
type Splitter struct {
	// Tokens is the most a piece may have. Run.Split lowers it to what the
	// prompt around the piece and the answer leave of the context; 0 is that.
	Tokens int
	// Overlap is how many tokens of the piece before a piece repeats, at most:
	// it begins at a sentence, failing that at a word.
	Overlap int
}

// Split cuts a document into pieces of at most Tokens tokens, each counted
// alone. It cuts at the end of a paragraph, failing that of a sentence, a line
// (in code: of a declaration, a block, a line), then a word: the first kind of
// which there is one in the upper half of what fits. A word that is too large
// is cut between characters.
func (sp Splitter) Split(t Tokenizer, d Document) ([]Piece, error) {
	if sp.Tokens < 1 {
		return nil, fmt.Errorf("chain: Splitter.Tokens is %d; it must be 1 or more", sp.Tokens)
	}
	if err := d.check(0); err != nil {
		return nil, err
	}
	return sp.split(t, d, 0, sp.Tokens, func(p Piece) (int, error) { return p.Tokens - sp.Tokens, nil })
}

// split cuts document number doc. A piece of at most budget tokens is proposed
// to over, which says how many tokens it has too many where it is to stand.
func (sp Splitter) split(t Tokenizer, d Document, doc, budget int, over func(Piece) (int, error)) ([]Piece, error) {
	if sp.Overlap < 0 || sp.Overlap >= budget {
		return nil, fmt.Errorf("chain: Splitter.Overlap is %d; it must be at least 0 and below the %d tokens of a piece", sp.Overlap, budget)
	}
	c := newCuts(d.Text, d.Format)
	ends := tokenEnds(t, d.Text)
	var pieces []Piece
	for start, fresh := 0, 0; fresh < len(d.Text); {
		p, err := sp.next(t, c, ends, budget, over, Piece{Doc: doc, Name: d.Name, Index: len(pieces), Format: d.Format, Start: start, Fresh: fresh})
		if err != nil {
			return nil, fmt.Errorf("chain: %s at offset %d: %w", d.title(doc), fresh, err)
		}
		pieces = append(pieces, p)
		fresh = p.End
		start = fresh
		if sp.Overlap > 0 && fresh < len(d.Text) {
			start = c.first(ends.offset(ends.token(fresh)-sp.Overlap), fresh)
		}
	}
	return pieces, nil
}

// next finds the end of a piece.
func (sp Splitter) next(t Tokenizer, c *cuts, ends tokenOffsets, budget int, over func(Piece) (int, error), p Piece) (Piece, error) {
	p.TokenStart = ends.token(p.Start)
	for to := ends.offset(p.TokenStart + budget); ; {
		p.End = c.last(p.Fresh, max(to, p.Fresh))
		if p.End == p.Fresh {
			if p.Start == p.Fresh {
				return p, fmt.Errorf("not one character fits into a piece of %d tokens; shorten the prompt, reserve less for the answer, or load the model with a larger ContextLength", budget)
			}
			p.Start = p.Fresh // no room beside the overlap: do without
			p.TokenStart = ends.token(p.Start)
			to = ends.offset(p.TokenStart + budget)
			continue
		}
		p.Text = c.text[p.Start:p.End]
		p.Tokens, p.TokenEnd = len(t.TokenizePlain(p.Text)), ends.token(p.End)
		n, err := over(p)
		if err != nil || n <= 0 {
			return p, err
		}
		// So many tokens less; where that leaves nothing, half of the bytes: a part
		// of a token may stand where the whole does not.
		if to = ends.offset(p.TokenEnd - n); to <= p.Fresh || to >= p.End {
			to = p.Fresh + (p.End-p.Fresh)/2
		}
	}
}

// tokenOffsets are the byte offsets at which the tokens of a text end.
type tokenOffsets struct {
	ends []int
	text int // length of the text
}

// tokenEnds tokenizes a text. Bytes that the tokenizer has no token for belong
// to the token before them.
func tokenEnds(t Tokenizer, text string) tokenOffsets {
	o := tokenOffsets{text: len(text)}
	at := 0
	for _, id := range t.TokenizePlain(text) {
		piece := t.TokenText(id)
		if !strings.HasPrefix(text[at:], piece) {
			if lost := strings.Index(text[at:], piece); lost >= 0 {
				at += lost
			}
		}
		at = min(at+len(piece), len(text))
		o.ends = append(o.ends, at)
	}
	if n := len(o.ends); n > 0 {
		o.ends[n-1] = len(text)
	}
	return o
}

// token is how many tokens end at or before a byte offset.
func (o tokenOffsets) token(at int) int { return sort.SearchInts(o.ends, at+1) }

// offset is the byte offset at which token number n begins.
func (o tokenOffsets) offset(n int) int {
	switch {
	case n <= 0:
		return 0
	case n > len(o.ends):
		return o.text
	}
	return o.ends[n-1]
}
