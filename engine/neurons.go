package engine

import (
	"context"
	"fmt"
	"math"

	"loupe/engine/observe"
	"loupe/engine/picture"
)

// Neurons is what adds up to the attention of one token in one head: its query times
// each key, element by element (the neuron view of Vig 2019, arXiv:1906.05714).
type Neurons struct {
	Layer, Head, Query int
	Tokens             []string  // [N] up to the query's own
	Q                  []float32 // [HeadDim] after RoPE
	K                  []float32 // [N, HeadDim] as stored
	Products           []float32 // [N, HeadDim] Q times K, scaled: a row's sum is its score
	Scores             []float32 // [N] before softmax, soft-capped where the model does that
	Weights            []float32 // [N] after it
}

// Neurons takes the attention of a token apart, in a head of a layer; query counts the
// cells from 0. Like Attention it reads the tokens anew beside the session.
func (s *Session) Neurons(layer, head, query int) (*Neurons, error) {
	return s.NeuronsContext(hostContext(), layer, head, query)
}

// NeuronsContext is Neurons under ctx.
func (s *Session) NeuronsContext(ctx context.Context, layer, head, query int) (*Neurons, error) {
	m, ids := s.model, s.Tokens()
	c := m.net.Config
	if err := within("Neurons", "layer", layer, c.Layers); err != nil {
		return nil, err
	}
	if err := within("Neurons", "head", head, c.Heads); err != nil {
		return nil, err
	}
	if err := within("Neurons", "token", query, len(ids)); err != nil {
		return nil, err
	}
	ids = ids[:query+1]
	n := len(ids)
	beside := m.NewSession()
	defer beside.Close()
	w := &neuronWatcher{Neurons: &Neurons{Layer: layer, Head: head, Query: query, Scores: make([]float32, n), Products: make([]float32, n*c.HeadK)}}
	for _, id := range ids {
		w.Tokens = append(w.Tokens, m.TokenText(id))
	}
	beside.Observe(w)
	if err := beside.EvalEach(ctx, ids, func(int, []float32) {}, n); err != nil {
		return nil, err
	}
	k, err := beside.K(layer, head*c.KVHeads/c.Heads)
	if err != nil {
		return nil, err
	}
	x := w.Neurons
	x.K = k.Values
	scale := 1 / math.Sqrt(float64(c.HeadK))
	if c.AttnScale != 0 {
		scale = float64(c.AttnScale)
	}
	if c.AttnTemp != 0 && query >= c.RopeOrigContext {
		scale *= 1 + c.AttnTemp*math.Log(1+float64(query/c.RopeOrigContext))
	}
	for i := range n {
		sum := 0.0
		for j, q := range x.Q {
			p := float64(q) * float64(k.Row(i)[j]) * scale
			x.Products[i*c.HeadK+j] = float32(p)
			sum += p
		}
		if c.AttnCap != 0 {
			sum = float64(c.AttnCap) * math.Tanh(sum/float64(c.AttnCap))
		}
		x.Scores[i] = float32(sum)
	}
	return x, nil
}

// neuronWatcher keeps a token's query and weights in one head.
type neuronWatcher struct{ *Neurons }

func (w *neuronWatcher) Wants(layer int, p observe.Point) bool {
	return layer == w.Layer && (p == observe.QRot || p == observe.AttnPattern)
}

func (w *neuronWatcher) Observe(e observe.Event) {
	at := w.Query - e.Pos
	if at < 0 || at >= e.Shape[0] {
		return
	}
	row := e.X[(at*e.Shape[1]+w.Head)*e.Shape[2]:][:e.Shape[2]]
	if e.Point == observe.QRot {
		w.Q = append(w.Q, row...)
	} else {
		w.Weights = append(w.Weights, row[:w.Query+1]...)
	}
}

// Heat is the products as a picture; each row says its token and its weight.
func (x *Neurons) Heat() picture.Heat {
	h := picture.Heat{
		Title:   fmt.Sprintf("query times keys, layer %d, head %d, token %d %q", x.Layer, x.Head, x.Query, x.Tokens[x.Query]),
		RowName: "key, weight", ColName: "element", Values: x.Products, Rows: len(x.Tokens), Cols: len(x.Q), Diverging: true,
	}
	for i, t := range x.Tokens {
		h.RowLabels = append(h.RowLabels, fmt.Sprintf("%s %2.0f %%", t, 100*x.Weights[i]))
	}
	return h
}

// String is the picture as characters.
func (x *Neurons) String() string { return x.Heat().String() }

// Display is the picture as text, SVG and HTML.
func (x *Neurons) Display() map[string]string { return x.Heat().Display() }

// Terminal is the picture for a terminal of so many columns and colours.
func (x *Neurons) Terminal(width, colors int) string { return x.Heat().Terminal(width, colors) }
