package kernel

import (
	"context"
	"fmt"
	"go/types"
	"reflect"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"loupe/kernel/display"
	"loupe/stdlib/nb"
)

// Vars lists the variables of the session by name.
func (k *Kernel) Vars() []Var { return k.vars(context.Background()) }

// briefTime is how long methods that print values may take together.
const briefTime = 150 * time.Millisecond

func (k *Kernel) vars(ctx context.Context) []Var {
	k.mu.Lock()
	globals := k.interp.Globals()
	stale := k.ran.staleNames()
	var list []Var
	var values []display.Value
	for name, o := range k.sess.Objects {
		v, ok := o.(*types.Var)
		if !ok {
			continue
		}
		inner, ok := k.prog.Name(v)
		if !ok {
			continue
		}
		rv, ok := globals[inner]
		if !ok || !rv.IsValid() {
			continue
		}
		list = append(list, Var{Name: name, Type: types.TypeString(v.Type(), k.qualify), Stale: stale[name], Bytes: -1, Value: "?"})
		values = append(values, display.Value{V: rv, T: v.Type()})
	}
	k.mu.Unlock()
	for i, n := range each(ctx, k, values, func(v display.Value) int64 { return owned(v.V) }) {
		if n != nil {
			list[i].Bytes = *n
		}
	}
	for i, p := range each(ctx, k, values, func(v display.Value) map[string]int64 { return nb.Parts(native(v.V)) }) {
		if p != nil {
			list[i].Parts = *p
		}
	}
	for i, text := range each(ctx, k, values, func(v display.Value) string {
		return k.brief(display.Value{V: opened(v.V, v.T), T: v.T})
	}) {
		if text != nil {
			list[i].Value = oneLine(*text, 48)
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// each asks something of every value. That may call methods of the values, which
// may do anything, or wait for a session that is at work: it is a run of its
// own, which ends. Of a value whose methods do not end well nothing is known,
// and after a few of them of the rest.
func each[T any](ctx context.Context, k *Kernel, values []display.Value, ask func(display.Value) T) []*T {
	out := make([]*T, len(values))
	for from, round := 0, 0; from < len(values) && round < 4 && ctx.Err() == nil; round++ {
		results := make(chan T, len(values))
		left := values[from:]
		k.bounded(ctx, func() {
			for _, v := range left {
				results <- ask(v)
			}
		})
		for done := false; !done && from < len(values); from++ {
			select {
			case x := <-results:
				out[from] = &x
			default:
				done = true // this one is passed over
			}
		}
	}
	return out
}

// native is a variable's value, nil if it may not be taken.
func native(v reflect.Value) any {
	if !v.CanInterface() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil
	}
	return v.Interface()
}

// bounded runs f, which may call methods of cell types, for briefTime at most.
func (k *Kernel) bounded(ctx context.Context, f func()) {
	ctx, cancel := context.WithTimeout(ctx, briefTime)
	defer cancel()
	r := &run{over: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancel(ctx)
	defer r.cancel()
	_ = k.drive(ctx, r, "", func() error { f(); return nil })
}

// qualify names packages in types: those of the session not at all.
func (k *Kernel) qualify(p *types.Package) string {
	if p == k.sess.Pkg() {
		return ""
	}
	return p.Name()
}

// brief is a short value; a panic of a method is no failure of the list.
func (k *Kernel) brief(v display.Value) (s string) {
	defer func() {
		if r := recover(); r != nil {
			s = "?"
		}
	}()
	if v.V.Kind() == reflect.Interface && !v.V.IsNil() {
		if b, ok := norm(v.V.Elem().Interface()).(box); ok {
			return k.brief(b.Unboxed())
		}
	}
	if b, ok := v.T.Underlying().(*types.Basic); ok && b.Info()&types.IsString != 0 {
		s := v.V.String()
		return "\"" + s[:min(len(s), 200)] + "\""
	}
	switch v.V.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Func, reflect.Chan:
		if v.V.IsNil() {
			return "nil" // whose methods are not called
		}
	case reflect.Map:
		if n := v.V.Len(); n > 1000 { // sorting it all for a few takes too long
			return fmt.Sprintf("%d entries", n)
		}
	}
	if _, ok := v.T.Underlying().(*types.Signature); ok {
		return "func"
	}
	if f, ok := k.m.reg.Method(v, "String"); ok {
		if g, ok := f.Interface().(func() string); ok {
			return g()
		}
	}
	return k.short(v, 20, 400)
}

func oneLine(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// sizeVisits bounds the walk of owned.
const sizeVisits = 20000

// owned is what a value takes in memory: what it says itself as an nb.Sizer,
// else the sum of what it refers to, as far as sizeVisits steps go.
func owned(v reflect.Value) int64 {
	w := sizer{seen: map[uintptr]bool{}, left: sizeVisits}
	return int64(v.Type().Size()) + w.refs(v)
}

type sizer struct {
	seen map[uintptr]bool
	left int
}

func (w *sizer) refs(v reflect.Value) (n int64) {
	w.left--
	if w.left < 0 || !v.IsValid() {
		return 0
	}
	if v.CanInterface() {
		if s, ok := v.Interface().(nb.Sizer); ok && !(v.Kind() == reflect.Pointer && v.IsNil()) {
			return s.Bytes()
		}
	}
	switch v.Kind() {
	case reflect.String:
		return int64(v.Len())
	case reflect.Pointer:
		if v.IsNil() || w.visited(v.Pointer()) {
			return 0
		}
		return int64(v.Elem().Type().Size()) + w.refs(v.Elem())
	case reflect.Interface:
		if !v.IsNil() {
			return int64(v.Elem().Type().Size()) + w.refs(v.Elem())
		}
	case reflect.Slice:
		if v.IsNil() || w.visited(v.Pointer()) {
			return 0
		}
		n = int64(v.Cap()) * int64(v.Type().Elem().Size())
		if flat(v.Type().Elem()) {
			return n
		}
		for i := 0; i < v.Len() && w.left > 0; i++ {
			n += w.refs(v.Index(i))
		}
	case reflect.Array:
		if flat(v.Type().Elem()) {
			return 0
		}
		for i := 0; i < v.Len() && w.left > 0; i++ {
			n += w.refs(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			n += w.refs(v.Field(i))
		}
	case reflect.Map:
		if v.IsNil() || w.visited(v.Pointer()) {
			return 0
		}
		n = int64(v.Len()) * int64(v.Type().Key().Size()+v.Type().Elem().Size()+1)
		if flat(v.Type().Key()) && flat(v.Type().Elem()) {
			return n
		}
		for it := v.MapRange(); it.Next() && w.left > 0; {
			n += w.refs(it.Key()) + w.refs(it.Value())
		}
	}
	return n
}

func (w *sizer) visited(p uintptr) bool {
	if w.seen[p] {
		return true
	}
	w.seen[p] = true
	return false
}

// flat says whether values of t refer to nothing.
func flat(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16,
		reflect.Uint32, reflect.Uint64, reflect.Uintptr, reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return true
	}
	return false
}
