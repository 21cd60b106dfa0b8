package picture

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"math"
	"strings"
)

// HeadView is where the heads of one or more layers look in one text, for a page:
// pick layers and heads, and point at a token to see what it looks at. It follows
// the head view of BertViz (Vig 2019, arXiv:1906.05714).
type HeadView struct {
	Title  string
	Tokens []string // [N]
	Layers []HeadLayer
}

// HeadLayer is the heads of a layer.
type HeadLayer struct {
	Name  string // "layer 3"
	Heads []HeadWeights
}

// HeadWeights is what one head looks at.
type HeadWeights struct {
	Name    string    // "5"
	Weights []float32 // [N, N] query, key; from 0 to 1, and 0 past the query
}

const (
	maxViewTokens = 256     // of a page; more are cut out of the middle
	maxViewBytes  = 2 << 20 // of weights in a page, two a weight
	minViewTokens = 8
	viewSinks     = 8 // first tokens that stay; a quarter of them at most
)

// Check reports weights that do not fit.
func (h HeadView) Check() error {
	n := len(h.Tokens)
	if n == 0 || len(h.Layers) == 0 {
		return fmt.Errorf("picture: HeadView %q: %d Tokens and %d Layers; give one of each at least", h.Title, n, len(h.Layers))
	}
	for _, l := range h.Layers {
		if len(l.Heads) == 0 {
			return fmt.Errorf("picture: HeadView %q: %s has no Heads; give one at least", h.Title, l.Name)
		}
		for _, w := range l.Heads {
			if len(w.Weights) != n*n {
				return fmt.Errorf("picture: HeadView %q: %s, head %s: %d Weights for %d Tokens; give %d, query by query", h.Title, l.Name, w.Name, len(w.Weights), n, n*n)
			}
			for i, v := range w.Weights {
				if q, k := i/n, i%n; !(v >= 0 && v <= 1.001) || k > q && v != 0 {
					return fmt.Errorf("picture: HeadView %q: %s, head %s: the weight of query %d, key %d is %v; give 0 to 1, and 0 past the query", h.Title, l.Name, w.Name, q, k, v)
				}
			}
		}
	}
	if h.room() < minViewTokens {
		return fmt.Errorf("picture: HeadView %q: %d heads are more than a page of %d MiB takes; give fewer Layers", h.Title, h.heads(), maxViewBytes>>20)
	}
	return nil
}

func (h HeadView) heads() int {
	n := 0
	for _, l := range h.Layers {
		n += len(l.Heads)
	}
	return n
}

// room is how many tokens fit a page: half of two bytes for each pair of them.
func (h HeadView) room() int {
	return min(int(math.Sqrt(float64(maxViewBytes)/float64(h.heads()))), maxViewTokens)
}

// shown is the places of the tokens that a page holds, and how many of these stand
// before the gap.
func (h HeadView) shown() (places []int, before int) {
	n, room := len(h.Tokens), h.room()
	before = n
	if n > room {
		before = min(viewSinks, room/4)
	}
	for i := range n {
		if i < before || i >= n-(room-before) {
			places = append(places, i)
		}
	}
	return places, before
}

// viewData is what the script reads.
type viewData struct {
	Title  string      `json:"title"`
	Tokens []string    `json:"tokens"` // shown ones, ready to be read
	Places []int       `json:"places"`
	Before int         `json:"before"`
	Hidden int         `json:"hidden"`
	Layers []viewLayer `json:"layers"`
}

type viewLayer struct {
	Name  string   `json:"name"`
	Heads []string `json:"heads"`
}

