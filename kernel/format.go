package kernel

import (
	"fmt"
	"go/types"
	"io"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"loupe/kernel/display"
	mirror "loupe/kernel/mirror"
)

// fmtTable replaces the printing functions of fmt: they write to the output
// and know boxes.
func (m *machine) fmtTable(set func(string, any)) {
	out := func(w io.Writer, s string) (int, error) {
		if w == nil { // Print and its like: to what os.Stdout is now
			w = m.k.out.stdoutFile
		}
		switch w {
		case io.Writer(m.k.out.pipes[0]):
			m.k.out.write(false, s)
			return len(s), nil
		case io.Writer(m.k.out.pipes[1]):
			m.k.out.write(true, s)
			return len(s), nil
		}
		return w.Write([]byte(s)) // never WriteString: fmt does not ask for it
	}
	g := m.reg
	set("Print", func(a ...any) (int, error) { return out(nil, g.sprint(a)) })
	set("Println", func(a ...any) (int, error) { return out(nil, g.sprintln(a)) })
	set("Printf", func(f string, a ...any) (int, error) { return out(nil, g.sprintf(f, a)) })
	set("Sprint", func(a ...any) string { return g.sprint(a) })
	set("Sprintln", func(a ...any) string { return g.sprintln(a) })
	set("Sprintf", func(f string, a ...any) string { return g.sprintf(f, a) })
	set("Fprint", func(w io.Writer, a ...any) (int, error) { return out(w, g.sprint(a)) })
	set("Fprintln", func(w io.Writer, a ...any) (int, error) { return out(w, g.sprintln(a)) })
	set("Fprintf", func(w io.Writer, f string, a ...any) (int, error) { return out(w, g.sprintf(f, a)) })
	set("Append", func(b []byte, a ...any) []byte { return append(b, g.sprint(a)...) })
	set("Appendln", func(b []byte, a ...any) []byte { return append(b, g.sprintln(a)...) })
	set("Appendf", func(b []byte, f string, a ...any) []byte { return append(b, g.sprintf(f, a)...) })
	set("Errorf", func(f string, a ...any) error {
		for i, x := range a {
			if b, ok := x.(box); ok {
				if _, ok := b.method("Error"); ok {
					a[i] = b.adapt(errorRT).Interface()
				}
			}
		}
		f, a = typeVerbs(f, shown(a))
		return fmt.Errorf(f, g.walk(a)...)
	})
}

// sprint is fmt.Sprint, which puts a space between operands when neither is a
// string: a box of a string type is one.
func (g *registry) sprint(a []any) string {
	boxed := false
	for _, x := range a {
		if _, ok := x.(box); ok {
			boxed = true
		}
	}
	if !boxed {
		return fmt.Sprint(g.walk(a)...)
	}
	var b strings.Builder
	prev := false
	for i, x := range a {
		str := isString(x)
		if i > 0 && !str && !prev {
			b.WriteByte(' ')
		}
		fmt.Fprint(&b, g.walked(x))
		prev = str
	}
	return b.String()
}

func isString(x any) bool {
	if b, ok := x.(box); ok {
		t, ok := b.t.typ.Underlying().(*types.Basic)
		return ok && t.Info()&types.IsString != 0
	}
	return x != nil && reflect.TypeOf(x).Kind() == reflect.String
}

func (g *registry) sprintf(f string, a []any) string {
	f, a = typeVerbs(f, shown(a))
	return fmt.Sprintf(f, g.walk(a)...)
}

func (g *registry) sprintln(a []any) string { return fmt.Sprintln(g.walk(a)...) }

// walk makes operands print themselves that hold values of cells deep inside: fmt
// shows what a pointer points at on the outside only, and asks a box without saying
// how deep it lies.
func (g *registry) walk(a []any) []any {
	for i, x := range a {
		switch g.walked(x).(type) {
		case walkedValue, reflected:
			a = append([]any(nil), a...)
			for j := i; j < len(a); j++ {
				a[j] = g.walked(a[j])
			}
			return a
		}
	}
	return a
}

// walked is x, or what prints it.
func (g *registry) walked(x any) any {
	if x == nil {
		return nil
	}
	if v, ok := x.(mirror.Value); ok {
		return reflected{v}
	}
	rt := reflect.TypeOf(x)
	if !holdsInterfaces(rt) {
		return x
	}
	t, err := g.universe.TypeOf(rt)
	if err != nil {
		return x
	}
	return walkedValue{display.Value{V: reflect.ValueOf(x), T: t}, g}
}

// walkedValue prints a value part by part.
type walkedValue struct {
	v display.Value
	g *registry
}

// Unboxed is the value with its type, for package display.
func (w walkedValue) Unboxed() display.Value { return w.v }

func (w walkedValue) Format(s fmt.State, verb rune) { display.Format(s, verb, w.v, w.g) }

var interfaceHolders sync.Map // reflect.Type -> bool

