package flash

import "math"

// hidden is less than lowest by more than the exponent's range: such a score weighs
// nothing, even in a row where there is no other.
const hidden = 3 * lowest

// Hide makes the first cells cells of the block weigh nothing for row r: they lie
// before its window. To be called between the last Keys and Weigh. A row may have
// all of its cells hidden, as long as it sees one in another block.
func (t *Tile) Hide(r, cells int) {
	row := t.scores[r*t.ld:][:min(cells, t.ld)]
	t.hides[r] = int32(len(row))
	for i := range row {
		row[i] = hidden
	}
}

// Cap bounds the scores of row r, of its first cells cells, softly by most: score
// becomes most tanh(score/most) (Gemma Team, 2024). To be called between the last
// Keys and Weigh, before Hide. It costs many times what the scores did.
func (t *Tile) Cap(r, cells int, most float32) {
	most *= math.Log2E // the unit of scores
	row := t.scores[r*t.ld:][:min(cells, t.ld)]
	for i, x := range row {
		row[i] = most * float32(math.Tanh(float64(x/most)))
	}
}
