package chain

// How many steps decode together by default, and the most memory that their cells
// then take, what they share counted for each.
const (
	defaultTogether = 8
	waveBytes       = 1 << 30
)

// waves cuts requests into those that decode together, for a run and for its plan
// alike.
type waves struct {
	cache     *cache
	most      int // of one wave
	cellBytes int
	widest    int // wave so far
}

// next is how many of the requests make the next wave.
func (w *waves) next(requests []Request) int {
	n, bytes := 0, 0
	for n < min(len(requests), w.most) {
		bytes += (len(requests[n].IDs) + requests[n].Config.MaxTokens) * w.cellBytes
		if n > 0 && bytes > waveBytes {
			break
		}
		n++
	}
	w.widest = max(w.widest, n)
	return n
}
