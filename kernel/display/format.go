package display

import (
	"fmt"
	"go/types"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"unsafe"
)

// Value is a value in the interpreter's form with its static type.
type Value struct {
	V reflect.Value
	T types.Type
}

// Methods finds methods of script values, bound to them.
type Methods interface {
	Method(v Value, name string) (reflect.Value, bool)
	// Inside is what an interface's value stands for: a [Boxed], or itself.
	Inside(v any) any
}

// Boxed is a script value inside an interface.
type Boxed interface {
	Unboxed() Value
}

// Format prints v for a verb as fmt prints the compiled program's value. If s has a
// method Full() bool the print ends early once that is true.
func Format(s fmt.State, verb rune, v Value, m Methods) {
	p := &printer{s: s, m: m, verb: verb}
	p.end, _ = s.(interface{ Full() bool })
	p.arg(v, 0)
}

type printer struct {
	s    fmt.State
	m    Methods
	verb rune
	end  interface{ Full() bool } // nil: all of it is printed
}

// full says that what comes is not seen.
func (p *printer) full() bool { return p.end != nil && p.end.Full() }

func (p *printer) write(s string) { _, _ = p.s.Write([]byte(s)) }

// none is fmt's nil, which is padded.
func (p *printer) none() {
	w, ok := p.s.Width()
	switch {
	case !ok:
		p.write("<nil>")
	case p.s.Flag('-'):
		p.write(fmt.Sprintf("%-*s", w, "<nil>"))
	default:
		p.write(fmt.Sprintf("%*s", w, "<nil>"))
	}
}

// empty prints the nil of a type whose value is not at hand.
func (p *printer) empty(t types.Type) {
	text := ""
	switch t.Underlying().(type) {
	case *types.Slice:
		text = "[]"
	case *types.Map:
		text = "map[]"
	}
	switch {
	case p.s.Flag('#') && p.verb == 'v' && text != "":
		p.write(TypeName(t) + "(nil)")
	case p.s.Flag('#') && p.verb == 'v':
		p.write("(" + TypeName(t) + ")(nil)")
	case text != "":
		p.write(text)
	default:
		p.none()
	}
}

// spec is the format directive of the state, for a verb.
func spec(s fmt.State, verb rune) string {
	var b strings.Builder
	b.WriteByte('%')
	for _, f := range "+-# 0" {
		if s.Flag(int(f)) {
			b.WriteRune(f)
		}
	}
	if w, ok := s.Width(); ok {
		b.WriteString(strconv.Itoa(w))
	}
	if n, ok := s.Precision(); ok {
		b.WriteString("." + strconv.Itoa(n))
	}
	b.WriteRune(verb)
	return b.String()
}

// methods handles Formatter, GoStringer, error and Stringer.
func (p *printer) methods(v Value) (done bool) {
	if !v.V.IsValid() {
		return false
	}
	if f, ok := p.find(v, "Format"); ok {
		if g, ok := f.Interface().(func(fmt.State, rune)); ok {
			defer p.caught(v, "Format", &done)
			g(p.s, p.verb)
			return true
		}
	}
	if p.s.Flag('#') && p.verb == 'v' {
		if f, ok := p.find(v, "GoString"); ok {
			if g, ok := f.Interface().(func() string); ok {
				defer p.caught(v, "GoString", &done)
				p.string(g(), 's')
				return true
			}
		}
		return false
	}
	switch p.verb {
	case 'v', 's', 'x', 'X', 'q':
		for _, name := range []string{"Error", "String"} {
			if f, ok := p.find(v, name); ok {
				if g, ok := f.Interface().(func() string); ok {
					defer p.caught(v, name, &done)
					verb := p.verb
					if verb == 'v' {
						verb = 's'
					}
					p.string(g(), verb)
					return true
				}
			}
		}
	}
	return false
}

func (p *printer) find(v Value, name string) (reflect.Value, bool) {
	if p.m == nil {
		return reflect.Value{}, false
	}
	return p.m.Method(v, name)
}

