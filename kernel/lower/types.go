package lower

import (
	"fmt"
	"go/token"
	"go/types"
	"sort"
	"strings"
)

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// rep is the type by which the interpreter knows t.
func (e *emitter) rep(t types.Type) string { return e.repIn(t, nil) }

func (e *emitter) repIn(t types.Type, open []*types.Named) string {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		if t.Kind() == types.UnsafePointer {
			e.refuse(e.at, "unsafe.Pointer", "")
		}
		return types.Default(t).(*types.Basic).Name()
	case *types.Named:
		return e.named(t, open)
	case *types.Pointer:
		return "*" + e.repIn(t.Elem(), open)
	case *types.Slice:
		return "[]" + e.repIn(t.Elem(), open)
	case *types.Array:
		e.fits(t)
		return fmt.Sprintf("[%d]%s", t.Len(), e.repIn(t.Elem(), open))
	case *types.Map:
		return "map[" + e.repIn(t.Key(), open) + "]" + e.repIn(t.Elem(), open)
	case *types.Chan:
		if free(t.Elem()) && types.SizesFor("gc", "amd64").Sizeof(t.Elem()) >= 1<<16 {
			e.refuse(e.at, "a channel whose elements are larger than 64 kB", "the compiler refuses it too: send pointers")
		}
		dir := map[types.ChanDir]string{types.SendRecv: "chan ", types.SendOnly: "chan<- ", types.RecvOnly: "<-chan "}[t.Dir()]
		elem := e.repIn(t.Elem(), open)
		if c, ok := types.Unalias(t.Elem()).(*types.Chan); ok && c.Dir() == types.RecvOnly {
			elem = "(" + elem + ")"
		}
		return dir + elem
	case *types.Signature:
		return "func" + e.sigIn(t, open)
	case *types.Interface:
		return "any"
	case *types.Struct:
		return e.structIn(t, open)
	case *types.TypeParam:
		s := e.subst(t)
		if s == t {
			e.refuse(e.at, "a type parameter outside of an instance", "")
		}
		return e.repIn(s, open)
	}
	e.refuse(e.at, fmt.Sprintf("type %s", t), "")
	return ""
}

func (e *emitter) named(t *types.Named, open []*types.Named) string {
	o := t.Obj()
	if n, ok := e.subst(t).(*types.Named); ok { // of the instance
		t, o = n, n.Obj()
	}
	if o.Pkg() == nil { // error, comparable
		if o.Name() == "error" {
			return "error"
		}
		return "any"
	}
	if !e.p.script(o) {
		if t.TypeArgs().Len() > 0 {
			if _, ok := t.Underlying().(*types.Signature); ok { // iter.Seq
				return e.repIn(t.Underlying(), open)
			}
			if o.Pkg().Path() == "sync/atomic" && o.Name() == "Pointer" {
				return "__k.AtomicPointer"
			}
			e.refuse(e.at, "the generic type "+types.TypeString(t, types.RelativeTo(e.p.pkg)), instead(o.Pkg().Path(), o.Name()))
		}
		if i, ok := t.Underlying().(*types.Interface); ok && i.Empty() {
			return "any"
		}
		if !o.Exported() {
			e.refuse(e.at, "a variable of the unexported type "+o.Pkg().Name()+"."+o.Name(), "")
		}
		return e.pkgName(o.Pkg()) + "." + o.Name()
	}
	if _, ok := t.Underlying().(*types.Interface); ok {
		return "any"
	}
	if _, ok := t.Underlying().(*types.Struct); ok {
		return e.structName(t)
	}
	if e.opaque(t) {
		return "any"
	}
	for _, n := range open {
		if n == t {
			e.refuse(e.at, "type "+o.Name()+", which is made of itself without a struct", "wrap it in a struct")
		}
	}
	return e.repIn(t.Underlying(), append(open, t))
}

// structName declares a named struct to the interpreter on first use.
func (e *emitter) structName(t *types.Named) string {
	id := e.p.TypeID(t)
	if n, ok := e.p.structs[id]; ok {
		return n
	}
	base, _, _ := strings.Cut(t.Obj().Name(), "[")
	n := e.p.fresh("t_" + base)
	put(e.p, e.p.structs, id, n)
	body := e.structFields(t, id)
	fmt.Fprintf(&e.top, "type %s %s\n", n, body)
	if mentions(body, n) {
		// Of two such structs in a third the interpreter would take one for the other, if it
		// did not meet them before.
		fmt.Fprintf(&e.top, "var %s__met *%s\n", n, n)
	}
	return n
}

func (e *emitter) structIn(t *types.Struct, open []*types.Named) string {
	return e.structOfFields(t, func(i int) string { return e.repIn(t.Field(i).Type(), open) })
}

