package reflect

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"runtime"
	"sort"
	"strings"
	"testing"
	"time"
)

// On types that Go knows the oracle is Go's own reflection.

// TestAPI: the exported methods and fields are those of package reflect.
func TestAPI(t *testing.T) {
	for _, p := range [][2]reflect.Type{
		{reflect.TypeFor[reflect.Type](), reflect.TypeFor[Type]()}, {reflect.TypeFor[reflect.Value](), reflect.TypeFor[Value]()}, {reflect.TypeFor[reflect.StructField](), reflect.TypeFor[StructField]()}, {reflect.TypeFor[reflect.Method](), reflect.TypeFor[Method]()},
		{reflect.TypeFor[*reflect.MapIter](), reflect.TypeFor[*MapIter]()}, {reflect.TypeFor[reflect.SelectCase](), reflect.TypeFor[SelectCase]()}, {reflect.TypeOf(reflect.TypeOf(1)), reflect.TypeOf(TypeOf(1))},
	} {
		if p[0].String() != p[1].String() {
			t.Errorf("%s is called %s", p[0], p[1])
		}
		list := func(r reflect.Type) string {
			var out []string
			for i := range r.NumMethod() {
				if m := r.Method(i); m.IsExported() {
					out = append(out, "method "+m.Name+" "+m.Type.String())
				}
			}
			if r.Kind() == reflect.Struct && r != reflect.TypeFor[reflect.Value]() && r != reflect.TypeFor[Value]() {
				for i := range r.NumField() {
					if f := r.Field(i); f.IsExported() {
						out = append(out, "field "+f.Name+" "+f.Type.String())
					}
				}
			}
			sort.Strings(out)
			return strings.ReplaceAll(strings.Join(out, "\n"), "loupe/kernel/mirror.", "reflect.")
		}
		if want, got := list(p[0]), list(p[1]); want != got {
			t.Errorf("%s: got\n%s\nwant\n%s", p[0], got, want)
		}
	}
}

type point struct {
	X, Y int
	name string
	in   any
}

func (p point) Sum(more ...int) int         { return p.X + p.Y + len(more) }
func (p *point) Move(dx int) *point         { p.X += dx; return p }
func (p point) Div(by int) (q int, e error) { return p.X / by, nil }

type celsius float64

func (c celsius) String() string { return fmt.Sprint(float64(c), "C") }

type outer struct {
	point
	*strings.Builder
	celsius
	T    time.Time
	d    time.Duration
	Err  error
	M    map[string]point
	F    func(int) string
	Ch   chan int
	Arr  [3]int
	Sl   []celsius
	P    *point
	Any  any
	priv []any
	_    int
}
type names []string
type iface interface{ Sum(...int) int }