// caught reports a panic of a method as fmt does.
func (p *printer) caught(v Value, method string, done *bool) {
	if r := recover(); r != nil {
		*done = true
		if v.V.Kind() == reflect.Pointer && v.V.IsNil() {
			p.none()
			return
		}
		p.write("%!" + string(p.verb) + "(PANIC=" + method + " method: " + fmt.Sprint(r) + ")")
	}
}

// string prints a method's text under the flags of the directive.
func (p *printer) string(s string, verb rune) {
	var b strings.Builder
	b.WriteByte('%')
	for _, f := range "-# 0" {
		if p.s.Flag(int(f)) && !(f == '#' && verb == 's') {
			b.WriteRune(f)
		}
	}
	if p.s.Flag('+') && verb == 'q' {
		b.WriteByte('+')
	}
	if w, ok := p.s.Width(); ok {
		b.WriteString(strconv.Itoa(w))
	}
	if n, ok := p.s.Precision(); ok {
		b.WriteString("." + strconv.Itoa(n))
	}
	b.WriteRune(verb)
	fmt.Fprintf(p.s, b.String(), s)
}

func (p *printer) arg(v Value, depth int) {
	if p.verb == 'p' {
		fmt.Fprintf(p.s, spec(p.s, 'p'), v.V.Interface())
		return
	}
	if p.methods(v) {
		return
	}
	p.value(v, depth)
}

func (p *printer) value(v Value, depth int) {
	sharp := p.s.Flag('#') && p.verb == 'v'
	if v.V.Kind() == reflect.Interface && !types.IsInterface(v.T) { // kept in an any
		if v.V = v.V.Elem(); !v.V.IsValid() {
			p.empty(v.T)
			return
		}
	}
	if !v.V.IsValid() {
		p.empty(v.T)
		return
	}
	if !fits(v) { // a native type whose insides are not declared
		fmt.Fprintf(p.s, spec(p.s, p.verb), p.native(v.V))
		return
	}
	switch u := v.T.Underlying().(type) {
	case *types.Basic:
		if sharp {
			p.sharpBasic(v)
			return
		}
		text := fmt.Sprintf(spec(p.s, p.verb), Plain(v.V, u))
		if _, named := types.Unalias(v.T).(*types.Named); named && strings.HasPrefix(text, "%!") { // a verb that does not fit names the type
			text = strings.Replace(text, "("+u.Name()+"=", "("+TypeName(v.T)+"=", 1)
		}
		p.write(text)
	case *types.Struct:
		p.structure(v, u, depth)
	case *types.Pointer:
		p.pointer(v, u, depth)
	case *types.Slice:
		if b, ok := u.Elem().Underlying().(*types.Basic); ok && b.Kind() == types.Byte && !sharp {
			_, named := types.Unalias(u.Elem()).(*types.Named) // whose elements may have a String of their own
			switch p.verb {
			case 's', 'q', 'x', 'X':
				fmt.Fprintf(p.s, spec(p.s, p.verb), v.V.Bytes())
				return
			case 'v', 'd':
				if !named {
					fmt.Fprintf(p.s, spec(p.s, p.verb), v.V.Bytes())
					return
				}
			}
		}
		p.list(v, u.Elem(), depth)
	case *types.Array:
		if b, ok := u.Elem().Underlying().(*types.Basic); ok && b.Kind() == types.Byte && strings.ContainsRune("sqxX", p.verb) {
			bytes := make([]byte, v.V.Len())
			for i := range bytes {
				bytes[i] = byte(v.V.Index(i).Uint())
			}
			fmt.Fprintf(p.s, spec(p.s, p.verb), bytes)
			return
		}
		p.list(v, u.Elem(), depth)
	case *types.Map:
		p.mapping(v, u, depth)
	case *types.Interface:
		p.iface(v, depth)
	case *types.Chan, *types.Signature:
		if sharp {
			if v.V.IsNil() {
				p.write("(" + TypeName(v.T) + ")(nil)")
				return
			}
			p.write("(" + TypeName(v.T) + ")(" + fmt.Sprintf("%#x", v.V.Pointer()) + ")")
			return
		}
		if v.V.IsNil() && p.verb == 'v' {
			p.none()
			return
		}
		fmt.Fprintf(p.s, spec(p.s, p.verb), v.V.Interface())
	default:
		fmt.Fprintf(p.s, spec(p.s, p.verb), v.V.Interface())
	}
}

