package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

func (e *emitter) stmts(list []ast.Stmt) {
	for _, s := range list {
		e.stmt(s, "")
	}
}

// scoped lowers a nested block.
func (e *emitter) scoped(list []ast.Stmt) string { return e.block(func() { e.stmts(list) }) }

// stmt lowers one statement; label is that of a labeled statement.
func (e *emitter) stmt(s ast.Stmt, label string) {
	switch s := s.(type) {
	case *ast.EmptyStmt:
		return
	case *ast.LabeledStmt:
		e.labeled(s)
		return
	case *ast.BlockStmt:
		e.line("{\n%s}", e.scoped(s.List))
		return
	case *ast.DeclStmt:
		e.declStmt(s)
		return
	}
	if e.harmless(s) {
		e.at = s.Pos()
	} else {
		e.pos(s)
	}
	blocks := func() bool { return false }
	switch s := s.(type) {
	case *ast.ExprStmt, *ast.AssignStmt:
		blocks = func() bool { return e.blocks(s) }
	}
	s = e.ordered(s)
	if a, ok := s.(*ast.AssignStmt); ok && e.valueFirst(a) {
		e.assignValueFirst(a)
		if blocks() {
			e.checkStop()
		}
		return
	}
	e.checkIndexes(s)
	e.checkGrowth(s)
	switch s := s.(type) {
	case *ast.ExprStmt:
		e.exprStmt(s.X)
		if blocks() {
			e.checkStop()
		}
	case *ast.SendStmt:
		c := e.core(e.typeOf(s.Chan)).(*types.Chan)
		v := e.tmp()
		e.line("{\n%s__k.Send(%s, &%s, %d)\n}", e.block(func() { e.define(v, c.Elem(), e.exprTo(s.Value, c.Elem())) }), e.val(s.Chan), v, e.here())
	case *ast.IncDecStmt:
		if ix, ok := ast.Unparen(s.X).(*ast.IndexExpr); ok && (e.opaque(e.typeOf(ix.X)) || e.keptSelector(ix.X) || !e.pure(ix)) {
			e.line("%s%s", e.place(s.X, true).text, s.Tok)
			return
		}
		e.line("%s%s", e.expr(s.X), s.Tok)
	case *ast.AssignStmt:
		e.assign(s)
		if blocks() {
			e.checkStop()
		}
	case *ast.GoStmt:
		e.goStmt(s)
	case *ast.DeferStmt:
		e.deferStmt(s)
	case *ast.ReturnStmt:
		e.returnStmt(s)
	case *ast.BranchStmt:
		e.branch(s)
	case *ast.IfStmt:
		e.ifStmt(s)
	case *ast.SwitchStmt:
		e.switchStmt(s, label)
	case *ast.TypeSwitchStmt:
		e.typeSwitch(s, label)
	case *ast.SelectStmt:
		e.selectStmt(s, label)
	case *ast.ForStmt:
		e.safeFor(s)
		e.loopTwice(e.forLoop(s), label, func() { e.forStmt(s, label) })
	case *ast.RangeStmt:
		e.safeIndexes(s)
		e.loopTwice(e.rangeLoop(s), label, func() { e.rangeStmt(s, label) })
	default:
		e.refuse(s.Pos(), fmt.Sprintf("a statement of the form %T", s), "")
	}
}

// harmless says whether a statement cannot fail, so that nobody will ask for its
// line: arithmetic of plain variables, which is what tight loops are made of.
// Indexes may fail; their checks tell the line then.
func (e *emitter) harmless(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.IncDecStmt:
		return e.plainNumber(s.X)
	case *ast.AssignStmt:
		switch s.Tok {
		case token.QUO_ASSIGN, token.REM_ASSIGN, token.SHL_ASSIGN, token.SHR_ASSIGN:
			return false
		}
		for _, x := range s.Lhs {
			if id, ok := x.(*ast.Ident); ok && id.Name == "_" || !e.plainNumber(x) {
				return false
			}
		}
		for _, x := range s.Rhs {
			if !e.plainNumber(x) {
				return false
			}
		}
		return true
	}
	return false
}