func (e *emitter) structOfFields(t *types.Struct, rep func(i int) string) string {
	var b strings.Builder
	b.WriteString("struct {")
	for i := range t.NumFields() {
		fmt.Fprintf(&b, " %s %s", fieldName(t, i), rep(i))
		if tag := t.Tag(i); tag != "" {
			fmt.Fprintf(&b, " %q", tag)
		}
		b.WriteString(";")
	}
	b.WriteString(" }")
	return b.String()
}

func fieldName(t *types.Struct, i int) string {
	if n := t.Field(i).Name(); n != "_" {
		return n
	}
	return fmt.Sprintf("blank__%d", i)
}

func (e *emitter) sigIn(s *types.Signature, open []*types.Named) string {
	var in, out []string
	for i := range s.Params().Len() {
		t := s.Params().At(i).Type()
		if s.Variadic() && i == s.Params().Len()-1 {
			if sl, ok := t.Underlying().(*types.Slice); ok {
				in = append(in, "..."+e.repIn(sl.Elem(), open))
				continue
			}
		}
		in = append(in, e.repIn(t, open))
	}
	for i := range s.Results().Len() {
		out = append(out, e.repIn(s.Results().At(i).Type(), open))
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

// pkgName is the local name of an imported package.
func (e *emitter) pkgName(p *types.Package) string {
	path := p.Path()
	if n, ok := e.imports[path]; ok {
		return n
	}
	if reflecting[path] {
		e.reflects()
	}
	n := "p_" + strings.NewReplacer("/", "_", ".", "_", "-", "_").Replace(path)
	e.imports[path] = n
	return n
}

// iface kinds: how an interface type is represented.
type kind int

const (
	concrete kind = iota
	anyKind       // "any": a native value or a box
	native        // the native interface itself
)

func (e *emitter) kindOf(t types.Type) kind {
	t = e.subst(t)
	if !types.IsInterface(t) {
		return concrete
	}
	if e.rep(t) == "any" {
		return anyKind
	}
	return native
}

// boxed says whether a concrete value of type t must carry its type when it
// becomes an interface: because the interpreter does not know the type by name.
func (e *emitter) boxed(t types.Type) bool { return e.boxedIn(e.subst(t), nil) }

func (e *emitter) boxedIn(t types.Type, open []types.Type) bool {
	for _, o := range open {
		if o == t {
			return false
		}
	}
	open = append(open, t)
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		if t.Obj().Pkg() == nil {
			return false
		}
		if e.p.script(t.Obj()) {
			return true
		}
		for i := range t.TypeArgs().Len() {
			if e.boxedIn(t.TypeArgs().At(i), open) {
				return true
			}
		}
		return t.TypeArgs().Len() > 0
	case *types.Pointer:
		return e.boxedIn(t.Elem(), open)
	case *types.Slice:
		return e.boxedIn(t.Elem(), open)
	case *types.Array:
		return e.boxedIn(t.Elem(), open)
	case *types.Chan:
		return e.boxedIn(t.Elem(), open)
	case *types.Map:
		return e.boxedIn(t.Key(), open) || e.boxedIn(t.Elem(), open)
	case *types.Struct:
		return true
	case *types.Interface:
		return t.NumMethods() > 0
	case *types.Signature:
		for _, tuple := range []*types.Tuple{t.Params(), t.Results()} {
			for i := range tuple.Len() {
				if e.boxedIn(tuple.At(i).Type(), open) {
					return true
				}
			}
		}
	}
	return false
}

// id is the number of a type that the runtime is told of.
func (e *emitter) id(t types.Type) int {
	t = e.subst(t)
	id := e.p.TypeID(t)
	if !e.p.known[id] {
		put(e.p, e.p.known, id, true)
		at := e.at
		rep := e.rep(t)
		e.at = at
		fmt.Fprintf(&e.setup, "__k.Type(%d, new(%s))\n", id, rep)
	}
	return id
}

// boxID is id for a type whose values go into interfaces: the runtime needs
// its methods too.
func (e *emitter) boxID(t types.Type) int {
	id := e.id(t)
	if !e.p.methods[id] {
		put(e.p, e.p.methods, id, true)
		e.later = append(e.later, func() { e.registerMethods(e.p.Type(id)) })
	}
	return id
}

func (e *emitter) refuse(pos token.Pos, what, instead string) {
	if !pos.IsValid() {
		pos = e.at
	}
	panic(&Refusal{Pos: pos, What: what, Instead: instead})
}

// mentions says whether name is a word of text.
func mentions(text, name string) bool {
	for i := strings.Index(text, name); i >= 0; {
		if after := text[i+len(name):]; after == "" || !isWord(after[0]) {
			return true
		}
		next := strings.Index(text[i+1:], name)
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return false
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