// fits says whether a value has the form that its static type says.
func fits(v Value) bool {
	k := v.V.Kind()
	switch u := v.T.Underlying().(type) {
	case *types.Struct:
		return k == reflect.Struct && v.V.NumField() == u.NumFields()
	case *types.Pointer:
		return k == reflect.Pointer
	case *types.Slice:
		return k == reflect.Slice
	case *types.Array:
		return k == reflect.Array || k == reflect.Slice
	case *types.Map:
		return k == reflect.Map
	case *types.Chan:
		return k == reflect.Chan
	case *types.Signature:
		return k == reflect.Func
	}
	return true
}

// Plain is the value without the interpreter's or a native name.
func Plain(v reflect.Value, b *types.Basic) any {
	t, ok := sized[b.Kind()]
	if !ok {
		return v.Interface()
	}
	x := reflect.New(t).Elem() // by value: the field may be unexported
	switch {
	case v.CanInt():
		x.SetInt(v.Int())
	case v.CanUint():
		x.SetUint(v.Uint())
	case v.CanFloat():
		x.SetFloat(v.Float())
	case v.CanComplex():
		x.SetComplex(v.Complex())
	case v.Kind() == reflect.Bool:
		x.SetBool(v.Bool())
	default:
		x.SetString(v.String())
	}
	return x.Interface()
}

var sized = map[types.BasicKind]reflect.Type{
	types.Bool: reflect.TypeFor[bool](), types.String: reflect.TypeFor[string](),
	types.Int: reflect.TypeFor[int](), types.Int8: reflect.TypeFor[int8](), types.Int16: reflect.TypeFor[int16](), types.Int32: reflect.TypeFor[int32](), types.Int64: reflect.TypeFor[int64](),
	types.Uint: reflect.TypeFor[uint](), types.Uint8: reflect.TypeFor[uint8](), types.Uint16: reflect.TypeFor[uint16](), types.Uint32: reflect.TypeFor[uint32](), types.Uint64: reflect.TypeFor[uint64](),
	types.Uintptr: reflect.TypeFor[uintptr](), types.Float32: reflect.TypeFor[float32](), types.Float64: reflect.TypeFor[float64](),
	types.Complex64: reflect.TypeFor[complex64](), types.Complex128: reflect.TypeFor[complex128](),
}

func (p *printer) sharpBasic(v Value) {
	b := v.T.Underlying().(*types.Basic)
	fmt.Fprintf(p.s, "%#v", Plain(v.V, b))
}

func (p *printer) structure(v Value, u *types.Struct, depth int) {
	sharp, plus := p.s.Flag('#') && p.verb == 'v', p.s.Flag('+')
	if sharp {
		p.write(TypeName(v.T))
	}
	p.write("{")
	for i := range u.NumFields() {
		if p.full() {
			return
		}
		if i > 0 {
			if sharp {
				p.write(", ")
			} else {
				p.write(" ")
			}
		}
		if sharp || plus {
			p.write(u.Field(i).Name() + ":")
		}
		f := Value{v.V.Field(i), u.Field(i).Type()}
		p.field(f, u.Field(i).Exported(), depth+1)
	}
	p.write("}")
}

// field prints a part. fmt asks the methods of exported fields only, because
// reflection cannot reach the others.
func (p *printer) field(v Value, exported bool, depth int) {
	if !exported {
		q := *p
		q.m = nil
		q.value(v, depth)
		return
	}
	if v.T != nil {
		if _, ok := v.T.Underlying().(*types.Interface); !ok && p.methods(v) {
			return
		}
	}
	p.value(v, depth)
}