// plainNumber says whether x is arithmetic of plain variables that cannot fail.
func (e *emitter) plainNumber(x ast.Expr) bool {
	if id, ok := x.(*ast.Ident); ok && e.info.Defs[id] != nil {
		b, ok := e.core(e.info.Defs[id].Type()).(*types.Basic)
		return ok && b.Info()&(types.IsNumeric|types.IsBoolean) != 0
	}
	tv, ok := e.info.Types[x]
	if !ok || tv.Type == nil {
		return false
	}
	if b, ok := e.core(tv.Type).(*types.Basic); !ok || b.Info()&(types.IsNumeric|types.IsBoolean) == 0 {
		return false
	}
	if tv.Value != nil {
		return true
	}
	switch x := x.(type) {
	case *ast.Ident:
		return true
	case *ast.ParenExpr:
		return e.plainNumber(x.X)
	case *ast.IndexExpr: // its check tells the line when it fails
		_, local := x.X.(*ast.Ident)
		_, slice := e.core(e.typeOf(x.X)).(*types.Slice)
		return local && slice && e.checkable(x) && e.plainNumber(x.Index)
	case *ast.UnaryExpr:
		return x.Op != token.ARROW && x.Op != token.AND && e.plainNumber(x.X)
	case *ast.BinaryExpr:
		switch x.Op {
		case token.QUO, token.REM, token.SHL, token.SHR, token.LAND, token.LOR:
			return false
		}
		return e.plainNumber(x.X) && e.plainNumber(x.Y)
	}
	return false
}

// quick are packages whose functions never wait for anything.
var quick = map[string]bool{
	"bytes": true, "cmp": true, "container/heap": true, "container/list": true, "container/ring": true, "crypto/md5": true, "crypto/sha1": true,
	"crypto/sha256": true, "crypto/sha512": true, "encoding/base64": true, "encoding/hex": true, "errors": true, "hash": true, "hash/crc32": true,
	"hash/fnv": true, "html": true, "maps": true, "math": true, "math/big": true, "math/bits": true, "math/cmplx": true, "math/rand": true,
	"math/rand/v2": true, "net/url": true, "path": true, "path/filepath": true, "reflect": true, "regexp": true, "slices": true, "sort": true,
	"strconv": true, "strings": true, "sync/atomic": true, "unicode": true, "unicode/utf16": true, "unicode/utf8": true,
}

// blocks says whether a statement calls a native function that may wait for
// long: when it returns, the run may be over.
func (e *emitter) blocks(s ast.Stmt) (yes bool) {
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			if sel, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr); ok {
				f, ok := e.info.Uses[sel.Sel].(*types.Func)
				yes = yes || ok && !e.p.script(f) && f.Pkg() != nil && !quick[f.Pkg().Path()] && !(f.Pkg().Path() == "fmt" && strings.HasPrefix(f.Name(), "S"))
			}
		}
		return !yes
	})
	return yes
}

func (e *emitter) exprStmt(x ast.Expr) {
	x = ast.Unparen(x)
	if u, ok := x.(*ast.UnaryExpr); ok && u.Op == token.ARROW {
		e.line("__k.Recv(%s, nil, %d)", e.expr(u.X), e.here())
		return
	}
	e.line("%s", e.expr(x))
}

func (e *emitter) labeled(s *ast.LabeledStmt) {
	if e.fn.cell && e.unit.Notebook && e.unit.Cell != nil {
		for _, t := range e.unit.Stmts {
			if t == ast.Stmt(s) {
				e.checkGoto(s)
			}
		}
	}
	if e.gone(s) {
		e.line("%s__g:\n__k.Nop()", s.Label.Name)
		e.fn.labelled = true
	}
	e.stmt(s.Stmt, s.Label.Name)
}

// mark writes the label of a loop, switch or select right in front of it.
func (e *emitter) mark(label string) {
	if label != "" {
		e.line("%s:", label)
	}
}

// gone says whether a goto leads to the label: break and continue have one of
// their own.
func (e *emitter) gone(s *ast.LabeledStmt) bool {
	o := e.info.Defs[s.Label]
	for id, use := range e.info.Uses {
		if use == o && o != nil && e.gotos()[id] {
			return true
		}
	}
	return false
}

// gotos are the labels of the file's goto statements.
func (e *emitter) gotos() map[*ast.Ident]bool {
	if e.jumps == nil {
		e.jumps = map[*ast.Ident]bool{}
		ast.Inspect(e.unit.File, func(n ast.Node) bool {
			if b, ok := n.(*ast.BranchStmt); ok && b.Tok == token.GOTO {
				e.jumps[b.Label] = true
			}
			return true
		})
	}
	return e.jumps
}

