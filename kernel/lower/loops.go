package lower

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// loopBody lowers the body of a loop: the interrupt check, then before, then
// the statements.
func (e *emitter) loopBody(t *target, before func(), list []ast.Stmt) string {
	e.targets = append(e.targets, t)
	s := e.block(func() {
		e.checkStop()
		if before != nil {
			before()
		}
		e.stmts(list)
	})
	e.targets = e.targets[:len(e.targets)-1]
	return s
}

func (e *emitter) forStmt(s *ast.ForStmt, label string) {
	t := &target{label: label, loop: true}
	vars := e.loopVars(s)
	if len(vars) > 0 {
		e.perIteration(s, t, vars)
		return
	}
	if s.Init == nil && e.oneLine(s.Post) {
		e.emitFor("", s, t)
		return
	}
	if init, ok := s.Init.(*ast.AssignStmt); ok && e.oneLine(s.Post) && len(init.Lhs) == 1 {
		text := strings.TrimRight(e.block(func() { e.assign(init) }), "\n")
		if !strings.Contains(text, "\n") && !strings.Contains(text, ";") {
			e.emitFor(text, s, t)
			return
		}
	}
	e.perIteration(s, t, nil)
}

func (e *emitter) emitFor(init string, s *ast.ForStmt, t *target) {
	cond, post := "", ""
	if s.Cond != nil {
		cond = e.expr(s.Cond)
	}
	if s.Post != nil {
		post = e.postText(s.Post)
	}
	body := e.loopBody(t, nil, s.Body.List)
	e.mark(t.label)
	if init != "" && cond == "" && post == "" {
		cond = "true" // without, yaegi runs init before each iteration
	}
	if init == "" && post == "" {
		e.line("for %s {\n%s}", cond, body)
		return
	}
	e.line("for %s; %s; %s {\n%s}", init, cond, post, body)
}

// oneLine says whether a post statement can stay one.
func (e *emitter) oneLine(s ast.Stmt) bool {
	switch s := s.(type) {
	case nil:
		return true
	case *ast.IncDecStmt:
		return true
	case *ast.AssignStmt:
		return len(s.Lhs) == 1 && simple(s.Lhs[0])
	}
	return false
}

func (e *emitter) postText(s ast.Stmt) string {
	text := e.block(func() {
		switch s := s.(type) {
		case *ast.IncDecStmt:
			e.line("%s%s", e.expr(s.X), s.Tok)
		case *ast.AssignStmt:
			e.assign(s)
		}
	})
	return strings.TrimRight(text, "\n")
}

// loopVars are the variables of a 3-clause loop of which each iteration needs
// its own: a closure or a pointer may keep them.
func (e *emitter) loopVars(s *ast.ForStmt) []types.Object {
	init, ok := s.Init.(*ast.AssignStmt)
	if !ok || init.Tok != token.DEFINE {
		return nil
	}
	var vars []types.Object
	for _, x := range init.Lhs {
		if o := e.info.Defs[x.(*ast.Ident)]; o != nil {
			vars = append(vars, o)
		}
	}
	for _, v := range vars {
		if e.escapes(v, s.Body) || s.Cond != nil && e.escapes(v, s.Cond) || s.Post != nil && e.escapes(v, s.Post) {
			return vars
		}
	}
	return nil
}

// escapes says whether n may keep a reference to the variable v.
func (e *emitter) escapes(v types.Object, n ast.Node) bool {
	found := false
	uses := func(n ast.Node) bool {
		hit := false
		ast.Inspect(n, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && e.info.Uses[id] == v {
				hit = true
			}
			return !hit
		})
		return hit
	}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			found = found || uses(n)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				found = found || uses(n.X)
			}
		case *ast.SelectorExpr: // a method with a pointer receiver, maybe
			if sel := e.info.Selections[n]; sel != nil && sel.Kind() != types.FieldVal {
				found = found || uses(n.X)
			}
		case *ast.SliceExpr:
			found = found || uses(n.X)
		case *ast.GoStmt, *ast.DeferStmt:
			found = found || uses(n)
		case *ast.RangeStmt: // may become a function
			if _, ok := e.core(e.typeOf(n.X)).(*types.Signature); ok {
				found = found || uses(n)
			}
		}
		return !found
	})
	return found
}

// perIteration copies the loop variables at the start of each iteration, as
// the language does: the copy is made before the post statement.
func (e *emitter) perIteration(s *ast.ForStmt, t *target, vars []types.Object) {
	// The copy is read back after the body and before each continue, where the
	// body may have declared the name anew: the variable gets a name that source
	// cannot have.
	for _, v := range vars {
		e.rename(v)
	}
	e.line("{\n%s}", e.block(func() {
		if s.Init != nil {
			e.stmt(s.Init, "")
		}
		e.slowFor(s, t, vars)
	}))
}

// slowFor is a loop whose parts are statements of their own. The variables
// vars live outside under their own names; each iteration has copies.
func (e *emitter) slowFor(s *ast.ForStmt, t *target, vars []types.Object) {
	first := e.tmp()
	e.line("%s := true", first)
	outer := map[types.Object]string{}
	for _, v := range vars {
		o := e.tmp()
		outer[v] = o
		e.line("var %s %s = %s", o, e.rep(v.Type()), e.local(v))
	}
	var back strings.Builder
	for _, v := range vars {
		back.WriteString(outer[v] + " = " + e.local(v) + "\n")
	}
	t.before = back.String()
	body := e.loopBody(t, func() {
		for _, v := range vars {
			e.define(e.local(v), v.Type(), outer[v])
		}
		if s.Post != nil {
			e.line("if %s { %s = false } else {\n%s}", first, first, e.block(func() { e.stmt(s.Post, "") }))
		}
		if s.Cond != nil {
			e.line("if !(%s) { break }", e.expr(s.Cond))
		}
	}, s.Body.List)
	e.mark(t.label)
	e.line("for {\n%s%s}", body, t.before)
}

// repeats says whether what is lowered may run more than once in one call of its function.
func (e *emitter) repeats() bool {
	return e.fn.labelled || slices.ContainsFunc(e.targets, func(t *target) bool { return t.loop })
}

func (e *emitter) branch(s *ast.BranchStmt) {
	label := ""
	if s.Label != nil {
		label = s.Label.Name
	}
	switch s.Tok {
	case token.GOTO:
		if q := e.fn.seq; q != nil && !q.holds(e.info.Uses[s.Label]) {
			e.refuse(s.Pos(), "goto out of the body of a range over a function", "")
		}
		e.checkStop() // it may be a loop
		e.line("goto %s__g", label)
		return
	case token.FALLTHROUGH:
		e.line("fallthrough")
		return
	}
	for i := len(e.targets) - 1; i >= 0; i-- {
		t := e.targets[i]
		if label != "" && t.label != label || label == "" && s.Tok == token.CONTINUE && !t.loop {
			continue
		}
		if q := e.seqAbove(i); q != nil {
			e.seqBranch(s, q, t)
			return
		}
		if s.Tok == token.CONTINUE {
			if t.before != "" {
				e.line("%s", strings.TrimRight(t.before, "\n"))
			}
			e.line("continue %s", label)
			return
		}
		e.line("break %s", label)
		return
	}
	e.line("%s %s", s.Tok, label)
}
