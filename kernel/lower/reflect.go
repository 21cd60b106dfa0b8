package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"loupe/kernel/display"
)

// Reflection comes from a value to all that it is made of, to pointers to it,
// and through its methods to their parameters and results. Once a program
// imports a package that reflects, the runtime is told of all of these types
// and of their methods.

// reflecting are the packages that do so, as the kernel gives them to cells.
var reflecting = map[string]bool{"reflect": true, "text/template": true, "html/template": true, "encoding/gob": true}

// reflects says that from here on values are reflected on, those of earlier
// cells too.
func (e *emitter) reflects() {
	if e.p.reached != nil {
		return
	}
	e.p.reached = map[int]bool{}
	e.p.log = append(e.p.log, func() { e.p.reached = nil })
	for id := range e.p.methods {
		e.later = append(e.later, func() { e.reach(e.p.Type(id)) })
	}
}

// reach tells the runtime of what reflection comes to from t.
func (e *emitter) reach(t types.Type) {
	t = types.Unalias(t)
	if e.p.reached == nil || !e.boxed(t) && !e.isScriptInterface(t) {
		return
	}
	id := e.p.TypeID(t)
	if e.p.reached[id] {
		return
	}
	put(e.p, e.p.reached, id, true)
	e.boxID(t)
	n, named := t.(*types.Named)
	if named && !e.p.script(n.Obj()) {
		return
	}
	if named && !types.IsInterface(t) {
		e.boxID(types.NewPointer(t))
		set := types.NewMethodSet(types.NewPointer(t))
		for i := range set.Len() {
			if f, ok := set.At(i).Obj().(*types.Func); ok && f.Exported() {
				e.reachAll(f.Type().(*types.Signature))
			}
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		e.reach(u.Elem())
	case *types.Slice:
		e.reach(u.Elem())
	case *types.Array:
		e.reach(u.Elem())
	case *types.Chan:
		e.reach(u.Elem())
	case *types.Map:
		e.reach(u.Key())
		e.reach(u.Elem())
	case *types.Struct:
		for i := range u.NumFields() {
			e.reach(u.Field(i).Type())
		}
	case *types.Signature:
		e.reachAll(u)
	case *types.Interface:
		for i := range u.NumMethods() {
			e.reachAll(u.Method(i).Type().(*types.Signature))
		}
	}
}

func (e *emitter) reachAll(s *types.Signature) {
	for _, tuple := range []*types.Tuple{s.Params(), s.Results()} {
		for i := range tuple.Len() {
			e.reach(tuple.At(i).Type())
		}
	}
}

func (e *emitter) isScriptInterface(t types.Type) bool {
	n, ok := t.(*types.Named)
	return ok && e.p.script(n.Obj()) && types.IsInterface(n)
}

// Script says whether o is declared by a cell.
func (p *Program) Script(o types.Object) bool { return p.script(o) }

// Opaque says whether values of the named type n are kept in an "any".
func (p *Program) Opaque(n *types.Named) bool {
	switch n.Underlying().(type) {
	case *types.Struct, *types.Interface, *types.Basic:
		return false
	}
	return p.script(n.Obj()) && reaches(n.Underlying(), n, map[types.Type]bool{})
}

// mirrored are natives that the runtime takes over, with the place of the call
// or without.
var mirrored = map[string]string{
	"(reflect.Value).Recv":                      "__k.ReflectRecv(%d, ",
	"(reflect.Value).Send":                      "__k.ReflectSend(%d, ",
	"reflect.Select":                            "__k.ReflectSelect(%d, ",
	"(*text/template.Template).Execute":         "__k.TemplateExecute(",
	"(*text/template.Template).ExecuteTemplate": "__k.TemplateNamed(",
	"(*text/template.Template).Funcs":           "__k.TemplateFuncs(",
	"(*html/template.Template).Execute":         "__k.HTMLExecute(",
	"(*html/template.Template).ExecuteTemplate": "__k.HTMLNamed(",
	"(*html/template.Template).Funcs":           "__k.HTMLFuncs(",
}

// mirror is a call of one of them.
func (e *emitter) mirror(c called, args []string) (string, bool) {
	head, ok := mirrored[c.native]
	if !ok {
		return "", false
	}
	if strings.Contains(head, "%d") {
		head = fmt.Sprintf(head, e.here())
	}
	switch {
	case strings.HasPrefix(c.native, "(*"):
		args = append([]string{e.address(c)}, args...)
	case c.native[0] == '(':
		args = append([]string{strings.TrimSuffix(c.text, "."+c.sel.Sel.Name)}, args...)
	}
	if c.obj != nil && c.obj.Pkg().Path() != "reflect" {
		e.reflects()
	}
	return head + strings.Join(args, ", ") + ")", true
}

// reflectGeneric lowers a call of a generic function of package reflect.
func (e *emitter) reflectGeneric(x *ast.CallExpr) (string, bool) {
	id := funcIdent(stripIndex(ast.Unparen(x.Fun)))
	if id == nil {
		return "", false
	}
	o, ok := e.info.Uses[id].(*types.Func)
	if !ok || o.Pkg() == nil || o.Pkg().Path() != "reflect" {
		return "", false
	}
	inst, ok := e.info.Instances[id]
	if !ok {
		return "", false
	}
	t := e.subst(inst.TypeArgs.At(0))
	e.pkgName(o.Pkg()) // which makes the types known
	switch o.Name() {
	case "TypeFor":
		return fmt.Sprintf("__k.TypeFor(%d)", e.boxID(t)), true
	case "TypeAssert":
		v := o.Type().(*types.Signature).Params().At(0).Type()
		return fmt.Sprintf("func() (__r %s, __ok bool) { __ok = __k.TypeAssert(%s, %d, &__r); return }()", e.rep(t), e.exprTo(x.Args[0], v), e.boxID(t)), true
	}
	return "", false
}

// refuseReflected refuses what packages have of types of reflect: they are Go's
// own, not those that cells see. A field is read nevertheless if it is a type.
func (e *emitter) refuseReflected(n ast.Node) {
	switch n := n.(type) {
	case *ast.KeyValueExpr:
		if id, ok := n.Key.(*ast.Ident); ok && e.typeField(id) {
			e.refuseForeign(id, e.info.Uses[id])
		}
	case *ast.AssignStmt:
		for _, x := range n.Lhs {
			e.refuseSet(x)
		}
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			e.refuseSet(n.X)
		}
	case *ast.Ident:
		o := e.info.Uses[n]
		if o == nil || o.Pkg() == nil || e.p.script(o) || reflecting[o.Pkg().Path()] || e.typeField(n) {
			return
		}
		switch o.(type) {
		case *types.Func, *types.Var:
			if mentionsReflect(o.Type()) {
				e.refuseForeign(n, o)
			}
		}
	}
}