// checkGoto refuses a jump to a label of another cell.
func (e *emitter) checkGoto(s *ast.LabeledStmt) {
	inside := map[*ast.BranchStmt]bool{}
	for _, t := range e.unit.Stmts {
		ast.Inspect(t, func(n ast.Node) bool {
			if b, ok := n.(*ast.BranchStmt); ok {
				inside[b] = true
			}
			return true
		})
	}
	ast.Inspect(e.unit.Cell, func(n ast.Node) bool {
		if b, ok := n.(*ast.BranchStmt); ok && b.Tok == token.GOTO && b.Label.Name == s.Label.Name && !inside[b] {
			e.refuse(b.Pos(), "goto into another cell", "put the loop into one cell")
		}
		return true
	})
}

func (e *emitter) declStmt(s *ast.DeclStmt) {
	d, ok := s.Decl.(*ast.GenDecl)
	if !ok || d.Tok != token.VAR {
		return // constants are literals, types are declared where they are used
	}
	for _, sp := range d.Specs {
		sp := sp.(*ast.ValueSpec)
		e.pos(sp)
		var lhs []place
		for _, id := range sp.Names {
			o := e.info.Defs[id]
			if id.Name == "_" || o == nil {
				var t types.Type
				if sp.Type != nil {
					t = e.typeOf(sp.Type)
				}
				lhs = append(lhs, place{text: "_", typ: t})
				continue
			}
			lhs = append(lhs, place{text: e.local(o), typ: o.Type(), define: !e.hoisted(o)})
		}
		switch {
		case len(sp.Values) == 0:
			for _, p := range lhs {
				switch {
				case p.text == "_":
				case p.define:
					e.declare(p.text, p.typ)
				default:
					z := e.tmp()
					e.line("{\n%s%s = %s\n}", e.block(func() { e.declare(z, p.typ) }), p.text, z)
				}
			}
		case len(sp.Values) == len(lhs):
			e.assignAll(lhs, e.orderedExprs(sp.Values...))
		default:
			e.unpack(lhs, e.orderedExprs(sp.Values[0])[0])
		}
	}
}

func (e *emitter) hoisted(o types.Object) bool {
	_, ok := e.p.names[o]
	return ok
}

func (e *emitter) ifStmt(s *ast.IfStmt) {
	body := func() {
		if s.Init != nil {
			e.stmt(s.Init, "")
		}
		cond := e.orderedExprs(s.Cond)[0]
		e.line("if %s {\n%s}", e.expr(cond), e.scoped(s.Body.List))
		switch el := s.Else.(type) {
		case *ast.BlockStmt:
			e.trim()
			e.line(" else {\n%s}", e.scoped(el.List))
		case *ast.IfStmt:
			e.trim()
			e.line(" else {\n%s}", e.block(func() { e.stmt(el, "") }))
		}
	}
	if s.Init == nil {
		body()
		return
	}
	e.line("{\n%s}", e.block(body))
}

// trim takes back the last newline, so that else follows its block.
func (e *emitter) trim() {
	s := strings.TrimSuffix(e.b.String(), "\n")
	e.b.Reset()
	e.b.WriteString(s)
}

func (e *emitter) returnStmt(s *ast.ReturnStmt) {
	if e.fn.seq != nil {
		e.seqReturn(s)
		return
	}
	if e.fn.cell && e.unit.Notebook {
		e.line("__k.EndNotebook()")
		e.line("return")
		return
	}
	sig := e.fn.sig
	if len(s.Results) == 0 {
		if e.fn.frame == "" && len(e.fn.named) > 0 {
			e.line("return %s", strings.Join(e.fn.named, ", "))
			return
		}
		e.line("return")
		return
	}
	vals := e.returnValues(s, sig)
	if e.fn.frame != "" {
		// Set the results: deferred functions see and change them.
		if len(vals) == 1 {
			e.line("%s = %s", e.fn.named[0], apart(vals[0]))
		} else {
			var tmps []string
			for range vals {
				tmps = append(tmps, e.tmp())
			}
			for i, t := range tmps {
				e.define(t, sig.Results().At(i).Type(), vals[i])
			}
			for i, t := range tmps {
				e.line("%s = %s", e.fn.named[i], t)
			}
		}
		e.line("return")
		return
	}
	e.line("return %s", strings.Join(vals, ", "))
}

