package tables

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// New is a table in the style of all of Loupe's: thin lines, headings as
// they are written.
func New() *Table {
	style := table.StyleLight
	style.Format.Header, style.Format.Footer = text.FormatDefault, text.FormatDefault
	t := &Table{Writer: table.NewWriter()}
	t.SetStyle(style)
	return t
}

// Table is a table that can be made to fit a terminal.
type Table struct {
	table.Writer
	configs []table.ColumnConfig
	title   string
	shown   string // the title, or "" in a part without
}

// SetColumnConfigs keeps them, as Within adds to them.
func (t *Table) SetColumnConfigs(c []table.ColumnConfig) {
	t.configs = c
	t.Writer.SetColumnConfigs(c)
}

// SetTitle keeps it, as only the first part of a table that is cut has one.
func (t *Table) SetTitle(format string, a ...any) {
	t.title = fmt.Sprintf(format, a...)
	t.show(t.title)
}

func (t *Table) show(title string) {
	t.shown = title
	t.Writer.SetTitle("%s", title)
}

// Render is the table as text; a title that is longer than the table is wide is wrapped
// between words.
func (t *Table) Render() string {
	all := t.Writer.Render()
	if t.shown == "" {
		return all
	}
	if wrapped := Wrapped(t.shown, text.LongestLineLen(all)-4); wrapped != t.shown {
		t.Writer.SetTitle("%s", wrapped)
		all = t.Writer.Render()
		t.Writer.SetTitle("%s", t.shown)
	}
	return all
}

// Right aligns columns, counted from 1, to the right.
func Right(columns ...int) (c []table.ColumnConfig) {
	for _, n := range columns {
		c = append(c, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignFooter: text.AlignRight})
	}
	return c
}

const (
	widestFirst = 16 // columns that the first column of a cut table takes at most
	narrowest   = 12 // columns that a wide column is wrapped to at least
)

// Within is the table in so many columns of a terminal: its widest column is wrapped,
// and if that does not do, the table is cut into several below one another, each with
// the first column.
func (t *Table) Within(width int) string {
	all := t.Render()
	cols := columnsOf(all)
	if len(cols) == 0 || text.LongestLineLen(all) <= width {
		return all
	}
	widest, sum := 0, 1
	for i, n := range cols {
		if sum += n + 3; n > cols[widest] {
			widest = i
		}
	}
	if room := cols[widest] - (sum - width); room >= narrowest {
		return t.part(len(cols), func(i int) (hidden bool, most int) {
			if i == widest {
				return false, room
			}
			return false, 0
		})
	}
	defer t.show(t.title)
	var parts []string
	first := min(cols[0], widestFirst)
	for from := 1; from < len(cols) || from == 1; {
		left := width - 1 - (first + 3)
		to := from
		for to < len(cols) && cols[to]+3 <= left {
			left -= cols[to] + 3
			to++
		}
		wide, most := -1, 0 // a column that is wider than there is room for
		if to == from || to == widest && left-3 >= narrowest {
			wide, most = to, max(left-3, 1)
			to++
		}
		if len(parts) > 0 {
			t.show("")
		}
		parts = append(parts, t.part(len(cols), func(i int) (bool, int) {
			if i == 0 {
				return false, first
			}
			if i == wide {
				return false, most
			}
			return i < from || i >= to, 0
		}))
		from = to
	}
	return strings.Join(parts, "\n")
}

// part renders some of n columns, which may be at most so wide; 0 is as they are.
func (t *Table) part(n int, of func(column int) (hidden bool, most int)) string {
	configs := make([]table.ColumnConfig, n)
	for i := range configs {
		configs[i].Number = i + 1
		for _, c := range t.configs {
			if c.Number == i+1 {
				configs[i] = c
			}
		}
		configs[i].Hidden, configs[i].WidthMax = of(i)
		configs[i].WidthMaxEnforcer = text.WrapSoft
	}
	t.Writer.SetColumnConfigs(configs)
	defer t.Writer.SetColumnConfigs(t.configs)
	return t.Render()
}

// columnsOf is the widths of the columns of a rendered table, without the space about
// what they hold.
func columnsOf(rendered string) (widths []int) {
	for _, line := range strings.Split(rendered, "\n") {
		rule := strings.Trim(line, "┌├└┐┤┘")
		if rule == line || !strings.HasPrefix(rule, "─") || !strings.ContainsAny(rule, "┬┼") {
			continue
		}
		for _, part := range strings.FieldsFunc(rule, func(r rune) bool { return r != '─' }) {
			widths = append(widths, text.StringWidthWithoutEscSequences(part)-2)
		}
		return widths
	}
	return nil
}

// Wrapped is a sentence in lines of so many columns.
func Wrapped(s string, width int) string { return text.WrapSoft(s, max(width, 1)) }
