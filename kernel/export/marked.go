package export

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"go/token"
	"regexp"
	"sort"
	"strings"

	"loupe/kernel"
	"loupe/kernel/notebook"
)

// marked is a copy of a notebook that reports where a cell begins and ends, in
// the same lines as the original.
type marked struct {
	text  string
	label string // of the reports
	added []insertion
}

// insertion is text put into the original at a byte offset.
type insertion struct {
	at        int
	text      string
	line, col int // of the offset in the original
}

// mark makes the copy. A report is a call of nb.Progress behind the last
// statement of a cell, on the same line, so that every line keeps its number;
// the first one stands behind the brace that opens main. last is the number of
// the cell after which main returns, 0 for none.
func mark(fset *token.FileSet, f *notebook.File, last int) *marked {
	var id [8]byte
	_, _ = rand.Read(id[:])
	m := &marked{label: "cell-" + hex.EncodeToString(id[:])}
	pkg := "mark" + hex.EncodeToString(id[:])
	off := func(p token.Pos) int { return fset.PositionFor(p, false).Offset }
	m.insert(f, off(f.AST.Name.End()), fmt.Sprintf("; import %s %q", pkg, "loupe/stdlib/nb"))
	begin := fmt.Sprintf(" %s.Progress(%q, 0, 0, \"\");", pkg, m.label)
	// The cell to return behind is the last one that has a statement.
	for last > 0 && len(f.Stmts(fset, codeCell(f, last))) == 0 {
		if last--; last == 0 {
			begin += " return;"
		}
	}
	m.insert(f, off(f.Main.Body.Lbrace)+1, begin)
	for _, c := range f.Cells {
		if c.Kind != notebook.Code {
			continue
		}
		report := fmt.Sprintf("; %s.Progress(%q, %d, 0, \"\")", pkg, m.label, c.Index)
		if c.Index == last {
			report += "; return"
		}
		if list := f.Stmts(fset, c); len(list) > 0 {
			m.insert(f, off(list[len(list)-1].End()), report)
		}
	}
	sort.SliceStable(m.added, func(i, j int) bool { return m.added[i].at < m.added[j].at })
	var b strings.Builder
	from := 0
	for _, x := range m.added {
		b.WriteString(f.Source[from:x.at] + x.text)
		from = x.at
	}
	b.WriteString(f.Source[from:])
	m.text = b.String()
	return m
}

func (m *marked) insert(f *notebook.File, at int, text string) {
	line := strings.Count(f.Source[:at], "\n") + 1
	col := at - strings.LastIndexByte(f.Source[:at], '\n')
	m.added = append(m.added, insertion{at, text, line, col})
}

// column is where a column of the copy is in the original.
func (m *marked) column(line, col int) int {
	for _, x := range m.added {
		if x.line == line && col > x.col {
			col -= min(len(x.text), col-x.col)
		}
	}
	return col
}

// original gives an error of the copy the places and words of the original.
func (m *marked) original(e *kernel.Error, f *notebook.File, copied string) *kernel.Error {
	o := *e
	place := regexp.MustCompile(regexp.QuoteMeta(copied) + `(:(\d+):(\d+))?`)
	named := func(s string) string {
		return place.ReplaceAllStringFunc(s, func(at string) string {
			var line, col int
			if n, _ := fmt.Sscanf(at[len(copied):], ":%d:%d", &line, &col); n == 2 {
				return fmt.Sprintf("%s:%d:%d", f.Path, line, m.column(line, col))
			}
			return f.Path
		})
	}
	o.Msg = named(e.Msg)
	o.Trace = nil
	for _, t := range e.Trace {
		o.Trace = append(o.Trace, named(t))
	}
	if e.Cell != copied {
		return &o
	}
	o.Cell = f.Path
	if e.Line > 0 {
		if e.Col > 0 {
			o.Col = m.column(e.Line, e.Col)
		}
		if lines := strings.Split(f.Source, "\n"); e.Source != "" && e.Line <= len(lines) {
			o.Source = strings.TrimRight(lines[e.Line-1], "\r")
		}
	}
	return &o
}

// codeCell is the code cell of a number.
func codeCell(f *notebook.File, number int) notebook.Cell {
	for _, c := range f.Cells {
		if c.Kind == notebook.Code && c.Index == number {
			return c
		}
	}
	return notebook.Cell{}
}
