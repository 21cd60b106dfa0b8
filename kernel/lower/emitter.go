package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// emitter lowers one unit.
type emitter struct {
	unique map[types.Object]string // local variables under names that source cannot have
	p      *Program
	info   *types.Info
	unit   Unit
	env    map[*types.TypeParam]types.Type // of the generic instance being lowered
	decl   *ast.FuncDecl                   // its declaration

	imports map[string]string
	top     strings.Builder // declarations
	setup   strings.Builder // what the runtime is told before the unit runs
	init    strings.Builder // the unit's work
	later   []func()

	b       *strings.Builder // statements of the block being lowered
	fn      *fn
	targets []*target
	at      token.Pos
	tmps    int
	insts   int      // instances that this unit made
	dead    []string // functions that nothing will call once the unit has run
	library bool     // in a generic function of a native package
	jumps   map[*ast.Ident]bool
	checked map[*ast.IndexExpr]bool          // indexes that were checked before their statement
	inLoop  map[*ast.IndexExpr]bool          // indexes that cannot fail
	counts  map[types.Object]bool            // keys of loops, which are not negative
	shares  map[ast.Node]map[*types.Var]bool // variables that calls may change, by what declares them
	addr    bool                             // the address of the expression is taken
	opening []int                            // type ids of the structs that are being declared
}

// fn is the function being lowered.
type fn struct {
	sig   *types.Signature
	named []string // variables of the results, if return must set them
	cell  bool     // the cell's own body
	frame string   // the defer frame of a function with defer
	// recovers is the frame that deferred this call, "" if it has no recover:
	// recover works only in the function that was deferred.
	recovers string
	seq      *seqBody // set in the body of a range over a function
	labelled bool     // a label stands above: a goto may come back to it
}

// target is a statement that break or continue may refer to.
type target struct {
	label  string
	loop   bool
	before string   // statements before a continue of this loop
	seq    *seqBody // set when the body has become a function
}

func (e *emitter) tmp() string {
	e.tmps++
	return fmt.Sprintf("__t%d", e.tmps)
}

func (e *emitter) line(format string, args ...any) {
	fmt.Fprintf(e.b, format, args...)
	e.b.WriteByte('\n')
}

// pos records where execution is, for errors.
func (e *emitter) pos(n ast.Node) {
	if e.library { // a fault in there is the caller's
		return
	}
	e.at = n.Pos()
	if e.p.Calls {
		e.line("__k.SetLine(%d)", int(n.Pos()))
		return
	}
	e.line("*__k.Line = %d", int(n.Pos()))
}

// here is where execution is, for the runtime.
func (e *emitter) here() int { return int(e.at) }

// fault is the line that a failing check tells the runtime: a call in the same
// statement may have moved it. It is 0 in a library, whose faults are its
// caller's.
func (e *emitter) fault() int {
	if e.library {
		return 0
	}
	return int(e.at)
}

// checkStop ends the goroutine if its run is over.
func (e *emitter) checkStop() {
	if e.p.Calls {
		e.line("if __k.Stopped() { __k.Check() }")
		return
	}
	e.line("if *__k.Stop { __k.Check() }")
}

func (e *emitter) drain() bool {
	if len(e.later) == 0 {
		return false
	}
	list := e.later
	e.later = nil
	for _, f := range list {
		f()
	}
	return true
}

// block lowers statements into text of their own.
func (e *emitter) block(f func()) string {
	old := e.b
	e.b = &strings.Builder{}
	f()
	s := e.b.String()
	e.b = old
	return s
}

func (e *emitter) typeOf(x ast.Expr) types.Type { return e.subst(e.staticType(x)) }

func (e *emitter) staticType(x ast.Expr) types.Type {
	if tv, ok := e.info.Types[x]; ok {
		return tv.Type
	}
	if id, ok := x.(*ast.Ident); ok {
		if o := e.info.ObjectOf(id); o != nil {
			return o.Type()
		}
	}
	e.refuse(x.Pos(), fmt.Sprintf("an expression without a type (%T)", x), "")
	return nil
}

var universe = types.Universe

// local is the interpreter's name of a variable.
func (e *emitter) local(o types.Object) string {
	if n, ok := e.unique[o]; ok {
		return n
	}
	if n, ok := e.p.names[o]; ok {
		return n
	}
	n := o.Name()
	if n == "_" {
		return n
	}
	if universe.Lookup(n) != nil || strings.HasPrefix(n, "__") || len(n) > 2 && n[1] == '_' && strings.ContainsRune("vftmp", rune(n[0])) || n == "init" || n == "main" {
		return n + "__l"
	}
	return n
}

