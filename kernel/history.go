package kernel

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"loupe/kernel/check"
	"loupe/kernel/notebook"
)

// history lists the cells that ran.
func (k *Kernel) history() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.ran.list) == 0 {
		return "no cell has run"
	}
	stale := map[*ran]bool{}
	for _, r := range k.ran.stale() {
		stale[r] = true
	}
	var b strings.Builder
	for _, r := range k.ran.list {
		mark := ""
		if stale[r] {
			mark = "  (stale)"
		}
		fmt.Fprintf(&b, "// %s%s\n%s\n", r.cell.name(), mark, strings.TrimSpace(r.cell.Source))
	}
	return b.String()
}

// rerun runs cells again, in their order.
func (k *Kernel) rerun(ctx context.Context, what string, fail func(string, ...any) *Error) *Error {
	k.mu.Lock()
	var list []*ran
	if what == "stale" {
		list = k.ran.stale()
	} else {
		for _, r := range k.ran.list {
			if r.cell.Name == what || r.cell.Name == "In["+what+"]" {
				list = append(list, r)
			}
		}
	}
	k.mu.Unlock()
	switch {
	case len(list) == 0 && what == "stale":
		k.text1("nothing is stale")
		return nil
	case len(list) == 0:
		return fail("%%rerun needs the number of a cell that ran, or stale: %%history lists them")
	}
	for _, r := range list {
		k.mu.Lock()
		delete(k.once, r.cell.Source)
		k.mu.Unlock()
		if what == "stale" {
			k.out.event(Stats{Text: "running " + r.cell.name() + " again"})
		}
		if err := k.code(ctx, r.cell); err != nil {
			return err
		}
	}
	return nil
}

// save writes the cells that ran as a notebook file.
func (k *Kernel) save(path string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if filepath.Ext(path) != ".go" {
		return "", fmt.Errorf("kernel: %s: a notebook file ends in .go", path)
	}
	var decls, body strings.Builder
	imports := map[string]bool{} // the lines
	n := 0
	for _, r := range k.ran.list {
		parts, errs := splitCell(r.cell.Source)
		if len(errs) > 0 || r.cell.File != "" {
			continue
		}
		n++
		for name := range qualifiers(r.cell.Source) {
			path, ok := k.sess.Imports[name]
			if !ok && k.sess.Objects[name] == nil {
				path, ok = check.Named(name)
			}
			if ok {
				imports[importLine(name, path)] = true
			}
		}
		for _, path := range k.dotted(r.cell.Source, k.dots, func(name string) bool { return k.sess.Objects[name] != nil }) {
			imports[importLine(".", path)] = true
		}
		for path := range parts.blanks {
			imports[importLine("_", path)] = true
		}
		var stmts []string
		for i, p := range parts.pieces {
			text := r.cell.Source[p.from:p.to]
			switch {
			case p.isImport:
			case p.decl:
				decls.WriteString("\n" + text + "\n")
			default:
				if i == len(parts.pieces)-1 && r.cell.Show && isValue(text) {
					text = "nb.Show(" + text + ")"
					imports[importLine("nb", "loupe/stdlib/nb")] = true
				}
				stmts = append(stmts, text)
			}
		}
		if len(stmts) > 0 {
			fmt.Fprintf(&body, "\n\t// %%%% %s\n%s\n", r.cell.Name, strings.Join(stmts, "\n"))
		}
	}
	if n == 0 {
		return "", errors.New("kernel: no cell has run that could be saved")
	}
	var src strings.Builder
	src.WriteString("package main\n\n")
	for _, line := range slices.Sorted(maps.Keys(imports)) {
		src.WriteString(line + "\n")
	}
	src.WriteString(decls.String() + "\nfunc main() {\n" + strings.TrimPrefix(body.String(), "\n") + "}\n")
	out, err := format.Source([]byte(src.String()))
	if err != nil {
		return "", fmt.Errorf("kernel: the cells do not make a file: %w", err)
	}
	if err := writeWhole(path, out); err != nil {
		return "", fmt.Errorf("kernel: %w", err)
	}
	text := fmt.Sprintf("%d cells in %s", n, path)
	if _, _, e := k.checkFile(path, string(out), nil); e != nil {
		text += "; go run will not take it: " + e.Error()
	}
	return text, nil
}

// importLine imports a package under a name.
func importLine(name, path string) string {
	if name == check.BaseName(path) {
		return fmt.Sprintf("import %q", path)
	}
	return fmt.Sprintf("import %s %q", name, path)
}

// isValue says whether the text of a statement is an expression that go run
// would refuse or that a prompt shows.
func isValue(text string) bool {
	x, err := parser.ParseExpr(text)
	if err != nil {
		return false
	}
	call, ok := ast.Unparen(x).(*ast.CallExpr)
	if !ok {
		return true
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	id, ok := sel.X.(*ast.Ident)
	return !ok || id.Name != "fmt" && id.Name != "nb"
}

// paramsOf reads name=value words.
func paramsOf(words []string) (params map[string]string, bad string) {
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok || !token.IsIdentifier(name) {
			return nil, w
		}
		if params == nil {
			params = map[string]string{}
		}
		params[name] = value
	}
	return params, ""
}

