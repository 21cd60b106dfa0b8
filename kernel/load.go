package kernel

import (
	"context"
	"errors"
	"fmt"
	"go/format"
	"go/token"
	"maps"
	"os"
	"slices"
	"strings"

	"loupe/kernel/check"
	"loupe/kernel/notebook"
)

// loaded is a notebook file that a session steps through: %load, %step, %save.
type loaded struct {
	file *notebook.File
	at   int    // the code cell that ran last, by number; 0: none
	text string // of that cell, with its marker
	disk string // what its file held when it was loaded, or saved last
}

// load reads a notebook, runs its declarations and lists its cells.
func (k *Kernel) load(ctx context.Context, path string) *Error {
	src, err := os.ReadFile(path)
	if err != nil {
		return &Error{Msg: fmt.Sprintf("kernel: %v", err), Kind: Compile, ExitCode: 1}
	}
	k.mu.Lock()
	f, _, e := k.checkFile(path, string(src), nil)
	k.mu.Unlock()
	if e != nil {
		return e
	}
	if e := k.loadDecls(ctx, f); e != nil {
		return e
	}
	k.loaded = &loaded{file: f, disk: string(src)}
	var lines []string
	for _, c := range f.Cells {
		if c.Kind == notebook.Code {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%d %s", c.Index, c.Title)))
		}
	}
	k.text1(strings.Join(lines, "\n"))
	return nil
}

// loadDecls runs what stands outside of main, at its place in the file.
func (k *Kernel) loadDecls(ctx context.Context, f *notebook.File) *Error {
	for _, c := range f.Cells {
		if c.Kind != notebook.Decls {
			continue
		}
		text := c.Source
		if at := k.sess.Fset.PositionFor(f.AST.Name.End(), false).Offset; at > c.From && at <= c.To {
			// The package clause is no part of a cell.
			text = strings.Repeat("\n", strings.Count(f.Source[c.From:at], "\n")) + f.Source[at:c.To]
		}
		line := strings.Count(f.Source[:c.From], "\n") + 1
		if e := k.code(ctx, Cell{File: f.Path, Line: line, Source: text}); e != nil {
			return e
		}
	}
	return nil
}

// step runs the next cell of the loaded notebook, behind the text that stands
// before it, or the one of a number or title.
func (k *Kernel) step(ctx context.Context, name string) *Error {
	l := k.loaded
	if l == nil {
		return &Error{Msg: "kernel: no notebook is loaded: %load FILE.go", Kind: Compile, ExitCode: 1}
	}
	number := l.at + 1
	if name != "" {
		part, err := l.file.Part(name, "")
		if err != nil {
			return &Error{Msg: err.Error(), Kind: Compile, ExitCode: 1}
		}
		number = part.First
	}
	if text := prose(l.file, number); name == "" && text != "" {
		k.text1(text)
	}
	for _, c := range l.file.Cells {
		if c.Kind == notebook.Code && c.Index == number {
			l.at, l.text = number, strings.TrimRight("// %% "+c.Title, " ")+"\n"+c.Text()
			k.text1(l.text)
			line := strings.Count(l.file.Source[:c.From], "\n") + 1
			return k.code(ctx, Cell{File: l.file.Path, Line: line, Source: c.Source})
		}
	}
	k.text1("the notebook has no further cell; %step N runs one again, %save keeps what was changed")
	return nil
}

// prose is the text between the code cell before the one of this number and it; of
// a number past the last cell, what stands behind that.
func prose(f *notebook.File, number int) string {
	var parts []string
	for _, c := range f.Cells {
		switch {
		case c.Kind == notebook.Code && c.Index >= number:
			return strings.Join(parts, "\n\n")
		case c.Kind == notebook.Code:
			parts = nil
		case c.Kind == notebook.Markdown:
			parts = append(parts, c.Text())
		}
	}
	return strings.Join(parts, "\n\n")
}