// rename gives a local variable a name that source cannot have.
func (e *emitter) rename(o types.Object) {
	if e.unique == nil {
		e.unique = map[types.Object]string{}
	}
	e.unique[o] = e.tmp()
}

func (e *emitter) def(id *ast.Ident) string {
	if o := e.info.Defs[id]; o != nil {
		return e.local(o)
	}
	return id.Name
}

// declarations lowers the package-level declarations of a file.
func (e *emitter) declarations(f *ast.File) {
	e.globals(f)
	var inits []string
	for _, d := range f.Decls { // all of them are known before one is lowered
		if fn, ok := d.(*ast.FuncDecl); ok && fn != e.unit.Cell && fn != e.unit.Skip && fn.Body != nil {
			if fobj, _ := e.info.Defs[fn.Name].(*types.Func); fobj != nil {
				put(e.p, e.p.decls, fobj, &decl{fn, e.info})
			}
		}
	}
	for _, d := range f.Decls {
		d, ok := d.(*ast.FuncDecl)
		if !ok || d == e.unit.Cell || d == e.unit.Skip || d.Name.Name == "_" {
			continue
		}
		fobj, _ := e.info.Defs[d.Name].(*types.Func)
		switch {
		case d.Body == nil:
			e.refuse(d.Pos(), "a function without a body", "")
		case d.Recv == nil && d.Name.Name == "init":
			n := e.p.fresh("f_init")
			e.function(n, d, e.info, nil)
			inits = append(inits, n)
		case fobj != nil:
			sig := fobj.Type().(*types.Signature)
			if sig.TypeParams().Len() == 0 && sig.RecvTypeParams().Len() == 0 { // else an instance for each use
				e.function(e.funcName(fobj, nil), d, e.info, nil)
			}
		}
	}
	e.b = &e.init
	for _, in := range e.info.InitOrder {
		e.at = in.Rhs.Pos()
		e.pos(in.Rhs)
		if len(in.Lhs) == 1 {
			v := e.exprTo(in.Rhs, in.Lhs[0].Type())
			if in.Lhs[0].Name() == "_" {
				e.line("__k.Use(%s)", v)
			} else {
				e.line("%s = %s", e.local(in.Lhs[0]), apart(v))
			}
			continue
		}
		var lhs []place
		for _, v := range in.Lhs {
			lhs = append(lhs, place{text: e.local(v), typ: v.Type()})
		}
		e.unpack(lhs, in.Rhs)
	}
	for _, n := range inits {
		e.line("%s()", n)
	}
}

// globals declares the package-level variables of a file.
func (e *emitter) globals(f *ast.File) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			for _, id := range s.(*ast.ValueSpec).Names {
				if o := e.info.Defs[id]; o != nil && id.Name != "_" {
					e.at = id.Pos()
					e.global(o)
				}
			}
		}
	}
}

// global declares a variable that outlives its cell.
func (e *emitter) global(o types.Object) {
	if _, ok := e.p.names[o]; ok {
		return // it took over the storage of an earlier one
	}
	rep := e.rep(o.Type())
	fmt.Fprintf(&e.top, "var %s %s\n", e.p.name(o, "v_"), rep)
}

// cell lowers the statements of a cell into a function and calls it.
func (e *emitter) cell(u Unit) {
	n := e.p.fresh("c_cell")
	e.dead = append(e.dead, n)
	sig := e.info.Defs[u.Cell.Name].Type().(*types.Signature)
	for _, s := range u.Stmts {
		ast.Inspect(s, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if o := e.info.Defs[id]; o != nil && u.Hoist[o] {
					e.at = id.Pos()
					e.global(o)
				}
			}
			return true
		})
	}
	body := e.block(func() {
		old := e.fn
		e.fn = &fn{sig: sig, cell: true}
		stmts := u.Stmts
		if !u.Notebook {
			e.openFrame(&ast.BlockStmt{List: stmts})
		}
		var last *ast.ExprStmt
		if u.Show && len(stmts) > 0 {
			if x, ok := stmts[len(stmts)-1].(*ast.ExprStmt); ok {
				last, stmts = x, stmts[:len(stmts)-1]
			}
		}
		if n := len(stmts); last == nil && u.Show && n > 0 && e.generates(stmts[n-1]) {
			e.stmts(stmts[:n-1])
			e.line("__k.ShowBegin()")
			e.stmts(stmts[n-1:])
			e.line("__k.ShowEnd()")
		} else {
			e.stmts(stmts)
		}
		if last != nil {
			e.show(last)
		}
		e.closeFrame()
		e.fn = old
	})
	fmt.Fprintf(&e.top, "func %s() {\n%s}\n", n, body)
	fmt.Fprintf(&e.init, "%s()\n", n)
}

