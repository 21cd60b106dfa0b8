package kernel

import (
	"context"
	"errors"
	"fmt"
	"go/types"
	"os"
	"slices"
	"time"

	"github.com/traefik/yaegi/interp"

	"loupe/kernel/check"
	"loupe/kernel/lower"
	"loupe/kernel/notebook"
)

// FileOptions say how RunFileWith runs a notebook. The zero value is RunFile's.
type FileOptions struct {
	// Source is the text of the file, when it is not to be read from its path.
	Source string
	// Params are values for variables of the cell titled "parameters": constants
	// that fit their types. Strings may come without quotes.
	Params map[string]string
	// From and To are numbers or titles of the first code cell to show and the
	// last one to run. What comes before From runs too, since what follows needs
	// its variables; CellBegan says which is which.
	From, To string
	// KeepGoing goes on with the next cell when one has failed, unless the
	// notebook was interrupted or asked for its end with the status 0. The error is
	// the first one.
	KeepGoing bool
}

// RunFile runs a notebook file cell by cell. The whole file is checked first:
// with an error in it nothing runs, as with go run. The error is an *Error
// whose ExitCode is that of the compiled program. The variables of main and
// the declarations become part of the session.
func (k *Kernel) RunFile(ctx context.Context, path string) error {
	return k.RunFileWith(ctx, path, FileOptions{})
}

// RunFileWith is RunFile with options.
func (k *Kernel) RunFileWith(ctx context.Context, path string, o FileOptions) error {
	k.runMu.Lock()
	defer k.runMu.Unlock()
	if k.isClosed() {
		return errClosed
	}
	start := time.Now()
	return k.finish(k.file(ctx, path, o), start)
}

func (k *Kernel) file(ctx context.Context, path string, o FileOptions) *Error {
	if o.Source == "" {
		src, err := os.ReadFile(path)
		if err != nil {
			return &Error{Msg: fmt.Sprintf("kernel: %v", err), Kind: Compile, ExitCode: 1}
		}
		o.Source = string(src)
	}
	k.mu.Lock()
	f, unit, e := k.checkFile(path, o.Source, o.Params)
	k.mu.Unlock()
	if e != nil {
		return e
	}
	part, err := f.Part(o.From, o.To)
	if err != nil {
		return &Error{Msg: err.Error(), Kind: Compile, ExitCode: 1}
	}
	return k.runNotebook(ctx, f, unit, part, o.KeepGoing)
}

// checkFile parses and checks a whole notebook, with other values for
// parameters if there are any.
func (k *Kernel) checkFile(path, src string, params map[string]string) (*notebook.File, *check.Unit, *Error) {
	c := Cell{File: path, Source: src, Line: 1}
	k.sources[path] = src
	f, err := notebook.Parse(k.sess.Fset, path, src)
	if err != nil {
		return nil, nil, k.place(f, k.checkErrors(c, check.Syntax(err, src)))
	}
	if f.AST.Name.Name != "main" || f.Main == nil {
		return nil, nil, &Error{Cell: path, Msg: "a notebook is a package main with a function main", Kind: Compile, ExitCode: 1}
	}
	objects := k.sess.Objects
	k.sess.Objects = map[string]types.Object{} // a file stands for itself
	unit, errs := k.sess.Check(f.AST, nil)
	if len(errs) == 0 && len(params) > 0 {
		if at, err := k.setParams(f, unit.Info, params); err != nil {
			k.sess.Objects = objects
			e := &Error{Cell: path, Msg: err.Error(), Kind: Compile, ExitCode: 1}
			if at.IsValid() {
				p := k.sess.Fset.Position(at)
				e.Line, e.Col, e.Source = p.Line, p.Column, lineOf(src, p.Line)
			}
			return nil, nil, k.place(f, e)
		}
		unit, errs = k.sess.Check(f.AST, nil)
	}
	k.sess.Objects = objects
	if len(errs) > 0 {
		return nil, nil, k.place(f, k.checkErrors(c, check.Sorted(errs)))
	}
	return f, unit, nil
}

// place names the cell of an error's line.
func (k *Kernel) place(f *notebook.File, e *Error) *Error {
	if e != nil && f != nil && e.Line > 0 && e.Cell == f.Path {
		if i, line, ok := f.Locate(e.Line); ok {
			e.Index, e.IndexLine = i, line
		}
	}
	return e
}

// step is a part of a notebook that is ready to run.
type step struct {
	cell notebook.Cell // the declarations have none
	run  func() error  // nil where there is nothing to run
}

