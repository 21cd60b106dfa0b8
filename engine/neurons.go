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
	From               int       // the first cell that the token sees: 0, but in a layer with a sliding window
	Tokens             []string  // [N] from that one to the query's own
	Q                  []float32 // [HeadDim] after RoPE
	K                  []float32 // [N, HeadDim] as stored
	Products           []float32 // [N, HeadDim] Q times K, scaled: a row's sum is its score
	Scores             []float32 // [N] before softmax, soft-capped where the model does that
	Weights            []float32 // [N] after it
}

// Neurons takes the attention of a token apart, in a head of a layer; query counts the
// cells from 0. Like AttentionRow it reads that token anew behind the cells as they are.
func (s *Session) Neurons(layer, head, query int) (*Neurons, error) {
	return s.NeuronsContext(hostContext(), layer, head, query)
}

// NeuronsContext is Neurons under ctx.
func (s *Session) NeuronsContext(ctx context.Context, layer, head, query int) (*Neurons, error) {
	if err := s.headAndToken("Neurons", layer, head, query); err != nil {
		return nil, err
	}
	c := s.model.net.Config
	f := s.Fork()
	defer f.Close()
	pos := f.seq.Cells()[query].Pos
	w := &neuronWatcher{rowWatcher: rowWatcher{&AttentionRow{Layer: layer, Head: head}}}
	if err := f.readAgain(ctx, query, w); err != nil {
		return nil, err
	}
	k, err := f.K(layer, head*c.KVHeads/c.Heads)
	if err != nil {
		return nil, err
	}
	x := &Neurons{Layer: layer, Head: head, Query: query, Q: w.q}
	if window := c.WindowOf(layer); window > 0 {
		x.From = max(query+1-window, 0)
	}
	n := query + 1 - x.From
	skip := k.Rows - n // a layer may have more than the token sees
	x.Tokens, x.K, x.Weights = k.Labels[skip:], k.Values[skip*k.Cols:], w.Weights[x.From:]
	x.Scores, x.Products = make([]float32, n), make([]float32, n*c.HeadK)
	scale := 1 / math.Sqrt(float64(c.HeadK))
	if c.AttnScale != 0 {
		scale = float64(c.AttnScale)
	}
	if c.AttnTemp != 0 && pos >= c.RopeOrigContext {
		scale *= 1 + c.AttnTemp*math.Log(1+float64(pos/c.RopeOrigContext))
	}
	for i := range n {
		sum := 0.0
		for j, q := range x.Q {
			p := float64(q) * float64(x.K[i*c.HeadK+j]) * scale
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

// neuronWatcher keeps a token's query beside its weights.
type neuronWatcher struct {
	rowWatcher
	q []float32
}

func (w *neuronWatcher) Wants(layer int, p observe.Point) bool {
	return w.rowWatcher.Wants(layer, p) || layer == w.Layer && p == observe.QRot
}

func (w *neuronWatcher) Observe(e observe.Event) {
	if e.Point == observe.AttnPattern {
		w.rowWatcher.Observe(e)
		return
	}
	w.q = append(w.q[:0], e.X[((e.Shape[0]-1)*e.Shape[1]+w.Head)*e.Shape[2]:][:e.Shape[2]]...)
}

// Heat is the products as a picture; behind each row stand its sum, which is the score,
// and the weight that softmax makes of it.
func (x *Neurons) Heat() picture.Heat {
	h := picture.Heat{
		Title:     fmt.Sprintf("query times keys, layer %d, head %d, token %d %q", x.Layer, x.Head, x.Query, x.Tokens[len(x.Tokens)-1]),
		RowLabels: x.Tokens, RowName: "key, score → weight", ColName: "element", Values: x.Products, Rows: len(x.Tokens), Cols: len(x.Q), Diverging: true,
	}
	for i := range x.Tokens {
		h.RowNotes = append(h.RowNotes, fmt.Sprintf("%.2f → %2.0f %%", x.Scores[i], 100*x.Weights[i]))
	}
	return h
}

// String is the picture as characters.
func (x *Neurons) String() string { return x.Heat().String() }

// Display is the picture as text, SVG and HTML.
func (x *Neurons) Display() map[string]string { return x.Heat().Display() }

// Terminal is the picture for a terminal of so many columns and colours.
func (x *Neurons) Terminal(width, colors int) string { return x.Heat().Terminal(width, colors) }
