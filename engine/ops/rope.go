package ops

import (
	"fmt"
	"math"

	"loupe/engine/internal/simd"
)

// Rope is how positions become rotations (Su et al., 2021): pair i of a head
// turns by pos * scale * base^(-2i/dims) / factors[i], but for YaRN.
type Rope struct {
	Dims    int       // rotated elements of a head; the rest stays
	Base    float64   // rope_freq_base
	Scale   float64   // rope_freq_scale: 1 leaves positions as they are, 0.5 stretches the context to twice its length
	Factors []float32 // [Dims/2] or nil: rope_freqs.weight of Llama 3.1 and later
	Yarn    Yarn
	// Magnitude multiplies what is rotated, cos and sin alike; 0 is 1.
	Magnitude float64
}

// Yarn stretches the context by parts (Peng et al., 2023): pairs that turn often in
// the original context keep their speed, those that turn less than once are slowed
// by the scale, those between are mixed.
type Yarn struct {
	Ext                float64 // yarn_ext_factor: how much of the first kind's speed is kept; 0: no YaRN
	BetaFast, BetaSlow float64 // turns in the original context where mixing begins and ends
	OrigContext        int
}

// keep is the share of its own speed that pair j keeps.
func (r Rope) keep(j int) float64 {
	if r.Yarn.Ext == 0 {
		return 0
	}
	pair := func(turns float64) float64 { // that turns so often in the original context
		return float64(r.Dims) * math.Log(float64(r.Yarn.OrigContext)/(turns*2*math.Pi)) / (2 * math.Log(r.Base))
	}
	low := max(0, math.Floor(pair(r.Yarn.BetaFast)))
	high := min(float64(r.Dims-1), math.Ceil(pair(r.Yarn.BetaSlow)))
	y := (float64(j) - low) / max(0.001, high-low)
	return r.Yarn.Ext * (1 - min(1, max(0, y)))
}

// RopeTable holds the rotations of a batch of positions, shared by all layers.
type RopeTable struct {
	half int
	cos  []float32 // [nTok, Dims/2]
	sin  []float32 // [nTok, Dims/2]
}

// Fill computes the rotations of positions, in float64.
func (t *RopeTable) Fill(r Rope, positions []int) {
	t.half = r.Dims / 2
	n := len(positions)
	m := r.Magnitude
	if m == 0 {
		m = 1
	}
	t.cos, t.sin = grow(t.cos, n*t.half), grow(t.sin, n*t.half)
	for j := 0; j < t.half; j++ {
		keep := r.keep(j)
		freq := (r.Scale*(1-keep) + keep) * math.Pow(r.Base, -2*float64(j)/float64(r.Dims))
		if r.Factors != nil {
			freq /= float64(r.Factors[j])
		}
		for i, pos := range positions {
			sin, cos := math.Sincos(float64(pos) * freq)
			t.cos[i*t.half+j], t.sin[i*t.half+j] = float32(cos*m), float32(sin*m)
		}
	}
}

type ropeTask struct {
	kern          *simd.Kernels
	table         *RopeTable
	x             []float32
	rows          int
	heads, headSz int
}

func (t *ropeTask) Chunk(_, chunk int) {
	half := t.table.half
	for r := chunk * rowsAChunk; r < min((chunk+1)*rowsAChunk, t.rows); r++ {
		row := t.heads * t.headSz
		t.kern.RopePairs(t.x[r*row:(r+1)*row], t.heads, t.headSz, t.table.cos[r*half:(r+1)*half], t.table.sin[r*half:(r+1)*half])
	}
}

// RopePairs rotates neighbouring pairs (2i, 2i+1) of every head in place, the
// order in which GGUF files of the llama architecture hold their heads. x is
// [rows, heads, headSize]; row r has the r-th position of the table.
func (c *CPU) RopePairs(x []float32, table *RopeTable, rows, heads, headSize int) {
	if len(x) < rows*heads*headSize || headSize < 2*table.half || len(table.cos) < rows*table.half {
		panic(fmt.Sprintf("ops: RopePairs of [%d, %d, %d] on %d elements with a table of %d", rows, heads, headSize, len(x), len(table.cos)))
	}
	c.rope = ropeTask{c.kern, table, x, rows, heads, headSize}
	c.do(&c.rope, chunksOf(rows))
}