// generates says whether a statement keeps the result of a call of the engine:
// its text is worth reading as it comes, though nothing is shown at the end.
func (e *emitter) generates(s ast.Stmt) bool {
	a, ok := s.(*ast.AssignStmt)
	if !ok || len(a.Rhs) != 1 {
		return false
	}
	call, ok := ast.Unparen(a.Rhs[0]).(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	f, ok := e.info.Uses[sel.Sel].(*types.Func)
	return ok && f.Pkg() != nil && f.Pkg().Path() == "loupe/engine"
}

// show evaluates the last expression of a cell and hands its values over.
func (e *emitter) show(s *ast.ExprStmt) {
	e.pos(s)
	t := e.typeOf(s.X)
	if tv := e.info.Types[s.X]; tv.IsType() {
		e.refuse(s.Pos(), "a type as a value", "")
	}
	var list []types.Type
	if tuple, ok := t.(*types.Tuple); ok {
		for i := range tuple.Len() {
			list = append(list, tuple.At(i).Type())
		}
	} else {
		list = []types.Type{types.Default(t)}
	}
	if len(list) == 0 {
		s = e.ordered(s).(*ast.ExprStmt)
		e.line("%s", e.expr(s.X))
		return
	}
	e.line("__k.ShowBegin()")
	s = &ast.ExprStmt{X: e.orderedExprs(s.X)[0]}
	var names, args []string
	for range list {
		names = append(names, e.tmp())
	}
	if len(list) == 1 {
		if b, ok := list[0].(*types.Basic); ok && b.Kind() == types.UntypedNil {
			e.line("__k.ShowNil()")
			return
		}
		e.line("var %s %s = %s", names[0], e.rep(list[0]), e.exprTo(s.X, list[0]))
	} else {
		e.line("%s := %s", strings.Join(names, ", "), e.expr(s.X))
	}
	for i, t := range list {
		args = append(args, fmt.Sprintf("%d, &%s", e.boxID(t), names[i]))
	}
	e.line("__k.Show(%s)", strings.Join(args, ", "))
}

// funcName is the interpreter's name of a function or method, for the type
// arguments of its own or of its receiver.
func (e *emitter) funcName(f *types.Func, args []types.Type) string {
	f = e.p.latest(f).(*types.Func)
	base := "f_" + f.Name()
	sig := f.Type().(*types.Signature)
	if sig.Recv() != nil {
		base = "m_" + recvNamed(sig.Recv().Type()).Obj().Name() + "_" + f.Name()
	}
	if len(args) == 0 {
		if n, ok := e.p.names[f]; ok {
			return n
		}
		n := e.p.fresh(base)
		put(e.p, e.p.names, types.Object(f), n)
		return n
	}
	key := fmt.Sprintf("%p", f)
	for i, a := range args {
		args[i] = e.subst(a)
		key += fmt.Sprintf(" %d", e.p.TypeID(args[i]))
	}
	if in, ok := e.p.insts[key]; ok {
		return in.name
	}
	n := e.p.fresh(base + "__i")
	put(e.p, e.p.insts, key, instance{n, f, args})
	d := e.p.decls[f]
	if d == nil {
		e.refuse(e.at, "the generic function "+f.Name(), "")
	}
	if e.insts++; e.insts > 2000 {
		e.refuse(e.at, "more than 2000 instances of generic functions", "")
	}
	env := map[*types.TypeParam]types.Type{}
	params := sig.TypeParams()
	if sig.RecvTypeParams().Len() > 0 {
		params = sig.RecvTypeParams()
	}
	for i := range params.Len() {
		env[params.At(i)] = args[i]
	}
	e.later = append(e.later, func() { e.function(n, d.fn, d.info, env) })
	return n
}

func recvNamed(t types.Type) *types.Named {
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	n, _ := t.(*types.Named)
	return n
}

// function lowers a function declaration under a name; a method's receiver
// becomes its first parameter.
func (e *emitter) function(name string, d *ast.FuncDecl, info *types.Info, env map[*types.TypeParam]types.Type) {
	oldInfo, oldEnv, oldDecl, oldAt, oldB, oldLibrary := e.info, e.env, e.decl, e.at, e.b, e.library
	e.info, e.env, e.decl = info, env, d
	sig := info.Defs[d.Name].Type().(*types.Signature)
	if e.library = e.p.bodies[info.Defs[d.Name].Pkg()]; !e.library {
		e.at = d.Pos()
	}
	var params []string
	if d.Recv != nil {
		f := d.Recv.List[0]
		n := "_"
		if len(f.Names) == 1 {
			n = e.def(f.Names[0])
		}
		params = append(params, n+" "+e.rep(sig.Recv().Type()))
	}
	head, named := e.signature(sig, d.Type, params)
	body := e.body(sig, named, d.Body, nil)
	fmt.Fprintf(&e.top, "func %s%s {\n%s}\n", name, head, body)
	if e.takesFloats(sig) {
		fmt.Fprintf(&e.setup, "__k.Func(%q, %s)\n", name, name)
	}
	e.info, e.env, e.decl, e.at, e.b, e.library = oldInfo, oldEnv, oldDecl, oldAt, oldB, oldLibrary
}

// signature prints parameters and results; named are the results' names.
func (e *emitter) signature(sig *types.Signature, ft *ast.FuncType, params []string) (head string, named []string) {
	names := func(list *ast.FieldList, n int) []string {
		var out []string
		if list != nil {
			for _, f := range list.List {
				for _, id := range f.Names {
					out = append(out, e.def(id))
				}
			}
		}
		for len(out) < n {
			out = append(out, "_")
		}
		return out
	}
	in := names(ft.Params, sig.Params().Len())
	for i := range sig.Params().Len() {
		t := sig.Params().At(i).Type()
		rep := ""
		if sig.Variadic() && i == sig.Params().Len()-1 {
			rep = "..." + e.rep(e.core(t).(*types.Slice).Elem())
		} else {
			rep = e.rep(t)
		}
		params = append(params, in[i]+" "+rep)
	}
	var results []string
	isNamed := ft.Results != nil && len(ft.Results.List) > 0 && len(ft.Results.List[0].Names) > 0
	var out []string
	if isNamed {
		// A return sets them also where the body has given their names to others.
		for _, f := range ft.Results.List {
			for _, id := range f.Names {
				if o := e.info.Defs[id]; o != nil && id.Name != "_" {
					e.rename(o)
				}
			}
		}
		out = names(ft.Results, sig.Results().Len())
	}
	for i := range sig.Results().Len() {
		rep := e.rep(sig.Results().At(i).Type())
		if isNamed {
			if out[i] == "_" {
				out[i] = e.tmp()
			}
			named = append(named, out[i])
		}
		results = append(results, rep)
	}
	head = "(" + strings.Join(params, ", ") + ")"
	if len(results) > 0 {
		head += " (" + strings.Join(results, ", ") + ")"
	}
	return head, named
}

// body lowers a function's body. setup may prepare the function's context.
func (e *emitter) body(sig *types.Signature, named []string, body *ast.BlockStmt, setup func(*fn)) string {
	oldFn, oldTargets := e.fn, e.targets
	e.fn, e.targets = &fn{sig: sig, named: named}, nil
	if setup != nil {
		setup(e.fn)
	}
	s := e.block(func() {
		e.checkStop()
		// The interpreter keeps a named result where the caller will read it,
		// and does not clear it: results are variables like others here.
		for i, n := range named {
			e.declare(n, sig.Results().At(i).Type())
		}
		if e.fn.recovers == "" && recovers(e.info, body) {
			e.fn.recovers = e.tmp()
			e.line("%s := __k.TakeDirect()", e.fn.recovers)
		} else if e.p.recoverers && e.fn.recovers == "" && calls(body) {
			// What it calls was not deferred itself, and does not recover.
			if e.p.Calls {
				e.line("if __k.SyncDirect() { __k.TakeDirect() }")
			} else {
				e.line("if *__k.AnyDirect { __k.TakeDirect() }")
			}
		}
		framed := e.openFrame(body)
		e.stmts(body.List)
		if framed {
			e.closeFrame()
		} else if len(named) > 0 {
			e.line("return %s", strings.Join(named, ", "))
		}
	})
	e.fn, e.targets = oldFn, oldTargets
	return s
}

// openFrame begins the body of a function that defers: a function literal that
// the runtime calls, and after it what was deferred.
func (e *emitter) openFrame(body *ast.BlockStmt) bool {
	if !hasDefer(body) {
		return false
	}
	if e.fn.named == nil {
		for i := range e.fn.sig.Results().Len() {
			n := e.tmp()
			e.declare(n, e.fn.sig.Results().At(i).Type())
			e.fn.named = append(e.fn.named, n)
		}
	}
	e.fn.frame = e.tmp()
	e.line("%s := __k.Frame()", e.fn.frame)
	e.line("%s__b := func() {", e.fn.frame)
	return true
}

func (e *emitter) closeFrame() {
	if e.fn.frame == "" {
		return
	}
	e.line("}\n__k.Call(%s, %s__b)", e.fn.frame, e.fn.frame)
	if len(e.fn.named) > 0 {
		e.line("return %s", strings.Join(e.fn.named, ", "))
	}
}

// calls says whether the function itself calls anything.
func calls(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			found = true
		}
		return !found
	})
	return found
}

