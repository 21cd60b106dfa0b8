package lower

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"
)

// selector lowers x.f that is not the callee of a call.
func (e *emitter) selector(x *ast.SelectorExpr) string {
	if id, ok := x.X.(*ast.Ident); ok {
		if _, ok := e.info.Uses[id].(*types.PkgName); ok {
			return e.qualified(x)
		}
	}
	if tv, ok := e.info.Types[x.X]; ok && tv.IsType() {
		return e.methodExpr(x)
	}
	m := e.lookup(x)
	if m.fn != nil {
		return e.methodValue(x, m)
	}
	s := e.path(e.operand(x.X), m.recv, m.index)
	if e.typeField(x.Sel) {
		e.pkgName(m.typ.(*types.Named).Obj().Pkg())
		s = "__k.Reflection(" + s + ")"
	}
	return s
}

func (e *emitter) qualified(x *ast.SelectorExpr) string {
	switch o := e.info.Uses[x.Sel].(type) {
	case *types.Func:
		if e.p.generic(o) != nil {
			return e.ident(x.Sel)
		}
		return e.nativeFunc(x.Sel, o)
	case *types.Var:
		return e.readNative(o)
	}
	e.refuse(x.Pos(), "the use of "+x.Sel.Name, "")
	return ""
}

// member is what a selector selects, in the current instance.
type member struct {
	recv  types.Type // of the operand
	fn    *types.Func
	index []int
	typ   types.Type // of the field or method
}

func (e *emitter) lookup(x *ast.SelectorExpr) member {
	recv := e.typeOf(x.X)
	return e.lookupIn(recv, x.Sel)
}

func (e *emitter) lookupIn(recv types.Type, sel *ast.Ident) member {
	o, index, _ := types.LookupFieldOrMethod(recv, true, e.p.pkg, sel.Name)
	if o == nil {
		if obj := e.info.Uses[sel]; obj != nil && obj.Pkg() != nil {
			o, index, _ = types.LookupFieldOrMethod(recv, true, obj.Pkg(), sel.Name)
		}
	}
	if o == nil {
		e.refuse(sel.Pos(), "the selector "+sel.Name, "")
	}
	m := member{recv: recv, index: index, typ: o.Type()}
	m.fn, _ = o.(*types.Func)
	if m.fn != nil {
		m.index = index[:len(index)-1]
	}
	return m
}

// path follows embedded fields from an operand of type t.
func (e *emitter) path(s string, t types.Type, index []int) string {
	for _, i := range index {
		st := e.structOf(t)
		s += "." + fieldName(st, i)
		if e.kept(t, i) {
			s = e.take(s, st.Field(i).Type())
		}
		t = st.Field(i).Type()
	}
	return s
}

func (e *emitter) structOf(t types.Type) *types.Struct {
	t = e.subst(t)
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	return t.Underlying().(*types.Struct)
}

func (e *emitter) pathType(t types.Type, index []int) types.Type {
	for _, i := range index {
		t = e.structOf(t).Field(i).Type()
	}
	return t
}

// callee is a method of x lowered up to its arguments: fun is the function,
// recv its first argument if it has become one.
func (e *emitter) callee(x ast.Expr, sel *ast.Ident, m member) (fun, recv string) {
	if !types.IsInterface(e.pathType(m.recv, m.index)) && e.wantsAddress(m) {
		return e.calleeOf(e.addressed(x), sel, m)
	}
	return e.calleeOf(e.operand(x), sel, m)
}

// wantsAddress says whether a method has a pointer for its receiver.
func (e *emitter) wantsAddress(m member) bool {
	recv := m.fn.Type().(*types.Signature).Recv()
	if recv == nil {
		return false
	}
	_, ptr := types.Unalias(recv.Type()).(*types.Pointer)
	return ptr
}

func (e *emitter) calleeOf(operand string, sel *ast.Ident, m member) (fun, recv string) {
	t := e.pathType(m.recv, m.index)
	s := e.path(operand, m.recv, m.index)
	if types.IsInterface(t) {
		if e.kindOf(t) == native {
			return s + "." + sel.Name, ""
		}
		sig := e.methodType(m)
		rep := e.rep(sig)
		for i := range sig.Results().Len() {
			if e.hasStruct(sig.Results().At(i).Type(), map[types.Type]bool{}) {
				return fmt.Sprintf("%s(%s, %q)", e.binder(rep), s, sel.Name), ""
			}
		}
		return fmt.Sprintf("__k.M(%s, %q).(%s)", s, sel.Name, rep), ""
	}
	if !e.p.script(m.fn) {
		return s + "." + sel.Name, ""
	}
	recvType := m.fn.Type().(*types.Signature).Recv().Type()
	named := recvNamed(recvType)
	var args []types.Type
	for i := range named.TypeArgs().Len() {
		args = append(args, named.TypeArgs().At(i))
	}
	_, wantPtr := types.Unalias(recvType).(*types.Pointer)
	_, havePtr := e.subst(t).Underlying().(*types.Pointer)
	if n, ok := types.Unalias(e.subst(t)).(*types.Named); ok && havePtr && n.Obj() == named.Obj() {
		havePtr = false
	}
	switch {
	case wantPtr && !havePtr:
		if strings.HasPrefix(s, "f_take") && strings.HasSuffix(s, ")") {
			e.noAddress(sel, sel.Name)
		}
		s = "&" + s
	case !wantPtr && havePtr:
		s = "*" + s
	}
	return e.funcName(m.fn, args), s
}

