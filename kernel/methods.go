package kernel

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"

	"loupe/kernel/check"
)

// Methods that a cell gives to a type of an earlier cell. go/types knows no
// method of a type that another check declared. So these are checked as
// functions whose first parameter is the receiver, then added to the type, and
// the cell is checked again with them.

// lateMethod is a method of an earlier cell's type.
type lateMethod struct {
	decl  *ast.FuncDecl
	on    *types.Named
	fn    *types.Func // of the type: the new one, or the one that it replaces
	ident *ast.Ident  // the name as a function
}

// receiverName is the name of a method's base type.
func receiverName(fn *ast.FuncDecl) (id *ast.Ident, generic bool) {
	if fn.Recv == nil || len(fn.Recv.List) != 1 {
		return nil, false
	}
	t := fn.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.ParenExpr:
			t = x.X
			continue
		case *ast.StarExpr:
			t = x.X
			continue
		case *ast.IndexExpr:
			t, generic = x.X, true
			continue
		case *ast.IndexListExpr:
			t, generic = x.X, true
			continue
		case *ast.Ident:
			return x, generic
		}
		return nil, false
	}
}

// lateMethods finds the methods of earlier types in a file. What cannot be
// added is an error.
func (a *attempt) lateMethods(f *ast.File) ([]*lateMethod, []check.Error) {
	declared := check.Declared(f)
	var list []*lateMethod
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		id, generic := receiverName(fn)
		if id == nil || declared[id.Name] {
			continue
		}
		o, ok := a.objects[id.Name].(*types.TypeName)
		if !ok {
			o, ok = a.k.sess.Objects[id.Name].(*types.TypeName)
		}
		if !ok {
			continue // no type of the session: the checker says so
		}
		named, ok := o.Type().(*types.Named)
		switch {
		case !ok || o.IsAlias():
			return nil, a.lateError(fn, id, "is an alias")
		case generic || named.TypeParams().Len() > 0:
			return nil, a.lateError(fn, id, "is generic")
		}
		list = append(list, &lateMethod{decl: fn, on: named})
	}
	return list, nil
}

func (a *attempt) lateError(fn *ast.FuncDecl, id *ast.Ident, why string) []check.Error {
	return []check.Error{{Pos: a.k.sess.Fset.Position(fn.Name.Pos()),
		Msg: fmt.Sprintf("loupe cannot add method %s to type %s of an earlier cell, which %s: declare the type and all of its methods in one cell", fn.Name.Name, id.Name, why)}}
}

// asFunctions turns the methods into functions until restore is called.
func asFunctions(list []*lateMethod) (restore func()) {
	var undo []func()
	for _, m := range list {
		d := m.decl
		name, recv, params := d.Name, d.Recv, d.Type.Params
		undo = append(undo, func() { d.Name, d.Recv, d.Type.Params = name, recv, params })
		field := *recv.List[0]
		all := []*ast.Field{&field}
		named := len(field.Names) > 0
		for _, p := range params.List {
			f := *p
			all = append(all, &f)
			named = named || len(f.Names) > 0
		}
		for _, f := range all { // names for all or for none
			if named && len(f.Names) == 0 {
				f.Names = []*ast.Ident{{NamePos: f.Type.Pos(), Name: "_"}}
			}
		}
		d.Name = &ast.Ident{NamePos: name.NamePos, Name: late + m.on.Obj().Name() + "_" + name.Name}
		d.Recv, d.Type.Params = nil, &ast.FieldList{Opening: params.Opening, List: all, Closing: params.Closing}
		m.ident = d.Name
	}
	return func() {
		for _, f := range undo {
			f()
		}
	}
}

// late begins the names of methods that are checked as functions.
const late = "__late_"

// checkLate checks the file with its late methods as functions, and says what
// these would be as methods.
func (a *attempt) checkLate(f *ast.File, list []*lateMethod) (unit *check.Unit, errs []check.Error, fns []*types.Func) {
	restore := asFunctions(list)
	unit, errs = a.k.sess.Check(f, a.objects)
	restore()
	for i := range errs {
		for _, m := range list {
			errs[i].Msg = strings.ReplaceAll(errs[i].Msg, m.ident.Name, m.on.Obj().Name()+"."+m.decl.Name.Name)
		}
	}
	for _, m := range list {
		var fn *types.Func
		if o, ok := unit.Info.Defs[m.ident].(*types.Func); ok {
			sig := o.Type().(*types.Signature)
			var params []*types.Var
			for i := 1; i < sig.Params().Len(); i++ {
				params = append(params, sig.Params().At(i))
			}
			recv := sig.Params().At(0)
			method := types.NewSignatureType(types.NewParam(recv.Pos(), recv.Pkg(), recv.Name(), recv.Type()), nil, nil, types.NewTuple(params...), sig.Results(), sig.Variadic())
			fn = types.NewFunc(m.decl.Name.Pos(), a.k.sess.Pkg(), m.decl.Name.Name, method)
		}
		fns = append(fns, fn)
	}
	return unit, errs, fns
}

