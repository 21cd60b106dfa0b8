package engine

import (
	"context"
	"fmt"
	"math"
	"slices"

	"loupe/engine/observe"
	"loupe/engine/picture"
	"loupe/engine/tables"
)

// AttentionRow is where one token looks in one head.
type AttentionRow struct {
	Layer, Head int
	Query       int       // the token's cell, from 0
	Tokens      []string  // [Query+1]
	Positions   []int     // [Query+1]
	Weights     []float32 // [Query+1] of each cell; they sum to 1
}

// AttentionRow is where the token of a cell looks, in a head of a layer: its query, which
// is computed anew behind the cells before it, against the keys that these hold, as they
// are stored and as surgery has left them. It takes as long as one token, in a text of
// any length, and changes nothing here.
func (s *Session) AttentionRow(layer, head, query int) (*AttentionRow, error) {
	return s.AttentionRowContext(hostContext(), layer, head, query)
}

// AttentionRowContext is AttentionRow under ctx.
func (s *Session) AttentionRowContext(ctx context.Context, layer, head, query int) (*AttentionRow, error) {
	if err := s.headAndToken("AttentionRow", layer, head, query); err != nil {
		return nil, err
	}
	a := &AttentionRow{Layer: layer, Head: head, Query: query}
	f := s.Fork()
	defer f.Close()
	for _, c := range f.seq.Cells()[:query+1] {
		a.Tokens, a.Positions = append(a.Tokens, s.model.TokenText(c.Token)), append(a.Positions, c.Pos)
	}
	return a, f.readAgain(ctx, query, &rowWatcher{AttentionRow: a})
}

// headAndToken refuses those that are not there.
func (s *Session) headAndToken(what string, layer, head, query int) error {
	c := s.model.net.Config
	if err := within(what, "layer", layer, c.Layers); err != nil {
		return err
	}
	if err := within(what, "head", head, c.Heads); err != nil {
		return err
	}
	n := s.Len()
	if n == 0 {
		return fmt.Errorf("engine: %s: the session has read nothing yet; Generate or Eval first", what)
	}
	return within(what, "token", query, n)
}

// readAgain reads the token of a cell behind those before it, which are all that stay.
func (s *Session) readAgain(ctx context.Context, cell int, o observe.Observer) error {
	c := s.seq.Cells()[cell]
	s.seq.Truncate(cell)
	s.seq.Skip(c.Pos)
	s.watcher = o
	return s.EvalEach(ctx, []int{c.Token}, func(int, []float32) {}, 1)
}

// rowWatcher keeps the weights of the last token read.
type rowWatcher struct{ *AttentionRow }

func (*rowWatcher) OnlyReads() {}

func (w *rowWatcher) Wants(layer int, p observe.Point) bool {
	return layer == w.Layer && p == observe.AttnPattern
}

func (w *rowWatcher) Observe(e observe.Event) {
	keys := e.Shape[2]
	w.Weights = append(w.Weights[:0], e.X[((e.Shape[0]-1)*e.Shape[1]+w.Head)*keys:][:keys]...)
}

// Share is the weight on the first cell, on the last 8 up to and with the token's own,
// and on its own; and the entropy in nats.
func (a *AttentionRow) Share() (first, last8, self, entropy float64) { return share(a.Weights) }

// The picture names so many tokens at most, and none of less weight, but one.
const (
	rowTop   = 12
	rowLeast = 0.005
)

// Bars is the cells of most weight, in the order of the text, and the rest together.
func (a *AttentionRow) Bars() picture.Bars {
	b := picture.Bars{Name: "% of the weight"}
	if a.Query >= len(a.Tokens) || len(a.Weights) != len(a.Tokens) || len(a.Positions) != len(a.Tokens) {
		return b // made by hand
	}
	b.Title = fmt.Sprintf("attention of layer %d, head %d: where %s looks", a.Layer, a.Head, a.name(a.Query))
	order := numbers(0, len(a.Weights))
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case a.Weights[i] > a.Weights[j]:
			return -1
		case a.Weights[i] < a.Weights[j]:
			return 1
		}
		return 0
	})
	n := min(1, len(order))
	for n < min(rowTop, len(order)) && a.Weights[order[n]] >= rowLeast {
		n++
	}
	rest := 0.0
	for _, i := range order[n:] {
		rest += float64(a.Weights[i])
	}
	top := slices.Clone(order[:n])
	slices.Sort(top)
	wide, tenth := len(fmt.Sprint(a.Positions[a.Query])), func(w float64) float64 { return math.Round(1000*w) / 10 }
	for _, i := range top {
		b.Labels, b.Values = append(b.Labels, fmt.Sprintf("%*d %q", wide, a.Positions[i], a.Tokens[i])), append(b.Values, tenth(float64(a.Weights[i])))
	}
	if n < len(order) {
		b.Labels, b.Values = append(b.Labels, fmt.Sprintf("%s others", count(len(order)-n))), append(b.Values, tenth(rest))
	}
	return b
}

func (a *AttentionRow) name(cell int) string {
	return fmt.Sprintf("%d %q", a.Positions[cell], a.Tokens[cell])
}

// Arrows is the weights as lines from the token to those that it looks at.
func (a *AttentionRow) Arrows() picture.Arrows {
	return picture.Arrows{Title: a.Bars().Title, From: a.Tokens[len(a.Tokens)-min(1, len(a.Tokens)):], To: a.Tokens, Weights: a.Weights}
}

func (a *AttentionRow) summary() string {
	first, last8, self, entropy := a.Share()
	return fmt.Sprintf("%s on the first cell, %s on the last 8, %s on itself, entropy %.2f nats", percent(first), percent(last8), percent(self), entropy)
}

// String is the picture as characters, and how the weight is spread.
func (a *AttentionRow) String() string { return a.Bars().String() + "\n" + a.summary() }

// Terminal is the same for a terminal of so many columns and colours.
func (a *AttentionRow) Terminal(width, colors int) string {
	return a.Bars().Terminal(width, colors) + "\n" + tables.Wrapped(a.summary(), width)
}

// Display is the picture as text, SVG and HTML.
func (a *AttentionRow) Display() map[string]string {
	d := a.Bars().Display()
	d["text/plain"] = a.String()
	d["text/html"] += "<p>" + a.summary() + "</p>"
	return d
}
