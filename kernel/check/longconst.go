package check

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strconv"
)

// mostConst is how many bytes of a constant string are checked. A few lines can ask
// for more than any machine has, and go/types would end the process.
const mostConst = 1 << 27

// longConstants refuses sums of constant strings that are longer. It is a look at the
// syntax: of a name that stands for several strings, the longest counts.
func (s *Session) longConstants(f *ast.File, extra map[string]types.Object) (errs []Error) {
	declared := map[string]int64{}
	var size func(x ast.Expr) int64
	size = func(x ast.Expr) int64 {
		switch x := x.(type) {
		case *ast.ParenExpr:
			return size(x.X)
		case *ast.BasicLit:
			if x.Kind == token.STRING {
				return int64(len(x.Value))
			}
		case *ast.Ident:
			if n, ok := declared[x.Name]; ok {
				return n
			}
			for _, m := range []map[string]types.Object{extra, s.Objects} {
				if c, ok := m[x.Name].(*types.Const); ok && c.Val().Kind() == constant.String {
					return int64(len(constant.StringVal(c.Val())))
				}
			}
		case *ast.BinaryExpr:
			if x.Op != token.ADD {
				return 0
			}
			n := size(x.X) + size(x.Y)
			if n > mostConst {
				if len(errs) == 0 {
					errs = append(errs, Error{Pos: s.Fset.Position(x.Pos()), Msg: fmt.Sprintf("loupe cannot check this: a constant string of over %s MiB", strconv.Itoa(mostConst>>20))})
				}
				return 0
			}
			return n
		}
		return 0
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			if n.Tok != token.CONST {
				return true
			}
			for _, sp := range n.Specs {
				v := sp.(*ast.ValueSpec)
				for i, id := range v.Names {
					if i < len(v.Values) {
						declared[id.Name] = max(declared[id.Name], size(v.Values[i]))
					}
				}
			}
			return false
		case *ast.BinaryExpr:
			size(n)
			return false
		}
		return true
	})
	return errs
}
