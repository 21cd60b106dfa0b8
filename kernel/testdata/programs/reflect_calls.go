package main

import (
	"bytes"
	"container/list"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"sort"
	"strings"
	"sync"
	"time"
)

type Celsius float64

func (c Celsius) String() string { return fmt.Sprintf("%.1f°C", float64(c)) }

type P struct{ X, Y int }

func (p P) Sum(more ...int) int {
	s := p.X + p.Y
	for _, m := range more {
		s += m
	}
	return s
}
func (p *P) Move(by P) *P               { p.X += by.X; p.Y += by.Y; return p }
func (p P) Fail(s string) (P, error)    { return p, MyErr(s) }
func (p P) Each(f func(P) bool) []P     { f(p); return []P{p} }
func (p P) Write(b []byte) (int, error) { return len(b) + p.X, nil }
func (p P) Any(v any) any               { return v }
func (p P) Str(s fmt.Stringer) string   { return s.String() }
func (p P) secret() int                 { return 1 }

type MyErr string

func (e MyErr) Error() string { return "my " + string(e) }

type Handler interface{ Handle(P) (Celsius, error) }
type Func func(P) (Celsius, error)

func (f Func) Handle(p P) (Celsius, error) { return f(p) }

type Stack[T any] struct{ items []T }

func (s *Stack[T]) Push(x T) { s.items = append(s.items, x) }
func (s Stack[T]) Len() int  { return len(s.items) }
func (s *Stack[T]) Pop() (T, bool) {
	var zero T
	if len(s.items) == 0 {
		return zero, false
	}
	x := s.items[len(s.items)-1]
	s.items = s.items[:len(s.items)-1]
	return x, true
}

type Outer struct {
	*P
	fmt.Stringer
	Inner
	sync.Mutex
}
type Inner struct{ Name string }

func (i Inner) Hello() string  { return "hello " + i.Name }
func (i *Inner) Call(n string) { i.Name = n }

func add(a, b P) P                         { return P{a.X + b.X, a.Y + b.Y} }
func join(sep string, l ...Celsius) string { return fmt.Sprint(sep, l) }

func try(name string, f func()) {
	defer func() {
		r := recover()
		fmt.Printf("%s: %v (%T)\n", name, r, r)
		if e, ok := r.(error); ok {
			var ve *reflect.ValueError
			fmt.Println("  error", e.Error(), errors.As(e, &ve))
		}
	}()
	f()
}

// fill fills a struct from a map, by tag.
func fill(dst any, from map[string]any) error {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("want a pointer to a struct, got %T", dst)
	}
	v = v.Elem()
	for i := 0; i < v.NumField(); i++ {
		f := v.Type().Field(i)
		key := f.Tag.Get("map")
		if key == "" || !v.Field(i).CanSet() {
			continue
		}
		x, ok := from[key]
		if !ok {
			continue
		}
		xv := reflect.ValueOf(x)
		if !xv.Type().ConvertibleTo(f.Type) {
			return fmt.Errorf("%s: cannot use %s as %s", f.Name, xv.Type(), f.Type)
		}
		v.Field(i).Set(xv.Convert(f.Type))
	}
	return nil
}

type Config struct {
	Name  string  `map:"name"`
	Temp  Celsius `map:"temp"`
	Level int     `map:"level"`
	pass  string  `map:"pass"`
	Extra any     `map:"extra"`
}

