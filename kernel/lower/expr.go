package lower

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strings"
)

// expr lowers an expression in the representation of its own type.
func (e *emitter) expr(x ast.Expr) string {
	if tv, ok := e.info.Types[x]; ok && tv.Value != nil {
		if s, ok := e.systemConst(x, tv.Type); ok {
			return s
		}
		return e.constText(tv.Value, tv.Type)
	}
	switch x := x.(type) {
	case *ast.Ident:
		return e.ident(x)
	case *ast.BasicLit:
		return e.constText(litValue(x.Kind, x.Value), e.typeOf(x))
	case *ast.ParenExpr:
		return bracket(e.expr(x.X))
	case *ast.FuncLit:
		// In a frame of its own also because the interpreter does not keep the
		// variables of a literal that stands in a native call.
		return e.ownFrame(e.typeOf(x), e.funcLit(x, nil))
	case *ast.CompositeLit:
		return e.composite(x, e.typeOf(x))
	case *ast.SelectorExpr:
		return e.selector(x)
	case *ast.IndexExpr:
		return e.index(x)
	case *ast.IndexListExpr:
		if id := funcIdent(x.X); id != nil {
			return e.ident(id)
		}
	case *ast.SliceExpr:
		return e.slice(x)
	case *ast.TypeAssertExpr:
		return e.assertion(x, false)
	case *ast.CallExpr:
		return e.call(x)
	case *ast.StarExpr:
		s := "*" + e.val(x.X)
		if b, ok := e.core(e.typeOf(x)).(*types.Basic); ok && b.Info()&types.IsString != 0 && !e.addr {
			return e.met(x, s, e.typeOf(x)) // no string is one to the interpreter
		}
		return s
	case *ast.UnaryExpr:
		return e.unary(x)
	case *ast.BinaryExpr:
		return e.binary(x)
	}
	e.refuse(x.Pos(), fmt.Sprintf("an expression of the form %T", x), "")
	return ""
}

// bracket puts s into parentheses. A name in parentheses, as in !(a) || b, is
// something that the interpreter loses its way at.
func bracket(s string) string {
	if token.IsIdentifier(s) || s == "" {
		return s
	}
	return "(" + s + ")"
}

// systemConst keeps constants by name whose value depends on the system that
// the kernel runs on: the declarations are those of linux/amd64.
func (e *emitter) systemConst(x ast.Expr, t types.Type) (string, bool) {
	sel, ok := x.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	o := e.info.Uses[sel.Sel]
	if o == nil || o.Pkg() == nil {
		return "", false
	}
	switch o.Pkg().Path() + "." + o.Name() {
	case "os.PathSeparator", "os.PathListSeparator", "path/filepath.Separator", "path/filepath.ListSeparator", "os.DevNull", "runtime.GOOS", "runtime.GOARCH":
		return e.convert(e.rep(types.Default(t)), e.pkgName(o.Pkg())+"."+o.Name()), true
	}
	return "", false
}

// operand lowers x so that a postfix or prefix operator can be put to it.
func (e *emitter) operand(x ast.Expr) string {
	s := e.expr(x)
	if token.IsIdentifier(s) { // in parentheses the interpreter loses a function
		return s
	}
	switch ast.Unparen(x).(type) {
	case *ast.Ident, *ast.SelectorExpr, *ast.IndexExpr, *ast.CallExpr:
		if !strings.HasPrefix(s, "func(") && !strings.HasPrefix(s, "*") && !strings.HasPrefix(s, "&") {
			return s
		}
	}
	if strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") && ast.Unparen(x) != x {
		return s
	}
	return "(" + s + ")"
}

func (e *emitter) ident(id *ast.Ident) string {
	switch o := e.info.ObjectOf(id).(type) {
	case *types.Nil:
		return "nil"
	case *types.Var:
		if e.isNative(o) { // dot import
			return e.readNative(o)
		}
		return e.local(o)
	case *types.Func:
		if g := e.p.generic(o); g != nil && !e.p.script(o) {
			o = g
		}
		if !e.p.script(o) { // dot import
			return e.nativeFunc(id, o)
		}
		// As a value: the interpreter does not always make a function of a name.
		sig := o.Type().(*types.Signature)
		if inst, ok := e.info.Instances[id]; ok {
			sig = inst.Type.(*types.Signature)
		}
		sig = e.subst(sig).(*types.Signature)
		decl, pass, _ := e.params(sig)
		results, body := e.forward(e.calledIdent(id, o), pass, typesOf(sig.Params()), sig)
		return e.ownFrame(sig, fmt.Sprintf("func(%s)%s { %s }", strings.Join(decl, ", "), results, body))
	}
	e.refuse(id.Pos(), "the use of "+id.Name, "")
	return ""
}

