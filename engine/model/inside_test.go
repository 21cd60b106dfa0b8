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
	softMaxLimit = 4e-6 // shown, against the softmax of the scores shown beside it, in any way of computing
	scoreLimit   = 2e-4 // a score, from -20 to 20 here, in f32: computed from queries and keys
	patternLimit = 5e-5 // f32: seen with flash attention on or off, or computed from queries and keys
	layerLimit   = 5e-6 // the first, for each layer of a deep model: what differs grows from layer to layer
	roundedLimit = 2e-3 // activations in 8 bits, K and V in f16: of flash attention on against off
	turnedLimit  = 1e-4 // of a key that was turned back, by its largest element or 1
)

// insideTokens is past a block of flash attention, which is 256 cells: what it does
// differs from the plain way only there.
const insideTokens, insideBatch = 300, 100

// tapped keeps what flows at some points, by point and layer, of all tokens; scores and
// weights with a row of insideTokens for each head.
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
	if e.Point != observe.AttnPattern && e.Point != observe.AttnScores {
		of[e.Layer] = append(of[e.Layer], e.X...)
		return
	}
	rest := make([]float32, insideTokens-e.Shape[2])
	if e.Point == observe.AttnScores {
		for i := range rest {
			rest[i] = float32(math.Inf(-1))
		}
	}
	for x := e.X; len(x) > 0; x = x[e.Shape[2]:] {
		of[e.Layer] = append(append(of[e.Layer], x[:e.Shape[2]]...), rest...)
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
// of the plain way and the softmax of what queries and keys say, rows sum to 1 and are the
// softmax of the scores shown, and a key without its position is what flowed before RoPE.
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
	w := &tapped{points: []observe.Point{observe.AttnScores, observe.AttnPattern, observe.K, observe.KRot, observe.QRot}}
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
	off := 0.0 // of a weight from the softmax of the scores
	for l, x := range patterns {
		q, k, scores := w.seen[observe.QRot][l], w.seen[observe.KRot][l], w.seen[observe.AttnScores][l]
		if len(scores) != len(x) {
			t.Fatalf("layer %d: %d scores and %d weights", l, len(scores), len(x))
		}
		for row := range n * c.Heads {
			token, head := row/c.Heads, row%c.Heads
			got, sum := x[row*n:][:n], 0.0
			for _, v := range got {
				sum += float64(v)
			}
			if math.Abs(sum-1) > 1e-3 {
				t.Fatalf("layer %d, token %d, head %d: weights sum to %v", l, token, head, sum)
			}
			shown := scores[row*n:][:n]
			for i, want := range softMax64(shown) {
				d := math.Abs(float64(got[i]) - want)
				if off = max(off, d); !(d <= softMaxLimit) {
					t.Fatalf("layer %d, token %d, head %d, cell %d: score %v, weight %v; softmax of the scores is %v", l, token, head, i, shown[i], got[i], want)
				}
			}
			if !exact {
				continue // keys are rounded when they are stored
			}
			score, want := weightsOf(c, c.WindowOf(l), token, q[row*c.HeadK:][:c.HeadK], func(cell int) []float32 {
				return k[(cell*c.KVHeads+head*c.KVHeads/c.Heads)*c.HeadK:][:c.HeadK]
			})
			for i, v := range shown {
				sees := i < len(score) && !math.IsInf(score[i], -1)
				if sees != !math.IsInf(float64(v), -1) || sees && !(math.Abs(float64(v)-score[i]) <= scoreLimit) {
					t.Fatalf("layer %d, token %d, head %d, cell %d: score %v, queries and keys say %v", l, token, head, i, v, score)
				}
			}
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
	t.Logf("exact %t, flash attention %t: a weight differs by %.2g from the softmax of the scores, limit %g", exact, flash, off, softMaxLimit)
	return patterns
}

// weightsOf is the scores of a token in float64, up to its own cell, and its attention.
func weightsOf(c Config, window, token int, q []float32, key func(cell int) []float32) (scores, weights []float64) {
	scale := 1 / math.Sqrt(float64(c.HeadK))
	if c.AttnScale != 0 {
		scale = float64(c.AttnScale)
	}
	if c.AttnTemp != 0 && token >= c.RopeOrigContext {
		scale *= 1 + c.AttnTemp*math.Log(1+float64(token/c.RopeOrigContext))
	}
	s := make([]float64, token+1)
	for cell := range s {
		if window > 0 && cell <= token-window {
			s[cell] = math.Inf(-1)
			continue
		}
		for j, x := range key(cell) {
			s[cell] += float64(x) * float64(q[j]) * scale
		}
		if c.AttnCap != 0 {
			s[cell] = float64(c.AttnCap) * math.Tanh(s[cell]/float64(c.AttnCap))
		}
	}
	return s, softMax64(s)
}

// softMax64 is that in float64.
func softMax64[T float32 | float64](scores []T) []float64 {
	w, sum := make([]float64, len(scores)), 0.0
	for i, s := range scores {
		w[i] = math.Exp(float64(s)) // scores are small
		sum += w[i]
	}
	for i := range w {
		w[i] /= sum
	}
	return w
}