func (p *printer) pointer(v Value, u *types.Pointer, depth int) {
	sharp := p.s.Flag('#') && p.verb == 'v'
	if v.V.IsNil() {
		if sharp {
			p.write("(" + TypeName(v.T) + ")(nil)")
		} else if p.verb == 'v' {
			p.none()
		} else {
			fmt.Fprintf(p.s, spec(p.s, p.verb), v.V.Interface())
		}
		return
	}
	if depth == 0 {
		switch u.Elem().Underlying().(type) {
		case *types.Struct, *types.Map, *types.Slice, *types.Array:
			p.write("&")
			p.value(Value{v.V.Elem(), u.Elem()}, depth+1)
			return
		}
	}
	addr := fmt.Sprintf("0x%x", v.V.Pointer())
	switch {
	case sharp:
		p.write("(" + TypeName(v.T) + ")(" + addr + ")")
	default:
		fmt.Fprintf(p.s, spec(p.s, p.verb), v.V.UnsafePointer())
	}
}

func (p *printer) list(v Value, elem types.Type, depth int) {
	sharp := p.s.Flag('#') && p.verb == 'v'
	if sharp {
		name := TypeName(v.T)
		if name == "[]uint8" && depth == 0 {
			name = "[]byte"
		}
		p.write(name)
		if v.V.Kind() == reflect.Slice && v.V.IsNil() {
			p.write("(nil)")
			return
		}
		p.write("{")
	} else {
		p.write("[")
	}
	for i := range v.V.Len() {
		if p.full() {
			return
		}
		if i > 0 {
			if sharp {
				p.write(", ")
			} else {
				p.write(" ")
			}
		}
		p.field(Value{v.V.Index(i), elem}, p.m != nil, depth+1)
	}
	if sharp {
		p.write("}")
	} else {
		p.write("]")
	}
}

func (p *printer) mapping(v Value, u *types.Map, depth int) {
	sharp := p.s.Flag('#') && p.verb == 'v'
	if sharp {
		p.write(TypeName(v.T))
		if v.V.IsNil() {
			p.write("(nil)")
			return
		}
		p.write("{")
	} else {
		p.write("map[")
	}
	keys := v.V.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return less(keys[i], keys[j]) })
	for i, k := range keys {
		if p.full() {
			return
		}
		if i > 0 {
			if sharp {
				p.write(", ")
			} else {
				p.write(" ")
			}
		}
		p.field(Value{k, u.Key()}, p.m != nil, depth+1)
		p.write(":")
		p.field(Value{v.V.MapIndex(k), u.Elem()}, p.m != nil, depth+1)
	}
	if sharp {
		p.write("}")
	} else {
		p.write("]")
	}
}

func (p *printer) iface(v Value, depth int) {
	if v.V.Kind() == reflect.Interface {
		if v.V.IsNil() {
			if p.s.Flag('#') && p.verb == 'v' {
				p.write(TypeName(v.T) + "(nil)")
				return
			}
			p.write("<nil>")
			return
		}
		v.V = v.V.Elem()
	}
	if !v.V.CanInterface() {
		if v.V.Type().Implements(reflect.TypeFor[Boxed]()) {
			p.write("?")
			return
		}
		fmt.Fprintf(p.s, spec(p.s, p.verb), v.V)
		return
	}
	x := unwrapped(v.V)
	if p.m != nil {
		x = p.m.Inside(x)
	}
	if b, ok := x.(Boxed); ok {
		p.field(b.Unboxed(), p.m != nil, depth)
		return
	}
	if t := open(v.V.Type()); p.m == nil && t != nil {
		p.value(Value{v.V, t}, depth)
		return
	}
	if depth > 0 && p.address(v.V, x) {
		return
	}
	if p.m == nil {
		x = p.native(v.V)
	}
	fmt.Fprintf(p.s, spec(p.s, p.verb), x)
}

// address prints a native pointer that lies inside of something: what it points at is
// shown only where it stands alone.
func (p *printer) address(v reflect.Value, x any) bool {
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return false
	}
	switch v.Elem().Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
	default:
		return false
	}
	sharp := p.s.Flag('#') && p.verb == 'v'
	if p.m == nil {
		x = nil // in an unexported field its methods are not asked
	}
	if _, ok := x.(fmt.Formatter); ok {
		return false
	}
	if _, ok := x.(fmt.GoStringer); ok && sharp {
		return false
	}
	if !sharp && strings.ContainsRune("vsxXq", p.verb) {
		switch x.(type) {
		case error, fmt.Stringer:
			return false
		}
	}
	if sharp {
		fmt.Fprintf(p.s, "(%s)(%#x)", v.Type(), v.Pointer())
	} else {
		fmt.Fprintf(p.s, spec(p.s, p.verb), v.UnsafePointer())
	}
	return true
}