// subjects are values, made anew for each call because some methods change
// them; each pair is of one thing.
func subjects() (out []subject) {
	add := func(name string, v any) {
		out = append(out, subject{name, reflect.ValueOf(v), ValueOf(v)})
	}
	addr := func(name string, p any) {
		out = append(out, subject{name, reflect.ValueOf(p).Elem(), ValueOf(p).Elem()})
	}
	o := outer{point: point{1, 2, "n", 5}, celsius: 3, T: time.Unix(5, 0).UTC(), d: time.Second, Err: io.EOF, M: map[string]point{"a": {X: 1}}, F: func(i int) string { return fmt.Sprint(i) }, Ch: make(chan int, 2), Sl: []celsius{1, 2}, P: &point{X: 7}, Any: celsius(4), priv: []any{1}}
	out = append(out, subject{"zero", reflect.Value{}, Value{}})
	for name, v := range map[string]any{"int": 7, "int8": int8(-3), "uint": uint8(200), "float": 1.5, "float32": float32(2), "complex": 1i, "bool": true, "string": "héllo", "celsius": celsius(21), "names": names{"a", "b"}, "nil names": names(nil), "bytes": []byte("xyz"), "runes": []rune("ab"), "array": [2]point{{X: 1}, {X: 2}}, "bytearray": [3]byte{1, 2, 3}, "point": point{1, 2, "p", nil}, "ptr": &point{3, 4, "q", 1}, "nil ptr": (*point)(nil), "outer": o,
		"map": map[string]int{"k": 1}, "nil map": map[string]int(nil), "anymap": map[any]celsius{"x": 1}, "func": strings.ToUpper, "variadic": fmt.Sprint, "nil func": (func())(nil), "chan": make(chan int, 1), "recv chan": (<-chan int)(make(chan int)), "send chan": (chan<- int)(make(chan int, 1)), "time": time.Unix(0, 0).UTC(), "duration": time.Minute, "error": errors.New("e"), "ptr array": &[2]int{5, 6}, "seq": func(y func(int) bool) { y(4) }, "empty": struct{}{}, "slice of any": []any{1, "x", nil}, "uintptr": uintptr(4), "big": int64(1 << 40)} {
		add(name, v)
	}
	i, s, c, l, p, oo, m, ar, by := 1, "s", celsius(2), names{"x", "y"}, point{1, 2, "a", "in"}, o, map[string]int{"k": 2}, [2]int{1, 2}, []byte("abc")
	var a any = point{5, 6, "", nil}
	var e error
	var f iface = point{1, 1, "", nil}
	for name, x := range map[string]any{"&int": &i, "&string": &s, "&celsius": &c, "&names": &l, "&point": &p, "&outer": &oo, "&map": &m, "&array": &ar, "&any": &a, "&error": &e, "&iface": &f, "&bytes": &by} {
		addr(name, x)
	}
	for k := range oo.typ().NumField() {
		out = append(out, subject{fmt.Sprint("field ", k), reflect.ValueOf(&oo).Elem().Field(k), ValueOf(&oo).Elem().Field(k)}, subject{fmt.Sprint("value field ", k), reflect.ValueOf(o).Field(k), ValueOf(o).Field(k)})
	}
	out = append(out, subject{"deep field", reflect.ValueOf(o).FieldByName("name"), ValueOf(o).FieldByName("name")}, subject{"method", reflect.ValueOf(p).Method(1), ValueOf(p).Method(1)}, subject{"slice element", reflect.ValueOf(l).Index(0), ValueOf(l).Index(0)}, subject{"private element", reflect.ValueOf(o).FieldByName("priv").Index(0), ValueOf(o).FieldByName("priv").Index(0)})
	sort.SliceStable(out, func(i, j int) bool { return out[i].name < out[j].name })
	return out
}

func (outer) typ() reflect.Type { return reflect.TypeFor[outer]() }

type subject struct {
	name string
	v    reflect.Value
	m    Value
}

// attempt is what a call comes to: its results, or its panic.
func attempt(f func() []any) (text string) {
	defer func() {
		if r := recover(); r != nil {
			kind := ""
			if p, ok := r.(Panic); ok {
				r = p.V
			} else if s, ok := r.(string); ok && strings.HasPrefix(s, "loupe") {
				text = "refused"
				return
			}
			if _, ok := r.(runtime.Error); ok {
				kind = "runtime "
			}
			text = fmt.Sprintf("panic %s%T %v", kind, r, r)
		}
	}()
	var parts []string
	for _, x := range f() {
		parts = append(parts, rendered(x))
	}
	return strings.Join(parts, ", ")
}

// rendered is a result as text, the same for both sides.
func rendered(x any) string {
	switch v := x.(type) {
	case reflect.Value:
		if !v.IsValid() {
			return "invalid"
		}
		return fmt.Sprintf("%s %s set=%v addr=%v iface=%v methods=%d %s", v.Kind(), v.Type(), v.CanSet(), v.CanAddr(), v.CanInterface(), v.NumMethod(), shown(v))
	case Value:
		if !v.IsValid() {
			return "invalid"
		}
		x, _, ro := Inside(v)
		if ro {
			x = reflect.ValueOf(&x).Elem() // any value that prints
			x, _, _ = Inside(v)
		}
		return fmt.Sprintf("%s %s set=%v addr=%v iface=%v methods=%d %s", v.Kind(), v.Type(), v.CanSet(), v.CanAddr(), v.CanInterface(), v.NumMethod(), shown(x))
	case []reflect.Value:
		s := fmt.Sprint(len(v))
		for _, e := range v {
			s += ";" + rendered(e)
		}
		return s
	case []Value:
		s := fmt.Sprint(len(v))
		for _, e := range v {
			s += ";" + rendered(e)
		}
		return s
	case reflect.Type:
		if v == nil {
			return "nil"
		}
		return "type " + v.String()
	case Type:
		return "type " + v.String()
	case reflect.StructField:
		return fmt.Sprint(v.Name, v.PkgPath, v.Type, v.Tag, v.Offset, v.Index, v.Anonymous)
	case StructField:
		return fmt.Sprint(v.Name, strings.Replace(v.PkgPath, "reflect", self, 1), v.Type, v.Tag, v.Offset, v.Index, v.Anonymous)
	case reflect.Method:
		return fmt.Sprint(v.Name, v.PkgPath, v.Type, v.Index, rendered(v.Func))
	case Method:
		return fmt.Sprint(v.Name, v.PkgPath, v.Type, v.Index, rendered(v.Func))
	case uintptr:
		return fmt.Sprint(v != 0)
	}
	switch r := reflect.ValueOf(x); r.Kind() {
	case reflect.Func, reflect.Pointer, reflect.UnsafePointer, reflect.Chan:
		return fmt.Sprintf("%s nil=%v", strings.ReplaceAll(r.Type().String(), "*reflect.MapIter", "iter"), r.IsNil())
	}
	return fmt.Sprintf("%T %v", x, x)
}

