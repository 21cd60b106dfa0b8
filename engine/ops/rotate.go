package ops

import (
	"fmt"
	"math"
	"math/bits"

	"loupe/engine/tensor"
)

// Rotation turns heads by Hadamard matrices, which are orthogonal and their own
// inverses: outliers of one channel are spread over all of its block, and blocks of
// few bits lose less (QuaRot: Ashkboos et al., 2024; llama.cpp PR 21038). What is
// turned twice is as it was, and products of two turned vectors are those of the
// vectors.
type Rotation struct {
	Block  int // elements that are mixed; 0: no rotation
	weight *Weight
	input  Input
}

// ValueBlock is the most elements that values are mixed in. Keys are mixed in blocks as
// large as they get. Both are llama.cpp's, so that the blocks of a cache are too.
const ValueBlock = 64

// NewRotation is the rotation for heads of n elements: in blocks of the greatest power
// of two that divides n and is not above most; 0 is no bound.
func NewRotation(n, most int) *Rotation {
	block := 1 << bits.TrailingZeros(uint(n))
	for most > 0 && block > most {
		block /= 2
	}
	h := make([]float32, block*block)
	scale := float32(1 / math.Sqrt(float64(block)))
	for i := range block {
		for j := range block {
			h[i*block+j] = scale
			if bits.OnesCount(uint(i&j))%2 == 1 {
				h[i*block+j] = -scale
			}
		}
	}
	return &Rotation{Block: block, weight: &Weight{Name: "rotation", Type: tensor.F32, In: block, Out: block, Data: bytesOf(h)}}
}

// Weights are what Pack may lay out anew.
func (r *Rotation) Weights() []*Weight { return []*Weight{r.weight} }

// Bytes is the memory of the rotation's buffer.
func (r *Rotation) Bytes() int64 { return r.input.Bytes() }

// Rotate turns x, of any number of heads, in place.
func (c *CPU) Rotate(r *Rotation, x []float32) {
	if len(x)%r.Block != 0 {
		panic(fmt.Sprintf("ops: rotation of %d elements in blocks of %d", len(x), r.Block))
	}
	copy(r.input.Reset(len(x)/r.Block, r.Block), x)
	c.MatMul(&r.input, Out{W: r.weight, Dst: x})
}
