package kernel

import (
	"context"
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
		list = append(list, Var{Name: name, Type: types.TypeString(v.Type(), k.qualify), Stale: stale[name], Bytes: owned(rv), Parts: parts(rv), Value: "?"})
		values = append(values, display.Value{V: opened(rv, v.Type()), T: v.Type()})
	}
	k.mu.Unlock()
	for i, text := range k.briefs(ctx, values) {
		list[i].Value = oneLine(text, 48)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// briefs are short texts of values. They may call methods of cell types, which
// may do anything: that is a run of its own, which ends. A value whose method
// does not end well is "?", and after a few of them the rest are.
func (k *Kernel) briefs(ctx context.Context, values []display.Value) []string {
	out := make([]string, len(values))
	from := 0
	for range 4 {
		texts := make(chan string, len(values))
		left := values[from:]
		k.bounded(ctx, func() {
			for _, v := range left {
				texts <- k.brief(v)
			}
		})
		for more := true; more && from < len(out); {
			select {
			case out[from] = <-texts:
				from++
			default:
				more = false
			}
		}
		if from == len(out) {
			return out
		}
		out[from] = "?"
		if from++; ctx.Err() != nil {
			break
		}
	}
	for i := from; i < len(out); i++ {
		out[i] = "?"
	}
	return out
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

// parts are what a value says of the memory that it owns.
func parts(v reflect.Value) map[string]int64 {
	if !v.CanInterface() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil
	}
	if p, ok := v.Interface().(nb.Parter); ok {
		return p.BytesByPart()
	}
	return nil
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
	if _, ok := v.T.Underlying().(*types.Signature); ok {
		return "func"
	}
	if v.V.Kind() == reflect.Pointer && v.V.IsNil() {
		return "nil"
	}
	if f, ok := k.m.reg.Method(v, "String"); ok {
		if g, ok := f.Interface().(func() string); ok {
			return g()
		}
	}
	return k.short(v, 20)
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
