package display

import (
	"fmt"
	"go/types"
	"strings"
)

// TypeName names a type as reflection does in the compiled program.
func TypeName(t types.Type) string {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		o := t.Obj()
		name := o.Name()
		if o.Pkg() != nil {
			name = o.Pkg().Name() + "." + name
		}
		if n := t.TypeArgs().Len(); n > 0 {
			var args []string
			for i := range n {
				args = append(args, TypeName(t.TypeArgs().At(i)))
			}
			name += "[" + strings.Join(args, ",") + "]"
		}
		return name
	case *types.Pointer:
		return "*" + TypeName(t.Elem())
	case *types.Slice:
		return "[]" + TypeName(t.Elem())
	case *types.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), TypeName(t.Elem()))
	case *types.Map:
		return "map[" + TypeName(t.Key()) + "]" + TypeName(t.Elem())
	case *types.Chan:
		elem := TypeName(t.Elem())
		switch t.Dir() {
		case types.SendOnly:
			return "chan<- " + elem
		case types.RecvOnly:
			return "<-chan " + elem
		}
		if c, ok := types.Unalias(t.Elem()).(*types.Chan); ok && c.Dir() == types.RecvOnly {
			elem = "(" + elem + ")"
		}
		return "chan " + elem
	case *types.Signature:
		return "func" + signature(t)
	case *types.Interface:
		var ms []string
		for i := range t.NumMethods() {
			m := t.Method(i)
			name := m.Name()
			if !m.Exported() {
				name = m.Pkg().Name() + "." + name
			}
			ms = append(ms, name+signature(m.Type().(*types.Signature)))
		}
		if len(ms) == 0 {
			return "interface {}"
		}
		return "interface { " + strings.Join(ms, "; ") + " }"
	case *types.Struct:
		var fs []string
		for i := range t.NumFields() {
			f := t.Field(i)
			s := TypeName(f.Type())
			if !f.Embedded() {
				s = f.Name() + " " + s
			}
			if tag := t.Tag(i); tag != "" {
				s += fmt.Sprintf(" %q", tag)
			}
			fs = append(fs, s)
		}
		if len(fs) == 0 {
			return "struct {}"
		}
		return "struct { " + strings.Join(fs, "; ") + " }"
	case *types.Basic:
		return types.Default(t).String()
	}
	return t.String()
}

func signature(s *types.Signature) string {
	var in, out []string
	for i := range s.Params().Len() {
		t := s.Params().At(i).Type()
		if sl, ok := t.(*types.Slice); ok && s.Variadic() && i == s.Params().Len()-1 {
			in = append(in, "..."+TypeName(sl.Elem()))
			continue
		}
		in = append(in, TypeName(t))
	}
	for i := range s.Results().Len() {
		out = append(out, TypeName(s.Results().At(i).Type()))
	}
	r := ""
	switch len(out) {
	case 0:
	case 1:
		r = " " + out[0]
	default:
		r = " (" + strings.Join(out, ", ") + ")"
	}
	return "(" + strings.Join(in, ", ") + ")" + r
}
