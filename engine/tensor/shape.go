package tensor

import (
	"strconv"
	"strings"
)

// Shape lists the dimensions as ggml does, the fastest-running first: a weight
// matrix that maps 576 inputs to 1536 outputs has Shape{576, 1536}.
type Shape []int

// Elements is the product of the dimensions; 1 for an empty shape. Readers of
// foreign files check for overflow before they build a Shape.
func (s Shape) Elements() int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

// Rows is the number of rows of length s[0].
func (s Shape) Rows() int {
	if len(s) == 0 || s[0] == 0 {
		return 0
	}
	return s.Elements() / s[0]
}

// Equal reports whether both shapes have the same dimensions in order.
func (s Shape) Equal(o Shape) bool {
	if len(s) != len(o) {
		return false
	}
	for i := range s {
		if s[i] != o[i] {
			return false
		}
	}
	return true
}

// String prints "[576, 1536]".
func (s Shape) String() string {
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = strconv.Itoa(d)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
