package sample

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Candidate is a token that may still be chosen.
type Candidate struct {
	ID    int32
	Logit float32
}

// before is the order of candidates: the likelier first, equals by id.
func (a Candidate) before(b Candidate) bool {
	return a.Logit > b.Logit || a.Logit == b.Logit && a.ID < b.ID
}

// Candidates is what samplers work on. Its logits are finite or -Inf, and at
// least one is finite.
type Candidates struct {
	Items  []Candidate
	Sorted bool // Items are in order, the likeliest first, equals by id

	weights []float64
}

// fill takes in a row of logits, one per token of the vocabulary.
func (c *Candidates) fill(logits []float32) error {
	c.Items = slices.Grow(c.Items[:0], len(logits))[:len(logits)]
	c.Sorted = false
	finite := false
	for i, l := range logits {
		// A NaN would lose every comparison, +Inf would make all others NaN.
		if l != l || l > math.MaxFloat32 {
			return fmt.Errorf("sample: the logit of token %d is %v: the forward pass overflowed or the weights are damaged (loupe show --check finds values that are NaN)", i, l)
		}
		if l >= -math.MaxFloat32 {
			finite = true
		}
		c.Items[i] = Candidate{int32(i), l}
	}
	if !finite {
		return fmt.Errorf("sample: none of %d logits is finite: there is no token to choose", len(logits))
	}
	return nil
}

// best is the position of the likeliest item.
func (c *Candidates) best() int {
	if c.Sorted {
		return 0
	}
	best := 0
	for i := range c.Items {
		if c.Items[i].before(c.Items[best]) {
			best = i
		}
	}
	return best
}

// softmax gives the items' probabilities times the returned total, in the order
// of Items. The slice is good until the next call.
func (c *Candidates) softmax() (weights []float64, total float64) {
	n := len(c.Items)
	c.weights = slices.Grow(c.weights[:0], n)[:n]
	top := float64(c.Items[c.best()].Logit)
	for i, it := range c.Items {
		w := math.Exp(float64(it.Logit) - top)
		c.weights[i] = w
		total += w
	}
	return c.weights, total
}

// sortFirst brings the k first items of the order to the front, in order. The
// rest follow in no order.
func (c *Candidates) sortFirst(k int) {
	items := c.Items
	if c.Sorted {
		return
	}
	if k >= len(items) {
		slices.SortFunc(items, func(a, b Candidate) int {
			if d := cmp.Compare(b.Logit, a.Logit); d != 0 {
				return d
			}
			return cmp.Compare(a.ID, b.ID)
		})
		c.Sorted = true
		return
	}
	// A heap of the k best so far with the worst of them on top: most of a
	// vocabulary is turned away by one comparison.
	heap := items[:k]
	for i := k/2 - 1; i >= 0; i-- {
		sink(heap, i)
	}
	for i := k; i < len(items); i++ {
		if items[i].before(heap[0]) {
			items[i], heap[0] = heap[0], items[i]
			sink(heap, 0)
		}
	}
	for n := k - 1; n > 0; n-- {
		heap[0], heap[n] = heap[n], heap[0]
		sink(heap[:n], 0)
	}
}

// sink restores the heap below i: no item comes before the one above it.
func sink(heap []Candidate, i int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if r := child + 1; r < len(heap) && heap[child].before(heap[r]) {
			child = r
		}
		if !heap[i].before(heap[child]) {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}

// keep drops all but the first n items.
func (c *Candidates) keep(n int) {
	c.Items = c.Items[:n]
}
