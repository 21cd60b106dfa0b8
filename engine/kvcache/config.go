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

	// Parts of the cache that stay in WideK and WideV, each counted in cells and taken
	// up to whole pages; see Seq.Plan.
	Sinks    int // the first ones (KVQuant keeps them: Hooper et al., 2024)
	Residual int // the last ones (KIVI's residual_length: Liu et al., 2024)
	Start    int // all, until the sequence holds more (LM Studio's quantizedStart for MLX)
}

// Late reports whether cells are stored wide before, or instead of, being stored in
// KType and VType.
func (c Config) Late() bool { return c.Sinks > 0 || c.Residual > 0 || c.Start > 0 }

// WideK and WideV are how those cells are stored: in f16 where KType or VType is a
// type of blocks, else as the others.
func (c Config) WideK() tensor.DType { return wide(c.KType) }
func (c Config) WideV() tensor.DType { return wide(c.VType) }

func wide(t tensor.DType) tensor.DType {
	if t.BlockSize() > 1 {
		return tensor.F16
	}
	return t
}

// beginsWide reports whether page i is wide when it is new.
func (c Config) beginsWide(i int) bool { return c.Residual > 0 || i*PageCells < max(c.Sinks, c.Start) }

// staysWide reports whether page i is wide while there are so many cells.
func (c Config) staysWide(i, cells int) bool {
	return i*PageCells < c.Sinks || (i+1)*PageCells > cells-c.Residual || cells <= c.Start
}

// Filled is what K and V take, free pages included, once a sequence of so many cells
// was read batch cells at a time, and the last one by itself.
func (c Config) Filled(cells, batch int) (k, v int64) {
	page, narrow, used, free := 0, 0, 0, 0
	next := (c.Sinks + PageCells - 1) / PageCells // the first page that may turn narrow
	plan := func(from, to int) {
		for ; next < page && !c.staysWide(next, from); next++ {
			if c.beginsWide(next) {
				narrow++
				used--
				free = min(free+1, freePages)
			}
		}
		for ; page*PageCells < to; page++ {
			if c.beginsWide(page) {
				used++
				free = max(free-1, 0)
			} else {
				narrow++
			}
		}
	}
	for have := 0; have < cells-1; have += batch {
		plan(have, min(have+batch, cells-1))
	}
	plan(cells-1, cells)
	n, w := int64(narrow*PageCells*c.Layers), int64((used+free)*PageCells*c.Layers)
	return n*int64(c.KBytes()) + w*int64(c.WideK().RowBytes(c.KRow())), n*int64(c.VBytes()) + w*int64(c.WideV().RowBytes(c.VRow()))
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
	if c.Sinks < 0 || c.Residual < 0 || c.Start < 0 {
		return fmt.Errorf("kvcache: %d sinks, %d residual cells, start after %d: none may be negative", c.Sinks, c.Residual, c.Start)
	}
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
