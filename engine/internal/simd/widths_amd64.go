//go:build amd64 && !purego

package simd

// widths are the numbers of tokens for which there is a tile.
type widths struct {
	have  [maxColumns + 1]bool
	dense int // every number up to this
	most  int // the greatest
}

// add takes note of a tile of n tokens; they come in order.
func (w *widths) add(n int) {
	if w.have[n] = true; n == w.dense+1 {
		w.dense = n
	}
	w.most = n
}

// next is how many of left tokens the next tile takes. A single token is never
// left over.
func (w *widths) next(left int) int {
	switch {
	case left <= w.most && w.have[left]:
		return left
	case left <= 2*w.dense:
		return (left + 1) / 2
	}
	n := min(left, w.most)
	for !w.have[n] || n == left-1 {
		n--
	}
	return n
}
