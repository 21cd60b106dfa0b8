package engine

import (
	"fmt"

	"loupe/engine/picture"
	"loupe/engine/tables"

	"github.com/jedib0t/go-pretty/v6/table"
)

// scores are all four.
func (x *HeadScan) scores() []HeadScore {
	return []HeadScore{x.Sink, x.Previous, x.Duplicate, x.Induction}
}

// scanTop is how many heads of each kind the table names.
const scanTop = 5

// Table is the heads of the highest scores.
func (x *HeadScan) Table() string { return x.table().Render() }

func (x *HeadScan) table() *tables.Table {
	w := tables.New()
	w.SetTitle("heads of %s as layer.head: score, over %s tokens, %s of them repeated", x.Model, count(x.Tokens), count(x.Repeated))
	head, columns := table.Row{""}, [][]ScoredHead{}
	for _, s := range x.scores() {
		head, columns = append(head, s.Name), append(columns, s.Top(scanTop))
	}
	w.AppendHeader(head)
	for i := range columns[0] {
		row := table.Row{i + 1}
		for _, c := range columns {
			row = append(row, fmt.Sprintf("%d.%d: %.2f", c[i].Layer, c[i].Head, c[i].Score))
		}
		w.AppendRow(row)
	}
	return w
}

// Heat is a score as a picture: a row for each layer, a column for each head.
func (x HeadScore) Heat() picture.Heat {
	h := picture.Heat{Title: x.Name, RowName: "layer", ColName: "head", Values: x.Values, Cols: x.Heads, Rows: len(x.Values) / max(x.Heads, 1), Max: 1}
	for l := range h.Rows {
		h.RowLabels = append(h.RowLabels, fmt.Sprint(l))
	}
	return h
}

// Grid is the four scores on one scale.
func (x *HeadScan) Grid() picture.Grid {
	g := picture.Grid{Title: "heads of " + x.Model, Max: 1, Columns: 2}
	for _, s := range x.scores() {
		g.Heats = append(g.Heats, s.Heat())
	}
	return g
}

// String is the picture and the table.
func (x *HeadScan) String() string { return x.Grid().String() + "\n" + x.Table() }

// Terminal is the same for a terminal of so many columns and colours.
func (x *HeadScan) Terminal(width, colors int) string {
	return x.Grid().Terminal(width, colors) + "\n" + x.table().Within(width)
}

// Display is the table as text and Markdown, and the picture as SVG.
func (x *HeadScan) Display() map[string]string {
	return map[string]string{"text/plain": x.String(), "text/markdown": x.table().RenderMarkdown(), "image/svg+xml": x.Grid().SVG()}
}