// hasStruct says whether values of t hold fields of a script's struct.
func (e *emitter) hasStruct(t types.Type, seen map[types.Type]bool) bool {
	t = types.Unalias(e.subst(t))
	if seen[t] {
		return false
	}
	seen[t] = true
	if n, ok := t.(*types.Named); ok && !e.p.script(n.Obj()) {
		return false
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		return true
	case *types.Pointer:
		return e.hasStruct(u.Elem(), seen)
	case *types.Slice:
		return e.hasStruct(u.Elem(), seen)
	case *types.Array:
		return e.hasStruct(u.Elem(), seen)
	case *types.Chan:
		return e.hasStruct(u.Elem(), seen)
	case *types.Map:
		return e.hasStruct(u.Key(), seen) || e.hasStruct(u.Elem(), seen)
	case *types.Signature:
		for _, tuple := range []*types.Tuple{u.Params(), u.Results()} {
			for i := range tuple.Len() {
				if e.hasStruct(tuple.At(i).Type(), seen) {
					return true
				}
			}
		}
	}
	return false
}

// binder is a function that binds a method of a value in an interface, of a type in the
// interpreter's form. Of what a call of the runtime is asserted to be, the interpreter
// forgets the names of fields; not so in a function of the script.
func (e *emitter) binder(rep string) string {
	name, ok := e.p.binders[rep]
	if !ok {
		name = e.p.fresh("f_bind")
		put(e.p, e.p.binders, rep, name)
		fmt.Fprintf(&e.top, "func %s(__v any, __n string) %s { return __k.M(__v, __n).(%s) }\n", name, rep, rep)
	}
	return name
}

// methodType is a method's type without its receiver.
func (e *emitter) methodType(m member) *types.Signature {
	s := e.subst(m.typ).(*types.Signature)
	return types.NewSignatureType(nil, nil, nil, s.Params(), s.Results(), s.Variadic())
}

// params prints a signature with parameters named p0, p1..., and the argument
// list that passes them on.
func (e *emitter) params(s *types.Signature) (decl, pass []string, results string) {
	for i := range s.Params().Len() {
		t := s.Params().At(i).Type()
		n := fmt.Sprintf("__p%d", i)
		if s.Variadic() && i == s.Params().Len()-1 {
			decl = append(decl, n+" ..."+e.rep(e.core(t).(*types.Slice).Elem()))
			n += "..."
		} else {
			decl = append(decl, n+" "+e.rep(t))
		}
		pass = append(pass, n)
	}
	var out []string
	for i := range s.Results().Len() {
		out = append(out, e.rep(s.Results().At(i).Type()))
	}
	if len(out) > 0 {
		results = " (" + strings.Join(out, ", ") + ")"
	}
	return decl, pass, results
}

// methodValue lowers x.M: the receiver is evaluated and copied now.
func (e *emitter) methodValue(x *ast.SelectorExpr, m member) string {
	sig := e.methodType(m)
	decl, pass, _ := e.params(sig)
	recvT := e.pathType(m.recv, m.index)
	if name := m.fn.FullName(); strings.HasPrefix(name, "(*") && mirrored[name] != "" {
		e.refuse(x.Pos(), name+" as a value", "write a function that calls it")
	}
	if types.IsInterface(recvT) { // bound by the runtime, which wants a value
		fun, _ := e.callee(x.X, x.Sel, m)
		return fun
	}
	base := e.operand(x.X)
	if e.wantsAddress(m) {
		base = e.addressed(x.X)
	}
	operand := e.path(base, m.recv, m.index)
	holdT := recvT
	want := m.fn.Type().(*types.Signature).Recv().Type()
	_, wantPtr := types.Unalias(want).(*types.Pointer)
	_, havePtr := e.subst(recvT).Underlying().(*types.Pointer)
	switch {
	case wantPtr && !havePtr:
		if strings.HasPrefix(operand, "f_take") && strings.HasSuffix(operand, ")") {
			e.noAddress(x, x.Sel.Name)
		}
		operand, holdT = "&"+operand, types.NewPointer(recvT)
	case !wantPtr && havePtr:
		operand, holdT = "*"+operand, e.subst(recvT).Underlying().(*types.Pointer).Elem()
	}
	hold := member{recv: holdT, fn: m.fn, typ: m.typ}
	fun, recv := e.calleeOf("__m", x.Sel, hold)
	pass = e.closedArgs(m.fn, sig, pass)
	results, body := e.forwardMethod(fun, recv, pass, hold, sig)
	if m.fn.Pkg() != nil && m.fn.Pkg().Path() == "log" {
		if s, ok := e.logText("__m", x.Sel.Name, 0, pass); ok {
			if body = s; results != "" {
				body = "return " + s
			}
		}
	}
	return fmt.Sprintf("func(__m %s) %s { return func(%s)%s { %s } }(%s)",
		e.rep(holdT), e.rep(sig), strings.Join(decl, ", "), results, body, operand)
}

// methodExpr lowers T.M and (*T).M.
func (e *emitter) methodExpr(x *ast.SelectorExpr) string {
	recv := e.typeOf(x.X)
	m := e.lookupIn(recv, x.Sel)
	if name := m.fn.FullName(); strings.HasPrefix(name, "(*") && mirrored[name] != "" {
		e.refuse(x.Pos(), name+" as a value", "write a function that calls it")
	}
	sig := e.methodType(m)
	decl, pass, _ := e.params(sig)
	fun, r := e.calleeOf("__m", x.Sel, m)
	results, body := e.forwardMethod(fun, r, e.closedArgs(m.fn, sig, pass), m, sig)
	decl = append([]string{"__m " + e.rep(recv)}, decl...)
	return e.ownFrame(e.typeOf(x), fmt.Sprintf("func(%s)%s { %s }", strings.Join(decl, ", "), results, body))
}
