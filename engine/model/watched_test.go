package model

import (
	"math"
	"slices"
	"testing"

	"loupe/engine/enginetest"
	"loupe/engine/internal/simd"
	"loupe/engine/observe"
	"loupe/engine/tensor"
)

// meddler writes to scores or weights, and keeps what was shown, as it left it.
type meddler struct {
	layer   int
	scores  func(e observe.Event) // nil: not wanted
	weights func(e observe.Event) // nil: not wanted
	seen    map[observe.Point][]float32
}

func (w *meddler) Wants(layer int, p observe.Point) bool {
	switch p {
	case observe.AttnScores:
		return layer == w.layer && w.scores != nil
	case observe.AttnPattern:
		return layer == w.layer && w.weights != nil
	}
	return layer == w.layer && (p == observe.V || p == observe.Z)
}

func (w *meddler) Observe(e observe.Event) {
	switch e.Point {
	case observe.AttnScores:
		w.scores(e)
	case observe.AttnPattern:
		w.weights(e)
	}
	w.seen[e.Point] = append(w.seen[e.Point], e.X...)
}

// read reads tokens in batches under w from nothing on.
func (w *meddler) read(t *testing.T, b *bench, ids []int, batch int) *meddler {
	t.Helper()
	w.seen = map[observe.Point][]float32{}
	b.seq.Truncate(0)
	b.pass.Observe(w)
	defer b.pass.Observe(nil)
	for ids := range slices.Chunk(ids, batch) {
		if err := b.pass.Forward(b.seq, ids); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// Scores and weights that are written to are what flows on, on every architecture, with
// flash attention on and off: of the queries and heads that were written to and of no
// others, and only where they see.
func TestScoresAndWeightsAreWritten(t *testing.T) {
	const n, batch, query, key = 120, 50, 60, 55
	inf := float32(math.Inf(-1))
	for _, s := range smalls {
		t.Run(s.name, func(t *testing.T) {
			path := s.write(t, t.TempDir())
			for _, flash := range []bool{false, true} {
				b := s.open(t, path, simd.Best(), false)
				b.pass.Flash = flash
				c, ids := b.m.Config, randomTokens(n, 260)
				head := c.Heads - 1
				for layer := range min(c.Layers, 2) { // one with a window, where the model has those
					row := func(e observe.Event, q, h int) []float32 {
						if q < e.Pos || q >= e.Pos+e.Shape[0] {
							return nil
						}
						return e.X[((q-e.Pos)*e.Shape[1]+h)*e.Shape[2]:][:e.Shape[2]]
					}
					nothing := func(observe.Event) {}
					ignored := func(x float32) func(e observe.Event) {
						return func(e observe.Event) {
							for q := range n {
								if r := row(e, q, head); r != nil {
									for i := q + 1; i < len(r); i++ {
										r[i] = x
									}
									if window := c.WindowOf(layer); window > 0 {
										for i := range max(0, q+1-window) {
											r[i] = x
										}
									}
								}
							}
						}
					}
					plain := (&meddler{layer: layer}).read(t, b, ids, batch)
					if edited(b) {
						t.Fatal("cells are marked though nothing was written")
					}
					for name, w := range map[string]*meddler{
						"read":            {layer: layer, scores: nothing, weights: nothing},
						"past the query":  {layer: layer, scores: ignored(5)},
						"weights past it": {layer: layer, weights: ignored(0.5)},
					} {
						if w.read(t, b, ids, batch); !slices.Equal(w.seen[observe.Z], plain.seen[observe.Z]) || edited(b) {
							t.Errorf("flash %t, layer %d, %s: what flows on has changed", flash, layer, name)
						}
					}

					// A key hidden from one query in one head: the others share its weight.
					var before, after []float32
					cut := &meddler{layer: layer,
						scores: func(e observe.Event) {
							if r := row(e, query, head); r != nil {
								before = slices.Clone(r)
								r[key] = inf
							}
						},
						weights: func(e observe.Event) {
							if r := row(e, query, head); r != nil {
								after = slices.Clone(r)
							}
						}}
					cut.read(t, b, ids, batch)
					if got := b.seq.Cells()[query].Edited; got != (layer < c.Layers-1) {
						t.Errorf("flash %t, layer %d: a cell of a pass that was written to is marked: %t", flash, layer, got)
					}
					without := slices.Clone(before)
					without[key] = inf
					for i, want := range softMax64(without) {
						if d := math.Abs(float64(after[i]) - want); d > softMaxLimit {
							t.Fatalf("flash %t, layer %d: with a key hidden cell %d has weight %v, want %v", flash, layer, i, after[i], want)
						}
					}
					holdTo(t, c, plain, cut, query, head, after)

					// The same by weights; a query that sees nothing; one that sees one cell only.
					for _, change := range []*meddler{
						{layer: layer, weights: func(e observe.Event) {
							if r := row(e, query, head); r != nil {
								clear(r)
								copy(r, after)
							}
						}},
						{layer: layer, scores: func(e observe.Event) {
							if r := row(e, query, head); r != nil {
								for i := range r {
									r[i] = inf
								}
								after = make([]float32, len(r))
							}
						}},
						{layer: layer, weights: func(e observe.Event) {
							if r := row(e, query, head); r != nil {
								clear(r)
								after = make([]float32, len(r))
								r[key], after[key] = 1, 1
							}
						}},
					} {
						holdTo(t, c, plain, change.read(t, b, ids, batch), query, head, after)
					}
				}
			}
		})
	}
}

func edited(b *bench) bool {
	for _, c := range b.seq.Cells() {
		if c.Edited {
			return true
		}
	}
	return false
}

// writtenLimit is how far what a head gives may be from its weights times the values, by
// the largest element: values are rounded to f16 when they are stored.
const writtenLimit = 2e-3

// holdTo wants of a head's output for a query what weights make of the values, and of all
// others what flowed without.
func holdTo(t *testing.T, c Config, plain, w *meddler, query, head int, weights []float32) {
	t.Helper()
	z, v, size := w.seen[observe.Z], w.seen[observe.V], 0.0
	for _, x := range v {
		size = max(size, math.Abs(float64(x)))
	}
	from := (query*c.Heads + head) * c.HeadV
	for d := range c.HeadV {
		want := 0.0
		for cell, x := range weights {
			if x != 0 {
				want += float64(x) * float64(v[(cell*c.KVHeads+head*c.KVHeads/c.Heads)*c.HeadV+d])
			}
		}
		if got := float64(z[from+d]); !(math.Abs(got-want) <= writtenLimit*size) {
			t.Fatalf("element %d of head %d of token %d is %v, weights and values say %v", d, head, query, got, want)
		}
	}
	if !slices.Equal(z[:from], plain.seen[observe.Z][:from]) || !slices.Equal(z[from+c.HeadV:], plain.seen[observe.Z][from+c.HeadV:]) {
		t.Error("what flows on of other heads and tokens has changed")
	}
}

// reader is a meddler that says that it only reads.
type reader struct{ *meddler }

func (reader) OnlyReads() {}

// An observer that only reads sees what others see, and nothing flows on differently.
func TestReadersSeeTheSame(t *testing.T) {
	b := openTiny(t, enginetest.DefaultTiny(), simd.Best(), 2, false, tensor.F16)
	ids, nothing := randomTokens(40, 200), func(observe.Event) {}
	for _, flash := range []bool{false, true} {
		b.pass.Flash = flash
		any := (&meddler{layer: 0, scores: nothing, weights: nothing}).read(t, b, ids, 16)
		same := &meddler{layer: 0, scores: nothing, weights: nothing, seen: map[observe.Point][]float32{}}
		b.seq.Truncate(0)
		b.pass.Observe(reader{same})
		for ids := range slices.Chunk(ids, 16) {
			if err := b.pass.Forward(b.seq, ids); err != nil {
				t.Fatal(err)
			}
		}
		b.pass.Observe(nil)
		for p, want := range any.seen {
			if len(want) == 0 || !slices.Equal(same.seen[p], want) {
				t.Errorf("flash %t: %s differs", flash, p)
			}
		}
	}
}
