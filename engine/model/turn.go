package model

import "loupe/engine/ops"

// turning is how a layer's queries and keys get their positions.
type turning byte

const (
	unturned    turning = iota // not at all (NoPE)
	turnsPairs                 // ops.CPU.RopePairs
	turnsHalves                // ops.CPU.RopeHalves
)

// ropeFor is the rotation of a cache for so many cells.
func (p *Pass) ropeFor(context int) ops.Rope {
	rope := p.Rope
	if w := p.model.weights; w.RopeLong != nil {
		if rope.Factors = w.RopeShort; context > p.model.Config.RopeOrigContext {
			rope.Factors = w.RopeLong
		}
	}
	return rope
}

// localRope is the rotation of layers with a window, where they have one of their own.
func (p *Pass) localRope() ops.Rope {
	c := p.model.Config
	return ops.Rope{Dims: c.RopeDims, Base: c.LocalRopeBase, Scale: c.LocalRopeScale}
}

// Turner turns keys of a layer by positions, outside of a pass.
type Turner struct {
	how   turning
	rope  ops.Rope
	table map[int]*ops.RopeTable // by the number of positions
}

// Turner is the one of layer l, for a cache of so many cells.
func (p *Pass) Turner(l, context int) *Turner {
	how, local := p.model.net.turning(l)
	t := &Turner{how: how, rope: p.ropeFor(context), table: map[int]*ops.RopeTable{}}
	if local {
		t.rope = p.localRope()
	}
	return t
}

// Turn moves a key, [HeadK], by so many positions, forwards or back: RoPE adds angles,
// so a key for position 7 moved by -2 is the key for position 5.
func (t *Turner) Turn(k []float32, by int) {
	if t.how == unturned || by == 0 {
		return
	}
	table := t.table[by]
	if table == nil {
		rope := t.rope
		rope.Magnitude = 1 // it is in the key already
		table = &ops.RopeTable{}
		table.Fill(rope, []int{by})
		t.table[by] = table
	}
	table.Turn(k, 0, t.how == turnsHalves)
}

// Raw takes the position out of a key, [HeadK]: what it was before RoPE.
func (t *Turner) Raw(k []float32, pos int) {
	t.Turn(k, -pos)
	if m := t.rope.Magnitude; t.how != unturned && m != 0 && m != 1 {
		for i := range k[:t.rope.Dims] {
			k[i] /= float32(m)
		}
	}
}