// returnValues lowers the results for the types of sig.
func (e *emitter) returnValues(s *ast.ReturnStmt, sig *types.Signature) []string {
	if len(s.Results) == 1 && sig.Results().Len() > 1 {
		tuple := e.typeOf(s.Results[0]).(*types.Tuple)
		names, from := e.temps(tuple)
		e.line("%s := %s", strings.Join(names, ", "), e.expr(s.Results[0]))
		for i := range names {
			names[i] = e.conv(names[i], from[i], sig.Results().At(i).Type())
		}
		return names
	}
	vals := make([]string, len(s.Results))
	apart := len(vals) > 1 && slices.ContainsFunc(s.Results, e.builtinCall)
	for i, x := range s.Results {
		t := sig.Results().At(i).Type()
		vals[i] = e.exprTo(x, t)
		if apart { // the interpreter would put what a builtin gives into the first result
			name := e.tmp()
			e.define(name, t, vals[i])
			vals[i] = name
		}
	}
	return vals
}

// builtinCall says whether x is a call of a builtin function that happens when it runs.
func (e *emitter) builtinCall(x ast.Expr) bool {
	call, ok := ast.Unparen(x).(*ast.CallExpr)
	return ok && e.info.Types[x].Value == nil && builtin(e.info, ast.Unparen(call.Fun)) != ""
}

// effects says whether x calls something or receives, other than in a function literal.
func (e *emitter) effects(x ast.Expr) (found bool) {
	ast.Inspect(x, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			found = found || !e.pure(n)
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		}
		return !found
	})
	return found
}

// frozen evaluates the function and the arguments of a go or defer statement
// now, into temporaries, and returns the call to make later. A panic says that it was at.
func (e *emitter) frozen(x *ast.CallExpr, at int) (call string, c called, isLit bool) {
	fun := ast.Unparen(x.Fun)
	if id := builtin(e.info, fun); id != "" {
		return e.frozenBuiltin(x, id, at), c, false
	}
	if tv := e.info.Types[fun]; tv.IsType() {
		e.line("__k.Use(%s)", e.exprTo(x, anyType))
		return "__k.Nop()", c, false
	}
	if lit, ok := fun.(*ast.FuncLit); ok {
		c.sig = e.typeOf(lit).(*types.Signature)
		c.text, isLit = "", true
	} else {
		c = e.resolve(x)
	}
	hold := func(text string, t types.Type) string {
		n := e.tmp()
		e.define(n, t, text)
		return n
	}
	if c.recv != "" { // a script method: its receiver is evaluated now
		recv := c.obj.Type().(*types.Signature).Recv().Type()
		c.recv = hold(c.recv, e.subst(recv))
	} else if c.sel != nil && c.obj != nil && c.obj.Type().(*types.Signature).Recv() != nil && c.native != "" {
		// A native method: hold its receiver, by address where it is a variable.
		m := e.lookup(c.sel)
		t := e.pathType(m.recv, m.index)
		operand := strings.TrimSuffix(c.text, "."+c.sel.Sel.Name)
		if strings.HasSuffix(c.text, "."+c.sel.Sel.Name) {
			_, ptr := e.subst(t).Underlying().(*types.Pointer)
			_, want := types.Unalias(m.fn.Type().(*types.Signature).Recv().Type()).(*types.Pointer)
			switch {
			case want && !ptr:
				c.text = hold("&"+operand, types.NewPointer(t)) + "." + c.sel.Sel.Name
			default:
				c.text = hold(operand, t) + "." + c.sel.Sel.Name
			}
		}
	} else if !isLit && (c.obj == nil || c.obj.Type().(*types.Signature).Recv() != nil) {
		c.text = hold(c.text, c.sig)
	}
	var args []string
	if len(x.Args) == 1 {
		if tuple, ok := e.typeOf(x.Args[0]).(*types.Tuple); ok {
			names, from := e.temps(tuple)
			e.line("%s := %s", strings.Join(names, ", "), e.expr(x.Args[0]))
			for i, n := range names {
				t, rest := param(c.sig, i)
				if rest {
					t = e.core(t).(*types.Slice).Elem()
				}
				args = append(args, e.conv(n, from[i], t))
			}
			return e.emitCall(c, e.gather(c, args, from)), c, isLit
		}
	}
	if s, ok := e.special(x, c); ok && len(x.Args) == 0 {
		return s, c, isLit
	}
	for i, s := range e.args(x, c) {
		dots := ""
		t, rest := param(c.sig, i)
		if rest && strings.HasSuffix(s, "...") {
			s, dots = strings.TrimSuffix(s, "..."), "..."
		} else if rest {
			t = e.core(t).(*types.Slice).Elem()
		}
		args = append(args, hold(s, t)+dots)
	}
	return e.emitCall(c, args), c, isLit
}