// Stepped is the cell of the loaded notebook that ran last, with its marker, so
// that a prompt can offer it for editing; "" if there is none.
func (k *Kernel) Stepped() string {
	k.runMu.Lock()
	defer k.runMu.Unlock()
	if k.loaded == nil {
		return ""
	}
	return k.loaded.text
}

// edited takes a cell that begins with a marker into the loaded notebook: in
// place of the cell of that title (of several, of the one that ran last), or
// behind the one that ran last.
func (k *Kernel) edited(c Cell) {
	l := k.loaded
	first, text, _ := strings.Cut(strings.TrimLeft(c.Source, "\n"), "\n")
	title, markdown, ok := notebook.Marker(strings.TrimSpace(first))
	if l == nil || c.File != "" || !ok || markdown {
		return
	}
	var same, now *notebook.Cell
	for i := range l.file.Cells {
		x := &l.file.Cells[i]
		if x.Kind != notebook.Code {
			continue
		}
		if x.Index == l.at || now == nil {
			now = x
		}
		if x.Title == title && (same == nil || x.Index == l.at) {
			same = x
		}
	}
	if now == nil {
		return
	}
	src := ""
	if same != nil {
		src = l.file.Replace(*same, text)
	} else {
		src = l.file.Insert(*now, title, text)
	}
	f, err := notebook.Parse(token.NewFileSet(), l.file.Path, src)
	if err != nil {
		k.out.event(Warning{Cell: c.name(), Text: "the notebook stays as it was: " + err.Error()})
		return
	}
	l.file, l.at, l.text = f, now.Index+1, strings.TrimSpace(c.Source)
	if same != nil {
		l.at = same.Index
	}
}

// saveLoaded writes the loaded notebook with what was changed; "" is its own file.
func (k *Kernel) saveLoaded(path string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.loaded.file
	if path == "" {
		path = f.Path
	}
	if !strings.HasSuffix(path, ".go") {
		return "", fmt.Errorf("kernel: %s: a notebook file ends in .go", path)
	}
	text, err := k.withImports(f)
	if err != nil {
		return "", err
	}
	own := path == f.Path
	if now, err := os.ReadFile(path); own && err == nil && string(now) != k.loaded.disk {
		return "", fmt.Errorf("kernel: %s was changed by somebody else since it was loaded; %%save OTHER.go keeps both, %%load takes the new one", path)
	}
	if err := writeWhole(path, []byte(text)); err != nil {
		return "", fmt.Errorf("kernel: %w", err)
	}
	if own {
		k.loaded.disk = text
	}
	said := "saved " + path
	if _, _, e := k.checkFile(path, text, nil); e != nil {
		said += "; go run will not take it: " + e.Error()
	}
	return said, nil
}

// withImports is the file's text with imports of what its new cells use.
func (k *Kernel) withImports(f *notebook.File) (string, error) {
	known := map[string]bool{}
	for _, im := range f.AST.Imports {
		known[strings.Trim(im.Path.Value, "\"`")] = true
	}
	missing := map[string]bool{}
	for _, c := range f.Cells {
		if c.Kind != notebook.Code {
			continue
		}
		for name := range qualifiers(c.Source) {
			path, ok := k.sess.Imports[name]
			if !ok && k.sess.Objects[name] == nil {
				path, ok = check.Named(name)
			}
			if ok && !known[path] {
				missing[importLine(name, path)] = true
			}
		}
	}
	if len(missing) == 0 {
		return f.Source, nil
	}
	at := f.AST.Name.End() - f.AST.FileStart
	lines := "\n"
	for _, line := range slices.Sorted(maps.Keys(missing)) {
		lines += "\n" + line
	}
	out, err := format.Source([]byte(f.Source[:at] + lines + f.Source[at:]))
	if err != nil {
		return "", errors.Join(errors.New("kernel: the notebook with its imports is no Go file"), err)
	}
	return string(out), nil
}
