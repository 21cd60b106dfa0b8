package kernel

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"strings"
)

// define makes a native value a variable: a global that the interpreter sets
// from the kernel's list.
func (k *Kernel) define(name string, value any) error {
	t, err := k.sess.Universe.TypeOf(reflect.TypeOf(value))
	if err != nil {
		return fmt.Errorf("kernel: %s: %w", name, err)
	}
	o := types.NewVar(token.NoPos, k.sess.Pkg(), name, t)
	k.defined = append(k.defined, value)
	low, err := k.prog.Global(o, len(k.defined)-1)
	if err != nil {
		return fmt.Errorf("kernel: %s: %w", name, err)
	}
	p, err := k.compile(low)
	if err == nil {
		_, err = k.interp.Execute(p)
	}
	if err != nil {
		low.Undo()
		return fmt.Errorf("kernel: %s: %w", name, err)
	}
	k.sess.Objects[name] = o
	return nil
}

// keepDocs remembers the doc comments and the source of a file's declarations.
func (k *Kernel) keepDocs(f *ast.File, info *types.Info) {
	keep := func(id *ast.Ident, n ast.Node, docs ...*ast.CommentGroup) {
		o := info.Defs[id]
		if o == nil {
			return
		}
		k.decls[o] = k.sourceOf(n)
		for _, d := range docs {
			if text := d.Text(); text != "" {
				k.docs[o] = text
				return
			}
		}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			keep(d.Name, d, d.Doc)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				n := ast.Node(s)
				if len(d.Specs) == 1 {
					n = d
				}
				switch s := s.(type) {
				case *ast.TypeSpec:
					keep(s.Name, n, s.Doc, d.Doc, s.Comment)
					if st, ok := s.Type.(*ast.StructType); ok {
						for _, field := range st.Fields.List {
							for _, id := range field.Names {
								keep(id, field, field.Doc, field.Comment)
							}
						}
					}
				case *ast.ValueSpec:
					for _, id := range s.Names {
						keep(id, n, s.Doc, d.Doc, s.Comment)
					}
				}
			}
		}
	}
}

// forgetDocs drops what is remembered of an object that a cell replaces.
func (k *Kernel) forgetDocs(o types.Object) {
	if o == nil {
		return
	}
	delete(k.docs, o)
	delete(k.decls, o)
	if tn, ok := o.(*types.TypeName); ok {
		if st, ok := tn.Type().Underlying().(*types.Struct); ok && !tn.IsAlias() {
			for i := range st.NumFields() {
				delete(k.docs, st.Field(i))
				delete(k.decls, st.Field(i))
			}
		}
	}
}

// sourceOf is the text of a node of a cell or file.
func (k *Kernel) sourceOf(n ast.Node) string {
	from, to := k.sess.Fset.Position(n.Pos()), k.sess.Fset.Position(n.End())
	lines := strings.Split(k.sources[from.Filename], "\n")
	if from.Line < 1 || from.Line > to.Line || to.Line > len(lines) || from.Column < 1 {
		return ""
	}
	list := append([]string(nil), lines[from.Line-1:to.Line]...)
	last := len(list) - 1
	if to.Column-1 > len(list[last]) || from.Column-1 > len(list[0]) {
		return ""
	}
	list[last] = list[last][:max(to.Column-1, 0)]
	list[0] = list[0][min(from.Column-1, len(list[0])):]
	return strings.Join(list, "\n")
}
