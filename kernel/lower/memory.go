package lower

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strings"
)

// What takes much memory in one step is checked before it does: the Go runtime
// ends the process when there is none, and so does the system.

// large is from how many bytes on a string or slice is worth the question whether
// a longer one fits.
const large = 1 << 27

// simple says whether the parts of a statement can be evaluated once more, ahead
// of it and in another order.
func (e *emitter) simple(s ast.Stmt) bool {
	simple := true
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			simple = false
		case *ast.BinaryExpr:
			simple = simple && n.Op != token.LAND && n.Op != token.LOR
		case *ast.UnaryExpr:
			simple = simple && n.Op != token.ARROW
		case *ast.CallExpr:
			simple = simple && e.pure(n)
		}
		return simple
	})
	return simple
}

// checkGrowth puts a check in front of a statement that makes long strings or
// slices of long ones: sums of strings, append of a slice, conversions.
func (e *emitter) checkGrowth(s ast.Stmt) {
	switch s.(type) {
	case *ast.AssignStmt, *ast.ReturnStmt, *ast.ExprStmt, *ast.DeclStmt:
	default:
		return
	}
	simple := e.simple(s)
	// length is the text of len(x), where nothing can fail in evaluating it.
	length := func(x ast.Expr) string {
		x = ast.Unparen(x)
		if _, ok := x.(*ast.Ident); !ok && !(simple && e.pure(x)) {
			return ""
		}
		if tv := e.info.Types[x]; tv.Value != nil || tv.IsNil() || e.info.Defs[ident(x)] != nil {
			return ""
		}
		return e.lenText(x)
	}
	check := func(bytes string, unless string) {
		e.line("if %s > %d%s { __k.Room(%s) }", bytes, large, unless, bytes)
	}
	if a, ok := s.(*ast.AssignStmt); ok && a.Tok == token.ADD_ASSIGN && e.stringy(a.Lhs[0]) {
		l, r := length(a.Lhs[0]), length(a.Rhs[0])
		if _, sum := ast.Unparen(a.Rhs[0]).(*ast.BinaryExpr); l != "" && r != "" && !sum {
			check(l+" + "+r, "")
		}
	}
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.BlockStmt:
			return false
		case *ast.BinaryExpr:
			if n.Op != token.ADD || !e.stringy(n) {
				break
			}
			var lens []string
			others := 0
			var leaves func(x ast.Expr)
			leaves = func(x ast.Expr) {
				if b, ok := ast.Unparen(x).(*ast.BinaryExpr); ok && b.Op == token.ADD {
					leaves(b.X)
					leaves(b.Y)
				} else if l := length(x); l != "" {
					lens = append(lens, l)
				} else if e.info.Types[x].Value == nil {
					others++
				}
			}
			leaves(n)
			if len(lens) > 0 && len(lens)+others > 1 {
				check(strings.Join(lens, " + "), "")
			}
			return others > 0
		case *ast.CallExpr:
			fun := ast.Unparen(n.Fun)
			switch {
			case builtin(e.info, fun) == "append" && n.Ellipsis.IsValid() && len(n.Args) == 2:
				a, b := length(n.Args[0]), length(n.Args[1])
				if t, ok := e.core(e.typeOf(n)).(*types.Slice); ok && a != "" && b != "" {
					size := int64(1)
					if free(t.Elem()) {
						size = max(1, types.SizesFor("gc", "amd64").Sizeof(e.subst(t.Elem())))
					}
					check(fmt.Sprintf("(%s + %s) * %d", a, b, size), fmt.Sprintf(" && cap%s < %s + %s", strings.TrimPrefix(a, "len"), a, b))
				}
			case e.info.Types[fun].IsType() && len(n.Args) == 1:
				to, from := e.core(e.typeOf(n)), e.core(e.typeOf(n.Args[0]))
				l := length(n.Args[0])
				_, toSlice := to.(*types.Slice)
				_, fromSlice := from.(*types.Slice)
				if l == "" || toSlice == fromSlice || !toSlice && !e.stringy(n) || !fromSlice && !e.stringy(n.Args[0]) {
					break
				}
				times := "" // of a string's bytes and back
				if s, ok := to.(*types.Slice); ok && types.Identical(s.Elem().Underlying(), types.Typ[types.Int32]) {
					times = " * 4"
				}
				check(l+times, "")
			}
		}
		return true
	})
}

func (e *emitter) lenText(x ast.Expr) string { return "len(" + e.val(x) + ")" }

func ident(x ast.Expr) *ast.Ident {
	id, _ := x.(*ast.Ident)
	return id
}

func (e *emitter) stringy(x ast.Expr) bool {
	b, ok := e.core(e.typeOf(x)).(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}

// fits refuses an array that the machine has no memory for: variables of its
// type exist before any check could run.
func (e *emitter) fits(t *types.Array) {
	if t.Len() < 1<<16 || !free(t) || e.p.Room == nil {
		return
	}
	if n := uint64(types.SizesFor("gc", "amd64").Sizeof(t)); n > large && n > e.p.Room()/4 {
		e.refuse(e.at, fmt.Sprintf("an array of %d MiB, where %d MiB of memory are left", n>>20, e.p.Room()>>20), "use make([]T, n)")
	}
}

// fitsLiteral does the same for a slice whose literal names an index that is far up.
func (e *emitter) fitsLiteral(x *ast.CompositeLit, elem types.Type) {
	for _, v := range x.Elts {
		kv, ok := v.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if n, ok := constant.Int64Val(constant.ToInt(e.info.Types[kv.Key].Value)); ok && n < 1<<40 {
			e.fits(types.NewArray(elem, n+1))
		} else {
			e.refuse(kv.Pos(), "a slice of so many elements", "")
		}
	}
}

// sized are the natives that take as much memory as an argument says, with the
// number of that argument.
var sized = map[string]int{
	"(*bytes.Buffer).Grow": 0, "(*strings.Builder).Grow": 0,
	"bufio.NewReaderSize": 1, "bufio.NewWriterSize": 1,
	"math/rand.Perm": 0, "math/rand/v2.Perm": 0, "(*math/rand.Rand).Perm": 0, "(*math/rand/v2.Rand).Perm": 0,
	"(*math/big.Int).Lsh": 1, "(*math/big.Int).SetBit": 1,
}
