package display

import (
	"fmt"
	"go/types"
	"runtime"
	"strings"
	"sync"
	"weak"
)

// TypeName names a type as reflection does in the compiled program.
func TypeName(t types.Type) string { return namer{}.name(t) }

// ArgName names a type as reflection does where it is a type argument: with
// the paths of packages, and with the numbers of types declared in functions.
func ArgName(t types.Type) string { return namer{arg: true}.name(t) }

// numbers are those of types that are declared in functions.
var numbers sync.Map // weak.Pointer[types.TypeName] -> int

// Number says that o is the nth type declared in a function.
func Number(o *types.TypeName, n int) {
	key := weak.Make(o)
	numbers.Store(key, n)
	runtime.AddCleanup(o, func(key weak.Pointer[types.TypeName]) { numbers.Delete(key) }, key)
}

// Numbered is the number of a type, 0 if it is declared outside of functions.
func Numbered(o *types.TypeName) int {
	n, _ := numbers.Load(weak.Make(o))
	i, _ := n.(int)
	return i
}

type namer struct{ arg bool }

func (w namer) name(t types.Type) string {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		o := t.Obj()
		name := o.Name()
		if o.Pkg() != nil {
			pkg := o.Pkg().Name()
			if w.arg {
				pkg = strings.TrimPrefix(o.Pkg().Path(), "generic/") // where bodies of generic functions are
			}
			name = pkg + "." + name
		}
		if n := t.TypeArgs().Len(); n > 0 {
			var args []string
			for i := range n {
				args = append(args, ArgName(t.TypeArgs().At(i)))
			}
			name += "[" + strings.Join(args, ",") + "]"
		}
		if n := Numbered(o); w.arg && n > 0 {
			name += fmt.Sprintf("·%d", n)
		}
		return name
	case *types.Pointer:
		return "*" + w.name(t.Elem())
	case *types.Slice:
		return "[]" + w.name(t.Elem())
	case *types.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), w.name(t.Elem()))
	case *types.Map:
		return "map[" + w.name(t.Key()) + "]" + w.name(t.Elem())
	case *types.Chan:
		elem := w.name(t.Elem())
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
		return "func" + w.signature(t)
	case *types.Interface:
		var ms []string
		for i := range t.NumMethods() {
			m := t.Method(i)
			name := m.Name()
			if !m.Exported() {
				name = m.Pkg().Name() + "." + name
			}
			ms = append(ms, name+w.signature(m.Type().(*types.Signature)))
		}
		if len(ms) == 0 {
			return "interface {}"
		}
		return "interface { " + strings.Join(ms, "; ") + " }"
	case *types.Struct:
		var fs []string
		for i := range t.NumFields() {
			f := t.Field(i)
			s := w.name(f.Type())
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
		return types.Typ[types.Default(t).(*types.Basic).Kind()].String() // no byte, no rune
	}
	return t.String()
}

func (w namer) signature(s *types.Signature) string {
	var in, out []string
	for i := range s.Params().Len() {
		t := s.Params().At(i).Type()
		if sl, ok := t.(*types.Slice); ok && s.Variadic() && i == s.Params().Len()-1 {
			in = append(in, "..."+w.name(sl.Elem()))
			continue
		}
		in = append(in, w.name(t))
	}
	for i := range s.Results().Len() {
		out = append(out, w.name(s.Results().At(i).Type()))
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
