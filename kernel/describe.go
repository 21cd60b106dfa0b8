package kernel

import (
	"go/ast"
	"go/types"
	"strings"

	"loupe/kernel/check"
)

// String is the text that ?name shows.
func (d Doc) String() string {
	var b strings.Builder
	b.WriteString(d.Signature)
	if d.Pos != "" {
		b.WriteString("    // " + d.Pos)
	}
	if d.Doc != "" {
		b.WriteString("\n\n" + strings.TrimRight(d.Doc, "\n"))
	}
	return b.String()
}

// Doc describes a name or a selector expression: a package, a symbol, a
// method or field, an object of the session.
func (k *Kernel) Doc(expr string) (Doc, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	expr = strings.TrimSuffix(strings.TrimSpace(expr), "()")
	parts := strings.Split(expr, ".")
	if o := k.object(parts[0]); o != nil {
		return k.docOf(expr, o, parts[1:])
	}
	path, ok := k.sess.Imports[parts[0]]
	if check.Importable(expr) {
		path, ok, parts = expr, true, []string{expr}
	}
	if !ok {
		path, ok = check.Named(parts[0])
	}
	if !ok {
		return Doc{}, false
	}
	p, err := k.sess.Universe.Import(path)
	if err != nil {
		return Doc{}, false
	}
	if len(parts) == 1 {
		return Doc{Name: path, Signature: "package " + p.Name() + " // import \"" + path + "\"", Doc: k.sess.Universe.File(path).Doc.Text()}, true
	}
	o := p.Scope().Lookup(parts[1])
	if o == nil || !o.Exported() {
		return Doc{}, false
	}
	return k.docOf(expr, o, parts[2:])
}

// object is an object of the session or of the language.
func (k *Kernel) object(name string) types.Object {
	if o := k.sess.Objects[name]; o != nil {
		return o
	}
	if _, imported := k.sess.Imports[name]; imported {
		return nil
	}
	return types.Universe.Lookup(name)
}

func (k *Kernel) docOf(name string, o types.Object, rest []string) (Doc, bool) {
	for _, sel := range rest {
		t := o.Type()
		m, _, _ := types.LookupFieldOrMethod(t, true, k.sess.Pkg(), strings.TrimSuffix(sel, "()"))
		if m == nil {
			return Doc{}, false
		}
		o = m
	}
	d := Doc{Name: name, Signature: k.signatureOf(o)}
	if o.Pkg() == k.sess.Pkg() {
		d.Doc = k.docs[o]
		if p := k.sess.Fset.Position(o.Pos()); p.IsValid() && p.Filename != "" {
			d.Pos = p.String()
		}
		if v, ok := o.(*types.Var); ok && d.Doc == "" { // what its type says
			if n, ok := deref(v.Type()).(*types.Named); ok && n.Obj().Pkg() != nil && n.Obj().Pkg() != k.sess.Pkg() {
				d.Doc = k.nativeDoc(n.Obj())
			}
		}
		return d, true
	}
	d.Doc = k.nativeDoc(o)
	return d, true
}

func deref(t types.Type) types.Type {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		return types.Unalias(p.Elem())
	}
	return types.Unalias(t)
}

// signatureOf is an object's declaration on one line, a type's with fields.
func (k *Kernel) signatureOf(o types.Object) string {
	s := types.ObjectString(o, k.qualify)
	if tn, ok := o.(*types.TypeName); ok {
		if st, ok := tn.Type().Underlying().(*types.Struct); ok && !tn.IsAlias() {
			var b strings.Builder
			b.WriteString("type " + tn.Name() + " struct {\n")
			for i := range st.NumFields() {
				if f := st.Field(i); f.Exported() || o.Pkg() == k.sess.Pkg() {
					b.WriteString("    " + f.Name() + " " + types.TypeString(f.Type(), k.qualify) + "\n")
				}
			}
			b.WriteString("}")
			ms := types.NewMethodSet(types.NewPointer(tn.Type()))
			for i := range ms.Len() {
				if m := ms.At(i).Obj(); m.Exported() {
					b.WriteString("\n" + types.ObjectString(m, k.qualify))
				}
			}
			return b.String()
		}
	}
	return s
}

// nativeDoc finds an object's comment in the declarations of its package.
func (k *Kernel) nativeDoc(o types.Object) string {
	if o.Pkg() == nil {
		return ""
	}
	f := k.sess.Universe.File(o.Pkg().Path())
	if f == nil {
		return ""
	}
	text := ""
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Name.Pos() == o.Pos() {
				text = n.Doc.Text()
			}
		case *ast.GenDecl:
			for _, s := range n.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					if s.Name.Pos() == o.Pos() {
						text = n.Doc.Text() + s.Doc.Text()
					}
				case *ast.ValueSpec:
					for _, id := range s.Names {
						if id.Pos() == o.Pos() {
							text = n.Doc.Text() + s.Doc.Text()
						}
					}
				}
			}
		case *ast.Field:
			for _, id := range n.Names {
				if id.Pos() == o.Pos() {
					text = n.Doc.Text()
				}
			}
		}
		return text == ""
	})
	return text
}
