package kvcache

import (
	"fmt"

	"loupe/engine/tensor"
)

// Config is the geometry of a cache.
type Config struct {
	Layers  int          // layers with a K and a V of their own
	KVHeads int          // heads of K and V (fewer than query heads under GQA)
	HeadK   int          // elements of one key
	HeadV   int          // elements of one value
	KType   tensor.DType // storage type of K
	VType   tensor.DType // storage type of V
	Context int          // the most cells one sequence may hold
	// RotatedK and RotatedV say that keys and values are stored turned by Hadamard
	// matrices of so many elements, 0 for as they are (ops.Rotation).
	RotatedK, RotatedV int
}

// KRow and VRow are the elements of one cell in one layer, all heads.
func (c Config) KRow() int { return c.KVHeads * c.HeadK }
func (c Config) VRow() int { return c.KVHeads * c.HeadV }

// KBytes and VBytes are the bytes of one cell in one layer.
func (c Config) KBytes() int { return c.KType.RowBytes(c.KRow()) }
func (c Config) VBytes() int { return c.VType.RowBytes(c.VRow()) }

// CellBytes is what one token costs over all layers.
func (c Config) CellBytes() int { return c.Layers * (c.KBytes() + c.VBytes()) }

// check refuses a geometry that cannot be stored.
func (c Config) check() error {
	if c.Layers < 1 || c.KVHeads < 1 || c.HeadK < 1 || c.HeadV < 1 || c.Context < 1 {
		return fmt.Errorf("kvcache: %d layers, %d K/V heads of %d and %d elements, context %d: each must be at least 1",
			c.Layers, c.KVHeads, c.HeadK, c.HeadV, c.Context)
	}
	for _, s := range []struct {
		name string
		t    tensor.DType
		head int
	}{{"K", c.KType, c.HeadK}, {"V", c.VType, c.HeadV}} {
		if !s.t.Known() {
			return fmt.Errorf("kvcache: %s cache type: unknown %s", s.name, s.t)
		}
		if b := s.t.BlockSize(); s.head%b != 0 {
			return fmt.Errorf("kvcache: %s cache type %s has blocks of %d, which do not divide the head size %d; use f16", s.name, s.t, b, s.head)
		}
	}
	return nil
}