func (e *emitter) refuseSet(x ast.Expr) {
	if sel, ok := ast.Unparen(x).(*ast.SelectorExpr); ok && e.typeField(sel.Sel) {
		e.refuseForeign(sel.Sel, e.info.Uses[sel.Sel])
	}
}

func (e *emitter) refuseForeign(id *ast.Ident, o types.Object) {
	e.refuse(id.Pos(), o.Pkg().Path()+"."+o.Name()+", which hands out reflection of its own", "")
}

// typeField says whether id is a field of a package's struct that is a
// reflect.Type.
func (e *emitter) typeField(id *ast.Ident) bool {
	o, ok := e.info.Uses[id].(*types.Var)
	if !ok || !o.IsField() || o.Pkg() == nil || e.p.script(o) || reflecting[o.Pkg().Path()] {
		return false
	}
	n, ok := o.Type().(*types.Named)
	return ok && n.Obj().Name() == "Type" && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "reflect"
}

func mentionsReflect(t types.Type) bool {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		return t.Obj().Pkg() != nil && t.Obj().Pkg().Path() == "reflect" && (types.IsInterface(t) || isStruct(t))
	case *types.Pointer:
		return mentionsReflect(t.Elem())
	case *types.Slice:
		return mentionsReflect(t.Elem())
	case *types.Array:
		return mentionsReflect(t.Elem())
	case *types.Chan:
		return mentionsReflect(t.Elem())
	case *types.Map:
		return mentionsReflect(t.Key()) || mentionsReflect(t.Elem())
	case *types.Signature:
		for _, tuple := range []*types.Tuple{t.Params(), t.Results()} {
			for i := range tuple.Len() {
				if mentionsReflect(tuple.At(i).Type()) {
					return true
				}
			}
		}
	}
	return false
}

func isStruct(t types.Type) bool {
	_, ok := t.Underlying().(*types.Struct)
	return ok
}

// number gives the types of a declaration in a function their numbers, which
// are in the names of generic types that have them as arguments.
func (e *emitter) number(d *ast.DeclStmt) {
	g, ok := d.Decl.(*ast.GenDecl)
	if !ok {
		return
	}
	for _, s := range g.Specs {
		t, ok := s.(*ast.TypeSpec)
		if !ok || t.Assign.IsValid() {
			continue
		}
		if o, ok := e.info.Defs[t.Name].(*types.TypeName); ok && display.Numbered(o) == 0 {
			e.p.inner++
			display.Number(o, e.p.inner)
		}
	}
}

// printsReflected says whether a is a reflect.Value that a logger prints, as fmt
// does: what it holds.
func (e *emitter) printsReflected(a ast.Expr, c called) bool {
	if c.obj == nil || c.obj.Pkg() == nil || !strings.HasPrefix(c.obj.Pkg().Path(), "log") {
		return false
	}
	n, ok := types.Unalias(e.typeOf(a)).(*types.Named)
	return ok && n.Obj().Name() == "Value" && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "reflect"
}
