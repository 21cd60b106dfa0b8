package model

import (
	"math"
	"slices"
	"testing"

	"loupe/engine/internal/simd"
	"loupe/engine/observe"
)

// tapped keeps what flows at some points, by point and layer.
type tapped struct {
	points []observe.Point
	seen   map[observe.Point][][]float32
}

func (w *tapped) Wants(_ int, p observe.Point) bool { return slices.Contains(w.points, p) }

func (w *tapped) Observe(e observe.Event) {
	if w.seen == nil {
		w.seen = map[observe.Point][][]float32{}
	}
	w.seen[e.Point] = append(w.seen[e.Point], append([]float32(nil), e.X...))
}

// Whatever the architecture, attention that is looked at with flash attention on is that
// of the plain way, rows sum to 1, and a key without its position is what flowed
// before RoPE.
func TestArchitecturesInside(t *testing.T) {
	for _, s := range smalls {
		t.Run(s.name, func(t *testing.T) {
			path := s.write(t, t.TempDir())
			var patterns [2][][]float32
			for i, flash := range []bool{false, true} {
				b := s.open(t, path, simd.Best(), true)
				b.pass.Flash = flash
				w := &tapped{points: []observe.Point{observe.AttnPattern, observe.K, observe.KRot}}
				b.pass.Observe(w)
				ids := s.ids()[:min(100, len(s.ids()))]
				if err := b.pass.Forward(b.seq, ids); err != nil {
					t.Fatal(err)
				}
				patterns[i] = w.seen[observe.AttnPattern]
				c := b.m.Config
				if len(patterns[i]) != c.Layers {
					t.Fatalf("%d layers shown of %d", len(patterns[i]), c.Layers)
				}
				for l, x := range patterns[i] {
					for row := range len(ids) * c.Heads {
						sum := 0.0
						for _, v := range x[row*len(ids):][:len(ids)] {
							sum += float64(v)
						}
						if math.Abs(sum-1) > 1e-3 {
							t.Fatalf("layer %d, token %d, head %d: weights sum to %v", l, row/c.Heads, row%c.Heads, sum)
						}
					}
					turner := b.pass.Turner(l, s.ctx())
					for row := range len(ids) * c.KVHeads {
						k := slices.Clone(w.seen[observe.KRot][l][row*c.HeadK:][:c.HeadK])
						turner.Raw(k, row/c.KVHeads)
						for j, want := range w.seen[observe.K][l][row*c.HeadK:][:c.HeadK] {
							if d := math.Abs(float64(k[j] - want)); d > 1e-4 {
								t.Fatalf("layer %d, key %d: element %d turned back is %v from what it was", l, row, j, d)
							}
						}
					}
				}
			}
			for l := range patterns[0] {
				for i, x := range patterns[0][l] {
					if d := math.Abs(float64(x - patterns[1][l][i])); d > 1e-4 {
						t.Fatalf("layer %d: a weight differs by %v with flash attention", l, d)
					}
				}
			}
		})
	}
}