// calledIdent is the name of a script function that is called.
func (e *emitter) calledIdent(id *ast.Ident, o *types.Func) string {
	var args []types.Type
	if inst, ok := e.info.Instances[id]; ok {
		for i := range inst.TypeArgs.Len() {
			args = append(args, inst.TypeArgs.At(i))
		}
	}
	return e.funcName(o, args)
}

func funcIdent(x ast.Expr) *ast.Ident {
	switch x := ast.Unparen(x).(type) {
	case *ast.Ident:
		return x
	case *ast.SelectorExpr:
		return x.Sel
	}
	return nil
}

func (e *emitter) nativeFunc(id *ast.Ident, o *types.Func) string {
	if o.Type().(*types.Signature).TypeParams().Len() > 0 {
		e.refuse(id.Pos(), o.Pkg().Name()+"."+o.Name()+", which is generic", instead(o.Pkg().Path(), o.Name()))
	}
	return e.closedFunc(o, e.pkgName(o.Pkg())+"."+o.Name())
}

// ownFrame evaluates a literal in a frame of its own. When a call of it ends, the
// interpreter puts what stood in the literal's place before back there, in the frame
// that evaluated it: if the call is on another goroutine and the frame evaluates the
// literal again, it may get the closure of an earlier turn, or half of one.
func (e *emitter) ownFrame(t types.Type, lit string) string {
	return "func() " + e.rep(t) + " { return " + lit + " }()"
}

func (e *emitter) funcLit(x *ast.FuncLit, setup func(*fn)) string {
	sig := e.info.Types[x].Type.(*types.Signature)
	head, named := e.signature(sig, x.Type, nil)
	at := e.at
	body := e.body(e.subst(sig).(*types.Signature), named, x.Body, setup)
	e.at = at
	return "func" + head + " {\n" + body + "}"
}

func (e *emitter) composite(x *ast.CompositeLit, t types.Type) string {
	t = e.subst(t)
	star := ""
	if p, ok := t.Underlying().(*types.Pointer); ok { // an elided &T in a composite literal
		t, star = p.Elem(), "&"
	}
	elem := e.element
	var parts []string
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for i, v := range x.Elts {
			k := i
			if kv, ok := v.(*ast.KeyValueExpr); ok {
				name := kv.Key.(*ast.Ident).Name
				for k = range u.NumFields() {
					if u.Field(k).Name() == name {
						break
					}
				}
				v = kv.Value
			}
			if u.Field(k).Name() == "_" {
				if e.info.Types[v].Value != nil {
					continue // nobody keeps it
				}
				rep := e.rep(u.Field(k).Type())
				parts = append(parts, fmt.Sprintf("%s: func(%s) (__r %s) { return }(%s)", fieldName(u, k), rep, rep, elem(v, u.Field(k).Type())))
				continue
			}
			part := elem(v, u.Field(k).Type())
			if e.kept(t, k) {
				part = "__k.Kept(" + part + ")"
			}
			parts = append(parts, fieldName(u, k)+": "+part)
		}
	case *types.Map:
		for _, v := range x.Elts {
			kv := v.(*ast.KeyValueExpr)
			key := ""
			if c, ok := kv.Key.(*ast.CompositeLit); ok && c.Type == nil {
				key = e.composite(c, u.Key())
			} else {
				key = e.met(kv.Key, e.key(kv.Key, u), u.Key())
			}
			parts = append(parts, key+": "+e.met(kv.Value, elem(kv.Value, u.Elem()), u.Elem()))
		}
	case *types.Slice:
		e.fitsLiteral(x, u.Elem())
		parts = e.elements(x, u.Elem(), elem)
	case *types.Array:
		parts = e.elements(x, u.Elem(), elem)
	default:
		e.refuse(x.Pos(), "a composite literal of type "+t.String(), "")
	}
	text := e.wrapped(e.rep(e.plainType(t))+"{"+strings.Join(parts, ", ")+"}", t)
	if star != "" && e.opaque(t) {
		return fmt.Sprintf("func(__v any) *any { return &__v }(%s)", text)
	}
	return star + text
}