// shown is what a value prints, without addresses.
func shown(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Func, reflect.Chan, reflect.Pointer, reflect.UnsafePointer:
		return fmt.Sprint(v.IsNil())
	case reflect.Struct, reflect.Interface, reflect.Slice, reflect.Array, reflect.Map:
		return v.Type().String()
	}
	if v.CanInt() {
		return fmt.Sprint(v.Int())
	}
	if v.CanFloat() {
		return fmt.Sprint(v.Float())
	}
	return fmt.Sprint(v)
}

// arguments are values for a parameter, in pairs.
func arguments(t reflect.Type) (out [][2]reflect.Value) {
	add := func(a, b any) { out = append(out, [2]reflect.Value{reflect.ValueOf(a), reflect.ValueOf(b)}) }
	same := func(list ...any) {
		for _, x := range list {
			add(x, x)
		}
	}
	values := []any{1, "k", celsius(2), "s", point{9, 9, "z", nil}, &point{8, 8, "", nil}, true, []string{"q"}, names{"n"}, 2.5, uint8(3), nil, errors.New("x"), io.EOF, map[string]int{"k": 5}, int64(3), []byte("B"), [2]int{7, 7}}
	types := []reflect.Type{reflect.TypeFor[int](), reflect.TypeFor[string](), reflect.TypeFor[celsius](), reflect.TypeFor[any](), reflect.TypeFor[error](), reflect.TypeFor[fmt.Stringer](), reflect.TypeFor[point](), reflect.TypeFor[*point](), reflect.TypeFor[[]string](), reflect.TypeFor[names](), reflect.TypeFor[[]byte](), reflect.TypeFor[[2]string](), reflect.TypeFor[*[2]string](), reflect.TypeFor[[9]string](), reflect.TypeFor[map[string]int](), reflect.TypeFor[func()](), reflect.TypeFor[iface](), reflect.TypeFor[float32](), reflect.TypeFor[uint8](), reflect.TypeFor[complex64](), reflect.TypeFor[<-chan int](), reflect.TypeFor[[3]int]()}
	switch t {
	case reflect.TypeFor[reflect.Value]():
		for _, x := range values {
			add(reflect.ValueOf(x), ValueOf(x))
		}
		o := outer{point: point{name: "ro"}}
		add(reflect.ValueOf(o).FieldByName("name"), ValueOf(o).FieldByName("name"))
		return out
	case reflect.TypeFor[[]reflect.Value]():
		add([]reflect.Value(nil), []Value(nil))
		for _, x := range values {
			add([]reflect.Value{reflect.ValueOf(x)}, []Value{ValueOf(x)})
		}
		add([]reflect.Value{reflect.ValueOf(1), reflect.ValueOf(2)}, []Value{ValueOf(1), ValueOf(2)})
		add([]reflect.Value{reflect.ValueOf([]int{1})}, []Value{ValueOf([]int{1})})
		add([]reflect.Value{reflect.ValueOf([]any{1, "a"})}, []Value{ValueOf([]any{1, "a"})})
		return out
	case reflect.TypeFor[reflect.Type]():
		for _, x := range types {
			out = append(out, [2]reflect.Value{reflect.ValueOf(&x).Elem(), reflect.ValueOf(ptrTo(Type(native(x)))).Elem()})
		}
		var a reflect.Type
		var b Type
		out = append(out, [2]reflect.Value{reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem()})
		return out
	}
	switch t.Kind() {
	case reflect.Interface:
		same(values...)
	case reflect.Int:
		if t == reflect.TypeFor[reflect.ChanDir]() {
			same(reflect.BothDir, reflect.SendDir, reflect.RecvDir, reflect.ChanDir(7))
			break
		}
		same(-1, 0, 1, 2, 3, 99)
	case reflect.Int64:
		same(int64(-1), int64(5), int64(1<<40))
	case reflect.Uint64:
		same(uint64(5), uint64(1<<40))
	case reflect.Float64:
		same(2.5, 1e300)
	case reflect.Complex128:
		same(complex128(2), 1e300i)
	case reflect.String:
		same("X", "name", "Y", "Sum", "String", "nope", "T", "d", "celsius", "Year", "Len")
	case reflect.Bool:
		same(true)
	case reflect.Slice:
		if t == reflect.TypeFor[[]byte]() {
			same([]byte("new"))
		} else if t == reflect.TypeFor[[]int]() {
			same([]int{0}, []int{0, 1}, []int{9}, []int{}, []int{1, 0})
		}
	case reflect.Func:
		if t == reflect.TypeFor[func(string) bool]() {
			same(func(s string) bool { return s == "X" }, func(s string) bool { return strings.Contains(s, "e") })
		}
	}
	return out
}

