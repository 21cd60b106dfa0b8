package flash

// hidden is less than lowest by more than the exponent's range: such a score weighs
// nothing, even in a row where there is no other.
const hidden = 3 * lowest

// Hide makes the first cells cells of the block weigh nothing for row r: they lie
// before its window. To be called between the last Keys and Weigh. A row may have
// all of its cells hidden, as long as it sees one in another block.
func (t *Tile) Hide(r, cells int) {
	row := t.scores[r*t.ld:][:min(cells, t.ld)]
	for i := range row {
		row[i] = hidden
	}
}