// findRecoverers notes whether a file has functions that recover and are not deferred
// where they stand: those that do not recover then have to say so.
func (e *emitter) findRecoverers(f *ast.File) {
	deferred := map[*ast.FuncLit]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.DeferStmt:
			if lit, ok := ast.Unparen(n.Call.Fun).(*ast.FuncLit); ok {
				deferred[lit] = true
			}
		case *ast.DeclStmt:
			e.number(n)
		case *ast.FuncDecl:
			e.p.recoverers = e.p.recoverers || n.Body != nil && recovers(e.info, n.Body)
		case *ast.FuncLit:
			e.p.recoverers = e.p.recoverers || !deferred[n] && recovers(e.info, n.Body)
		}
		return true
	})
}

// recovers says whether the function itself calls recover.
func recovers(info *types.Info, body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			found = found || builtin(info, ast.Unparen(n.Fun)) == "recover"
		}
		return !found
	})
	return found
}

// hasDefer says whether the function itself defers.
func hasDefer(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.DeferStmt:
			found = true
		}
		return !found
	})
	return found
}

// registerMethods tells the runtime the script methods that a value of type t
// has, those of embedded fields too.
func (e *emitter) registerMethods(t types.Type) {
	e.parts(t)
	if p, ok := t.Underlying().(*types.Pointer); ok { // it may be decoded into
		e.decoders(p.Elem(), map[types.Type]bool{})
	}
	e.reach(t)
	ms := types.NewMethodSet(t)
	for i := range ms.Len() {
		m, ok := ms.At(i).Obj().(*types.Func)
		if !ok || !e.p.script(m) {
			continue
		}
		recv := m.Type().(*types.Signature).Recv().Type()
		if types.IsInterface(recv) {
			continue
		}
		n := recvNamed(recv)
		if n == nil {
			continue
		}
		var args []types.Type
		for k := range n.TypeArgs().Len() {
			args = append(args, n.TypeArgs().At(k))
		}
		id := e.id(recv)
		if e.p.decls[m.Origin()] == nil {
			continue // not lowered: a cell's method that was refused
		}
		fmt.Fprintf(&e.setup, "__k.Method(%d, %q, %s)\n", id, m.Name(), e.funcName(m, args))
	}
}

// parts makes the methods of the script types inside of t known: a value that
// is printed is printed with what is in it.
func (e *emitter) parts(t types.Type) {
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		e.part(u.Elem())
	case *types.Slice:
		e.part(u.Elem())
	case *types.Array:
		e.part(u.Elem())
	case *types.Map:
		e.part(u.Key())
		e.part(u.Elem())
	case *types.Struct:
		for i := range u.NumFields() {
			e.part(u.Field(i).Type())
		}
	}
}

func (e *emitter) part(t types.Type) {
	if n, ok := types.Unalias(t).(*types.Named); ok && !e.p.script(n.Obj()) || types.IsInterface(t) || !e.boxed(t) {
		return
	}
	e.boxID(t)
}