// element lowers an element of a composite literal.
func (e *emitter) element(v ast.Expr, t types.Type) string {
	if c, ok := v.(*ast.CompositeLit); ok && c.Type == nil {
		return e.composite(c, t)
	}
	s := e.exprTo(v, t)
	if misread(v) {
		return fmt.Sprintf("func() %s { return %s }()", e.rep(t), s)
	}
	return s
}

// met makes sure that a nil pointer is met where x, lowered to s of type t, is *p: in a
// map literal the interpreter takes it for an element that is not there, in a sum of
// strings for "<invalid Value>", and in a call it waits for ever.
func (e *emitter) met(x ast.Expr, s string, t types.Type) string {
	if _, ok := ast.Unparen(x).(*ast.StarExpr); !ok {
		return s
	}
	rep := e.rep(t)
	return fmt.Sprintf("func() %s { var __v %s = %s; return __v }()", rep, rep, s)
}

// misread says whether the interpreter gives an element of a composite literal another
// type than it has, or none: (&T{}).f, *f(), *p + 1 and s[i] == c, other than in a call.
func misread(x ast.Expr) (found bool) {
	if sel, ok := ast.Unparen(x).(*ast.SelectorExpr); ok && !isPath(sel.X) {
		return true
	}
	ast.Inspect(x, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr, *ast.FuncLit, *ast.CompositeLit:
			return false
		case *ast.StarExpr:
			_, call := ast.Unparen(n.X).(*ast.CallExpr)
			found = found || call || !isPath(n.X) || n != x
		case *ast.BinaryExpr:
			_, left := ast.Unparen(n.X).(*ast.IndexExpr)
			_, right := ast.Unparen(n.Y).(*ast.IndexExpr)
			found = found || left || right
		}
		return !found
	})
	return found
}

// isPath says whether x is made of names, selectors, indexes and calls.
func isPath(x ast.Expr) bool {
	switch x := ast.Unparen(x).(type) {
	case *ast.Ident, *ast.CallExpr:
		return true
	case *ast.SelectorExpr:
		return isPath(x.X)
	case *ast.IndexExpr:
		return isPath(x.X)
	}
	return false
}

func (e *emitter) elements(x *ast.CompositeLit, t types.Type, elem func(ast.Expr, types.Type) string) []string {
	var parts []string
	for _, v := range x.Elts {
		if kv, ok := v.(*ast.KeyValueExpr); ok {
			parts = append(parts, e.exprTo(kv.Key, types.Typ[types.Int])+": "+elem(kv.Value, t))
			continue
		}
		parts = append(parts, elem(v, t))
	}
	return parts
}

func (e *emitter) index(x *ast.IndexExpr) string {
	if tv, ok := e.info.Types[x.Index]; ok && tv.IsType() { // f[int]
		if id := funcIdent(x.X); id != nil {
			return e.identOrSelector(x.X)
		}
	}
	if m, ok := e.core(e.typeOf(x.X)).(*types.Map); ok {
		return e.val(x.X) + "[" + e.key(x.Index, m) + "]"
	}
	i := e.expr(x.Index)
	if !e.inLoop[x] && !e.checked[x] && !e.known(x) {
		if !e.pure(x.X) {
			return e.indexOnce(x, i)
		}
		i = fmt.Sprintf("__k.Ix(%s, %s, %d)", e.indexInt(x), e.lenOf(x), e.fault())
	}
	if _, ok := e.core(e.typeOf(x.X)).(*types.Pointer); ok {
		return "(*" + e.val(x.X) + ")[" + i + "]"
	}
	return e.val(x.X) + "[" + i + "]"
}