// parameter is a variable that the cell titled "parameters" of a notebook file
// sets.
type parameter struct {
	name *ast.Ident
	expr *ast.Expr
}

// parameters are those of a file, in order.
func (k *Kernel) parameters(f *notebook.File) (list []parameter) {
	for _, c := range f.Cells {
		if c.Kind != notebook.Code || !notebook.IsParameters(c.Title) {
			continue
		}
		for _, s := range f.Stmts(k.sess.Fset, c) {
			switch s := s.(type) {
			case *ast.AssignStmt:
				for i, l := range s.Lhs {
					if id, ok := l.(*ast.Ident); ok && s.Tok == token.DEFINE && len(s.Rhs) == len(s.Lhs) {
						list = append(list, parameter{id, &s.Rhs[i]})
					}
				}
			case *ast.DeclStmt:
				if g, ok := s.Decl.(*ast.GenDecl); ok && g.Tok == token.VAR {
					for _, sp := range g.Specs {
						sp := sp.(*ast.ValueSpec)
						for i, id := range sp.Names {
							if i < len(sp.Values) {
								list = append(list, parameter{id, &sp.Values[i]})
							}
						}
					}
				}
			}
		}
	}
	return list
}

// setParams gives parameters other values, which must fit the types that the
// file gives them: unit is the file checked as it stands. at is where the error belongs.
func (k *Kernel) setParams(f *notebook.File, unit *types.Info, params map[string]string) (at token.Pos, err error) {
	list := k.parameters(f)
	for _, name := range slices.Sorted(maps.Keys(params)) {
		i := slices.IndexFunc(list, func(p parameter) bool { return p.name.Name == name })
		if i < 0 {
			var known []string
			for _, p := range list {
				known = append(known, p.name.Name)
			}
			if len(known) == 0 {
				return 0, fmt.Errorf("no parameter %s: no cell has the title parameters", name)
			}
			return list[0].name.Pos(), fmt.Errorf("no parameter %s; there are %s", name, strings.Join(known, ", "))
		}
		p, text := list[i], params[name]
		o := unit.Defs[p.name]
		if o == nil {
			continue
		}
		if b, ok := o.Type().Underlying().(*types.Basic); ok && b.Info()&types.IsString != 0 {
			if _, err := strconv.Unquote(text); err != nil {
				text = strconv.Quote(text) // a shell has taken the quotes off
			}
		}
		tv, err := types.Eval(token.NewFileSet(), o.Pkg(), token.NoPos, text)
		if err != nil || tv.Value == nil || !fits(tv, o.Type()) {
			return p.name.Pos(), fmt.Errorf("parameter %s has type %s, which %s does not fit", name, types.TypeString(o.Type(), k.qualify), params[name])
		}
		x, err := parser.ParseExpr("(" + types.TypeString(o.Type(), func(p *types.Package) string { return p.Name() }) + ")(" + text + ")")
		if err != nil {
			return p.name.Pos(), fmt.Errorf("parameter %s: %w", name, err)
		}
		moved(x, p.name.Pos())
		*p.expr = x
	}
	return 0, nil
}

// fits says whether a constant can be given to t, or converted without loss.
func fits(tv types.TypeAndValue, t types.Type) bool {
	from, ok1 := tv.Type.Underlying().(*types.Basic)
	to, ok2 := t.Underlying().(*types.Basic)
	if !ok1 || !ok2 || from.Info()&types.IsNumeric == 0 || to.Info()&types.IsNumeric == 0 {
		return types.AssignableTo(tv.Type, t)
	}
	if to.Info()&types.IsInteger != 0 && constant.ToInt(tv.Value).Kind() != constant.Int {
		return false
	}
	fset := token.NewFileSet()
	_, err := types.Eval(fset, nil, token.NoPos, to.Name()+"("+tv.Value.ExactString()+")")
	return err == nil
}

// moved gives every node of x the place of what it stands for.
func moved(x ast.Expr, at token.Pos) {
	ast.Inspect(x, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			n.NamePos = at
		case *ast.BasicLit:
			n.ValuePos = at
		case *ast.ParenExpr:
			n.Lparen, n.Rparen = at, at
		case *ast.CallExpr:
			n.Lparen, n.Rparen = at, at
		case *ast.UnaryExpr:
			n.OpPos = at
		case *ast.BinaryExpr:
			n.OpPos = at
		}
		return true
	})
}

// listParams describes the parameters of a file.
func (k *Kernel) listParams(path string) (string, *Error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return "", &Error{Msg: fmt.Sprintf("kernel: %v", err), Kind: Compile, ExitCode: 1}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	f, unit, e := k.checkFile(path, string(src), nil)
	if e != nil {
		return "", e
	}
	var lines []string
	for _, p := range k.parameters(f) {
		o := unit.Info.Defs[p.name]
		if o == nil {
			continue
		}
		from, to := k.sess.Fset.Position((*p.expr).Pos()), k.sess.Fset.Position((*p.expr).End())
		lines = append(lines, fmt.Sprintf("%s %s = %s", p.name.Name, types.TypeString(o.Type(), k.qualify), string(src)[from.Offset:to.Offset]))
	}
	if len(lines) == 0 {
		return path + " has no parameters: no code cell has the title parameters", nil
	}
	return strings.Join(lines, "\n"), nil
}