func (k *Kernel) runNotebook(ctx context.Context, f *notebook.File, unit *check.Unit, part notebook.Part, keepGoing bool) *Error {
	hoist := map[types.Object]bool{}
	scope := unit.Info.Scopes[f.Main.Type]
	for _, name := range scope.Names() {
		if v, ok := scope.Lookup(name).(*types.Var); ok {
			hoist[v] = true
		}
	}
	base := lower.Unit{File: f.AST, Info: unit.Info, Cell: nil, Notebook: true, Hoist: hoist}
	k.mu.Lock()
	k.mainFrame, k.ended = &deferFrame{}, false
	// Everything is compiled before anything runs.
	var steps []step
	var undo []*lower.Output
	add := func(c notebook.Cell, u lower.Unit) *Error {
		low, err := k.prog.Lower(u)
		if err != nil {
			return k.refused(f.Path, err)
		}
		undo = append(undo, low)
		p, err := k.compile(low)
		if err != nil {
			return k.refused(f.Path, err)
		}
		steps = append(steps, step{c, func() error { _, err := k.interp.Execute(p); return err }})
		return nil
	}
	decls := base
	decls.Decls, decls.Skip = true, f.Main
	e := add(notebook.Cell{}, decls)
	for _, c := range f.Cells {
		if e != nil || c.Kind != notebook.Code {
			continue
		}
		u := base
		if u.Cell, u.Stmts = f.Main, f.Stmts(k.sess.Fset, c); len(u.Stmts) > 0 {
			e = add(c, u)
		} else {
			steps = append(steps, step{cell: c})
		}
	}
	if e != nil {
		for i := len(undo) - 1; i >= 0; i-- {
			undo[i].Undo()
		}
		k.mu.Unlock()
		return e
	}
	k.adopt(f, unit, hoist)
	k.mu.Unlock()
	steps = slices.DeleteFunc(steps, func(s step) bool { return s.cell.Index > part.Last })
	began := func(s step) {
		if s.cell.Index > 0 {
			k.out.event(CellBegan{Index: s.cell.Index, Last: part.Last, Title: s.cell.Title, Before: s.cell.Index < part.First})
		}
	}
	if keepGoing {
		return k.eachStep(ctx, f, steps, began)
	}
	r := k.begin(ctx)
	defer k.end(r)
	e = k.drive(ctx, r, f.Path, func() error { return k.steps(r, steps, began) })
	if e == nil { // the end of main is the end of its goroutines
		r.finish(&outcome{kind: Interrupted})
		k.settle(r)
	}
	return k.place(f, e)
}

// adopt makes the objects of a file those of the session.
func (k *Kernel) adopt(f *notebook.File, unit *check.Unit, hoist map[types.Object]bool) {
	for name := range check.Declared(f.AST) {
		if o := unit.Pkg.Scope().Lookup(name); o != nil && name != "main" {
			k.sess.Objects[name] = o
		}
	}
	for o := range hoist {
		k.sess.Objects[o.Name()] = o
	}
	a := attempt{k: k, imports: k.sess.Imports, dots: k.dots}
	for _, im := range f.AST.Imports {
		a.addImport(im, unit)
	}
	k.dots = a.dots
	k.keepDocs(f.AST, unit.Info)
}

// steps runs the cells, then what main deferred.
func (k *Kernel) steps(r *run, steps []step, began func(step)) error {
	k.m.call(k.mainFrame, func() {
		for _, s := range steps {
			if r.dead() { // left behind in the one before
				return
			}
			began(s)
			if s.run == nil {
				continue
			}
			if err := s.run(); err != nil {
				panic(panicValue(err))
			}
			if k.ended {
				return
			}
		}
	})
	return nil
}

// eachStep runs each cell on its own, then what main deferred. The first error
// is the run's, those after it come as events.
func (k *Kernel) eachStep(ctx context.Context, f *notebook.File, steps []step, began func(step)) (first *Error) {
	defer k.stopBackground()
	steps = append(steps, step{run: func() error { k.m.call(k.mainFrame, func() {}); return nil }})
	for i, s := range steps {
		if k.ended && i < len(steps)-1 {
			continue
		}
		began(s)
		if s.run == nil {
			continue
		}
		r := k.begin(ctx)
		e := k.place(f, k.drive(ctx, r, f.Path, s.run))
		k.end(r)
		k.out.unmute()
		switch {
		case e == nil:
			continue
		case e.Kind == Interrupted || e.Kind == Exit && e.ExitCode == 0:
			if first == nil || e.Kind == Interrupted {
				return e
			}
			return first
		case first == nil:
			first = e
		}
		e.told = true
		k.out.event(Failed{e})
	}
	return first
}

// panicValue is the value of the panic that ended an execution.
func panicValue(err error) any {
	var ip interp.Panic
	if errors.As(err, &ip) {
		return ip.Value
	}
	return err
}

func (m *machine) endNotebook() { m.k.ended = true }
