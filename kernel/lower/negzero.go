package lower

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"math"
	"slices"
	"strings"
)

// The interpreter does not pass an argument that reflection calls zero to a function of
// the cells: the parameter is zero as it is. But reflection calls a negative zero zero
// too, alone and in a struct or an array in which nothing is but zeros. So a call that may
// pass one looks at its arguments first, and where one is zero the runtime makes the call
// (Whole), which costs five times as much.

// floats says whether a value of type t may be a negative zero, or hold one and be zero
// otherwise.
func (e *emitter) floats(t types.Type) bool {
	t = e.subst(t)
	if e.kindOf(t) != concrete || e.opaque(t) { // passed in an interface
		return false
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Info()&(types.IsFloat|types.IsComplex) != 0
	case *types.Array:
		return u.Len() > 0 && e.floats(u.Elem())
	case *types.Struct:
		for i := range u.NumFields() {
			if e.floats(u.Field(i).Type()) {
				return true
			}
		}
	}
	return false
}

// zeroTests are conditions that hold for a zero value x of type t: at most eight, for they
// only have to fail for most others.
func (e *emitter) zeroTests(x string, t types.Type) (tests []string) {
	t = e.subst(t)
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch {
		case u.Info()&types.IsNumeric != 0:
			return []string{x + " == 0"}
		case u.Info()&types.IsString != 0:
			return []string{x + ` == ""`}
		case u.Info()&types.IsBoolean != 0:
			return []string{"!" + x}
		}
	case *types.Array:
		for i := range min(u.Len(), 4) {
			tests = append(tests, e.zeroTests(fmt.Sprintf("%s[%d]", x, i), u.Elem())...)
		}
	case *types.Struct:
		for i := range u.NumFields() {
			f := u.Field(i)
			if f.Name() == "_" || e.kept(t, i) || !f.Exported() && !e.p.script(f) {
				continue
			}
			tests = append(tests, e.zeroTests(x+"."+fieldName(u, i), f.Type())...)
		}
	}
	return tests[:min(len(tests), 8)]
}

// lostZero is the condition that one of the values is zero and may hold a negative one; ""
// if none can.
func (e *emitter) lostZero(names []string, list []types.Type) string {
	var tests []string
	for i, t := range list {
		if !e.floats(t) || strings.HasSuffix(names[i], "...") {
			continue
		}
		all := strings.Join(e.zeroTests(names[i], t), " && ")
		if b, ok := e.subst(t).Underlying().(*types.Basic); ok && b.Info()&types.IsFloat != 0 {
			all += " && 1/" + names[i] + " < 0"
		}
		if all == "" {
			all = "true"
		}
		tests = append(tests, all)
	}
	return strings.Join(tests, " || ")
}

// takesFloats says whether a function of the cells has a parameter that may get lost.
func (e *emitter) takesFloats(sig *types.Signature) bool {
	list := typesOf(sig.Params())
	if sig.Variadic() {
		list = list[:len(list)-1]
	}
	if sig.Recv() != nil {
		list = append(list, sig.Recv().Type())
	}
	return slices.ContainsFunc(list, e.floats)
}

// whole makes the runtime call fun, which it knows by its name: the interpreter gives it no
// function whose declaration comes later. It stores the results.
func whole(fun string, args, results []string) string {
	var to strings.Builder
	for _, r := range results {
		to.WriteString(", &" + r)
	}
	spread := strings.HasSuffix(strings.Join(args, ""), "...")
	list := strings.TrimSuffix(strings.Join(args, ", "), "...")
	return fmt.Sprintf("__k.Whole(%q, %v, []any{%s}%s)", fun, spread, list, to.String())
}

// forward is the rest of a function that calls another one of the cells with its own
// parameters: its results and its body.
func (e *emitter) forward(fun string, names []string, list []types.Type, sig *types.Signature) (results, body string) {
	call := fmt.Sprintf("%s(%s)", fun, strings.Join(names, ", "))
	lost := e.lostZero(names, list)
	if lost == "" {
		if results = e.resultText(sig); results != "" {
			call = "return " + call
		}
		return results, call
	}
	var decl, out []string
	for i := range sig.Results().Len() {
		out = append(out, fmt.Sprintf("__r%d", i))
		decl = append(decl, out[i]+" "+e.rep(sig.Results().At(i).Type()))
	}
	body = fmt.Sprintf("if %s { %s; return }; ", lost, whole(fun, names, out))
	if len(out) == 0 {
		return "", body + call
	}
	return " (" + strings.Join(decl, ", ") + ")", body + "return " + call
}

// forwarded is a call of a function of the cells in which no negative zero gets lost.
func (e *emitter) forwarded(c called, args []string) string {
	decl, names, _ := e.params(c.sig)
	list := typesOf(c.sig.Params())
	if c.recv != "" {
		decl, names, list = append([]string{"__m " + e.rep(c.recvType)}, decl...), append([]string{"__m"}, names...), append([]types.Type{c.recvType}, list...)
	}
	results, body := e.forward(c.text, names, list, c.sig)
	return fmt.Sprintf("func(%s)%s { %s }(%s)", strings.Join(decl, ", "), results, body, strings.Join(args, ", "))
}

func typesOf(t *types.Tuple) (list []types.Type) {
	for i := range t.Len() {
		list = append(list, t.At(i).Type())
	}
	return list
}

