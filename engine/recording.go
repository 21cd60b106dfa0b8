package engine

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"loupe/engine/observe"
	"loupe/engine/picture"
)

// Recording keeps copies of what flows at some points, by layer and position: a
// position that is read twice has what flowed last. It takes 1 GiB at most and is then
// an error of the next pass.
type Recording struct {
	points []observe.Point
	layers []int // nil: all
	rows   map[layerPoint]map[int][]float32
	heads  map[layerPoint]int // of scores and weights: their rows are [heads, nKV], and nKV grows
	bytes  int64
}

// layerPoint is a point of a layer.
type layerPoint struct {
	layer int
	point observe.Point
}

// Record is an observer that keeps what flows at some points:
//
//	rec := engine.Record(observe.ResidPost)
//	s.Observe(rec)
//
// It may be hung into sessions of one model, one after another.
func Record(points ...observe.Point) *Recording {
	return &Recording{points: slices.Clone(points), rows: map[layerPoint]map[int][]float32{}, heads: map[layerPoint]int{}}
}

// Layers makes r keep these layers only, and returns it.
func (r *Recording) Layers(layers ...int) *Recording {
	r.layers = slices.Clone(layers)
	return r
}

// Wants is true of what is kept.
func (r *Recording) Wants(layer int, p observe.Point) bool {
	return slices.Contains(r.points, p) && (r.layers == nil || slices.Contains(r.layers, layer))
}

// Observe keeps it.
func (r *Recording) Observe(e observe.Event) {
	at := layerPoint{e.Layer, e.Point}
	if r.rows[at] == nil {
		r.rows[at] = map[int][]float32{}
	}
	if ofHeads(e.Point) {
		r.heads[at] = e.Shape[1]
	}
	width := e.Shape[1] * e.Shape[2]
	for t := range e.Shape[0] {
		old := r.rows[at][e.Pos+t]
		r.bytes -= int64(4 * len(old))
		if r.full() {
			return
		}
		r.rows[at][e.Pos+t] = append(old[:0], e.X[t*width:(t+1)*width]...)
		r.bytes += int64(4 * width)
	}
}

func (r *Recording) full() bool { return r.bytes > attentionBytes }

func (r *Recording) check(m *Model) error {
	if len(r.points) == 0 {
		return fmt.Errorf("engine: Record: name a point to keep")
	}
	for _, l := range r.layers {
		// FinalNorm and Logits are of one layer more.
		if err := within("Record", "layer", l, m.net.Config.Layers+1); err != nil {
			return err
		}
	}
	if r.full() {
		return fmt.Errorf("engine: Record: it holds %s, and that is all it may; record fewer points, name Layers, or read fewer tokens", Size(r.bytes))
	}
	return nil
}

// At is what flowed at a point of a layer for the token of a position, the elements of
// all its heads; nil if that was not recorded. It is the recording's own: copy it to
// change it.
func (r *Recording) At(layer int, p observe.Point, pos int) []float32 {
	return r.rows[layerPoint{layer, p}][pos]
}

// Positions are those recorded of a point of a layer, ascending.
func (r *Recording) Positions(layer int, p observe.Point) []int {
	var list []int
	for pos := range r.rows[layerPoint{layer, p}] {
		list = append(list, pos)
	}
	slices.Sort(list)
	return list
}

// Mean is the mean over the positions recorded, from number from on; nil if there are
// none.
func (r *Recording) Mean(layer int, p observe.Point, from int) []float32 {
	var sum []float64
	n := 0
	for _, pos := range r.Positions(layer, p) {
		row := r.At(layer, p, pos)
		if pos < from || sum != nil && len(row) != len(sum) {
			continue
		}
		if sum == nil {
			sum = make([]float64, len(row))
		}
		for i, x := range row {
			sum[i] += float64(x)
		}
		n++
	}
	if n == 0 {
		return nil
	}
	mean := make([]float32, len(sum))
	for i, x := range sum {
		mean[i] = float32(x / float64(n))
	}
	return mean
}

// Heat is a point of a layer as a picture: a row for each position, of the elements of all
// its heads one after another. Scores and weights of heads have as many as the most keys.
func (r *Recording) Heat(layer int, p observe.Point) picture.Heat {
	h := picture.Heat{Title: fmt.Sprintf("%s of layer %d", p, layer), RowName: "position", ColName: "element", Diverging: true}
	at, positions := layerPoint{layer, p}, r.Positions(layer, p)
	heads := max(r.heads[at], 1)
	for _, pos := range positions {
		h.Cols = max(h.Cols, len(r.rows[at][pos]))
	}
	h.Rows = len(positions)
	h.Values = make([]float32, h.Rows*h.Cols) // weights of few keys are filled up with 0
	if p == observe.AttnScores {
		for i := range h.Values {
			h.Values[i] = float32(math.Inf(-1))
		}
	}
	for i, pos := range positions {
		h.RowLabels = append(h.RowLabels, fmt.Sprint(pos))
		row := r.rows[at][pos]
		keys := len(row) / heads
		for head := range heads {
			copy(h.Values[i*h.Cols+head*h.Cols/heads:], row[head*keys:(head+1)*keys])
		}
	}
	return h
}

// Bytes is the memory of what is kept.
func (r *Recording) Bytes() int64 { return r.bytes }

// String is one line: "recording of resid_post, z: 12 places, 48 KiB".
func (r *Recording) String() string {
	var names []string
	for _, p := range r.points {
		names = append(names, p.String())
	}
	return fmt.Sprintf("recording of %s: %d points of layers, %s", strings.Join(names, ", "), len(r.rows), Size(r.bytes))
}
