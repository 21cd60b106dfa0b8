package lower

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"
)

// call lowers a call, a conversion or a builtin.
func (e *emitter) call(x *ast.CallExpr) string {
	fun := ast.Unparen(x.Fun)
	tv := e.info.Types[fun]
	if tv.IsType() {
		return e.conversion(x.Args[0], tv.Type)
	}
	if id := builtin(e.info, fun); id != "" {
		return e.builtin(x, id)
	}
	if s, ok := e.reflectGeneric(x); ok {
		return s
	}
	c := e.resolve(x)
	if s, ok := e.special(x, c); ok {
		return s
	}
	if len(x.Args) == 1 {
		if tuple, ok := e.typeOf(x.Args[0]).(*types.Tuple); ok {
			return e.spread(x, c, tuple)
		}
	}
	return e.emitCall(c, e.args(x, c))
}

// called is the function of a call.
type called struct {
	text   string // the function, lowered
	recv   string // its receiver as an argument, "" if it has none
	sig    *types.Signature
	native string // "strings.ToUpper", "(*sync.WaitGroup).Wait"; "" for script functions
	obj    *types.Func
	sel    *ast.SelectorExpr

	loses    bool       // it may pass a negative zero: see negzero.go
	recvType types.Type // of recv, if it loses
}

func (e *emitter) resolve(x *ast.CallExpr) called {
	c := e.resolved(x)
	c.recvType, c.loses = e.mayLose(x)
	return c
}

func (e *emitter) resolved(x *ast.CallExpr) called {
	fun := ast.Unparen(x.Fun)
	c := called{}
	if sig, ok := e.core(e.typeOf(fun)).(*types.Signature); ok {
		c.sig = sig
	} else {
		e.refuse(x.Pos(), "this call", "")
	}
	if sel, ok := fun.(*ast.SelectorExpr); ok {
		pkg := false
		if id, ok := sel.X.(*ast.Ident); ok {
			_, pkg = e.info.Uses[id].(*types.PkgName)
		}
		if tv := e.info.Types[sel.X]; !pkg && !tv.IsType() {
			if m := e.lookup(sel); m.fn != nil {
				c.obj, c.sel = m.fn, sel
				c.sig = e.methodType(m)
				if !e.p.script(m.fn) {
					c.native = m.fn.FullName()
				}
				c.text, c.recv = e.callee(sel.X, sel.Sel, m)
				return c
			}
		}
	}
	if id := funcIdent(stripIndex(fun)); id != nil {
		if o, ok := e.info.Uses[id].(*types.Func); ok && o.Type().(*types.Signature).Recv() == nil {
			if g := e.p.generic(o); g != nil && !e.p.script(o) {
				o = g
			}
			c.obj = o
			if !e.p.script(o) {
				c.native = o.FullName()
				if o.Type().(*types.Signature).TypeParams().Len() > 0 {
					e.refuse(x.Pos(), o.Pkg().Name()+"."+o.Name()+", which is generic", instead(o.Pkg().Path(), o.Name()))
				}
			}
		}
	}
	if sel, ok := fun.(*ast.SelectorExpr); ok {
		c.sel = sel
	}
	if c.native != "" {
		c.text = e.pkgName(c.obj.Pkg()) + "." + c.obj.Name()
		return c
	}
	if c.obj != nil {
		c.text = e.calledIdent(funcIdent(stripIndex(fun)), c.obj)
		return c
	}
	if lit, ok := fun.(*ast.FuncLit); ok {
		c.text = e.funcLit(lit, nil)
	} else {
		c.text = e.met(fun, e.val(fun), c.sig)
	}
	return c
}

func stripIndex(x ast.Expr) ast.Expr {
	switch y := ast.Unparen(x).(type) {
	case *ast.IndexExpr:
		return y.X
	case *ast.IndexListExpr:
		return y.X
	}
	return x
}

func builtin(info *types.Info, fun ast.Expr) string {
	if id, ok := fun.(*ast.Ident); ok {
		if b, ok := info.Uses[id].(*types.Builtin); ok {
			return b.Name()
		}
	}
	return ""
}