// indexOnce lowers an index into what must not be evaluated twice: its length is
// asked in a function that has it.
func (e *emitter) indexOnce(x *ast.IndexExpr, i string) string {
	t := e.plainType(e.typeOf(x.X))
	elem, text, of := e.rep(e.typeOf(x)), e.val(x.X), "__s"
	_, pointer := e.core(t).(*types.Pointer)
	if pointer {
		of = "(*__s)"
	}
	if _, array := e.core(t).(*types.Array); array && e.addr && e.info.Types[x.X].Addressable() {
		t, text, of = types.NewPointer(t), "&"+text, "(*__s)"
	}
	deref, star, and := "", "", ""
	if _, text := e.core(t).(*types.Basic); e.addr && !text { // of a string nobody takes an address
		deref, star, and = "*", "*", "&"
	}
	call := fmt.Sprintf("%sfunc(__s %s, __i int) %s%s { return %s%s[__k.Ix(__i, len(%s), %d)] }(%s, int(%s))", deref, e.rep(t), star, elem, and, of, of, e.fault(), text, i)
	if deref != "" {
		return "(" + call + ")"
	}
	return call
}

// addressed lowers x, of which the address is taken.
func (e *emitter) addressed(x ast.Expr) string {
	old := e.addr
	e.addr = true
	s := e.operand(x)
	e.addr = old
	return s
}

// known says whether an index is one that the compiler has checked.
func (e *emitter) known(x *ast.IndexExpr) bool {
	if e.info.Types[x].Value != nil {
		return true
	}
	t := e.core(e.typeOf(x.X))
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem().Underlying()
	}
	_, array := t.(*types.Array)
	return array && e.info.Types[x.Index].Value != nil
}

// key lowers a key of a map. A key in an interface may not be comparable.
func (e *emitter) key(x ast.Expr, m *types.Map) string {
	s := e.exprTo(x, m.Key())
	if e.info.Types[x].IsNil() && e.kindOf(m.Key()) == concrete && !e.opaque(m.Key()) {
		return e.convert(e.rep(m.Key()), s)
	}
	// Constants that an instance makes equal are none to the interpreter.
	if tv := e.info.Types[x]; e.kindOf(m.Key()) == anyKind && (tv.Value == nil || len(e.env) > 0) && !tv.IsNil() {
		return "__k.Key(" + s + ")"
	}
	return s
}

func (e *emitter) identOrSelector(x ast.Expr) string {
	switch x := ast.Unparen(x).(type) {
	case *ast.Ident:
		return e.ident(x)
	case *ast.SelectorExpr:
		if o, ok := e.info.Uses[x.Sel].(*types.Func); ok && !e.p.script(o) && e.p.generic(o) == nil {
			return e.nativeFunc(x.Sel, o)
		}
		return e.ident(x.Sel)
	}
	return e.expr(x)
}

// slice checks the bounds first, for the error's text.
func (e *emitter) slice(x *ast.SliceExpr) string {
	return e.wrapped(e.slicePlain(x), e.typeOf(x))
}

