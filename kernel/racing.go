package kernel

import (
	"go/ast"
	"go/token"
	"go/types"

	"loupe/kernel/check"
)

// racingMaps finds the maps that several goroutines of a loop write without a lock. When
// two of them do so at once the Go runtime ends the process, which nothing can prevent:
// the session and its models are gone. Only what stands in the go statement's own function
// literal is looked at, and one that locks, or waits for a channel, is trusted.
func racingMaps(f *ast.File, info *types.Info, fset *token.FileSet) (list []check.Error) {
	var loops []ast.Node
	var open []ast.Node
	ast.Inspect(f, func(n ast.Node) bool {
		if n == nil {
			last := open[len(open)-1]
			open = open[:len(open)-1]
			if len(loops) > 0 && loops[len(loops)-1] == last {
				loops = loops[:len(loops)-1]
			}
			return true
		}
		open = append(open, n)
		switch n := n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			loops = append(loops, n)
		case *ast.GoStmt:
			lit, ok := ast.Unparen(n.Call.Fun).(*ast.FuncLit)
			if !ok || len(loops) == 0 || synchronises(lit, info) {
				break
			}
			if at, name := outerMapWrite(lit.Body, loops[len(loops)-1], info); at.IsValid() {
				list = append(list, check.Error{Pos: fset.Position(at), Msg: "goroutines of a loop write the map " + name +
					" without a lock: if two do so at once, Go ends the process and the session with it; use a sync.Mutex, or a channel that one goroutine reads"})
			}
		}
		return true
	})
	return list
}

// synchronises says whether a function locks something or uses a channel.
func synchronises(lit *ast.FuncLit, info *types.Info) (yes bool) {
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SendStmt, *ast.SelectStmt:
			yes = true
		case *ast.UnaryExpr:
			yes = yes || n.Op == token.ARROW
		case *ast.RangeStmt:
			if t := info.TypeOf(n.X); t != nil {
				_, is := t.Underlying().(*types.Chan)
				yes = yes || is
			}
		case *ast.CallExpr:
			if sel, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr); ok {
				switch sel.Sel.Name {
				case "Lock", "RLock", "TryLock", "Do", "Acquire":
					yes = true
				}
			}
		}
		return !yes
	})
	return yes
}

// outerMapWrite is the first write in a body to a map whose variable is declared outside of
// the loop.
func outerMapWrite(body, loop ast.Node, info *types.Info) (at token.Pos, name string) {
	write := func(x ast.Expr) {
		ix, ok := ast.Unparen(x).(*ast.IndexExpr)
		if !ok || at.IsValid() {
			return
		}
		if t := info.TypeOf(ix.X); t == nil {
			return
		} else if _, ok := t.Underlying().(*types.Map); !ok {
			return
		}
		id, ok := ast.Unparen(ix.X).(*ast.Ident)
		if !ok {
			return
		}
		if v, ok := info.Uses[id].(*types.Var); ok && (v.Pos() < loop.Pos() || v.Pos() > loop.End()) {
			at, name = x.Pos(), id.Name
		}
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, x := range n.Lhs {
				write(x)
			}
		case *ast.IncDecStmt:
			write(n.X)
		}
		return true
	})
	return at, name
}