func (e *emitter) emitCall(c called, args []string) string {
	if s, ok := e.logCall(c, args); ok {
		return s
	}
	if s, ok := e.mirror(c, args); ok {
		return s
	}
	if c.recv != "" {
		args = append([]string{c.recv}, args...)
	}
	if c.loses {
		return e.forwarded(c, args)
	}
	return c.text + "(" + strings.Join(args, ", ") + ")"
}

// args lowers the arguments of a call for its parameters.
func (e *emitter) args(x *ast.CallExpr, c called) []string {
	var out []string
	for i, a := range x.Args {
		t, rest := param(c.sig, i)
		if rest && x.Ellipsis.IsValid() {
			if b, ok := e.typeOf(a).Underlying().(*types.Basic); ok && b.Info()&types.IsString != 0 {
				out = append(out, "[]byte("+e.expr(a)+")...")
				continue
			}
			if e.info.Types[a].IsNil() {
				out = append(out, e.convert(e.rep(t), "nil")+"...")
				continue
			}
			out = append(out, e.val(a)+"...")
			continue
		}
		if rest {
			t = e.core(t).(*types.Slice).Elem()
		}
		v := e.arg(a, t, c)
		if n, ok := sized[c.native]; ok && n == i {
			v = fmt.Sprintf("%s(__k.Room(int(%s)))", e.rep(t), v)
		}
		out = append(out, v)
	}
	if !x.Ellipsis.IsValid() {
		var from []types.Type
		for _, a := range x.Args {
			from = append(from, e.typeOf(a))
		}
		out = e.gather(c, out, from)
	}
	return out
}

// gather makes one slice of a script function's variadic arguments where one
// of them is a slice of the very kind that they become: the interpreter takes
// it for all of them.
func (e *emitter) gather(c called, args []string, from []types.Type) []string {
	first := c.sig.Params().Len() - 1
	if !c.sig.Variadic() || c.native != "" || len(args) <= first {
		return args
	}
	elem := c.sig.Params().At(first).Type().(*types.Slice).Elem()
	if !types.IsInterface(elem) {
		return args
	}
	all := "[]" + e.rep(elem)
	for _, t := range from[first:] {
		if b, ok := t.(*types.Basic); ok && b.Kind() == types.UntypedNil || types.IsInterface(t) || e.rep(t) != all {
			continue
		}
		parts := append([]string(nil), args[first:]...)
		for i, a := range parts {
			if strings.HasPrefix(a, "(") { // as misread says of elements
				parts[i] = "func() " + e.rep(elem) + " { return " + a + " }()"
			}
		}
		return append(args[:first:first], all+"{"+strings.Join(parts, ", ")+"}...")
	}
	return args
}

// param is the type of parameter i; rest for the variadic one (as a slice).
func param(s *types.Signature, i int) (t types.Type, rest bool) {
	n := s.Params().Len()
	if s.Variadic() && i >= n-1 {
		return s.Params().At(n - 1).Type(), true
	}
	return s.Params().At(i).Type(), false
}

