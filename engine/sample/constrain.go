package sample

import (
	"errors"
	"math"
)

// Constraint says which tokens may come next: a grammar.
type Constraint interface {
	// Allows reports whether token id may come next.
	Allows(id int) bool
	// Mask is the tokens that may, bit id of the words. Unless it is tight it may
	// have some that Allows refuses.
	Mask(tight bool) ([]uint64, error)
}

// Constrain lets the chain choose only what x allows. Nil ends that.
//
// The chain draws from the distribution that it would have if the other tokens'
// logits were -Inf. Where no sampler narrows the candidates (greedy, or Temperature
// alone) it tries first without the mask and draws anew when x refuses the token:
// as what is refused is drawn anew by the probabilities of the rest, in proportion,
// the outcome is distributed the same. Where one does (TopK, TopP, MinP, Typical,
// XTC, tail free, Mirostat), the mask comes before it, after the penalties.
func (c *Chain) Constrain(x Constraint) { c.constraint = x }

var errForbidden = errors.New("sample: no token that the grammar allows can be chosen: LogitBias or the model forbids them all")

// narrows reports whether a sampler leaves candidates out, or looks at the others
// to see what becomes of one.
func narrows(s Sampler) bool {
	switch s.(type) {
	case bias, *penalties, temperature:
		return false
	}
	return true
}

// constrained is Sample under a constraint.
func (c *Chain) constrained(logits []float32) (int, error) {
	first := 0 // the samplers before it change each logit by itself
	for first < len(c.samplers) && !narrows(c.samplers[first]) {
		first++
	}
	free := first == len(c.samplers) && c.mirostat == nil // which leaves candidates out, too
	if _, ok := c.last.(greedy); ok && len(c.samplers) == 0 {
		if id := Greedy(logits); id >= 0 && logits[id] <= math.MaxFloat32 && c.constraint.Allows(id) {
			return id, nil
		}
	}
	// Without the mask, if that is the same; with it; and with the tight one.
	for try := 0; try < 3; try++ {
		if try == 0 && !free {
			continue
		}
		if err := c.candidates.fill(logits); err != nil {
			return 0, err
		}
		for _, s := range c.samplers[:first] {
			s.Apply(&c.candidates)
		}
		if try > 0 {
			if err := c.narrow(try == 2); err != nil {
				return 0, err
			}
		} else if c.candidates.Items[c.candidates.best()].Logit < -math.MaxFloat32 {
			return 0, errForbidden
		}
		for _, s := range c.samplers[first:] {
			s.Apply(&c.candidates)
		}
		id := int(c.candidates.Items[c.last.choose(&c.candidates)].ID)
		if c.constraint.Allows(id) {
			return id, nil
		}
	}
	return 0, errForbidden
}

// narrow keeps what the mask has, of candidates that are all there and in order.
func (c *Chain) narrow(tight bool) error {
	mask, err := c.constraint.Mask(tight)
	if err != nil {
		return err
	}
	items := c.candidates.Items
	if c.mirostat != nil && c.mirostat.version == 1 { // whose law is of how many there are
		left := false
		for i := range items {
			if i>>6 >= len(mask) || mask[i>>6]>>(i&63)&1 == 0 {
				items[i].Logit = float32(math.Inf(-1))
			}
			left = left || items[i].Logit >= -math.MaxFloat32
		}
		if !left {
			return errForbidden
		}
		return nil
	}
	n := 0
	for w, bits := range mask {
		for at := w << 6; bits != 0; at, bits = at+1, bits>>1 {
			if bits&1 == 0 {
				continue
			}
			if at < len(items) && items[at].Logit >= -math.MaxFloat32 {
				items[n] = items[at]
				n++
			}
		}
	}
	if n == 0 {
		return errForbidden
	}
	c.candidates.keep(n)
	return nil
}