func (e *emitter) slicePlain(x *ast.SliceExpr) string {
	t := e.plainType(e.typeOf(x.X))
	s := ""
	if _, array := e.core(t).(*types.Array); array {
		s = e.addressed(x.X)
	} else {
		s = e.val(x.X)
	}
	rt := e.plainType(e.typeOf(x))
	addr := "&" + s // of an array, which must stay where it is
	if p, ok := e.core(t).(*types.Pointer); ok {
		if _, ok := p.Elem().Underlying().(*types.Array); ok {
			addr, s, t = s, "(*"+s+")", p.Elem()
		}
	}
	if x.Low == nil && x.High == nil {
		return s + "[:]"
	}
	part := func(i ast.Expr, none string) string {
		if i == nil {
			return none
		}
		if tv := e.info.Types[i]; tv.Value != nil {
			return e.constText(tv.Value, types.Typ[types.Int])
		}
		v := e.expr(i)
		if e.rep(e.typeOf(i)) != "int" {
			v = "int(" + v + ")"
		}
		return v
	}
	kind := 0 // a slice: up to its capacity
	switch e.core(t).(type) {
	case *types.Basic:
		kind = 1
	case *types.Array:
		kind = 2
	}
	limit := "cap(__s)"
	if kind > 0 {
		limit = "len(__s)"
	}
	high, last := part(x.High, "len(__s)"), ""
	if x.Slice3 {
		last = ":__m"
	}
	if kind == 2 {
		return fmt.Sprintf("func(__p *%s, __l, __h, __m int) %s { __k.Sl(__l, __h, __m, %d, %d, %v, %d); return (*__p)[__l:__h%s] }(%s, %s, %s, %s)",
			e.rep(t), e.rep(rt), e.core(t).(*types.Array).Len(), kind, x.Slice3, e.fault(), last, addr,
			part(x.Low, "0"), part(x.High, fmt.Sprint(e.core(t).(*types.Array).Len())), part(x.Max, "0"))
	}
	if x.High == nil {
		return fmt.Sprintf("func(__s %s, __l int) %s { __k.Sl(__l, len(__s), 0, %s, %d, false, %d); return __s[__l:] }(%s, %s)",
			e.rep(t), e.rep(rt), limit, kind|4, e.fault(), s, part(x.Low, "0"))
	}
	return fmt.Sprintf("func(__s %s, __l, __h, __m int) %s { __k.Sl(__l, __h, __m, %s, %d, %v, %d); return __s[__l:__h%s] }(%s, %s, %s, %s)",
		e.rep(t), e.rep(rt), limit, kind, x.Slice3, e.fault(), last, s, part(x.Low, "0"), high, part(x.Max, "0"))
}

// assertion lowers x.(T); with ok it has two results.
func (e *emitter) assertion(x *ast.TypeAssertExpr, ok bool) string {
	t := e.typeOf(x.Type)
	v := e.conv(e.expr(x.X), e.typeOf(x.X), anyType)
	id := e.id(t)
	from := e.id(e.typeOf(x.X))
	if ok {
		return fmt.Sprintf("func() (__r %s, __ok bool) { __ok = __k.AssertOK(%s, %d, &__r); return }()", e.rep(t), v, id)
	}
	return fmt.Sprintf("func() (__r %s) { __k.Assert(%s, %d, %d, &__r); return }()", e.rep(t), v, from, id)
}

var anyType = types.Universe.Lookup("any").Type()

func (e *emitter) unary(x *ast.UnaryExpr) string {
	switch x.Op {
	case token.ARROW:
		c := e.core(e.typeOf(x.X)).(*types.Chan)
		return fmt.Sprintf("func() (__r %s) { __k.Recv(%s, &__r, %d); return }()", e.rep(c.Elem()), e.expr(x.X), e.here())
	case token.AND:
		if c, ok := ast.Unparen(x.X).(*ast.CompositeLit); ok {
			if e.opaque(e.typeOf(c)) {
				return fmt.Sprintf("func(__v any) *any { return &__v }(%s)", e.composite(c, e.typeOf(c)))
			}
			return "&" + e.composite(c, e.typeOf(c))
		}
		if e.keptSelector(x.X) {
			e.noAddress(x, ast.Unparen(x.X).(*ast.SelectorExpr).Sel.Name)
		}
		s := e.addressed(x.X)
		if _, ok := ast.Unparen(x.X).(*ast.IndexExpr); ok && strings.HasPrefix(s, "(*func(") && strings.HasSuffix(s, ")") {
			return s[len("(*") : len(s)-1] // of indexOnce
		}
		return "&" + s
	}
	return x.Op.String() + bracket(e.exprTo(x.X, e.typeOf(x)))
}

func (e *emitter) binary(x *ast.BinaryExpr) string {
	switch x.Op {
	case token.EQL, token.NEQ:
		return e.compare(x)
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		t := e.typeOf(x.X)
		if b, ok := t.Underlying().(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
			t = e.typeOf(x.Y)
		}
		return "(" + e.exprTo(x.X, t) + " " + x.Op.String() + " " + e.exprTo(x.Y, t) + ")"
	case token.LAND, token.LOR:
		return "(" + e.condition(x.X) + " " + x.Op.String() + " " + e.expr(x.Y) + ")"
	case token.SHL, token.SHR:
		return "(" + e.exprTo(x.X, e.typeOf(x)) + " " + x.Op.String() + " " + e.shiftCount(x.Y) + ")"
	}
	t := e.typeOf(x)
	return "(" + e.exprTo(x.X, t) + " " + x.Op.String() + " " + e.operandOf(x.Op, x.Y, t) + ")"
}