// mayLose says whether a call passes a value that may be a negative zero to a function of
// the cells by its name. recv is the type of the receiver that it passes, if there is one.
func (e *emitter) mayLose(x *ast.CallExpr) (recv types.Type, yes bool) {
	if e.library {
		return nil, false
	}
	fun := ast.Unparen(x.Fun)
	sig, ok := e.core(e.typeOf(fun)).(*types.Signature)
	if !ok || e.info.Types[fun].IsType() {
		return nil, false
	}
	id := funcIdent(stripIndex(fun))
	if id == nil {
		return nil, false
	}
	f, ok := e.info.Uses[id].(*types.Func)
	if !ok || !e.p.script(f) && e.p.generic(f) == nil {
		return nil, false
	}
	if f.Signature().Recv() != nil {
		sel, ok := fun.(*ast.SelectorExpr)
		if !ok || e.info.Selections[sel] == nil || e.info.Selections[sel].Kind() != types.MethodVal {
			return nil, false // a method expression, which forwards
		}
		if recv = e.passedRecv(e.lookup(sel)); recv == nil {
			return nil, false
		}
		yes = e.floats(recv)
	}
	fixed := sig.Params().Len()
	if sig.Variadic() {
		fixed--
	}
	spread := len(x.Args) == 1 && fixed > 1
	for i := range fixed {
		yes = yes || e.floats(sig.Params().At(i).Type()) && (spread || i < len(x.Args) && !e.noNegative(x.Args[i]))
	}
	return recv, yes
}

// passedRecv is the type of the receiver that a method of the cells gets as its first
// argument; nil for one of an interface, which the runtime calls.
func (e *emitter) passedRecv(m member) types.Type {
	t := e.pathType(m.recv, m.index)
	if types.IsInterface(t) {
		return nil
	}
	p, havePtr := e.subst(t).Underlying().(*types.Pointer)
	switch _, wantPtr := types.Unalias(m.fn.Signature().Recv().Type()).(*types.Pointer); {
	case wantPtr && !havePtr:
		return types.NewPointer(t)
	case !wantPtr && havePtr:
		return p.Elem()
	}
	return t
}

// forwardMethod is forward for a method m whose receiver is recv.
func (e *emitter) forwardMethod(fun, recv string, pass []string, m member, sig *types.Signature) (results, body string) {
	list := typesOf(sig.Params())
	if recv != "" {
		if strings.HasPrefix(recv, "*") {
			recv = "(" + recv + ")"
		}
		pass, list = append([]string{recv}, pass...), append([]types.Type{e.passedRecv(m)}, list...)
	}
	if !e.p.script(m.fn) {
		list = make([]types.Type, len(pass))
		for i := range list {
			list[i] = anyType // loses nothing
		}
	}
	return e.forward(fun, pass, list, sig)
}

// noNegative says whether the value of x is certainly no negative zero.
func (e *emitter) noNegative(x ast.Expr) bool {
	x = ast.Unparen(x)
	if e.info.Types[x].Value != nil {
		return true
	}
	switch x := x.(type) {
	case *ast.CallExpr: // an integer as a float
		if e.info.Types[ast.Unparen(x.Fun)].IsType() && len(x.Args) == 1 {
			b, ok := e.typeOf(x.Args[0]).Underlying().(*types.Basic)
			return ok && b.Info()&types.IsInteger != 0
		}
	case *ast.BinaryExpr: // with a number added that is not zero
		if x.Op == token.ADD || x.Op == token.SUB {
			for _, y := range []ast.Expr{x.X, x.Y} {
				if v := e.info.Types[y].Value; v != nil && nonzero(v) {
					return true
				}
			}
		}
	}
	return false
}

// defineCall gives a variable the result of a call that may lose a negative zero, and says
// whether it could: the test is a statement, which costs nothing.
func (e *emitter) defineCall(name string, t types.Type, x ast.Expr) bool {
	call, ok := ast.Unparen(x).(*ast.CallExpr)
	if !ok || e.kindOf(t) != concrete || e.opaque(t) {
		return false
	}
	recv, yes := e.mayLose(call)
	if !yes {
		return false
	}
	c := e.resolve(call)
	if c.sig.Variadic() || c.sig.Params().Len() != len(call.Args) || c.native != "" {
		return false
	}
	if _, ok := e.special(call, c); ok {
		return false
	}
	hold := func(text string, t types.Type) string {
		n := e.tmp()
		e.define(n, t, text)
		return n
	}
	var args, held []string
	var list []types.Type // of held
	if c.recv != "" {
		held, list = append(held, hold(c.recv, recv)), append(list, recv)
	}
	args = append(args, held...)
	for i, a := range e.args(call, c) {
		if e.info.Types[call.Args[i]].Value == nil {
			t := c.sig.Params().At(i).Type()
			a = hold(a, t)
			held, list = append(held, a), append(list, t)
		}
		args = append(args, a)
	}
	e.declare(name, t)
	e.line("if %s {\n%s\n} else {\n%s = %s(%s)\n}", e.lostZero(held, list), whole(c.text, args, []string{name}), name, c.text, strings.Join(args, ", "))
	return true
}

// nonzero says whether a constant is no zero as a float32 either.
func nonzero(v constant.Value) bool {
	f, _ := constant.Float64Val(constant.ToFloat(v))
	return math.Abs(f) > 1e-30
}