func ptrTo[T any](v T) *T { return &v }

// combinations are all lists of arguments for a method.
func combinations(m reflect.Type, from int) [][][2]reflect.Value {
	lists := [][][2]reflect.Value{nil}
	for i := from; i < m.NumIn(); i++ {
		pool := arguments(m.In(i))
		if n := m.NumIn() - from; n > 1 && len(pool) > 7-n {
			pool = append(pool[:6-n:6-n], pool[len(pool)-1])
		}
		var next [][][2]reflect.Value
		for _, l := range lists {
			for _, a := range pool {
				next = append(next, append(append([][2]reflect.Value(nil), l...), a))
			}
		}
		lists = next
	}
	return lists
}

// skipped are methods whose results are addresses, or that may wait for ever.
var skipped = map[string]bool{"Pointer": true, "UnsafePointer": true, "UnsafeAddr": true, "InterfaceData": true, "SetPointer": true, "Recv": true, "Send": true, "SetIterKey": true, "SetIterValue": true, "Methods": true, "Seq": true, "Seq2": true, "Fields": true}

// changes are the methods that change what they are called on.
var changes = regexp.MustCompile("^(Set|Grow|Clear|Close|Try|Call)")

func call(f reflect.Value, name string, args []reflect.Value) func() []any {
	return func() (out []any) {
		for _, r := range f.MethodByName(name).Call(args) {
			out = append(out, r.Interface())
		}
		return out
	}
}

// TestValueOracle calls every method of Value on every subject with all kinds
// of arguments.
func TestValueOracle(t *testing.T) {
	vt := reflect.TypeFor[reflect.Value]()
	calls, refused := 0, map[string]int{}
	kept := subjects()
	for i := range vt.NumMethod() {
		m := vt.Method(i)
		if skipped[m.Name] {
			continue
		}
		for _, args := range combinations(m.Type, 1) {
			for s, sub := range kept {
				if changes.MatchString(m.Name) {
					sub = subjects()[s]
					sub.m = subjects()[s].m
				}
				if m.Name == "Interface" && sub.m.IsValid() && sub.m.flag&anyRO == 0 && sub.m.kind() == reflect.Func {
					continue
				}
				var a, b []reflect.Value
				for _, p := range args {
					a, b = append(a, p[0]), append(b, p[1])
				}
				want := attempt(call(reflect.ValueOf(sub.v), m.Name, a))
				got := attempt(call(reflect.ValueOf(sub.m), m.Name, b))
				calls++
				if got == "refused" {
					refused[m.Name]++
					continue
				}
				if want != got {
					t.Errorf("%s.%s(%v):\ngot  %s\nwant %s", sub.name, m.Name, a, got, want)
				}
				// What a setter has done shows in the subject.
				if w, g := rendered(sub.v), rendered(sub.m); w != g {
					t.Errorf("%s after %s(%v):\ngot  %s\nwant %s", sub.name, m.Name, a, g, w)
				}
			}
		}
	}
	t.Logf("%d calls, refused %v", calls, refused)
}

