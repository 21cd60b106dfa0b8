package kernel

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/types"
	"os"
	"time"

	"github.com/traefik/yaegi/interp"

	"loupe/kernel/check"
	"loupe/kernel/lower"
	"loupe/kernel/notebook"
)

// RunFile runs a notebook file cell by cell. The whole file is checked first:
// with an error in it nothing runs, as with go run. The error is an *Error
// whose ExitCode is that of the compiled program. The variables of main and
// the declarations become part of the session.
func (k *Kernel) RunFile(ctx context.Context, path string) error {
	k.runMu.Lock()
	defer k.runMu.Unlock()
	if k.isClosed() {
		return errClosed
	}
	start := time.Now()
	return k.finish(k.file(ctx, path, nil), start)
}

func (k *Kernel) file(ctx context.Context, path string, params map[string]string) *Error {
	src, err := os.ReadFile(path)
	if err != nil {
		return &Error{Msg: fmt.Sprintf("kernel: %v", err), Kind: Compile, ExitCode: 1}
	}
	k.mu.Lock()
	f, unit, e := k.checkFile(path, string(src), params)
	k.mu.Unlock()
	if e != nil {
		return e
	}
	return k.place(f, k.runNotebook(ctx, f, unit))
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
		if err := k.setParams(f, unit.Info, params); err != nil {
			k.sess.Objects = objects
			return nil, nil, &Error{Cell: path, Msg: err.Error(), Kind: Compile, ExitCode: 1}
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

func (k *Kernel) runNotebook(ctx context.Context, f *notebook.File, unit *check.Unit) *Error {
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
	var steps []func() error
	var undo []*lower.Output
	add := func(u lower.Unit) *Error {
		low, err := k.prog.Lower(u)
		if err != nil {
			return k.refused(f.Path, err)
		}
		undo = append(undo, low)
		p, err := k.compile(low)
		if err != nil {
			return k.refused(f.Path, err)
		}
		steps = append(steps, func() error { _, err := k.interp.Execute(p); return err })
		return nil
	}
	decls := base
	decls.Decls, decls.Skip = true, f.Main
	e := add(decls)
	for _, c := range f.Cells {
		if stmts := stmtsOf(k, f, c); e == nil && len(stmts) > 0 {
			u := base
			u.Cell, u.Stmts = f.Main, stmts
			e = add(u)
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
	r := k.begin(ctx)
	defer k.end(r)
	e = k.drive(ctx, r, f.Path, func() error { return k.steps(r, steps) })
	if e == nil { // the end of main is the end of its goroutines
		r.finish(&outcome{kind: Interrupted})
		k.settle(r)
	}
	return e
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
	for _, im := range f.AST.Imports {
		a := attempt{k: k, imports: k.sess.Imports}
		a.addImport(im, unit)
	}
	k.keepDocs(f.AST, unit.Info)
}

// steps runs the cells, then what main deferred.
func (k *Kernel) steps(r *run, steps []func() error) error {
	k.m.call(k.mainFrame, func() {
		for _, s := range steps {
			if r.dead() { // left behind in the one before
				return
			}
			if err := s(); err != nil {
				panic(panicValue(err))
			}
			if k.ended {
				return
			}
		}
	})
	return nil
}

// panicValue is the value of the panic that ended an execution.
func panicValue(err error) any {
	var ip interp.Panic
	if errors.As(err, &ip) {
		return ip.Value
	}
	return err
}

// stmtsOf are the statements of a code cell.
func stmtsOf(k *Kernel, f *notebook.File, c notebook.Cell) []ast.Stmt {
	if c.Kind != notebook.Code {
		return nil
	}
	return f.Stmts(k.sess.Fset, c)
}

func (m *machine) endNotebook() { m.k.ended = true }
