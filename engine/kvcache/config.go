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

	// Local says which layers have a sliding window: a query there sees the last Window
	// cells up to itself. Those layers keep the last Window+Batch cells only, taken up to
	// whole pages; Batch is the most cells that are planned at once. A Window of 0 is
	// none: every layer keeps all, as with llama.cpp's --swa-full.
	Local         []bool // [Layers], or nil
	Window, Batch int

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

// first is the first cell that layers with a window keep while n cells are read behind
// so many. What is kept beyond the window lets a sequence be cut by up to Batch cells,
// and is memory that reading a batch has taken anyway.
func (c Config) first(have, n int) int {
	return min(c.seen(have), max(0, have+n-c.Batch-c.Window))
}

// seen is the first cell that must be there for cell n to be read: the first that it
// sees, and the one before it, in whose page it may go.
func (c Config) seen(n int) int { return max(0, n+1-max(c.Window, 2)) }

// Filled is what K and V take, free pages included, once a sequence of so many cells
// was read batch cells at a time, and the last one by itself.
func (c Config) Filled(cells, batch int) (k, v int64) {
	for _, g := range c.groups() {
		narrow, wide := c.pages(g, cells, batch)
		n, w := int64(narrow*PageCells*g.layers), int64(wide*PageCells*g.layers)
		k += n*int64(c.KBytes()) + w*int64(c.WideK().RowBytes(c.KRow()))
		v += n*int64(c.VBytes()) + w*int64(c.WideV().RowBytes(c.VRow()))
	}
	return k, v
}

// pages is how many pages of a group Filled leaves, free ones included.
func (c Config) pages(g group, cells, batch int) (narrow, wide int) {
	var wasWide []bool // of each page so far
	gone := 0
	next := (c.Sinks + PageCells - 1) / PageCells // the first page that may turn narrow
	var count struct{ narrow, wide, freeNarrow, freeWide int }
	gain := func(used, free *int) {
		*used++
		*free = max(*free-1, 0)
	}
	drop := func(used, free *int) {
		*used--
		*free = min(*free+1, c.spare(g))
	}
	plan := func(from, to int) {
		if g.local {
			for ; gone < c.first(from, to-from)/PageCells; gone++ {
				if wasWide[gone] {
					drop(&count.wide, &count.freeWide)
				} else {
					drop(&count.narrow, &count.freeNarrow)
				}
			}
		}
		for next = max(next, gone); next < len(wasWide) && !c.staysWide(next, from); next++ {
			if wasWide[next] {
				gain(&count.narrow, &count.freeNarrow)
				drop(&count.wide, &count.freeWide)
				wasWide[next] = false
			}
		}
		for len(wasWide)*PageCells < to {
			if wide := c.beginsWide(len(wasWide)); wide {
				gain(&count.wide, &count.freeWide)
				wasWide = append(wasWide, true)
			} else {
				gain(&count.narrow, &count.freeNarrow)
				wasWide = append(wasWide, false)
			}
		}
	}
	for have := 0; have < cells-1; have += batch {
		plan(have, min(have+batch, cells-1))
	}
	plan(cells-1, cells)
	return count.narrow + count.freeNarrow, count.wide + count.freeWide
}

// group is layers that keep the same cells: their keys and values share pages.
type group struct {
	layers int
	local  bool
}

// groups are those that there are, at most one with a window.
func (c Config) groups() []group {
	local := 0
	for l := range c.Layers {
		if c.local(l) {
			local++
		}
	}
	var list []group
	if local < c.Layers {
		list = append(list, group{c.Layers - local, false})
	}
	if local > 0 {
		list = append(list, group{local, true})
	}
	return list
}

// local reports whether layer l keeps its last cells only.
func (c Config) local(l int) bool { return c.Window > 0 && len(c.Local) > 0 && c.Local[l] }

// spare is how many unused pages of a kind are kept: those that a window leaves behind
// are the next batch's.
func (c Config) spare(g group) int {
	if g.local {
		return freePages + c.Batch/PageCells
	}
	return freePages
}

// KRow and VRow are the elements of one cell in one layer, all heads.
func (c Config) KRow() int { return c.KVHeads * c.HeadK }
func (c Config) VRow() int { return c.KVHeads * c.HeadV }

// KBytes and VBytes are the bytes of one cell in one layer.
func (c Config) KBytes() int { return c.KType.RowBytes(c.KRow()) }
func (c Config) VBytes() int { return c.VType.RowBytes(c.VRow()) }

// CellBytes is what one token costs over all layers. Those with a window keep it for a
// while only.
func (c Config) CellBytes() int { return c.Layers * (c.KBytes() + c.VBytes()) }

// MoreBytes is what one token more costs in the long run: CellBytes of the layers that
// keep all cells.
func (c Config) MoreBytes() int {
	n := 0
	for _, g := range c.groups() {
		if !g.local {
			n = g.layers
		}
	}
	return n * (c.KBytes() + c.VBytes())
}

// check refuses a geometry that cannot be stored.
func (c Config) check() error {
	if c.Sinks < 0 || c.Residual < 0 || c.Start < 0 {
		return fmt.Errorf("kvcache: %d sinks, %d residual cells, start after %d: none may be negative", c.Sinks, c.Residual, c.Start)
	}
	if c.Layers < 1 || c.KVHeads < 1 || c.HeadK < 1 || c.HeadV < 1 || c.Context < 1 {
		return fmt.Errorf("kvcache: %d layers, %d K/V heads of %d and %d elements, context %d: each must be at least 1",
			c.Layers, c.KVHeads, c.HeadK, c.HeadV, c.Context)
	}
	if c.Window < 0 || c.Window > 0 && len(c.Local) != c.Layers {
		return fmt.Errorf("kvcache: a window of %d cells for %d of %d layers: it must not be negative, and Local must say of every layer whether it has it", c.Window, len(c.Local), c.Layers)
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
