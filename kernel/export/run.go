package export

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"time"

	"loupe/kernel"
	"loupe/kernel/notebook"
)

// MaxOutput is how many bytes of text a cell of a document holds unless
// Options say otherwise. A document says what it leaves out.
const MaxOutput = 1 << 20

// Options say how a notebook is run.
type Options struct {
	// Source is the text of the file when it is not to be read from its path.
	Source string
	// Args is os.Args of the notebook; nil means its path.
	Args []string
	// Params are values for variables of the cell titled "parameters".
	Params map[string]string
	// From and To are the numbers or titles of the first and the last code
	// cell to show, "" for no bound. Cells before From run, since those that
	// follow need their variables; after To the notebook returns.
	From, To string
	// KeepGoing goes on with the next cell when one has failed.
	KeepGoing bool
	// MaxOutput is how many bytes of text a cell holds; 0 means MaxOutput, a
	// negative number all.
	MaxOutput int64
	// Cell is told of each code cell before it runs: its place among total.
	Cell func(number, total int, name string)
	// Note is told of the progress of long steps, in one line.
	Note func(text string)
}

// Run runs the notebook file at path and returns what it did. If a cell
// fails, the document holds what ran and its error, which is returned too, as
// a *kernel.Error: of kind Compile if nothing ran. Without a document the file
// could not be read, or the options do not fit it.
func Run(ctx context.Context, path string, o Options) (*Document, error) {
	src := o.Source
	if src == "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("export: %w", err)
		}
		src = string(data)
	}
	fset := token.NewFileSet()
	f, err := notebook.Parse(fset, path, src)
	if err != nil || f.Main == nil || f.AST.Name.Name != "main" {
		return refused(ctx, path, src)
	}
	d := &Document{Path: path, file: f, root: filepath.Dir(path)}
	for _, c := range f.Cells {
		cell := &Cell{Kind: c.Kind, Title: c.Title, Number: c.Index, Line: c.Line + 1, Source: view(c.Kind, c.Source)}
		cell.marks = readMarks(cell.Source)
		d.Cells = append(d.Cells, cell)
	}
	if err := d.bound(o); err != nil {
		return nil, err
	}
	o.Source = src
	return d, newRecorder(d, o).run(ctx)
}

// refused is what the kernel says of a file that is no notebook: a document of
// one cell that did not run.
func refused(ctx context.Context, path, src string) (*Document, error) {
	d := &Document{Path: path, file: &notebook.File{Path: path, Source: src}}
	d.Cells = []*Cell{{Kind: notebook.Decls, Line: 1, Source: view(notebook.Decls, src), marks: readMarks(src)}}
	return d, newRecorder(d, Options{Source: src}).run(ctx)
}

// bound hides the cells outside of From and To.
func (d *Document) bound(o Options) error {
	part, err := d.file.Part(o.From, o.To)
	if err != nil {
		return err
	}
	if o.From == "" && o.To == "" {
		return nil
	}
	// Text belongs to the code cell below it.
	next := 1
	for _, c := range d.Cells {
		if c.Number > 0 {
			next = c.Number + 1
			c.Hidden = c.Number < part.First || c.Number > part.Last
		} else {
			c.Hidden = next < part.First || next > part.Last
		}
	}
	return nil
}

// recorder sorts the events of a run by cell.
type recorder struct {
	doc   *Document
	opt   Options
	limit int64
	code  []*Cell // the code cells, by number
	now   *Cell   // whose events come
	since time.Time
}

func newRecorder(d *Document, o Options) *recorder {
	r := &recorder{doc: d, opt: o, limit: o.MaxOutput}
	if r.limit == 0 {
		r.limit = MaxOutput
	}
	for _, c := range d.Cells {
		if c.Number > 0 {
			r.code = append(r.code, c)
		}
	}
	if len(d.Cells) > 0 {
		r.now = d.Cells[0] // what variables of the package print
	}
	return r
}

func (r *recorder) run(ctx context.Context) error {
	args := r.opt.Args
	if args == nil {
		args = []string{r.doc.Path}
	}
	k, err := kernel.New(kernel.Options{Events: r.event, Args: args})
	if err != nil {
		return err
	}
	defer k.Close()
	r.since = time.Now()
	err = k.RunFileWith(ctx, r.doc.Path, kernel.FileOptions{
		Source: r.opt.Source, Params: r.opt.Params, From: r.opt.From, To: r.opt.To, KeepGoing: r.opt.KeepGoing,
	})
	var failed *kernel.Error
	switch {
	case !errors.As(err, &failed):
		r.end()
		return err
	case failed.Kind == kernel.Exit && failed.ExitCode == 0:
		r.end()
		return nil
	}
	return r.doc.Failed
}

// event is the kernel's Events function.
func (r *recorder) event(ev kernel.Event) {
	switch ev := ev.(type) {
	case kernel.Stdout:
		r.add(Output{Text: ev.Text})
	case kernel.Stderr:
		r.add(Output{Text: ev.Text, Stderr: true})
	case kernel.Display:
		r.add(Output{Data: ev.Data})
	case kernel.Warning:
		r.warning(ev)
	case kernel.Stats:
		if r.now != nil {
			r.now.Stats = append(r.now.Stats, ev.Text)
		}
	case kernel.Progress:
		if r.opt.Note != nil {
			r.opt.Note(progressText(ev))
		}
	case kernel.CellBegan:
		r.end()
		r.now, r.since = r.code[ev.Index-1], time.Now()
		if r.opt.Cell != nil {
			r.opt.Cell(ev.Index, ev.Last, r.now.Name())
		}
	case kernel.Failed:
		r.failed(ev.Err)
	case kernel.Done:
		r.doc.Wall = ev.Wall
	}
}

func (r *recorder) add(o Output) {
	if r.now != nil {
		r.now.add(o, r.limit)
	}
}

func (r *recorder) warning(w kernel.Warning) {
	if r.now == nil || w.Line > 0 && w.Err == nil { // a remark on the source
		r.doc.Warnings = append(r.doc.Warnings, w)
		return
	}
	r.now.add(Output{Warning: w.Text}, r.limit)
}

// end closes the cell that ran without a failure.
func (r *recorder) end() {
	if r.now != nil && r.now.Number > 0 && !r.now.Ran && !r.now.failed() {
		r.now.Ran, r.now.Wall = true, time.Since(r.since)
	}
}

func (c *Cell) failed() bool {
	return slices.ContainsFunc(c.Outputs, func(o Output) bool { return o.Failed != nil })
}

func (r *recorder) failed(e *kernel.Error) {
	if e.Kind == kernel.Exit && e.ExitCode == 0 {
		return
	}
	if r.doc.Failed == nil {
		r.doc.Failed = e
	}
	if e.Kind == kernel.Compile && e.Index > 0 && e.Index <= len(r.code) {
		r.now = r.code[e.Index-1]
	}
	if r.now != nil {
		r.now.Wall = time.Since(r.since)
	}
	r.add(Output{Failed: e})
}

func progressText(p kernel.Progress) string {
	if p.Total > 0 {
		return fmt.Sprintf("%s %d of %d %s, %d %%", p.Label, p.Done, p.Total, p.Unit, 100*p.Done/p.Total)
	}
	return fmt.Sprintf("%s %d %s", p.Label, p.Done, p.Unit)
}