// HTML is h as one element for any page, and for many on one page: its style, its
// data and its script are within, nothing is loaded, and it has the colours of the
// page. Where scripts do not run it shows [HeadView.Grid]. Of texts of more than 256
// tokens (fewer if there are many heads) the middle is left out, which it says, with
// what falls on it.
func (h HeadView) HTML() string {
	if err := h.Check(); err != nil {
		return "<pre>" + html.EscapeString(err.Error()) + "</pre>\n"
	}
	places, before := h.shown()
	d := viewData{Title: clean1(h.Title), Places: places, Before: before, Hidden: len(h.Tokens) - len(places)}
	for _, i := range places {
		d.Tokens = append(d.Tokens, clean(h.Tokens[i]))
	}
	var weights []byte
	for _, l := range h.Layers {
		names := viewLayer{Name: clean1(l.Name)}
		for _, w := range l.Heads {
			names.Heads = append(names.Heads, clean1(w.Name))
			for q, at := range places {
				for _, to := range places[:q+1] {
					v := uint16(min(w.Weights[at*len(h.Tokens)+to], 1)*math.MaxUint16 + 0.5)
					weights = append(weights, byte(v), byte(v>>8))
				}
			}
		}
		d.Layers = append(d.Layers, names)
	}
	data, err := json.Marshal(d)
	if err != nil {
		return "<pre>" + html.EscapeString("picture: HeadView: "+err.Error()) + "</pre>\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<div class=\"loupe-headview\" data-view=\"%s\" data-weights=\"%s\">\n%s</div>\n",
		html.EscapeString(string(data)), base64.StdEncoding.EncodeToString(weights), h.within(places).Grid().SVG())
	fmt.Fprintf(&b, "<style>%s</style>\n<script>%s</script>\n", headViewCSS, HeadViewScript)
	return b.String()
}

// within is h of some of its tokens.
func (h HeadView) within(places []int) HeadView {
	n := len(h.Tokens)
	if len(places) == n {
		return h
	}
	out := HeadView{Title: h.Title}
	for _, i := range places {
		out.Tokens = append(out.Tokens, h.Tokens[i])
	}
	for _, l := range h.Layers {
		part := HeadLayer{Name: l.Name}
		for _, w := range l.Heads {
			pw := HeadWeights{Name: w.Name}
			for _, q := range places {
				for _, k := range places {
					pw.Weights = append(pw.Weights, w.Weights[q*n+k])
				}
			}
			part.Heads = append(part.Heads, pw)
		}
		out.Layers = append(out.Layers, part)
	}
	return out
}

// Grid is h without a page: each head of one layer, or of several layers the mean
// over the heads of each.
func (h HeadView) Grid() Grid {
	g := Grid{Title: h.Title, Max: 1}
	if err := h.Check(); err != nil {
		g.Title = err.Error()
		return g
	}
	n := len(h.Tokens)
	heat := func(title string, values []float32) {
		g.Heats = append(g.Heats, Heat{Title: title, RowLabels: h.Tokens, ColLabels: h.Tokens, RowName: "query", ColName: "key", Values: values, Rows: n, Cols: n, Triangle: true})
	}
	if len(h.Layers) == 1 {
		for _, w := range h.Layers[0].Heads {
			heat("head "+w.Name, w.Weights)
		}
		return g
	}
	for _, l := range h.Layers {
		mean := make([]float32, n*n)
		for _, w := range l.Heads {
			for i, v := range w.Weights {
				mean[i] += v / float32(len(l.Heads))
			}
		}
		heat(l.Name+", mean", mean)
	}
	return g
}

// String is [HeadView.Grid] as plain text.
func (h HeadView) String() string { return h.Terminal(80, 0) }

// Terminal is [HeadView.Grid] for a terminal of so many columns and colours.
func (h HeadView) Terminal(width, colors int) string {
	if err := h.Check(); err != nil {
		return err.Error()
	}
	return h.Grid().Terminal(width, colors)
}

// Display is h as text/html, and its grid as text/plain and image/svg+xml.
func (h HeadView) Display() map[string]string {
	if err := h.Check(); err != nil {
		return map[string]string{"text/plain": err.Error()}
	}
	return map[string]string{"text/plain": h.String(), "image/svg+xml": h.Grid().SVG(), "text/html": h.HTML()}
}

// WriteHTML makes or replaces a file with h as a page that needs no other file; on an
// error the old file stays.
func (h HeadView) WriteHTML(path string) error {
	return writeChecked(path, h.Check(), func() string {
		return fmt.Sprintf("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"+
			"<title>%s</title>\n<style>:root { color-scheme: light dark; } body { font-family: system-ui, sans-serif; margin: 1rem; }</style>\n</head>\n<body>\n%s</body>\n</html>\n",
			html.EscapeString(clean1(h.Title)), h.HTML())
	})
}
