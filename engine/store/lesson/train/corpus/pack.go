package corpus

import (
	"math"

	"loupe/engine/token"
)

// Packer turns documents into rows of equal length.
type Packer struct{ tok *token.Tokenizer }

// NewPacker makes a packer with the tokenizer of NewVocab.
func NewPacker() (*Packer, error) {
	tok, err := token.New(NewVocab())
	return &Packer{tok}, err
}

// Row makes the row of a number: n ids, and as many weights in 1/20. Documents
// follow each other until the row is full; the last one is cut. Only one states
// facts, so that no question has two answers in a row.
func (p *Packer) Row(number uint64, n int, mix Mix) (ids []uint16, weights []byte) {
	src := New(number)
	at := mix.place(src)
	for i := 0; len(ids) < n; i++ {
		room := 0 // for facts, if they may stand here
		if i == at {
			room = n - 1 - len(ids)
		}
		more, w := p.encode(src.Draw(n-1, room, mix))
		ids, weights = append(ids, more...), append(weights, w...)
	}
	return ids[:n], weights[:n]
}

// encode gives a document's tokens, as the engine will see the whole text, and
// each one's weight: that of the part in which it begins.
func (p *Packer) encode(d Document) (ids []uint16, weights []byte) {
	var text []byte
	for _, part := range d {
		text = append(text, part.Text...)
	}
	at, part := 0, 0
	end := len(d[0].Text)
	for _, id := range p.tok.Encode(string(text), token.EncodeOptions{Special: true}) {
		for at >= end {
			part++
			end += len(d[part].Text)
		}
		ids = append(ids, uint16(id))
		weights = append(weights, byte(math.Round(d[part].Weight*weightUnit)))
		at += len(p.tok.Piece(id))
	}
	return ids, weights
}

// weightUnit is how many steps of a row's weight bytes make 1.
const weightUnit = 20
