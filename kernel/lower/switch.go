package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"sort"
	"strings"
)

func (e *emitter) switchStmt(s *ast.SwitchStmt, label string) {
	e.line("{\n%s}", e.block(func() {
		if s.Init != nil {
			e.stmt(s.Init, "")
		}
		tag, tagT := "", types.Type(boolType)
		if s.Tag != nil {
			tagT = types.Default(e.typeOf(s.Tag))
			tag = e.tmp()
			e.define(tag, tagT, e.exprTo(e.orderedExprs(s.Tag)[0], tagT))
		}
		t := &target{label: label}
		e.targets = append(e.targets, t)
		var list []clause
		for _, c := range s.Body.List {
			c := c.(*ast.CaseClause)
			var conds []string
			for _, x := range c.List {
				cond := e.caseCond(tag, tagT, x)
				if hasComposite(x) { // see condition
					cond = "func() bool { return " + cond + " }()"
				}
				conds = append(conds, cond)
			}
			list = append(list, clause{strings.Join(conds, " || "), e.block(func() { e.caseBody(c.Body) })})
		}
		e.targets = e.targets[:len(e.targets)-1]
		e.clauses(label, list)
	}))
}

// caseBody lowers the statements of a case. The interpreter does not know a label that
// stands right there, so that these go into a block.
func (e *emitter) caseBody(list []ast.Stmt) {
	labeled := false
	for _, s := range list {
		if _, ok := s.(*ast.LabeledStmt); ok {
			labeled = true
		}
	}
	if !labeled {
		e.stmts(list)
		return
	}
	last := len(list)
	if b, ok := list[last-1].(*ast.BranchStmt); ok && b.Tok == token.FALLTHROUGH { // must stay the last of the case
		last--
	}
	e.line("{\n%s}", e.scoped(list[:last]))
	e.stmts(list[last:])
}

// clause is one case of a lowered switch; cond is "" for the default.
type clause struct{ cond, body string }

// clauses writes a switch. The interpreter wants the default last, and skips
// one that stands alone.
func (e *emitter) clauses(label string, list []clause) {
	if len(list) == 0 {
		return
	}
	falls, early := false, false
	for i, c := range list {
		falls = falls || strings.Contains(c.body, "fallthrough\n")
		early = early || c.cond == "" && i < len(list)-1
	}
	if falls && early {
		list = e.chosen(list)
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].cond != "" && list[j].cond == "" })
	var b strings.Builder
	for _, c := range list {
		switch {
		case c.cond != "":
			b.WriteString("case " + c.cond + ":\n")
		case len(list) == 1:
			b.WriteString("case true:\n")
		default:
			b.WriteString("default:\n")
		}
		b.WriteString(c.body)
	}
	e.mark(label)
	e.line("switch {\n%s}", b.String())
}

// chosen finds the case to run first, so that the cases keep their order, which
// fallthrough needs, wherever the default stands.
func (e *emitter) chosen(list []clause) []clause {
	n := e.tmp()
	var pick strings.Builder
	out := make([]clause, len(list))
	for i, c := range list {
		if c.cond == "" {
			fmt.Fprintf(&pick, "default:\n%s = %d\n", n, i)
		}
		out[i] = clause{fmt.Sprintf("%s == %d", n, i), c.body}
	}
	var cases strings.Builder
	for i, c := range list {
		if c.cond != "" {
			fmt.Fprintf(&cases, "case %s:\n%s = %d\n", c.cond, n, i)
		}
	}
	e.line("%s := 0\nswitch {\n%s%s}", n, cases.String(), pick.String())
	return out
}

// caseCond is the comparison of a case with the tag.
func (e *emitter) caseCond(tag string, tagT types.Type, x ast.Expr) string {
	if tag == "" {
		if types.IsInterface(e.typeOf(x)) {
			return "__k.Eq(" + e.exprTo(x, anyType) + ", true)"
		}
		return e.expr(x)
	}
	if e.info.Types[x].IsNil() {
		if e.opaque(tagT) {
			return "__k.IsNil(" + tag + ")"
		}
		return "(" + tag + " == nil)"
	}
	xt := e.typeOf(x)
	if types.IsInterface(tagT) || types.IsInterface(xt) {
		return "__k.Eq(" + e.conv(tag, tagT, anyType) + ", " + e.exprTo(x, anyType) + ")"
	}
	t := e.common(tagT, xt)
	return e.equal(e.conv(tag, tagT, t), e.exprTo(x, t), t, token.EQL, "")
}