// TestTypeOracle does the same for Type.
func TestTypeOracle(t *testing.T) {
	tt := reflect.TypeFor[reflect.Type]()
	var subs []reflect.Type
	for _, s := range subjects() {
		if s.v.IsValid() {
			subs = append(subs, s.v.Type())
		}
	}
	subs = append(subs, reflect.TypeFor[iface](), reflect.TypeFor[error](), reflect.TypeFor[io.ReadWriteCloser](), reflect.TypeFor[reflect.StructField]())
	calls := 0
	for i := range tt.NumMethod() {
		m := tt.Method(i)
		if m.PkgPath != "" || m.Name == "Methods" || m.Name == "Fields" || m.Name == "Ins" || m.Name == "Outs" {
			continue
		}
		for _, args := range combinations(m.Type, 0) {
			for _, sub := range subs {
				var a, b []reflect.Value
				for _, p := range args {
					a, b = append(a, p[0]), append(b, p[1])
				}
				want := attempt(call(reflect.ValueOf(sub), m.Name, a))
				got := attempt(call(reflect.ValueOf(native(sub)), m.Name, b))
				calls++
				if want != strings.Replace(got, "string reflect", "string "+self, 1) && want != got {
					t.Errorf("%s.%s(%v):\ngot  %s\nwant %s", sub, m.Name, a, got, want)
				}
			}
		}
	}
	t.Logf("%d calls", calls)
}

// TestFunctionOracle calls the functions of the package.
func TestFunctionOracle(t *testing.T) {
	calls := 0
	for name, f := range map[string][2]any{
		"Append": {reflect.Append, Append}, "AppendSlice": {reflect.AppendSlice, AppendSlice}, "Copy": {reflect.Copy, Copy}, "Indirect": {reflect.Indirect, Indirect}, "MakeSlice": {reflect.MakeSlice, MakeSlice}, "MakeMap": {reflect.MakeMap, MakeMap}, "MakeMapWithSize": {reflect.MakeMapWithSize, MakeMapWithSize}, "MakeChan": {reflect.MakeChan, MakeChan},
		"New": {reflect.New, New}, "Zero": {reflect.Zero, Zero}, "PointerTo": {reflect.PointerTo, PointerTo}, "SliceOf": {reflect.SliceOf, SliceOf}, "ArrayOf": {reflect.ArrayOf, ArrayOf}, "MapOf": {reflect.MapOf, MapOf}, "ChanOf": {reflect.ChanOf, ChanOf}, "DeepEqual": {reflect.DeepEqual, DeepEqual}, "Swapper": {reflect.Swapper, Swapper}, "ValueOf": {reflect.ValueOf, ValueOf}, "TypeOf": {reflect.TypeOf, TypeOf}, "VisibleFields": {reflect.VisibleFields, VisibleFields},
	} {
		a, b := reflect.ValueOf(f[0]), reflect.ValueOf(f[1])
		lists := combinations(a.Type(), 0)
		if a.Type().NumIn() > 0 && a.Type().In(0) == reflect.TypeFor[reflect.Value]() { // of every subject
			var more [][][2]reflect.Value
			for _, s := range subjects() {
				for _, l := range lists {
					more = append(more, append([][2]reflect.Value{{reflect.ValueOf(s.v), reflect.ValueOf(s.m)}}, l[1:]...))
				}
			}
			lists = more
		}
		for _, args := range lists {
			var in1, in2 []reflect.Value
			for i, p := range args {
				for k := range p {
					if !p[k].IsValid() {
						p[k] = reflect.Zero(a.Type().In(i))
					}
				}
				in1, in2 = append(in1, p[0]), append(in2, p[1])
			}
			run := func(f reflect.Value, in []reflect.Value) func() []any {
				return func() (out []any) {
					var results []reflect.Value
					if f.Type().IsVariadic() {
						results = f.CallSlice(in)
					} else {
						results = f.Call(in)
					}
					for _, r := range results {
						if l := r; l.Kind() == reflect.Slice && name == "VisibleFields" {
							for i := range l.Len() {
								out = append(out, l.Index(i).Interface())
							}
							continue
						}
						out = append(out, r.Interface())
					}
					return out
				}
			}
			want, got := attempt(run(a, in1)), attempt(run(b, in2))
			// Go names the method of Value around, which here is that of the test.
			want = regexp.MustCompile(`reflect\.Value\.Call(Slice)?\b`).ReplaceAllString(want, nobody)
			calls++
			if want != got && want != strings.ReplaceAll(got, "string reflect", "string "+self) {
				t.Errorf("%s(%v):\ngot  %s\nwant %s", name, in1, got, want)
			}
		}
	}
	t.Logf("%d calls", calls)
}
