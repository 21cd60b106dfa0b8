package export

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"loupe/kernel/notebook"
)

// piece is a cell on its way between a Go file and a Jupyter notebook.
type piece struct {
	kind   notebook.CellKind
	inMain bool
	marked bool
	title  string
	source string // as view gives it
}

// goText writes the pieces as a Go file, as somebody would who types it: what
// each adds to the file, and the end. A file that is laid out otherwise keeps its
// own text beside the cell, see jupyterMark.
func goText(list []piece) (chunks []string, tail string) {
	opened, closed := false, false
	for i, p := range list {
		var b strings.Builder
		first := false
		if p.inMain && !opened {
			b.WriteString("func main() {\n")
			opened, first = true, true
		}
		if !p.inMain && opened && !closed {
			b.WriteString("}\n\n")
			closed = true
		}
		tab := ""
		if p.inMain {
			tab = "\t"
		}
		switch {
		case p.kind == notebook.Markdown:
			b.WriteString(tab + "// %% " + strings.TrimSpace(p.title+" [markdown]") + "\n")
			if p.source != "" {
				b.WriteString(comment(p.source, tab))
			}
		default:
			if p.marked || p.title != "" || p.kind == notebook.Code && !first {
				b.WriteString(strings.TrimRight(tab+"// %% "+p.title, " ") + "\n")
			}
			if p.source != "" && p.inMain {
				b.WriteString(notebook.Indent(p.source) + "\n")
			} else if p.source != "" {
				b.WriteString(p.source + "\n")
			}
		}
		if i+1 < len(list) && (list[i+1].inMain || !p.inMain) {
			b.WriteString("\n")
		}
		chunks = append(chunks, b.String())
	}
	switch {
	case !opened:
		tail = "\nfunc main() {\n}\n"
	case !closed:
		tail = "}\n"
	}
	return chunks, tail
}

// cut is a Go file in pieces, with the text that each stands for, and the rest.
func cut(f *notebook.File, mainFrom, mainTo int) (list []piece, chunks []string, tail string) {
	from := 0
	for i, c := range f.Cells {
		p := piece{kind: c.Kind, marked: c.Line > 0, title: c.Title, source: view(c.Kind, c.Source)}
		p.inMain = c.Kind == notebook.Code || c.From > mainFrom && c.From < mainTo
		to := c.To
		if i+1 == len(f.Cells) || to < f.Cells[i+1].From {
			to = len(strings.TrimRight(f.Source[:to], " \t"))
		}
		to = max(to, from)
		list = append(list, p)
		chunks = append(chunks, f.Source[from:to])
		from = to
	}
	return list, chunks, f.Source[from:]
}

// The package clause is no part of a cell: there it is a comment.
var (
	packageClause  = regexp.MustCompile(`(?m)^package main\b`)
	packageComment = regexp.MustCompile(`(?m)^// package main\b`)
)

// once replaces the first match.
func once(re *regexp.Regexp, s, with string) string {
	at := re.FindStringIndex(s)
	if at == nil {
		return s
	}
	return s[:at[0]] + with + s[at[1]:]
}

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:8])
}
