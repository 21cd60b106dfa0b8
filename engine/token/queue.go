package token

// merge is two neighbours that might be joined.
type merge struct {
	order       int32
	left, right int32 // indexes of symbols
	id          int32 // what it gives
	pair        pair  // what stood there when this was found
}

func (m merge) before(n merge) bool {
	return m.order < n.order || m.order == n.order && m.left < n.left
}

// mergeQueue is a binary heap of merges; container/heap would allocate for each.
type mergeQueue []merge

func (q *mergeQueue) push(m merge) {
	h := append(*q, m)
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !m.before(h[up]) {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = m
	*q = h
}

func (q *mergeQueue) pop() merge {
	h := *q
	first, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	*q = h
	if len(h) == 0 {
		return first
	}
	i := 0
	for {
		down := 2*i + 1
		if down >= len(h) {
			break
		}
		if down+1 < len(h) && h[down+1].before(h[down]) {
			down++
		}
		if !h[down].before(last) {
			break
		}
		h[i] = h[down]
		i = down
	}
	h[i] = last
	return first
}