func (e *emitter) typeSwitch(s *ast.TypeSwitchStmt, label string) {
	e.line("{\n%s}", e.block(func() {
		if s.Init != nil {
			e.stmt(s.Init, "")
		}
		var x ast.Expr
		bound := false
		switch a := s.Assign.(type) {
		case *ast.ExprStmt:
			x = a.X.(*ast.TypeAssertExpr).X
		case *ast.AssignStmt:
			x, bound = a.Rhs[0].(*ast.TypeAssertExpr).X, a.Lhs[0].(*ast.Ident).Name != "_"
		}
		xt := e.typeOf(x)
		v, n := e.tmp(), e.tmp()
		orig := e.tmp()
		e.define(orig, xt, e.expr(x))
		e.define(v, anyType, e.conv(orig, xt, anyType))
		var ids []string
		var list []clause
		t := &target{label: label}
		e.targets = append(e.targets, t)
		num := 0
		for _, c := range s.Body.List {
			c := c.(*ast.CaseClause)
			var conds []string
			var single types.Type
			for _, y := range c.List {
				if e.info.Types[y].IsNil() {
					ids = append(ids, "-1")
				} else {
					yt := e.typeOf(y)
					single = yt
					ids = append(ids, fmt.Sprint(e.id(yt)))
				}
				conds = append(conds, fmt.Sprintf("%s == %d", n, num))
				num++
			}
			body := e.block(func() {
				if o := e.info.Implicits[c]; bound && o != nil {
					name := e.local(o)
					if len(c.List) == 1 && single != nil {
						e.declare(name, single)
						if e.opaque(single) {
							e.line("__k.Raw(%s, &%s)", v, name)
						} else {
							e.line("__k.To(%s, &%s)", v, name)
						}
					} else {
						e.define(name, xt, orig)
					}
				}
				e.caseBody(c.Body)
			})
			list = append(list, clause{strings.Join(conds, " || "), body})
		}
		e.targets = e.targets[:len(e.targets)-1]
		e.line("%s := __k.TypeCase(%s%s)", n, v, prefixed(ids))
		e.clauses(label, list)
	}))
}

// selectStmt evaluates all channels and values, lets the runtime choose, and
// switches on the choice.
func (e *emitter) selectStmt(s *ast.SelectStmt, label string) {
	e.line("{\n%s}", e.block(func() {
		var cases []string
		var out []clause
		hasDefault := false
		n := e.tmp()
		t := &target{label: label}
		type pending struct {
			clause *ast.CommClause
			recv   string
			elem   types.Type
			ok     string
		}
		var list []pending
		for _, c := range s.Body.List {
			c := c.(*ast.CommClause)
			p := pending{clause: c}
			switch comm := c.Comm.(type) {
			case nil:
				hasDefault = true
			case *ast.SendStmt:
				ct := e.core(e.typeOf(comm.Chan)).(*types.Chan)
				ch, v := e.tmp(), e.tmp()
				e.define(ch, e.typeOf(comm.Chan), e.expr(comm.Chan))
				e.define(v, ct.Elem(), e.exprTo(comm.Value, ct.Elem()))
				cases = append(cases, fmt.Sprintf("__k.SendCase(%s, &%s)", ch, v))
			default:
				u := recvOf(comm)
				ct := e.core(e.typeOf(u.X)).(*types.Chan)
				p.recv, p.elem, p.ok = e.tmp(), ct.Elem(), e.tmp()
				ch := e.tmp()
				e.define(ch, e.typeOf(u.X), e.expr(u.X))
				e.declare(p.recv, ct.Elem())
				e.declare(p.ok, boolType)
				cases = append(cases, fmt.Sprintf("__k.RecvCase(%s, &%s, &%s)", ch, p.recv, p.ok))
			}
			list = append(list, p)
		}
		e.targets = append(e.targets, t)
		num := 0
		for _, p := range list {
			cond := ""
			if p.clause.Comm != nil {
				cond = fmt.Sprintf("%s == %d", n, num)
				num++
			}
			body := e.block(func() {
				if a, ok := p.clause.Comm.(*ast.AssignStmt); ok {
					for i, x := range a.Lhs {
						if i == 0 {
							e.set(e.place(x, false), p.recv, p.elem)
						} else {
							e.set(e.place(x, false), p.ok, boolType)
						}
					}
				}
				e.caseBody(p.clause.Body)
			})
			out = append(out, clause{cond, body})
		}
		e.targets = e.targets[:len(e.targets)-1]
		e.line("%s := __k.Select(%d, %v%s)", n, int(s.Pos()), hasDefault, prefixed(cases))
		e.clauses(label, out)
	}))
}

func recvOf(s ast.Stmt) *ast.UnaryExpr {
	switch s := s.(type) {
	case *ast.ExprStmt:
		return ast.Unparen(s.X).(*ast.UnaryExpr)
	case *ast.AssignStmt:
		return ast.Unparen(s.Rhs[0]).(*ast.UnaryExpr)
	}
	return nil
}