// unwrapped is what an interface holds, without what makes a box implement a
// native interface.
func unwrapped(v reflect.Value) any {
	if v.Kind() == reflect.Struct && v.Type().PkgPath() == "loupe/stdlib/symbols" {
		if b, ok := v.FieldByName("IValue").Interface().(Boxed); ok {
			return b
		}
	}
	return v.Interface()
}

// native is a value of a type that Go knows, for fmt: in an unexported field
// its methods are not asked.
func (p *printer) native(v reflect.Value) any {
	switch {
	case !v.CanInterface():
		return v
	case p.m == nil && !holds(v.Type(), map[reflect.Type]bool{}):
		return ReadOnly(v)
	}
	return v.Interface()
}

// holds says whether values of a type may hold boxes.
func holds(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return holds(t.Elem(), seen)
	case reflect.Map:
		return holds(t.Key(), seen) || holds(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if holds(t.Field(i).Type, seen) {
				return true
			}
		}
	}
	return false
}

// open is the static type of lists and maps that may hold boxes, nil for others.
func open(t reflect.Type) types.Type {
	part := func(t reflect.Type) types.Type {
		switch k := t.Kind(); {
		case k == reflect.Interface:
			return types.Universe.Lookup("any").Type()
		case k == reflect.Bool, reflect.Int <= k && k <= reflect.Complex128, k == reflect.String:
			return basicOf[k]
		}
		return open(t)
	}
	if t.Name() != "" {
		return nil
	}
	switch t.Kind() {
	case reflect.Slice:
		if e := part(t.Elem()); e != nil {
			return types.NewSlice(e)
		}
	case reflect.Array:
		if e := part(t.Elem()); e != nil {
			return types.NewArray(e, int64(t.Len()))
		}
	case reflect.Map:
		if k, e := part(t.Key()), part(t.Elem()); k != nil && e != nil {
			return types.NewMap(k, e)
		}
	}
	return nil
}

// basicOf are the predeclared types by their kinds.
var basicOf = func() map[reflect.Kind]types.Type {
	m := map[reflect.Kind]types.Type{}
	for k, t := range sized {
		m[t.Kind()] = types.Typ[k]
	}
	return m
}()

// ReadOnly is v as if it were in an unexported field: fmt does not ask its
// methods.
func ReadOnly(v reflect.Value) reflect.Value {
	s := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "v", PkgPath: "main", Type: v.Type()}})).Elem()
	reflect.NewAt(v.Type(), unsafe.Pointer(s.Field(0).UnsafeAddr())).Elem().Set(v)
	return s.Field(0)
}

// less orders map keys as fmt does.
func less(a, b reflect.Value) bool {
	if a.Kind() == reflect.Interface {
		a, b = a.Elem(), b.Elem()
	}
	if a.Kind() != b.Kind() {
		return a.Kind() < b.Kind()
	}
	switch a.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return a.Int() < b.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return a.Uint() < b.Uint()
	case reflect.Float32, reflect.Float64:
		x, y := a.Float(), b.Float()
		return x < y || x != x && y == y
	case reflect.String:
		return a.String() < b.String()
	case reflect.Bool:
		return !a.Bool() && b.Bool()
	case reflect.Struct:
		for i := range a.NumField() {
			if less(a.Field(i), b.Field(i)) {
				return true
			}
			if less(b.Field(i), a.Field(i)) {
				return false
			}
		}
	case reflect.Array:
		for i := range a.Len() {
			if less(a.Index(i), b.Index(i)) {
				return true
			}
			if less(b.Index(i), a.Index(i)) {
				return false
			}
		}
	case reflect.Pointer, reflect.Chan:
		return a.Pointer() < b.Pointer()
	}
	return false
}
