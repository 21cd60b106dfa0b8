package model

import (
	"math"
	"slices"
	"testing"

	"loupe/engine/internal/simd"
	"loupe/engine/observe"
)

// The limits of a weight of attention, from 0 to 1.
const (
	patternLimit = 5e-5 // f32: seen with flash attention on or off, or computed from queries and keys
	layerLimit   = 5e-6 // the first, for each layer of a deep model: what differs grows from layer to layer
	roundedLimit = 2e-3 // activations in 8 bits, K and V in f16: of flash attention on against off
	turnedLimit  = 1e-4 // of a key that was turned back, by its largest element or 1
)

// insideTokens is past a block of flash attention, which is 256 cells: what it does
// differs from the plain way only there.
const insideTokens, insideBatch = 300, 100

// tapped keeps what flows at some points, by point and layer, of all tokens; weights with
// a row of insideTokens for each head.
type tapped struct {
	points []observe.Point
	seen   map[observe.Point]map[int][]float32
}

func (w *tapped) Wants(_ int, p observe.Point) bool { return slices.Contains(w.points, p) }

func (w *tapped) Observe(e observe.Event) {
	if w.seen == nil {
		w.seen = map[observe.Point]map[int][]float32{}
	}
	of := w.seen[e.Point]
	if of == nil {
		of = map[int][]float32{}
		w.seen[e.Point] = of
	}
	if e.Point != observe.AttnPattern {
		of[e.Layer] = append(of[e.Layer], e.X...)
		return
	}
	for x := e.X; len(x) > 0; x = x[e.Shape[2]:] {
		of[e.Layer] = append(append(of[e.Layer], x[:e.Shape[2]]...), make([]float32, insideTokens-e.Shape[2])...)
	}
}

// Every architecture that runs is among the small models of these tests.
func TestArchitecturesAreTested(t *testing.T) {
	for _, name := range Architectures() {
		if !slices.ContainsFunc(smalls, func(s small) bool { return s.arch == name }) {
			t.Errorf("%s is in no test of architectures", name)
		}
	}
}

// Whatever the architecture, attention that is looked at with flash attention on is that
// of the plain way and the softmax of what queries and keys say, rows sum to 1, and a key
// without its position is what flowed before RoPE.
func TestArchitecturesInside(t *testing.T) {
	for _, s := range smalls {
		t.Run(s.name, func(t *testing.T) {
			s.context = 512
			path := s.write(t, t.TempDir())
			for _, exact := range []bool{true, false} {
				plain, flash := s.inside(t, path, exact, false), s.inside(t, path, exact, true)
				limit, worst := max(patternLimit, layerLimit*float64(len(plain))), 0.0
				if !exact {
					limit = roundedLimit
				}
				for l := range plain {
					for i, x := range plain[l] {
						worst = max(worst, math.Abs(float64(x-flash[l][i])))
					}
				}
				if worst == 0 {
					t.Errorf("exact %t: flash attention changes nothing at all: was it on?", exact)
				}
				t.Logf("exact %t: with flash attention a weight differs by %.2g, limit %g", exact, worst, limit)
				if !(worst <= limit) {
					t.Errorf("exact %t: a weight differs by %v with flash attention, limit %v", exact, worst, limit)
				}
			}
		})
	}
}

// inside is the weights of all layers, [insideTokens, Heads, insideTokens] each, held against what else
// is seen.
func (s small) inside(t *testing.T, path string, exact, flash bool) map[int][]float32 {
	t.Helper()
	b := s.open(t, path, simd.Best(), exact)
	b.pass.Flash = flash
	w := &tapped{points: []observe.Point{observe.AttnPattern, observe.K, observe.KRot, observe.QRot}}
	b.pass.Observe(w)
	ids := randomTokens(insideTokens, 260)
	for from := 0; from < len(ids); from += insideBatch {
		if err := b.pass.Forward(b.seq, ids[from:from+insideBatch]); err != nil {
			t.Fatal(err)
		}
	}
	patterns, c, n := w.seen[observe.AttnPattern], b.m.Config, len(ids)
	if len(patterns) != c.Layers {
		t.Fatalf("%d layers shown of %d", len(patterns), c.Layers)
	}
	for l, x := range patterns {
		q, k := w.seen[observe.QRot][l], w.seen[observe.KRot][l]
		for row := range n * c.Heads {
			token, head := row/c.Heads, row%c.Heads
			got, sum := x[row*n:][:n], 0.0
			for _, v := range got {
				sum += float64(v)
			}
			if math.Abs(sum-1) > 1e-3 {
				t.Fatalf("layer %d, token %d, head %d: weights sum to %v", l, token, head, sum)
			}
			if !exact {
				continue // keys are rounded when they are stored
			}
			want := weightsOf(c, c.WindowOf(l), token, q[row*c.HeadK:][:c.HeadK], func(cell int) []float32 {
				return k[(cell*c.KVHeads+head*c.KVHeads/c.Heads)*c.HeadK:][:c.HeadK]
			})
			for i, v := range got {
				if i < len(want) && math.Abs(float64(v)-want[i]) > patternLimit || i >= len(want) && v != 0 {
					t.Fatalf("layer %d, token %d, head %d, cell %d: weight %v, queries and keys say %v", l, token, head, i, v, want)
				}
			}
		}
		turner := b.pass.Turner(l, s.ctx())
		for row := range n * c.KVHeads {
			k := slices.Clone(k[row*c.HeadK:][:c.HeadK])
			turner.Raw(k, row/c.KVHeads)
			for j, want := range w.seen[observe.K][l][row*c.HeadK:][:c.HeadK] {
				if d := math.Abs(float64(k[j] - want)); d > turnedLimit {
					t.Fatalf("layer %d, key %d: element %d turned back is %v from what it was", l, row, j, d)
				}
			}
		}
	}
	return patterns
}

// weightsOf is the attention of a token in float64, up to its own cell.
func weightsOf(c Config, window, token int, q []float32, key func(cell int) []float32) []float64 {
	scale := 1 / math.Sqrt(float64(c.HeadK))
	if c.AttnScale != 0 {
		scale = float64(c.AttnScale)
	}
	if c.AttnTemp != 0 && token >= c.RopeOrigContext {
		scale *= 1 + c.AttnTemp*math.Log(1+float64(token/c.RopeOrigContext))
	}
	w, sum := make([]float64, token+1), 0.0
	for cell := range w {
		if window > 0 && cell <= token-window {
			continue
		}
		score := 0.0
		for j, x := range key(cell) {
			score += float64(x) * float64(q[j]) * scale
		}
		if c.AttnCap != 0 {
			score = float64(c.AttnCap) * math.Tanh(score/float64(c.AttnCap))
		}
		w[cell] = math.Exp(score)
		sum += w[cell]
	}
	for cell := range w {
		w[cell] /= sum
	}
	return w
}
