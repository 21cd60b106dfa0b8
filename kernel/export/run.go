package export

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

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
		cell.empty = c.Kind == notebook.Code && len(f.Stmts(fset, c)) == 0
		d.Cells = append(d.Cells, cell)
	}
	last, err := d.bound(o)
	if err != nil {
		return nil, err
	}
	r := newRecorder(d, mark(fset, f, last), o)
	if err := r.run(ctx, o); err != nil {
		return d, err
	}
	return d, nil
}

// refused is what the kernel says of a file that is no notebook: a document of
// one cell that did not run.
func refused(ctx context.Context, path, src string) (*Document, error) {
	d := &Document{Path: path, file: &notebook.File{Path: path, Source: src}}
	d.Cells = []*Cell{{Kind: notebook.Decls, Line: 1, Source: view(notebook.Decls, src), marks: readMarks(src)}}
	return d, newRecorder(d, &marked{text: src}, Options{}).run(ctx, Options{})
}

// bound hides the cells outside of From and To and returns the number of the
// last cell to run, 0 for all.
func (d *Document) bound(o Options) (last int, err error) {
	first := 0
	if o.From != "" {
		c, err := d.find(o.From)
		if err != nil {
			return 0, err
		}
		first = c.Number
	}
	if o.To != "" {
		c, err := d.find(o.To)
		if err != nil {
			return 0, err
		}
		last = c.Number
	}
	if last > 0 && last < first {
		return 0, fmt.Errorf("export: %s: the last cell, %d, comes before the first, %d", d.Path, last, first)
	}
	if first == 0 && last == 0 {
		return 0, nil
	}
	// Text belongs to the code cell below it.
	next := 1
	for _, c := range d.Cells {
		if c.Number > 0 {
			next = c.Number + 1
			c.Hidden = c.Number < first || last > 0 && c.Number > last
		} else {
			c.Hidden = next < first || last > 0 && next > last
		}
	}
	return last, nil
}

// find is the code cell of a number or a title.
func (d *Document) find(name string) (*Cell, error) {
	var found []*Cell
	var titles []string
	number, isNumber := strconv.Atoi(name)
	for _, c := range d.Cells {
		if c.Number == 0 {
			continue
		}
		if c.Title == name || isNumber == nil && c.Number == number {
			found = append(found, c)
		}
		titles = append(titles, strings.TrimSpace(itoa(c.Number)+" "+c.Title))
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, fmt.Errorf("export: %s has no code cell %q; its cells are %s", d.Path, name, strings.Join(titles, ", "))
	}
	var numbers []string
	for _, c := range found {
		numbers = append(numbers, itoa(c.Number))
	}
	return nil, fmt.Errorf("export: %s: %d code cells are named %q; take a number: %s", d.Path, len(found), name, strings.Join(numbers, ", "))
}

// recorder sorts the events of a run by cell.
type recorder struct {
	doc    *Document
	copy   *marked
	copied string // path of the copy
	opt    Options
	limit  int64
	code   []*Cell // the code cells, by number
	now    *Cell   // whose events come
	since  time.Time
}

func newRecorder(d *Document, m *marked, o Options) *recorder {
	r := &recorder{doc: d, copy: m, opt: o, limit: o.MaxOutput}
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

func (r *recorder) run(ctx context.Context, o Options) error {
	dir, err := os.MkdirTemp("", "loupe-export-")
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	defer os.RemoveAll(dir)
	r.copied = filepath.Join(dir, filepath.Base(r.doc.Path))
	if len(o.Params) > 0 { // the copy's path becomes a word of a command
		r.copied = filepath.Join(dir, "notebook.go")
	}
	if err := os.WriteFile(r.copied, []byte(r.copy.text), 0o600); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	args := o.Args
	if args == nil {
		args = []string{r.doc.Path}
	}
	k, err := kernel.New(kernel.Options{Events: r.event, Args: args})
	if err != nil {
		return err
	}
	defer k.Close()
	r.since = time.Now()
	if len(o.Params) == 0 {
		err = k.RunFile(ctx, r.copied)
	} else if strings.ContainsFunc(r.copied, unicode.IsSpace) {
		return fmt.Errorf("export: parameters cannot be set where the folder for temporary files has a blank in its name, %q; set TMPDIR", dir)
	} else {
		err = k.Run(ctx, kernel.Cell{Source: runCommand(r.copied, o.Params)})
	}
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

// runCommand is the kernel's command that runs a file with parameters. A value
// with blanks is written as a Go string without any.
func runCommand(path string, params map[string]string) string {
	words := []string{"%run", path}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		value := params[name]
		if strings.ContainsFunc(value, unicode.IsSpace) || value == "" {
			if s, err := strconv.Unquote(value); err == nil {
				value = s
			}
			value = strings.ReplaceAll(strconv.QuoteToASCII(value), " ", `\x20`)
		}
		words = append(words, name+"="+value)
	}
	return strings.Join(words, " ")
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
		switch {
		case ev.Label == r.copy.label:
			r.reached(int(ev.Done))
		case r.opt.Note != nil:
			r.opt.Note(progressText(ev))
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
	text := w.Text
	if w.Cell == r.copied {
		w.Cell = r.doc.Path
	}
	w.Text = strings.ReplaceAll(text, r.copied, r.doc.Path)
	if w.Err != nil {
		w.Err = r.copy.original(w.Err, r.doc.file, r.copied)
	}
	if r.now == nil || w.Line > 0 && w.Err == nil { // a remark on the source
		r.doc.Warnings = append(r.doc.Warnings, w)
		return
	}
	r.now.add(Output{Warning: w.Text}, r.limit)
}

// reached is told that the cell of a number has ended; 0 is the start of main.
func (r *recorder) reached(number int) {
	at := time.Now()
	if number > 0 {
		c := r.code[number-1]
		c.Wall += at.Sub(r.since)
		c.Ran = true
	}
	for number < len(r.code) && r.code[number].empty {
		r.code[number].Ran = true
		number++
	}
	if number < len(r.code) {
		r.now = r.code[number]
		if r.opt.Cell != nil {
			r.opt.Cell(number+1, len(r.code), r.now.Name())
		}
	}
	r.since = time.Now()
}

// end closes the cell in which main returned.
func (r *recorder) end() {
	if r.now != nil && r.now.Number > 0 && !r.now.Ran {
		r.now.Ran, r.now.Wall = true, time.Since(r.since)
	}
}

func (r *recorder) failed(e *kernel.Error) {
	if e.Kind == kernel.Exit && e.ExitCode == 0 {
		return
	}
	o := r.copy.original(e, r.doc.file, r.copied)
	r.doc.Failed = o
	if e.Kind == kernel.Compile && e.Index > 0 && e.Index <= len(r.code) {
		r.now = r.code[e.Index-1]
	}
	if r.now != nil {
		r.now.Wall = time.Since(r.since)
	}
	r.add(Output{Failed: o})
}

func progressText(p kernel.Progress) string {
	if p.Total > 0 {
		return fmt.Sprintf("%s %d of %d %s, %d %%", p.Label, p.Done, p.Total, p.Unit, 100*p.Done/p.Total)
	}
	return fmt.Sprintf("%s %d %s", p.Label, p.Done, p.Unit)
}