// condition lowers the left operand of && or ||. One with a composite literal is a
// function's result: the interpreter begins in the middle of a literal with keys.
func (e *emitter) condition(x ast.Expr) string {
	s := e.expr(x)
	if hasComposite(x) {
		return "func() " + e.rep(e.typeOf(x)) + " { return " + s + " }()"
	}
	return s
}

// hasComposite says whether there is a composite literal in x, outside of functions.
func hasComposite(x ast.Expr) (found bool) {
	ast.Inspect(x, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CompositeLit:
			found = true
		}
		return !found
	})
	return found
}

// operandOf lowers the right operand of an arithmetic operator. A complex
// constant that divides must not look like one: the interpreter asks whether it
// is zero and fails. Nor must a 0 that divides a float, which it refuses.
func (e *emitter) operandOf(op token.Token, x ast.Expr, t types.Type) string {
	s := e.exprTo(x, t)
	if b, ok := e.core(t).(*types.Basic); ok && (op == token.QUO || op == token.QUO_ASSIGN) && b.Info()&(types.IsComplex|types.IsFloat) != 0 && e.info.Types[x].Value != nil &&
		(b.Info()&types.IsComplex != 0 || constant.Sign(e.info.Types[x].Value) == 0) {
		return fmt.Sprintf("func() %s { return %s }()", e.rep(t), s)
	}
	return s
}

func (e *emitter) shiftCount(x ast.Expr) string {
	if tv := e.info.Types[x]; tv.Value != nil {
		return e.constText(tv.Value, types.Typ[types.Uint])
	}
	if b, ok := e.core(e.typeOf(x)).(*types.Basic); ok && b.Info()&types.IsUnsigned == 0 {
		return "__k.Shift(int(" + e.exprTo(x, types.Default(e.typeOf(x))) + "))"
	}
	if ident(ast.Unparen(x)) != nil {
		return e.expr(x)
	}
	return "uint64(" + e.expr(x) + ")" // of another type than the left operand it may be none
}

// compare lowers == and !=.
func (e *emitter) compare(x *ast.BinaryExpr) string {
	not := ""
	if x.Op == token.NEQ {
		not = "!"
	}
	tx, ty := e.typeOf(x.X), e.typeOf(x.Y)
	if e.info.Types[x.X].IsNil() {
		return e.isNil(x.Y, x.Op)
	}
	if e.info.Types[x.Y].IsNil() {
		return e.isNil(x.X, x.Op)
	}
	ix, iy := types.IsInterface(tx), types.IsInterface(ty)
	if ix || iy {
		return not + "__k.Eq(" + e.exprTo(x.X, anyType) + ", " + e.exprTo(x.Y, anyType) + ")"
	}
	t := e.common(tx, ty)
	return not + e.equal(e.exprTo(x.X, t), e.exprTo(x.Y, t), t, x.Op, not)
}

// isNil compares x with nil.
func (e *emitter) isNil(x ast.Expr, op token.Token) string {
	if !e.opaque(e.typeOf(x)) {
		return "(" + e.expr(x) + " " + op.String() + " nil)"
	}
	not := ""
	if op == token.NEQ {
		not = "!"
	}
	return not + "__k.IsNil(" + e.expr(x) + ")"
}

// common is the type that both operands of a comparison are assignable to.
func (e *emitter) common(a, b types.Type) types.Type {
	if t, ok := a.(*types.Basic); ok && t.Info()&types.IsUntyped != 0 {
		return b
	}
	if c, ok := e.core(a).(*types.Chan); ok && c.Dir() == types.SendRecv {
		if d, ok := e.core(b).(*types.Chan); ok && d.Dir() != types.SendRecv {
			return b
		}
	}
	return a
}

func (e *emitter) equal(a, b string, t types.Type, op token.Token, not string) string {
	switch e.core(t).(type) {
	case *types.Struct, *types.Array:
		return "__k.Eq(" + a + ", " + b + ")"
	case *types.Chan:
		return "__k.Eq(" + a + ", " + b + ")"
	}
	return "(" + a + " == " + b + ")"
}