// addMethods checks a file with methods of earlier types.
func (a *attempt) addMethods(f *ast.File, list []*lateMethod) (*check.Unit, []check.Error) {
	s := a.k.sess
	unit, errs, fns := a.checkLate(f, list)
	for _, e := range errs {
		if e.Soft || a.aboutNew(e, list) {
			continue
		}
		return unit, errs // wrong in itself
	}
	for i, m := range list {
		fn := fns[i]
		if fn == nil {
			return unit, errs
		}
		id, _ := receiverName(m.decl)
		sig := fn.Type().(*types.Signature)
		if local := mentions(sig, unit, f); local != "" {
			return nil, a.lateError(m.decl, id, "cannot know type "+local+" of this cell")
		}
		o, index, _ := types.LookupFieldOrMethod(m.on, true, s.Pkg(), fn.Name())
		switch old := o.(type) {
		case *types.Var:
			if len(index) == 1 {
				return nil, []check.Error{{Pos: s.Fset.Position(m.decl.Name.Pos()), Msg: fmt.Sprintf("field and method with the same name %s", fn.Name())}}
			}
		case *types.Func:
			if len(index) > 1 {
				break // promoted: the new one hides it
			}
			if !types.Identical(old.Type(), sig) || isPointer(old) != isPointer(fn) {
				return nil, a.lateError(m.decl, id, fmt.Sprintf("has a method %s with another signature, %s", fn.Name(), types.TypeString(old.Type(), a.k.qualify)))
			}
			m.fn = old
		}
	}
	for i, m := range list {
		if m.fn == nil {
			m.fn = fns[i]
			m.on.AddMethod(m.fn)
		}
	}
	unit, errs, _ = a.checkLate(f, list)
	for _, m := range list {
		unit.Info.Defs[m.decl.Name] = m.fn
	}
	return unit, errs
}

func isPointer(f *types.Func) bool {
	_, ok := types.Unalias(f.Type().(*types.Signature).Recv().Type()).(*types.Pointer)
	return ok
}

// aboutNew says whether an error is that a new method is not there yet.
func (a *attempt) aboutNew(e check.Error, list []*lateMethod) bool {
	for _, m := range list {
		if strings.Contains(e.Msg, m.decl.Name.Name) && (strings.Contains(e.Msg, "undefined") || strings.Contains(e.Msg, "missing method")) {
			return true
		}
	}
	return false
}

// mentions names a type in a method's signature that the file declares: the
// second check will make another type of it.
func mentions(sig *types.Signature, unit *check.Unit, f *ast.File) string {
	own := map[types.Object]bool{}
	for name := range check.Declared(f) {
		if o := unit.Pkg.Scope().Lookup(name); o != nil {
			own[o] = true
		}
	}
	found := ""
	seen := map[types.Type]bool{}
	var walk func(t types.Type)
	walk = func(t types.Type) {
		if t == nil || seen[t] {
			return
		}
		seen[t] = true
		switch t := types.Unalias(t).(type) {
		case *types.Named:
			if own[t.Obj()] {
				found = t.Obj().Name()
			}
			for i := range t.TypeArgs().Len() {
				walk(t.TypeArgs().At(i))
			}
		case interface{ Elem() types.Type }:
			if m, ok := t.(*types.Map); ok {
				walk(m.Key())
			}
			walk(t.Elem())
		case *types.Signature:
			for i := range t.Params().Len() {
				walk(t.Params().At(i).Type())
			}
			for i := range t.Results().Len() {
				walk(t.Results().At(i).Type())
			}
		case *types.Struct:
			for i := range t.NumFields() {
				walk(t.Field(i).Type())
			}
		case *types.Interface:
			for i := range t.NumMethods() {
				walk(t.Method(i).Type())
			}
		}
	}
	walk(sig)
	return found
}
