package chain

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Format says what a text is made of, and so where it may be cut.
type Format string

// The formats.
const (
	Plain    Format = ""         // paragraphs, sentences, lines, words
	Markdown Format = "markdown" // headings, blocks (code fences stay whole), then as Plain
	Code     Format = "code"     // blank lines before what is not indented, blank lines, lines, words
)

// Document is a text to work on.
type Document struct {
	Name   string // in tables and errors
	Text   string
	Format Format
}

// title is how errors call document number i.
func (d Document) title(i int) string {
	if d.Name == "" {
		return fmt.Sprintf("document %d", i+1)
	}
	return fmt.Sprintf("document %q", d.Name)
}

// check refuses what is no text.
func (d Document) check(i int) error {
	if strings.TrimSpace(d.Text) == "" {
		return fmt.Errorf("chain: %s is empty; give some text", d.title(i))
	}
	for at, r := range d.Text {
		if size := 0; r == utf8.RuneError {
			if _, size = utf8.DecodeRuneInString(d.Text[at:]); size == 1 {
				return fmt.Errorf("chain: %s is not UTF-8 text: byte 0x%02x at offset %d; convert it first", d.title(i), d.Text[at], at)
			}
		} else if r == 0 {
			return fmt.Errorf("chain: %s is binary: a zero byte at offset %d; give text", d.title(i), at)
		}
	}
	switch d.Format {
	case Plain, Markdown, Code:
		return nil
	}
	return fmt.Errorf("chain: %s has Format %q; it may be chain.Plain, chain.Markdown or chain.Code", d.title(i), d.Format)
}

// Piece is a stretch of a document.
type Piece struct {
	Doc    int    // which of the documents, from 0
	Name   string // the document's
	Index  int    // which piece of the document, from 0
	Format Format
	Text   string // bytes Start to End of the document

	Start, End int // byte offsets
	Fresh      int // byte offset: what lies before it was in the piece before too
	// TokenStart and TokenEnd are offsets in the tokens of the whole document;
	// a cut inside a token counts as before it.
	TokenStart, TokenEnd int
	Tokens               int // of Text alone
}

// Join puts the pieces of one document together again: the document, exactly.
func Join(pieces []Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.Text[p.Fresh-p.Start:])
	}
	return b.String()
}

// body is the text as it stands in a prompt: without white space around it; of
// code, without empty lines around it.
func (p Piece) body() string {
	if p.Format == Code {
		text := strings.TrimRight(p.Text, " \t\r\n")
		for {
			line, rest, ok := strings.Cut(text, "\n")
			if !ok || strings.TrimSpace(line) != "" {
				return text
			}
			text = rest
		}
	}
	return strings.TrimSpace(p.Text)
}
