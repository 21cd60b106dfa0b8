package engine

import (
	"context"
	"fmt"
	"math"

	"loupe/engine/observe"
	"loupe/engine/picture"
	"loupe/engine/tables"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Attention is what one head of a layer looks at: for every token the weights of those
// that it attends to, which sum to 1.
type Attention struct {
	Layer, Head int
	Window      int       // in a layer with a sliding window, how many of the last tokens each sees, itself too; else 0
	Tokens      []string  // [N]
	N           int       // tokens
	Weights     []float32 // [N, N] query, key; 0 past the query
}

// Row is where one token looks, [N]; nil if there is no such token.
func (a *Attention) Row(query int) []float32 {
	if query < 0 || query >= a.N {
		return nil
	}
	return a.Weights[query*a.N : (query+1)*a.N : (query+1)*a.N]
}

// Share is the mean over the tokens, the first one left out since it can look at
// nothing else, of the weight on the first token (the attention sink of Xiao et al.
// 2023, arXiv:2309.17453), on the last 8 up to and with itself, and on itself; and the
// entropy in nats. Where there is one token only, it is of that.
func (a *Attention) Share() (first, last8, self, entropy float64) {
	if a.N == 1 {
		return share(a.Row(0))
	}
	n := float64(max(a.N-1, 1))
	for q := 1; q < a.N; q++ {
		f, l, s, e := share(a.Row(q)[:q+1])
		first, last8, self, entropy = first+f/n, last8+l/n, self+s/n, entropy+e/n
	}
	return first, last8, self, entropy
}

// share is that of the weights of one token, the last of them its own.
func share(row []float32) (first, last8, self, entropy float64) {
	q := len(row) - 1
	if q < 0 {
		return 0, 0, 0, 0
	}
	for k, w := range row {
		if k > q-8 {
			last8 += float64(w)
		}
		if w > 0 {
			entropy -= float64(w) * math.Log(float64(w))
		}
	}
	return float64(row[0]), last8, float64(row[q]), entropy
}

// Heat is the triangle of weights as a picture.
func (a *Attention) Heat() picture.Heat {
	return picture.Heat{
		Title:     fmt.Sprintf("attention of layer %d, head %d", a.Layer, a.Head),
		RowLabels: a.Tokens, ColLabels: a.Tokens, RowName: "query", ColName: "key",
		Values: a.Weights, Rows: a.N, Cols: a.N, Max: 1, Triangle: true,
	}
}

// Arrows is the weights as lines from each token to those that it looks at.
func (a *Attention) Arrows() picture.Arrows {
	return picture.Arrows{Title: fmt.Sprintf("attention of layer %d, head %d", a.Layer, a.Head), From: a.Tokens, To: a.Tokens, Weights: a.Weights}
}

// String is the picture as characters.
func (a *Attention) String() string { return a.Heat().String() }

// Display is the picture as text, SVG and HTML.
func (a *Attention) Display() map[string]string { return a.Heat().Display() }

// Terminal is the picture for a terminal of so many columns and colours.
func (a *Attention) Terminal(width, colors int) string { return a.Heat().Terminal(width, colors) }

// AttentionLayer is what all heads of a layer look at.
type AttentionLayer struct {
	Layer int
	Heads []*Attention
}

// Table is what each head looks at in the mean, as Attention.Share.
func (l *AttentionLayer) Table() string { return l.table().Render() }

func (l *AttentionLayer) table() *tables.Table {
	w := tables.New()
	w.AppendHeader(table.Row{"head", "first token", "last 8", "itself", "entropy, nats"})
	for _, a := range l.Heads {
		first, last8, self, entropy := a.Share()
		w.AppendRow(table.Row{a.Head, percent(first), percent(last8), percent(self), fmt.Sprintf("%.2f", entropy)})
	}
	return w
}

func percent(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }

// Grid is all heads in one picture, on one scale.
func (l *AttentionLayer) Grid() picture.Grid {
	g := picture.Grid{Title: fmt.Sprintf("attention of layer %d", l.Layer), Max: 1}
	for _, a := range l.Heads {
		h := a.Heat()
		h.Title = fmt.Sprintf("head %d", a.Head)
		g.Heats = append(g.Heats, h)
	}
	return g
}

// String is the table.
func (l *AttentionLayer) String() string { return l.Table() }

// Display is the table as text and Markdown, and the heads as SVG and as HTML in which
// heads and tokens can be picked.
func (l *AttentionLayer) Display() map[string]string {
	out := map[string]string{"text/plain": l.Table(), "text/markdown": l.table().RenderMarkdown(), "image/svg+xml": l.Grid().SVG()}
	if v := l.HeadView(); v.Check() == nil {
		out["text/html"] = v.HTML()
	}
	return out
}

// Terminal is the heads for a terminal of so many columns and colours, and the table.
func (l *AttentionLayer) Terminal(width, colors int) string {
	return l.Grid().Terminal(width, colors) + "\n" + l.table().Within(width)
}

// attentionBytes is the most memory that the weights of a layer may take.
const attentionBytes = 1 << 30

// Attention is what one head of a layer looks at, in the text that the cache holds.
// The weights come from keys in the cache's own types, whatever flash attention is set
// to: the session's tokens are read anew in a session beside it, which takes as long
// as reading them did and changes nothing here. Where the cache is not what reading makes
// (surgery, or an observer that wrote), each token is read by itself behind the cells as
// they are, as AttentionRow does it. Layers and heads count from 0.
func (s *Session) Attention(layer, head int) (*Attention, error) {
	return s.AttentionContext(hostContext(), layer, head)
}

// AttentionContext is Attention under ctx.
func (s *Session) AttentionContext(ctx context.Context, layer, head int) (*Attention, error) {
	c := s.model.net.Config
	if err := within("Attention", "head", head, c.Heads); err != nil {
		return nil, err
	}
	l, err := s.attention(ctx, []int{layer}, head, head+1)
	if err != nil {
		return nil, err
	}
	return l[0].Heads[0], nil
}

// AttentionLayer is Attention of all heads of a layer.
func (s *Session) AttentionLayer(layer int) (*AttentionLayer, error) {
	return s.AttentionLayerContext(hostContext(), layer)
}

// AttentionLayerContext is AttentionLayer under ctx.
func (s *Session) AttentionLayerContext(ctx context.Context, layer int) (*AttentionLayer, error) {
	l, err := s.attention(ctx, []int{layer}, 0, s.model.net.Config.Heads)
	if err != nil {
		return nil, err
	}
	return l[0], nil
}

// attention is what the heads from from to to-1 of some layers look at.
func (s *Session) attention(ctx context.Context, layers []int, from, to int) ([]*AttentionLayer, error) {
	m := s.model
	for _, layer := range layers {
		if err := within("Attention", "layer", layer, m.net.Config.Layers); err != nil {
			return nil, err
		}
	}
	ids := s.Tokens()
	n := len(ids)
	if n == 0 {
		return nil, fmt.Errorf("engine: Attention: the session has read nothing yet; Generate or Eval first")
	}
	heads := len(layers) * (to - from)
	if need := int64(n) * int64(n) * int64(heads) * 4; need > attentionBytes {
		return nil, fmt.Errorf("engine: Attention: %s weights of %d heads take %s, more than %s; ask for fewer heads or layers, or for one token (AttentionRow), or Rewind to fewer tokens",
			count(n*n), heads, Size(need), Size(attentionBytes))
	}
	texts := make([]string, n)
	for i, id := range ids {
		texts[i] = m.TokenText(id)
	}
	w := patternWatcher{}
	var out []*AttentionLayer
	for _, layer := range layers {
		if w[layer] == nil {
			w[layer] = &AttentionLayer{Layer: layer}
			for h := from; h < to; h++ {
				w[layer].Heads = append(w[layer].Heads, &Attention{Layer: layer, Head: h, Window: m.net.Config.WindowOf(layer), Tokens: texts, N: n, Weights: make([]float32, n*n)})
			}
		}
		out = append(out, w[layer])
	}
	if s.changed() {
		f := s.Fork()
		defer f.Close()
		for cell := n - 1; cell >= 0; cell-- {
			hostProgress("attention", n-1-cell, n)
			if err := f.readAgain(ctx, cell, w); err != nil {
				return nil, err
			}
		}
		hostProgress("attention", n, n)
		return out, nil
	}
	return out, m.readBeside(ctx, "attention", ids, w)
}

// changed reports whether the cache is not what reading its tokens makes.
func (s *Session) changed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range s.seq.Cells() {
		if c.Edited || c.Pos != i {
			return true
		}
	}
	return false
}

// patternWatcher copies the weights of some heads of some layers.
type patternWatcher map[int]*AttentionLayer

func (patternWatcher) OnlyReads() {}

func (w patternWatcher) Wants(layer int, p observe.Point) bool {
	return w[layer] != nil && p == observe.AttnPattern
}

func (w patternWatcher) Observe(e observe.Event) {
	tokens, heads, keys := e.Shape[0], e.Shape[1], e.Shape[2]
	for t := range tokens {
		for _, a := range w[e.Layer].Heads {
			copy(a.Row(keys-tokens+t), e.X[(t*heads+a.Head)*keys:][:keys])
		}
	}
}