// dump walks any value.
func dump(w io.Writer, v reflect.Value, depth int) {
	pad := strings.Repeat("  ", depth)
	switch v.Kind() {
	case reflect.Invalid:
		fmt.Fprintln(w, pad+"nil")
	case reflect.Struct:
		fmt.Fprintln(w, pad+v.Type().String()+" {")
		for i := range v.NumField() {
			fmt.Fprintf(w, "%s  %s:\n", pad, v.Type().Field(i).Name)
			dump(w, v.Field(i), depth+2)
		}
		fmt.Fprintln(w, pad+"}")
	case reflect.Slice, reflect.Array:
		fmt.Fprintln(w, pad+v.Type().String(), v.Len())
		for i := range v.Len() {
			dump(w, v.Index(i), depth+1)
		}
	case reflect.Map:
		fmt.Fprintln(w, pad+v.Type().String(), v.Len())
		keys := v.MapKeys()
		sort.Slice(keys, func(i, j int) bool { return fmt.Sprint(keys[i]) < fmt.Sprint(keys[j]) })
		for _, k := range keys {
			dump(w, k, depth+1)
			dump(w, v.MapIndex(k), depth+2)
		}
	case reflect.Pointer, reflect.Interface:
		fmt.Fprintln(w, pad+v.Type().String(), v.IsNil())
		dump(w, v.Elem(), depth+1)
	case reflect.Func, reflect.Chan:
		fmt.Fprintln(w, pad+v.Type().String(), v.IsNil())
	default:
		fmt.Fprintln(w, pad+v.Type().String(), v)
	}
}

