package engine

import (
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// newTable is a table in the style of all of Loupe's: thin lines, headings as
// they are written.
func newTable() table.Writer {
	style := table.StyleLight
	style.Format.Header, style.Format.Footer = text.FormatDefault, text.FormatDefault
	w := table.NewWriter()
	w.SetStyle(style)
	return w
}
