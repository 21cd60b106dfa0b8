package jupyter

import (
	"fmt"
	"strings"

	"github.com/mattn/go-runewidth"

	"loupe/kernel"
)

const (
	red    = "\x1b[31m"
	dim    = "\x1b[2m"
	normal = "\x1b[0m"
)

// failure is an error in Jupyter's three parts.
type failure struct {
	Name      string   `json:"ename"`
	Value     string   `json:"evalue"`
	Traceback []string `json:"traceback"`
}

// describe makes them: the traceback is Go's text, the line with a caret under
// the place, then further places, in ANSI colours.
//
// Two names are Jupyter's own, because front-ends and papermill act on them.
func describe(e *kernel.Error) failure {
	f := failure{Value: e.Error()}
	lead := e.Error()
	switch e.Kind {
	case kernel.Compile:
		f.Name = "CompileError"
	case kernel.Panic:
		f.Name = "Panic"
	case kernel.Interrupted:
		f.Name = "KeyboardInterrupt"
	case kernel.Exit:
		f.Name, f.Value = "SystemExit", fmt.Sprint(e.ExitCode)
		lead = fmt.Sprintf("exit status %d; the session goes on", e.ExitCode)
	}
	f.Traceback = []string{red + lead + normal}
	if line, caret := caretLines(e.Source, e.Col); line != "" {
		f.Traceback = append(f.Traceback, line, red+caret+normal)
	}
	for _, t := range e.Trace {
		f.Traceback = append(f.Traceback, dim+"  "+t+normal)
	}
	return f
}

var columns = &runewidth.Condition{}

// caretLines are the source line, tabs as spaces, and a caret under the column,
// which counts bytes from 1; "" without a place.
func caretLines(source string, col int) (line, caret string) {
	source = strings.TrimRight(source, "\r\n")
	if strings.TrimSpace(source) == "" || col < 1 {
		return "", ""
	}
	const indent, tab = "    ", "    "
	before := strings.ReplaceAll(source[:min(col-1, len(source))], "\t", tab)
	rest := strings.ReplaceAll(source[min(col-1, len(source)):], "\t", tab)
	return indent + before + rest, indent + strings.Repeat(" ", columns.StringWidth(before)) + "^"
}

func warningText(w kernel.Warning) string {
	switch {
	case w.Err != nil:
		return "warning: " + w.Text + "\n" + strings.Join(describe(w.Err).Traceback, "\n") + "\n"
	case w.Cell == "":
		return "warning: " + w.Text + "\n"
	case w.Line == 0:
		return fmt.Sprintf("%s: warning: %s\n", w.Cell, w.Text)
	}
	return fmt.Sprintf("%s:%d: warning: %s\n", w.Cell, w.Line, w.Text)
}