// holdsInterfaces says whether a type is of slices, arrays and maps of interfaces.
func holdsInterfaces(rt reflect.Type) bool {
	switch rt.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Pointer:
	default:
		return false
	}
	if is, ok := interfaceHolders.Load(rt); ok {
		return is.(bool)
	}
	var holds func(t reflect.Type, top bool) bool
	holds = func(t reflect.Type, top bool) bool {
		switch {
		case t.Kind() == reflect.Interface:
			return !top
		case t.Name() != "":
			return false
		}
		switch t.Kind() {
		case reflect.Pointer: // shown on the outside only
			k := t.Elem().Kind()
			return top && (k == reflect.Slice || k == reflect.Array || k == reflect.Map) && holds(t.Elem(), false)
		case reflect.Slice, reflect.Array:
			return holds(t.Elem(), false)
		case reflect.Map:
			return holds(t.Key(), false) || holds(t.Elem(), false)
		}
		return false
	}
	is := holds(rt, true)
	interfaceHolders.Store(rt, is)
	return is
}

// typeVerbs rewrites a format for what fmt asks of reflection alone: %T and %p
// of boxes, and the types of operands that the format leaves over.
func typeVerbs(f string, a []any) (string, []any) {
	known := false
	for _, x := range a {
		if _, ok := norm(x).(box); ok || goTypeName(x) != "" || x != nil && holdsInterfaces(reflect.TypeOf(x)) {
			known = true
		}
	}
	if !known {
		return f, a
	}
	var b strings.Builder
	args := a[:len(a):len(a)]
	next, indexed := 0, false // the next operand; whether the format names any
	bad := false              // the directive names one that there is not
	i := 0
	// index reads "[n]".
	index := func() {
		if i < len(f) && f[i] == '[' {
			if end := strings.IndexByte(f[i:], ']'); end > 0 {
				if n, err := strconv.Atoi(f[i+1 : i+end]); err == nil {
					if indexed = true; n >= 1 && n <= len(a) {
						next = n - 1
					} else {
						bad = true
					}
					i += end + 1
				}
			}
		}
	}
	at := func(n int) string { return "[" + strconv.Itoa(n+1) + "]" }
	// number reads a width or a precision.
	number := func() {
		index()
		if i < len(f) && f[i] == '*' {
			b.WriteString(at(next) + "*")
			i++
			next++
			return
		}
		for i < len(f) && '0' <= f[i] && f[i] <= '9' {
			b.WriteByte(f[i])
			i++
		}
	}
	for i < len(f) {
		if f[i] != '%' {
			b.WriteByte(f[i])
			i++
			continue
		}
		b.WriteByte('%')
		for i++; i < len(f) && strings.IndexByte("+-# 0", f[i]) >= 0; i++ {
			b.WriteByte(f[i])
		}
		number()
		if i < len(f) && f[i] == '.' {
			b.WriteByte('.')
			i++
			number()
		}
		index()
		if i >= len(f) {
			break
		}
		verb, n := utf8.DecodeRuneInString(f[i:])
		i += n
		if verb == '%' {
			b.WriteByte('%')
			continue
		}
		if bad {
			bad = false
			b.WriteString("[-1]" + string(verb)) // fmt says BADINDEX
			continue
		}
		if next < len(a) {
			if x, v, ok := ofType(a[next], verb); ok {
				args = append(args, x)
				b.WriteString("[" + strconv.Itoa(len(args)) + "]" + string(v))
				next++
				continue
			}
			b.WriteString(at(next) + string(verb))
		} else {
			s := b.String() // without the flags that stand there
			b.Reset()
			b.WriteString(s[:strings.LastIndexByte(s, '%')] + "%%!" + string(verb) + "(MISSING)")
		}
		next++
	}
	if !indexed && next < len(a) {
		var rest []string
		for _, x := range a[next:] {
			if x == nil {
				rest = append(rest, "<nil>")
				continue
			}
			name := reflect.TypeOf(x).String()
			if t, _, ok := ofType(x, 'T'); ok {
				name = t.(string)
			}
			rest = append(rest, name+"="+fmt.Sprint(x))
		}
		b.WriteString(strings.ReplaceAll("%!(EXTRA "+strings.Join(rest, ", ")+")", "%", "%%"))
		if next == 0 {
			args = nil // or fmt says it again
		}
	}
	return b.String(), args
}

// ofType is the operand and the verb that print what fmt would print for %T or
// %p of the compiled program's value.
func ofType(x any, verb rune) (any, rune, bool) {
	bx, boxed := norm(x).(box)
	switch {
	case verb == 'T' && boxed:
		return display.TypeName(bx.t.typ), 's', true
	case verb == 'T':
		name := goTypeName(x)
		if x != nil && holdsInterfaces(reflect.TypeOf(x)) {
			name = reflect.TypeOf(x).String() // and not that of what prints it
		}
		return name, 's', name != ""
	case verb == 'p' && boxed:
		switch v := reflect.ValueOf(bx.v); v.Kind() {
		case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan, reflect.UnsafePointer:
			return bx.v, 'p', true
		}
		return "%!p(" + display.TypeName(bx.t.typ) + "=" + fmt.Sprint(bare{bx}) + ")", 's', true
	}
	return nil, 0, false
}

// bare prints a box without its methods.
type bare struct{ b box }

func (x bare) Format(s fmt.State, verb rune) { display.Format(s, verb, x.b.Unboxed(), nil) }
