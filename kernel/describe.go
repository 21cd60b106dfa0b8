package kernel

import (
	"go/ast"
	"go/token"
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
	for _, path := range k.dots {
		if pkg, err := k.sess.Universe.Import(path); err == nil && token.IsExported(name) && pkg.Scope().Lookup(name) != nil {
			return pkg.Scope().Lookup(name)
		}
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
	if d, ok := predeclaredDoc(name, o); ok {
		return d, true
	}
	d := Doc{Name: name, Signature: k.signatureOf(o), object: o}
	if o.Pkg() == k.sess.Pkg() {
		d.Doc, d.Source = k.docs[o], k.decls[o]
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

// source is what ??name shows: the declaration with its body.
func (k *Kernel) source(name string) (string, bool) {
	d, ok := k.Doc(name)
	if !ok || d.Source != "" {
		return d.Source, ok
	}
	if o := d.object; o != nil && o.Pkg() != nil && o.Pkg() != k.sess.Pkg() {
		if text := goSource(o); text != "" {
			return text, true
		}
	}
	return d.String() + "\n\n(its source is not on this machine)", true
}

func deref(t types.Type) types.Type {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		return types.Unalias(p.Elem())
	}
	return types.Unalias(t)
}

// signatureOf is an object's declaration: a type's with its fields and their
// comments, and the methods below.
func (k *Kernel) signatureOf(o types.Object) string {
	tn, ok := o.(*types.TypeName)
	if !ok {
		if f, ok := o.(*types.Func); ok && f.Signature().Recv() != nil {
			return k.methodText(f)
		}
		text := types.ObjectString(o, k.qualify)
		if c, ok := o.(*types.Const); ok {
			text += " = " + c.Val().String()
		}
		return text
	}
	text := k.decls[o]
	if o.Pkg() != nil && o.Pkg() != k.sess.Pkg() {
		text = k.nativeDecl(tn)
	}
	if text == "" {
		text = types.ObjectString(o, k.qualify)
	}
	if types.IsInterface(tn.Type()) || tn.IsAlias() {
		return text
	}
	ms := types.NewMethodSet(types.NewPointer(tn.Type()))
	for i := range ms.Len() {
		if m, ok := ms.At(i).Obj().(*types.Func); ok && (m.Exported() || m.Pkg() == k.sess.Pkg()) {
			text += "\n" + k.methodText(m)
		}
	}
	return text
}

// methodText is a method as its declaration begins.
func (k *Kernel) methodText(f *types.Func) string {
	sig := f.Signature()
	recv := types.TypeString(sig.Recv().Type(), func(p *types.Package) string {
		if p == f.Pkg() {
			return ""
		}
		return k.qualify(p)
	})
	if n := sig.Recv().Name(); n != "" && n != "_" {
		recv = n + " " + recv
	}
	return "func (" + recv + ") " + f.Name() + strings.TrimPrefix(types.TypeString(sig, k.qualify), "func")
}

// nativeDecl is the declaration of a package's type with what cells can reach.
func (k *Kernel) nativeDecl(tn *types.TypeName) string {
	f := k.sess.Universe.File(tn.Pkg().Path())
	if f == nil {
		return ""
	}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range g.Specs {
			t, ok := s.(*ast.TypeSpec)
			if !ok || t.Name.Pos() != tn.Pos() {
				continue
			}
			spec := *t
			spec.Doc = nil
			if st, ok := t.Type.(*ast.StructType); ok {
				list := &ast.FieldList{Opening: st.Fields.Opening, Closing: st.Fields.Closing}
				hidden, said := false, ""
				for _, field := range st.Fields.List {
					if len(field.Names) == 0 || field.Names[0].IsExported() {
						// Names that share a line have a field each here, and the same comment.
						text := field.Doc.Text()
						if text != "" && text == said {
							again := *field
							again.Doc, field = nil, &again
						}
						said = text
						list.List = append(list.List, field)
					} else {
						hidden = true
					}
				}
				spec.Type = &ast.StructType{Struct: st.Struct, Fields: list, Incomplete: hidden}
			}
			return strings.ReplaceAll(k.sess.Universe.Text(&ast.GenDecl{TokPos: g.TokPos, Tok: token.TYPE, Specs: []ast.Spec{&spec}}), "\t", "    ")
		}
	}
	return ""
}

// nativeDoc is an object's comment in the declarations of its package.
func (k *Kernel) nativeDoc(o types.Object) string {
	if o.Pkg() == nil {
		return ""
	}
	f := k.sess.Universe.File(o.Pkg().Path())
	if f == nil {
		return ""
	}
	m := k.index[f]
	if m == nil {
		m = docIndex(f)
		k.index[f] = m
	}
	return m[o.Pos()]
}