func main() {
	// %%
	p := P{1, 2}
	v := reflect.ValueOf(p)
	fmt.Println(v.MethodByName("Sum").Call([]reflect.Value{reflect.ValueOf(10), reflect.ValueOf(20)})[0].Int())
	fmt.Println(v.MethodByName("Sum").CallSlice([]reflect.Value{reflect.ValueOf([]int{1, 1, 1})})[0])
	out := v.MethodByName("Fail").Call([]reflect.Value{reflect.ValueOf("x")})
	fmt.Println(out[0], out[1], out[1].Type(), out[1].Elem().Type(), out[0].Interface().(P).X, out[1].Interface().(error).Error())
	if e, ok := out[1].Interface().(MyErr); ok {
		fmt.Println("is MyErr", string(e))
	}
	pv := reflect.ValueOf(&p)
	res := pv.MethodByName("Move").Call([]reflect.Value{reflect.ValueOf(P{5, 5})})
	fmt.Println(p, res[0].Interface().(*P) == &p, res[0].Elem())
	res = v.MethodByName("Each").Call([]reflect.Value{reflect.ValueOf(func(q P) bool { fmt.Println("each", q); return true })})
	fmt.Println(res[0], res[0].Type())
	fmt.Println(v.MethodByName("Any").Call([]reflect.Value{reflect.ValueOf(Celsius(3))})[0].Interface(), v.MethodByName("Any").Call([]reflect.Value{v})[0].Elem().Type())
	fmt.Println(v.MethodByName("Str").Call([]reflect.Value{reflect.ValueOf(Celsius(4))})[0], v.MethodByName("Str").Call([]reflect.Value{reflect.ValueOf(time.Second)})[0])
	fmt.Println(v.MethodByName("secret").IsValid(), v.NumMethod(), pv.NumMethod(), v.MethodByName("Write").Type())
	w := v.Interface().(io.Writer)
	n, err := w.Write([]byte("abc"))
	fmt.Println(n, err)
	f := v.MethodByName("Sum").Interface().(func(...int) int)
	fmt.Println(f(1, 2, 3))
	m, _ := reflect.TypeOf(p).MethodByName("Sum")
	fmt.Println(m.Func.Call([]reflect.Value{reflect.ValueOf(P{100, 1}), reflect.ValueOf(7)})[0], m.Func.Type())
	g := m.Func.Interface().(func(P, ...int) int)
	fmt.Println(g(P{3, 3}, 1))

	// %%
	av := reflect.ValueOf(add)
	fmt.Println(av.Call([]reflect.Value{reflect.ValueOf(P{1, 1}), reflect.ValueOf(P{2, 3})})[0], av.Type(), av.Kind(), av.IsNil())
	fmt.Println(reflect.ValueOf(join).Call([]reflect.Value{reflect.ValueOf(";"), reflect.ValueOf(Celsius(1)), reflect.ValueOf(Celsius(2))})[0])
	fmt.Println(reflect.ValueOf(fmt.Sprintf).Call([]reflect.Value{reflect.ValueOf("%v-%+v-%T"), reflect.ValueOf(Celsius(1)), reflect.ValueOf(P{1, 2}), reflect.ValueOf(p)})[0])
	fmt.Println(reflect.ValueOf(strings.ToUpper).Call([]reflect.Value{reflect.ValueOf("abc")})[0], reflect.ValueOf(errors.Is).Call([]reflect.Value{reflect.ValueOf(io.EOF), reflect.ValueOf(io.EOF)})[0])
	fmt.Println(reflect.ValueOf(time.Duration(90) * time.Second).MethodByName("Minutes").Call(nil)[0], reflect.ValueOf(time.Unix(0, 0).UTC()).MethodByName("Year").Call(nil)[0])
	try("few", func() { av.Call(nil) })
	try("many", func() { av.Call(make([]reflect.Value, 3)) })
	try("type", func() { av.Call([]reflect.Value{reflect.ValueOf(1), reflect.ValueOf(2)}) })
	try("zero", func() { av.Call(make([]reflect.Value, 2)) })
	try("nil", func() { reflect.ValueOf((func(P))(nil)).Call([]reflect.Value{v}) })
	try("variadic", func() { v.MethodByName("Sum").Call([]reflect.Value{v}) })
	try("slice", func() { av.CallSlice([]reflect.Value{v, v}) })
	try("kind", func() { v.Len() })
	try("own", func() { panic("reflect: mine") })
	try("in", func() { reflect.ValueOf(func(x P) { panic(fmt.Sprint("inside ", x)) }).Call([]reflect.Value{v}) })
	try("in2", func() { var q *P; reflect.ValueOf(q).MethodByName("Sum").Call(nil) })
	try("in3", func() { var l []P; reflect.ValueOf(func() P { return l[3] }).Call(nil) })

	// %%
	swap := func(in []reflect.Value) []reflect.Value { return []reflect.Value{in[1], in[0]} }
	makeSwap := func(fptr any) {
		fn := reflect.ValueOf(fptr).Elem()
		fn.Set(reflect.MakeFunc(fn.Type(), swap))
	}
	var intSwap func(int, int) (int, int)
	makeSwap(&intSwap)
	fmt.Println(intSwap(0, 1))
	var pSwap func(P, P) (P, P)
	makeSwap(&pSwap)
	fmt.Println(pSwap(P{1, 2}, P{3, 4}))
	var mixed func(Celsius, Celsius) (fmt.Stringer, any)
	makeSwap(&mixed)
	fmt.Println(mixed(1, 2))
	h := reflect.MakeFunc(reflect.TypeOf(Func(nil)), func(in []reflect.Value) []reflect.Value {
		return []reflect.Value{reflect.ValueOf(Celsius(in[0].Field(0).Int())), reflect.Zero(reflect.TypeFor[error]())}
	})
	c, err := h.Interface().(Handler).Handle(P{9, 9})
	fmt.Println(c, err, h.Type(), h.NumMethod())
	try("count", func() {
		reflect.MakeFunc(reflect.TypeOf(func() int { return 1 }), func([]reflect.Value) []reflect.Value { return nil }).Call(nil)
	})
	try("wrongtype", func() {
		reflect.MakeFunc(reflect.TypeOf(func() P { return p }), func([]reflect.Value) []reflect.Value { return []reflect.Value{reflect.ValueOf(1)} }).Call(nil)
	})
	variadic := reflect.MakeFunc(reflect.TypeOf(func(string, ...P) int { return 0 }), func(in []reflect.Value) []reflect.Value {
		return []reflect.Value{reflect.ValueOf(in[1].Len())}
	}).Interface().(func(string, ...P) int)
	fmt.Println(variadic("a"), variadic("a", P{}, P{}))

	// %%
	s := &Stack[P]{}
	sv := reflect.ValueOf(s)
	sv.MethodByName("Push").Call([]reflect.Value{reflect.ValueOf(P{1, 1})})
	sv.MethodByName("Push").Call([]reflect.Value{reflect.ValueOf(P{2, 2})})
	r := sv.MethodByName("Pop").Call(nil)
	fmt.Println(r[0], r[1], s.Len(), sv.MethodByName("Len").Call(nil)[0], sv.Type(), sv.Elem().Type().Name())
	o := &Outer{P: &P{1, 1}, Stringer: Celsius(5), Inner: Inner{"in"}}
	ov := reflect.ValueOf(o)
	for i := range ov.NumMethod() {
		fmt.Print(ov.Type().Method(i).Name, " ")
	}
	fmt.Println(reflect.TypeOf(*o).NumMethod())
	ov.MethodByName("Call").Call([]reflect.Value{reflect.ValueOf("changed")})
	fmt.Println(ov.MethodByName("Hello").Call(nil)[0], ov.MethodByName("String").Call(nil)[0], ov.MethodByName("Sum").Call(nil)[0], ov.Elem().FieldByName("X"), ov.Elem().FieldByName("Name"))
	ov.MethodByName("Lock").Call(nil)
	fmt.Println(o.TryLock())
	ov.MethodByName("Unlock").Call(nil)
	try("nilembed", func() { reflect.ValueOf(&Outer{}).MethodByName("Sum").Call(nil) })
	try("nilstringer", func() { reflect.ValueOf(&Outer{}).MethodByName("String").Call(nil) })
	var hd Handler = Func(func(p P) (Celsius, error) { return Celsius(p.X), io.EOF })
	hv := reflect.ValueOf(&hd).Elem()
	fmt.Println(hv.Method(0).Type(), hv.Method(0).Call([]reflect.Value{reflect.ValueOf(P{4, 4})}), hv.MethodByName("Handle").Call([]reflect.Value{v})[1])
	x := P{1, 1}
	xv := reflect.ValueOf(&x).Elem().MethodByName("Sum")
	xf := xv.Interface().(func(...int) int)
	x.X = 50
	fmt.Println(xv.Call(nil)[0], xf())

	// %%
	var cfg Config
	fmt.Println(fill(&cfg, map[string]any{"name": "n", "temp": 21, "level": Celsius(3.9), "pass": "secret", "extra": P{1, 2}}), cfg)
	fmt.Println(fill(&cfg, map[string]any{"temp": "hot"}), fill(cfg, nil))
	l := list.New()
	l.PushBack(P{7, 8})
	l.PushBack(Celsius(1))
	ev := reflect.ValueOf(l.Front()).Elem().FieldByName("Value")
	fmt.Println(ev.Kind(), ev.Elem().Type(), ev.Elem().Field(0), ev)
	ev.Set(reflect.ValueOf(P{0, 1}))
	fmt.Println(l.Front().Value.(P).Y, l.Front().Value)
	wrapped := fmt.Errorf("w: %w", MyErr("q"))
	wv := reflect.ValueOf(wrapped).Elem()
	fmt.Println(wv.Type(), wv.NumField(), wv.Field(1).Elem().Type(), wv.Field(1).Elem(), wv.Field(0))
	ctx := context.WithValue(context.Background(), P{1, 1}, Celsius(2))
	fmt.Println(reflect.TypeOf(ctx), ctx.Value(P{1, 1}))
	var buf bytes.Buffer
	dump(&buf, reflect.ValueOf(map[string]any{"a": &cfg, "b": []any{Celsius(1), P{1, 2}, nil, 3}, "c": hd, "d": map[P]*Inner{{1, 2}: {"z"}}, "e": errors.New("plain"), "f": [2]Celsius{1, 2}}), 0)
	buf.WriteTo(os.Stdout)
	var back Config
	b, err := json.Marshal(reflect.ValueOf(cfg).Interface())
	fmt.Println(string(b), err)
	fmt.Println(json.Unmarshal([]byte(`{"Name":"j","Temp":5}`), &back), back)
	nv := reflect.New(reflect.TypeOf(cfg))
	nv.Elem().Field(0).SetString("made")
	made := nv.Interface().(*Config)
	fmt.Println(made.Name, *made)
	var any1 any = nv.Elem().Interface()
	switch c := any1.(type) {
	case Config:
		fmt.Println("config", c.Name)
	}
	fmt.Println(any1 == any(Config{Name: "made"}), reflect.ValueOf(any1).Interface() == any1)
}
