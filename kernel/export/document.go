package export

import (
	"strings"
	"time"

	"loupe/kernel"
	"loupe/kernel/notebook"
)

// Document is a notebook and what running it did.
type Document struct {
	Path  string // of the notebook file
	Cells []*Cell
	Wall  time.Duration
	// Failed is the error that ended the run before its last cell, nil if
	// there was none. Its places are lines of Path.
	Failed *kernel.Error
	// Warnings are those that belong to no cell.
	Warnings []kernel.Warning

	file *notebook.File
	root string // pictures of markdown cells are relative to it
}

// Cell is one cell with what it printed and showed.
type Cell struct {
	Kind   notebook.CellKind
	Title  string
	Number int // of code cells of main, from 1; 0 for others
	Line   int // of its first line in the file
	// Source is the cell as a reader sees it: code without the indentation of
	// main, Markdown without the comment signs.
	Source  string
	Outputs []Output
	Stats   []string // one line for each engine call
	Wall    time.Duration
	Ran     bool  // it ran to its end
	Hidden  bool  // Range leaves it out
	Dropped int64 // bytes of output past MaxOutput
	marks   marks
	written int64
}

// Output is one thing of a cell, in the order of the run. One field is set,
// and Stderr may be with Text.
type Output struct {
	Text    string
	Stderr  bool              // Text went to standard error
	Data    map[string]string // a shown value by MIME type; text/plain is there
	Warning string
	Failed  *kernel.Error
}

// add appends an output; text joins the text before it.
func (c *Cell) add(o Output, limit int64) {
	if o.Text != "" && limit > 0 {
		if room := limit - c.written; int64(len(o.Text)) > room {
			cut := strings.ToValidUTF8(o.Text[:max(room, 0)], "")
			c.Dropped += int64(len(o.Text) - len(cut))
			c.written = limit // what follows is dropped whole, however short
			o.Text = cut
			if cut == "" {
				return
			}
		} else {
			c.written += int64(len(o.Text))
		}
	}
	if n := len(c.Outputs) - 1; n >= 0 && o.Text != "" && c.Outputs[n].Text != "" && c.Outputs[n].Stderr == o.Stderr {
		c.Outputs[n].Text += o.Text
		return
	}
	c.Outputs = append(c.Outputs, o)
}

// Name is the cell's title, or its number in words.
func (c *Cell) Name() string {
	switch {
	case c.Title != "":
		return c.Title
	case c.Number > 0:
		return "Cell " + itoa(c.Number)
	case c.Kind == notebook.Decls:
		return "Declarations"
	}
	return ""
}

// Title is the first heading of the document, or the file's name.
func (d *Document) Title() string {
	for _, c := range d.Cells {
		if c.Kind != notebook.Markdown {
			continue
		}
		for _, line := range strings.Split(c.Source, "\n") {
			if t, ok := strings.CutPrefix(line, "# "); ok {
				return strings.TrimSpace(t)
			}
		}
	}
	return base(d.Path)
}

// shown are the cells to render.
func (d *Document) shown() []*Cell {
	var out []*Cell
	for _, c := range d.Cells {
		if !c.Hidden {
			out = append(out, c)
		}
	}
	// What stands before the first heading are imports, which may wait.
	if len(out) > 1 && out[0].Kind == notebook.Decls && out[0].Title == "" && out[1].Kind == notebook.Markdown {
		out[0], out[1] = out[1], out[0]
	}
	return out
}
