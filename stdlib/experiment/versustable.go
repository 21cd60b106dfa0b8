package experiment

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"loupe/engine"
	"loupe/engine/picture"
)

var versusHeads = table.Row{"tokens", "depth", "long", "chain", "long tok", "chain tok", "long peak", "chain peak"}

// cells are those of a row, without times.
func (r VersusRow) cells() table.Row {
	right := func(w Way) string { return fmt.Sprintf("%d/%d", w.Right, w.Wanted) }
	each := func(w Way) string { return thousands((w.Read + w.Generated) / max(r.Documents, 1)) }
	return table.Row{thousands(r.Tokens / max(r.Documents, 1)), fmt.Sprintf("%.2g", r.Depth), right(r.Long), right(r.Chain),
		each(r.Long), each(r.Chain), engine.Size(r.Long.PeakBytes), engine.Size(r.Chain.PeakBytes)}
}

// Table is a line for each length and depth: how many answers were right, tokens
// read and generated for a document, peak bytes of cache, and seconds for a
// document, each of the one long prompt and of the chain.
func (v *Versus) Table() Shown {
	full, plain := newTable(), open(newTable())
	full.AppendHeader(append(append(table.Row{}, versusHeads...), "long time", "chain time"))
	plain.AppendHeader(append(append(table.Row{}, versusHeads...), fmt.Sprintf("%-36s", "long, chain time"))) // as wide as any line
	for i, r := range v.Rows {
		if i > 0 && r.Length != v.Rows[i-1].Length {
			full.AppendSeparator()
			plain.AppendSeparator()
		}
		long, chain := r.Long.Seconds.text(seconds), r.Chain.Seconds.text(seconds)
		full.AppendRow(append(r.cells(), long, chain))
		plain.AppendRow(append(r.cells(), long+", "+chain))
	}
	n := len(versusHeads)
	rightFrom(full, 1, n+2)
	rightFrom(plain, 1, n)
	s := shown(full)
	s.plain = plain.Render()
	return s
}

// Chart draws the share of right answers over the length of documents, of both
// ways, for all depths together.
func (v *Versus) Chart() Shown {
	bars := picture.Bars{Title: "right, % by tokens of the document"}
	l := picture.Lines{Title: v.Task.Name + " on " + v.Model, XName: "tokens of the document", YName: "right, %", YMax: 100,
		Series: []picture.Series{{Name: "one long prompt"}, {Name: "chain"}}}
	for _, n := range v.Task.Lengths {
		var sum [2]Way
		for _, r := range v.Rows {
			if r.Length == n {
				for i, w := range []Way{r.Long, r.Chain} {
					sum[i].Right, sum[i].Wanted = sum[i].Right+w.Right, sum[i].Wanted+w.Wanted
				}
			}
		}
		if sum[0].Wanted == 0 {
			continue
		}
		for i := range sum {
			x := 100 * sum[i].Share()
			l.Series[i].X, l.Series[i].Y = append(l.Series[i].X, float64(n)), append(l.Series[i].Y, x)
			addBar(&bars, fmt.Sprintf("%7s %s", thousands(n), []string{"long", "chain"}[i]), Figure{x, x, x, 1})
		}
	}
	return chart(bars.String(), l.SVG())
}

// Map is the share of right answers of both ways by depth and length.
func (v *Versus) Map() Shown {
	w := newTable()
	header := table.Row{"right, %", "depth"}
	for _, n := range v.Task.Lengths {
		header = append(header, thousands(n))
	}
	w.AppendHeader(header)
	for i, name := range []string{"one long prompt", "chain"} {
		for _, depth := range v.Task.Depths {
			row := table.Row{name, fmt.Sprintf("%.2g", depth)}
			for _, n := range v.Task.Lengths {
				cell := ""
				for _, r := range v.Rows {
					if r.Length == n && r.Depth == depth {
						cell = fmt.Sprintf("%.0f", 100*[]Way{r.Long, r.Chain}[i].Share())
					}
				}
				row = append(row, cell)
			}
			w.AppendRow(row)
		}
		w.AppendSeparator()
	}
	rightFrom(w, 2, len(header))
	return shown(w)
}

// String is the result as text.
func (v *Versus) String() string { return v.all().plain }

// Display is the result as text, Markdown and HTML: tables and charts.
func (v *Versus) Display() map[string]string { return v.all().Display() }

func (v *Versus) all() Shown {
	parts := []Shown{lines(v.title(), nil), v.Table(), lines("", append([]string{v.about()}, v.notes()...)), v.Map()}
	return join(append(parts, v.Chart())...)
}

// Shares are the shares of right answers over all documents.
func (v *Versus) Shares() (long, chain float64) {
	var sum [2]Way
	for _, r := range v.Rows {
		for i, w := range []Way{r.Long, r.Chain} {
			sum[i].Right, sum[i].Wanted = sum[i].Right+w.Right, sum[i].Wanted+w.Wanted
		}
	}
	return sum[0].Share(), sum[1].Share()
}

// about is a line on the whole.
func (v *Versus) about() string {
	long, chain := v.Shares()
	return strings.TrimSpace(fmt.Sprintf("right: %.0f %% in one long prompt, %.0f %% by the chain", 100*long, 100*chain))
}
