package kernel

import (
	"fmt"
	"go/types"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"loupe/kernel/display"
	"loupe/stdlib/nb"
)

// showing is the state of a last expression's evaluation.
type showing struct {
	on   bool
	text strings.Builder
}

func (m *machine) showBegin() {
	m.k.mu.Lock()
	defer m.k.mu.Unlock()
	m.k.showing.on = true
	m.k.showing.text.Reset()
}

// showEnd ends a generation whose result a variable keeps.
func (m *machine) showEnd() {
	k := m.k
	k.mu.Lock()
	k.showing.on = false
	text := k.showing.text.String()
	k.mu.Unlock()
	if text != "" && !strings.HasSuffix(text, "\n") {
		k.out.event(Stream{"\n"})
	}
}

// streamText takes generated text of an engine call.
func (k *Kernel) streamText(s string) {
	k.mu.Lock()
	on := k.showing.on
	if on {
		k.showing.text.WriteString(s)
	}
	k.mu.Unlock()
	if on {
		k.out.event(Stream{s})
	}
}

// show displays the values of a last expression: type ids and addresses in
// turns. An error that is nil is not shown beside other values.
//
// A cell that was interrupted in a native call has been answered: what the call
// gives, when it returns, is not shown among the events of another cell.
func (m *machine) show(pairs ...any) {
	k := m.k
	m.check()
	k.mu.Lock()
	k.showing.on = false
	streamed := k.showing.text.String()
	k.mu.Unlock()
	var texts []string
	rich := false
	type shown struct {
		data     map[string]string
		isErr    bool
		terminal func(width, colors int) string
	}
	var list []shown
	for i := 0; i+1 < len(pairs); i += 2 {
		t := m.reg.get(pairs[i].(int))
		v := opened(reflect.ValueOf(pairs[i+1]).Elem(), t.typ)
		isErr := types.Identical(t.typ, types.Universe.Lookup("error").Type())
		if isErr && v.IsNil() {
			continue
		}
		data := k.bundle(display.Value{V: v, T: t.typ})
		rich = rich || len(data) > 1 || isErr || strings.Contains(data["text/plain"], "\n")
		texts = append(texts, data["text/plain"])
		list = append(list, shown{data, isErr, terminalForm(v)})
	}
	m.check() // methods that make texts take their time
	if len(list) > 1 && !rich {
		k.display(map[string]string{"text/plain": strings.Join(texts, ", ")}, false)
		return
	}
	for _, s := range list {
		same := streamed != "" && strings.TrimRight(streamed, "\n") == strings.TrimRight(s.data["text/plain"], "\n")
		k.out.event(Display{Data: s.data, Streamed: same, IsError: s.isErr, Terminal: s.terminal})
	}
}

// opened is a value out of the any in which a type that is made of itself is
// kept.
func opened(v reflect.Value, t types.Type) reflect.Value {
	if v.Kind() == reflect.Interface && !types.IsInterface(t) && !v.IsNil() {
		return v.Elem()
	}
	return v
}

func (k *Kernel) display(data map[string]string, streamed bool) {
	k.out.event(Display{Data: data, Streamed: streamed})
}

// showValues is nb.Show: values come as interfaces.
func (k *Kernel) showValues(values []any) {
	for _, v := range values {
		if b, ok := norm(v).(box); ok {
			data := k.bundle(b.Unboxed())
			if _, ok := b.method("Display"); !ok {
				data = map[string]string{"text/plain": fmt.Sprint(b)}
			}
			k.display(data, false)
			continue
		}
		if d, ok := v.(nb.Displayer); ok {
			k.out.event(Display{Data: withText(d.Display(), v), Terminal: terminalForm(reflect.ValueOf(v))})
			continue
		}
		k.display(map[string]string{"text/plain": bounded(k.m.reg.sprint([]any{v}))}, false)
	}
}

// terminalForm is the method Terminal of a native value, or nil. One of a
// script's type is not called: it would run after its cell.
func terminalForm(v reflect.Value) func(width, colors int) string {
	if !v.IsValid() || !v.CanInterface() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil
	}
	if t, ok := v.Interface().(interface {
		Terminal(width, colors int) string
	}); ok {
		return t.Terminal
	}
	return nil
}

func withText(data map[string]string, v any) map[string]string {
	if data == nil {
		data = map[string]string{}
	}
	if _, ok := data["text/plain"]; !ok {
		data["text/plain"] = bounded(fmt.Sprint(v))
	}
	data["text/plain"] = strings.TrimRight(data["text/plain"], "\n")
	return data
}

