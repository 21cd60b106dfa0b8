package experiment

import (
	"fmt"
	"html"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"loupe/engine"
	"loupe/engine/picture"
	"loupe/engine/tables"
)

// Shown is a part of a result, in the forms that front-ends know.
type Shown struct {
	plain, markdown, html, svg string
}

// String is the text form.
func (s Shown) String() string { return s.plain }

// SVG is the picture of a chart, "" for other parts.
func (s Shown) SVG() string { return s.svg }

// Display is the part as text, Markdown and HTML.
func (s Shown) Display() map[string]string {
	return map[string]string{"text/plain": s.plain, "text/markdown": s.markdown, "text/html": s.html}
}

// join puts parts below one another.
func join(parts ...Shown) Shown {
	var all Shown
	for _, p := range parts {
		if p.plain == "" {
			continue
		}
		if all.plain != "" {
			all.plain, all.markdown = all.plain+"\n\n", all.markdown+"\n\n"
		}
		all.plain += p.plain
		all.markdown += p.markdown
		all.html += p.html + "\n"
	}
	return all
}

// lines is a list of notes.
func lines(title string, notes []string) Shown {
	if len(notes) == 0 && title == "" {
		return Shown{}
	}
	var s Shown
	if title != "" {
		s = Shown{plain: title, markdown: "**" + title + "**", html: "<p><b>" + html.EscapeString(title) + "</b></p>"}
	}
	if len(notes) == 0 {
		return s
	}
	if title != "" {
		s.plain, s.markdown = s.plain+"\n", s.markdown+"\n\n"
	}
	s.plain += strings.Join(notes, "\n")
	for i, n := range notes {
		if i > 0 {
			s.markdown += "\n"
		}
		s.markdown += "- " + strings.ReplaceAll(literal.Replace(n), "\n", "  \n") // two spaces end a line
	}
	s.html += "<ul>"
	for _, n := range notes {
		s.html += "<li>" + strings.ReplaceAll(html.EscapeString(n), "\n", "<br>") + "</li>"
	}
	s.html += "</ul>"
	return s
}

// literal keeps what a model wrote from being Markdown or HTML.
var literal = strings.NewReplacer(`\`, `\\`, "<", `\<`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`)

// newTable is a table in the style of all of Loupe's.
func newTable() *tables.Table { return tables.New() }

// rightFrom aligns the columns from number n on to the right.
func rightFrom(w table.Writer, n, columns int) {
	var configs []table.ColumnConfig
	for ; n <= columns; n++ {
		configs = append(configs, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	w.SetColumnConfigs(configs)
}

// inTerminal is a table, a chart and a sentence for a terminal.
func inTerminal(t *tables.Table, l picture.Lines, note string, width, colors int) string {
	return t.Within(width) + "\n\n" + l.Terminal(width, colors) + "\n\n" + tables.Wrapped(note, width)
}

func shown(w table.Writer) Shown {
	return Shown{plain: w.Render(), markdown: w.RenderMarkdown(), html: w.RenderHTML()}
}

// open takes the border off, so that a table may end in cells of any length.
func open(w *tables.Table) *tables.Table {
	style := *w.Style()
	style.Options.DrawBorder = false
	w.SetStyle(style)
	w.SuppressTrailingSpaces()
	return w
}

// names are the cells of a row that say which setting it is.
func (c *Comparison) names(i int) table.Row {
	varied, _ := c.split()
	row := table.Row{i + 1}
	for _, col := range varied {
		row = append(row, col.of(c.Rows[i].config()))
	}
	return row
}

func (c *Comparison) header() table.Row {
	varied, _ := c.split()
	row := table.Row{"#"}
	for _, col := range varied {
		row = append(row, col.name)
	}
	return row
}

var (
	costHeads  = table.Row{"K bytes", "V bytes", "scores", "KLD", "same top", "differs at"}
	speedHeads = table.Row{"prompt", "generation", "TTFT"}
)

// cost are the cells for memory and quality.
func (c *Comparison) cost(i int) table.Row {
	r := &c.Rows[i]
	if !r.ran() {
		return table.Row{r.missing(), "", "", "", "", ""}
	}
	row := table.Row{engine.Size(r.KBytes), engine.Size(r.VBytes), engine.Size(r.ScoreBytes)}
	if i == c.Reference {
		return append(row, "0", percent(1), "reference")
	}
	differs := "same text"
	if r.Differs >= 0 {
		differs = "token " + thousands(r.Differs+1)
	}
	if r.Predictions == 0 {
		return append(row, "-", "-", differs)
	}
	return append(row, small(r.KLD), percent(r.SameTop), differs)
}

// speed are the cells for time.
func (c *Comparison) speed(i int) table.Row {
	r := &c.Rows[i]
	if !r.ran() {
		return table.Row{r.missing(), "", ""}
	}
	return table.Row{r.PromptRate.text(perSecond), r.GenRate.text(perSecond), r.TTFT.text(seconds)}
}

// Table is memory and quality by setting: bytes of K, V and scores, divergence
// from the reference, and where the texts part.
func (c *Comparison) Table() Shown {
	w := newTable()
	w.AppendHeader(append(c.header(), costHeads...))
	for i := range c.Rows {
		w.AppendRow(append(c.names(i), c.cost(i)...))
	}
	n := len(c.header())
	rightFrom(w, n+1, n+5)
	return shown(w)
}

// Speed is time by setting: rates of reading and generating, and the time to the
// first token, each as the median and half of what lies between the least and
// the greatest measurement.
func (c *Comparison) Speed() Shown {
	w := newTable()
	w.AppendHeader(append(c.header(), speedHeads...))
	for i := range c.Rows {
		w.AppendRow(append(c.names(i), c.speed(i)...))
	}
	s := shown(w)
	// Times of any length stand at the end of a line, so that texts of two runs
	// differ in their digits only.
	w = open(newTable())
	w.AppendHeader(append(c.header(), fmt.Sprintf("%-64s", "prompt, generation, TTFT"))) // as wide as any line
	for i := range c.Rows {
		var cells []string
		for _, x := range c.speed(i) {
			if x != "" {
				cells = append(cells, fmt.Sprint(x))
			}
		}
		w.AppendRow(append(c.names(i), strings.Join(cells, ", ")))
	}
	s.plain = w.Render()
	return s
}

// String is the comparison as text.
func (c *Comparison) String() string { return c.all().plain }

// Display is the comparison as text, Markdown and HTML: tables, charts, and the
// texts side by side.
func (c *Comparison) Display() map[string]string { return c.all().Display() }

func (c *Comparison) all() Shown {
	parts := []Shown{lines(c.title(), nil), c.Table(), c.Speed()}
	parts = append(parts, lines("", c.notes()))
	for _, m := range []Measure{GenRate, Divergence} {
		parts = append(parts, c.Chart(m))
	}
	return join(append(parts, c.Texts())...)
}
