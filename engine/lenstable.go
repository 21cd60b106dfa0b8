package engine

import (
	"fmt"
	"html"
	"strconv"
	"strings"

	"loupe/engine/picture"
	"loupe/engine/tables"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Heat is the probability of what the model says in the end, after so many layers
// (rows), behind each token.
func (x *Lens) Heat() picture.Heat {
	h := picture.Heat{
		Title: "logit lens: probability of the model's answer", RowName: "after layers", ColName: "behind token",
		ColLabels: x.Tokens, Rows: len(x.After), Cols: len(x.Tokens), Max: 1,
	}
	for l, of := range x.After {
		h.RowLabels = append(h.RowLabels, fmt.Sprint(l))
		for _, p := range of.Answer {
			h.Values = append(h.Values, float32(p))
		}
	}
	return h
}

// Table is the guesses behind the last token after so many layers, with the rank of the
// model's answer among all tokens.
func (x *Lens) Table() string { return x.table().Render() }

func (x *Lens) table() *tables.Table {
	last := len(x.Tokens) - 1
	w := tables.New()
	w.SetTitle("logit lens: guesses behind %q", x.Tokens[last])
	w.AppendHeader(table.Row{"after", "guess", "second", "third", "the answer's rank", "its probability"})
	for l, of := range x.After {
		row := table.Row{afterName(l)}
		for i := range 3 {
			if g := of.Guesses[last]; i < len(g) {
				row = append(row, g[i])
			} else {
				row = append(row, "")
			}
		}
		w.AppendRow(append(row, count(of.Rank[last]), percent(of.Answer[last])))
	}
	return w
}

// afterName is how many layers were gone through.
func afterName(l int) string {
	switch l {
	case 0:
		return "the embedding"
	case 1:
		return "1 layer"
	}
	return fmt.Sprintf("%d layers", l)
}

// lensColumns is how many tokens the page shows, the last ones.
const lensColumns = 100

// words is the best guess after each layer behind each token, as HTML: the stronger the
// colour, the surer; the pointer shows the others.
func (x *Lens) words() string {
	from := max(len(x.Tokens)-lensColumns, 0)
	var b strings.Builder
	b.WriteString(`<div style="overflow-x:auto"><table style="border-collapse:collapse;font:12px monospace;background:#fff;color:#000">`)
	cell := func(tag, style, title, text string) {
		fmt.Fprintf(&b, `<%s style="border:1px solid #ddd;padding:2px 4px;white-space:pre;%s" title="%s">%s</%s>`, tag, style, html.EscapeString(title), html.EscapeString(printable(text)), tag)
	}
	for l := len(x.After) - 1; l >= 0; l-- { // the answer on top, as in the essay
		b.WriteString("<tr>")
		cell("th", "text-align:right", "", "after "+afterName(l))
		for i := from; i < len(x.Tokens); i++ {
			g := x.After[l].Guesses[i]
			var all []string
			for _, one := range g {
				all = append(all, one.String())
			}
			style := fmt.Sprintf("background:rgba(0,114,178,%.2f)", g[0].Probability)
			if g[0].Probability > 0.6 {
				style += ";color:#fff"
			}
			cell("td", style, strings.Join(all, "\n"), g[0].Text)
		}
		b.WriteString("</tr>")
	}
	b.WriteString("<tr>")
	cell("th", "text-align:right", "", "behind")
	for _, t := range x.Tokens[from:] {
		cell("th", "", "", t)
	}
	b.WriteString("</tr></table></div>")
	if from > 0 {
		fmt.Fprintf(&b, "<p>the last %d of %s tokens</p>", lensColumns, count(len(x.Tokens)))
	}
	return b.String()
}

// printable is a token in one line, with what cannot be printed escaped.
func printable(token string) string {
	q := strconv.Quote(token)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// String is the picture, where there is more than one token, and the table.
func (x *Lens) String() string {
	if len(x.Tokens) == 1 {
		return x.Table()
	}
	return x.Heat().String() + "\n" + x.Table()
}

// Terminal is the same for a terminal of so many columns and colours.
func (x *Lens) Terminal(width, colors int) string {
	if len(x.Tokens) == 1 {
		return x.table().Within(width)
	}
	return x.Heat().Terminal(width, colors) + "\n" + x.table().Within(width)
}

// Display is text, Markdown, the picture as SVG, and the words as HTML.
func (x *Lens) Display() map[string]string {
	return map[string]string{
		"text/plain": x.String(), "text/markdown": x.table().RenderMarkdown(),
		"image/svg+xml": x.Heat().SVG(), "text/html": x.words(),
	}
}