// bundle is every form of a value.
func (k *Kernel) bundle(v display.Value) map[string]string {
	if v.V.Kind() == reflect.Interface {
		if v.V.IsNil() {
			return map[string]string{"text/plain": "nil"}
		}
		if b, ok := norm(v.V.Elem().Interface()).(box); ok {
			return k.bundle(b.Unboxed())
		}
		t, err := k.m.reg.universe.TypeOf(v.V.Elem().Type())
		if err != nil {
			return withText(nil, v.V.Interface())
		}
		return k.bundle(display.Value{V: v.V.Elem(), T: t})
	}
	if v.V.Kind() == reflect.Pointer && v.V.IsNil() {
		return map[string]string{"text/plain": "nil"}
	}
	if f, ok := k.m.reg.Method(v, "Display"); ok {
		if d, ok := f.Interface().(func() map[string]string); ok {
			return withText(d(), v.V.Interface())
		}
	}
	if v.V.Kind() != reflect.Pointer && v.V.CanAddr() { // a method of *T
		if d, ok := v.V.Addr().Interface().(nb.Displayer); ok {
			return withText(d.Display(), v.V.Interface())
		}
	}
	return map[string]string{"text/plain": k.text(v)}
}

// text is a value as a prompt shows it.
func (k *Kernel) text(v display.Value) string {
	if r, ok := reflectedValue(v.V); ok {
		return bounded(fmt.Sprintf("%+v", r))
	}
	for _, name := range []string{"Error", "String"} {
		if f, ok := k.m.reg.Method(v, name); ok {
			if s, ok := f.Interface().(func() string); ok {
				return bounded(strings.TrimRight(s(), "\n"))
			}
		}
	}
	switch u := v.T.Underlying().(type) {
	case *types.Basic:
		if u.Info()&types.IsString != 0 {
			s := v.V.String()
			if strings.Contains(head(s, maxText), "\n") {
				return bounded(strings.TrimRight(s, "\n"))
			}
			if h := head(s, maxText); len(h) < len(s) {
				return strconv.Quote(h) + left(len(h), len(s))
			}
			return strconv.Quote(s)
		}
	case *types.Signature:
		if v.V.IsNil() {
			return "nil"
		}
		return types.TypeString(v.T, types.RelativeTo(k.sess.Pkg()))
	case *types.Slice, *types.Map, *types.Chan:
		if v.V.IsNil() {
			return types.TypeString(v.T, types.RelativeTo(k.sess.Pkg())) + "(nil)"
		}
	}
	return k.short(v, maxItems, maxText)
}

const (
	maxItems = 1000
	maxText  = 64 << 10
)

// short prints a value, of a long list only the first n items, and of anything no
// more than about size bytes: a map of a million entries costs what is shown of it.
func (k *Kernel) short(v display.Value, n, size int) string {
	more := ""
	if v.V.Kind() == reflect.Slice && v.V.Len() > n {
		more = fmt.Sprintf(" ... (%d of %d items shown)", n, v.V.Len())
		v.V = v.V.Slice(0, n)
	}
	f := formatted{v, k.m.reg, &window{room: size}}
	text := fmt.Sprintf("%+v", f)
	if f.part.Full() {
		return head(text, size) + fmt.Sprintf("\n... (the first %d bytes shown)", len(head(text, size))) + more
	}
	return text + more
}

// formatted prints a value by its static type.
type formatted struct {
	v    display.Value
	m    display.Methods
	part *window
}

func (f formatted) Format(s fmt.State, verb rune) {
	f.part.State = s
	display.Format(f.part, verb, f.v, f.m)
}

// window is the state of a print that ends early.
type window struct {
	fmt.State
	room int
}

func (p *window) Write(b []byte) (int, error) {
	if p.room >= 0 { // what comes after is not seen
		_, _ = p.State.Write(b[:min(len(b), p.room+1)])
	}
	p.room -= len(b)
	return len(b), nil
}

// Full says that nothing more is shown.
func (p *window) Full() bool { return p.room < 0 }

// bounded is what is shown of a text.
func bounded(s string) string {
	h := head(s, maxText)
	if len(h) == len(s) {
		return s
	}
	return h + left(len(h), len(s))
}

// head is the beginning of s, of size bytes at most and whole characters.
func head(s string, size int) string {
	if len(s) <= size {
		return s
	}
	n := size
	for n > size-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// left says that a text goes on.
func left(shown, of int) string { return fmt.Sprintf("\n... (%d of %d bytes shown)", shown, of) }