func (e *emitter) frozenBuiltin(x *ast.CallExpr, name string, at int) string {
	if tuple, ok := e.spreads(x); ok {
		names, y := e.spreadCall(x, tuple)
		e.line("%s := %s", strings.Join(names, ", "), e.expr(x.Args[0]))
		x = y
	}
	hold := func(a ast.Expr, t types.Type) string {
		n := e.tmp()
		e.define(n, t, e.exprTo(a, t))
		return n
	}
	switch name {
	case "panic":
		return fmt.Sprintf("panic(__k.Panic(%s, %d))", hold(x.Args[0], anyType), at)
	case "close":
		return "__k.Close(" + hold(x.Args[0], e.typeOf(x.Args[0])) + ")"
	case "recover": // called by the statement itself, and not by a function that is deferred
		return "__k.Nop()"
	case "clear":
		return "__k.Clear(" + e.plain(hold(x.Args[0], e.typeOf(x.Args[0])), e.typeOf(x.Args[0])) + ")"
	case "copy":
		to := e.plain(hold(x.Args[0], e.typeOf(x.Args[0])), e.typeOf(x.Args[0]))
		from := e.plain(hold(x.Args[1], e.typeOf(x.Args[1])), e.typeOf(x.Args[1]))
		if b, ok := e.core(e.typeOf(x.Args[1])).(*types.Basic); ok && b.Info()&types.IsString != 0 {
			from = "[]byte(" + from + ")"
		}
		return "copy(" + to + ", " + from + ")"
	case "delete":
		m := e.core(e.typeOf(x.Args[0])).(*types.Map)
		return "delete(" + hold(x.Args[0], e.typeOf(x.Args[0])) + ", " + hold(x.Args[1], m.Key()) + ")"
	case "print", "println":
		var args []string
		for _, a := range x.Args {
			n := hold(a, anyType)
			if types.IsInterface(e.typeOf(a)) {
				n = "__k.Iface(" + n + ")"
			}
			args = append(args, n)
		}
		return "__k.P" + name[1:] + "(" + strings.Join(args, ", ") + ")"
	}
	e.refuse(x.Pos(), "the builtin "+name+" called by go or defer", "put it into a function literal")
	return ""
}

func (e *emitter) goStmt(s *ast.GoStmt) {
	at := int(s.Pos())
	e.line("{\n%s}", e.block(func() {
		call, _, isLit := e.frozen(s.Call, e.fault())
		if isLit {
			call = e.funcLit(ast.Unparen(s.Call.Fun).(*ast.FuncLit), nil) + call
		}
		f := e.tmp()
		e.line("%s := func() func() { return func() { %s } }()\n__k.Go(%s, %d)", f, call, f, at) // see ownFrame
	}))
}

func (e *emitter) deferStmt(s *ast.DeferStmt) {
	main := e.fn.cell && e.unit.Notebook
	call, c, isLit := e.frozen(s.Call, 0)
	frame := e.fn.frame
	if main {
		frame = "__k.Main()"
	}
	if d := e.p.decls[c.obj]; !isLit && c.native == "" && c.text != "" && (d == nil || recovers(d.info, d.fn.Body)) {
		call = "__k.Direct(" + frame + "); " + call
	}
	if isLit {
		call = e.funcLit(ast.Unparen(s.Call.Fun).(*ast.FuncLit), func(f *fn) { f.recovers = frame }) + call
	}
	f := e.tmp()
	e.line("%s := func() { %s }", f, call)
	e.line("__k.Defer(%s, %s, %v)", frame, f, isLit || c.obj == nil || e.p.script(c.obj))
}