// arg lowers one argument. A boxed value may only go to natives that do not
// look into it, or that look only at what is there.
func (e *emitter) arg(a ast.Expr, t types.Type, c called) string {
	if c.native != "" && e.info.Types[a].IsNil() && e.kindOf(t) == native {
		return fmt.Sprintf("func() (__r %s) { return }()", e.rep(t)) // the interpreter loses a bare nil
	}
	if c.native != "" && e.kindOf(t) == anyKind {
		if e.printsReflected(a, c) {
			return "__k.Reflected(" + e.expr(a) + ")"
		}
		from := e.typeOf(a)
		if e.kindOf(from) == concrete && !e.info.Types[a].IsNil() && e.boxed(from) {
			switch handling(c) {
			case raw:
				return e.expr(a)
			case plain:
				if why := e.notPlain(from, plainUse(c), map[types.Type]bool{}); why != "" {
					e.refuse(a.Pos(), fmt.Sprintf("%s with a %s: %s", c.native, types.TypeString(from, types.RelativeTo(e.p.pkg)), why), "")
				}
				return e.expr(a)
			case never:
				e.refuse(a.Pos(), fmt.Sprintf("%s with a value of the cell type %s", c.native, types.TypeString(from, types.RelativeTo(e.p.pkg))), "")
			}
		}
	}
	if c.native != "" && e.kindOf(t) == anyKind && types.IsInterface(e.typeOf(a)) {
		// What it holds is known only when it runs.
		switch handling(c) {
		case raw:
			return "__k.Open(" + e.exprTo(a, t) + ")"
		case plain, never:
			return fmt.Sprintf("__k.Closed(%s, %q)", e.exprTo(a, t), c.native)
		}
	}
	if c.native != "" && async[c.native] {
		if lit, ok := ast.Unparen(a).(*ast.FuncLit); ok {
			return e.guarded(lit)
		}
		if _, ok := e.core(t).(*types.Signature); ok {
			e.refuse(a.Pos(), c.native+" with a function that is not a literal", "write func() { f() }")
		}
	}
	if _, ok := e.core(t).(*types.Signature); ok && keeps(c) {
		return fmt.Sprintf("func() %s { __k.Outside(); return %s }()", e.rep(t), e.exprTo(a, t))
	}
	return e.exprTo(a, t)
}

// keeps says whether a native function may call its argument at any later time.
func keeps(c called) bool {
	return c.native != "" && c.obj != nil && c.obj.Pkg() != nil && (c.obj.Pkg().Path() == "runtime" || strings.HasPrefix(c.obj.Pkg().Path(), "loupe/"))
}

// guarded is a function literal that runs on a goroutine of its own: its panic
// must not end the process.
func (e *emitter) guarded(lit *ast.FuncLit) string {
	inner := e.funcLit(lit, nil)
	sig := e.typeOf(lit).(*types.Signature)
	if sig.Results().Len() > 0 || sig.Params().Len() > 0 {
		e.refuse(lit.Pos(), "a callback on another goroutine with parameters", "")
	}
	return fmt.Sprintf("__k.Guard(func() func() { return %s }(), %d)", inner, e.here())
}

// spread lowers f(g()) for a g of several results.
func (e *emitter) spread(x *ast.CallExpr, c called, tuple *types.Tuple) string {
	names, from := e.temps(tuple)
	var args []string
	for i, n := range names {
		t, rest := param(c.sig, i)
		if rest {
			t = e.core(t).(*types.Slice).Elem()
		}
		args = append(args, e.conv(n, from[i], t))
	}
	args = e.gather(c, args, from)
	results, ret := e.resultText(c.sig), ""
	if results != "" {
		ret = "return "
	}
	first := "" // the function, or its receiver, comes before its arguments
	if fun := ast.Unparen(x.Fun); c.recv != "" {
		if sel, ok := fun.(*ast.SelectorExpr); ok && !e.pure(sel.X) {
			n := e.tmp()
			first, c.recv = n+" := "+c.recv+"; ", n
		}
	} else if _, lit := fun.(*ast.FuncLit); !lit && c.obj == nil && !e.pure(fun) {
		n := e.tmp()
		first, c.text = n+" := "+c.text+"; ", n
	}
	return fmt.Sprintf("func()%s { %s%s := %s; %s%s }()", results, first, strings.Join(names, ", "), e.expr(x.Args[0]), ret, e.emitCall(c, args))
}

func (e *emitter) temps(t *types.Tuple) (names []string, list []types.Type) {
	for i := range t.Len() {
		names, list = append(names, e.tmp()), append(list, t.At(i).Type())
	}
	return names, list
}

// resultText is a result list for a function literal of sig's results.
func (e *emitter) resultText(s *types.Signature) string {
	_, _, r := e.params(types.NewSignatureType(nil, nil, nil, nil, s.Results(), false))
	return r
}
