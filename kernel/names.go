package kernel

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
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

// keepDocs remembers the doc comments of a file's declarations.
func (k *Kernel) keepDocs(f *ast.File, info *types.Info) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if o := info.Defs[d.Name]; o != nil {
				k.docs[o] = d.Doc.Text()
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					text := s.Doc.Text()
					if text == "" {
						text = d.Doc.Text()
					}
					k.docs[info.Defs[s.Name]] = text
				case *ast.ValueSpec:
					for _, n := range s.Names {
						k.docs[info.Defs[n]] = s.Doc.Text() + d.Doc.Text()
					}
				}
			}
		}
	}
}
