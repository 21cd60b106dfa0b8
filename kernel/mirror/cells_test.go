package reflect

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"reflect"
	"strings"
	"testing"
)

// A world of a few cell types in the forms that the interpreter gives them.

const source = `package main

type Celsius float64

func (c Celsius) String() string { return "" }
func (c *Celsius) Heat(by Celsius) Celsius { return 0 }
func (c Celsius) hidden() {}

type P struct {
	X int ` + "`k:\"v\"`" + `
	y Celsius
	Next *P
	Any any
	*Base
}
type Base struct{ ID int8 }

func (b Base) Key(prefix string) string { return "" }

type Tree []Tree
type Shape interface { Area() Celsius; secret() }
type Stringer interface { String() string }
type Pair[A any, B comparable] struct { First A; Second B }

var (
	celsius Celsius
	p P
	tree Tree
	shape Shape
	stringer Stringer
	pair Pair[Celsius, string]
	f func(Celsius, ...P) (*P, error)
	m map[Celsius]P
)
`

type formCelsius = float64
type formBase = struct{ ID int8 }
type formP = struct {
	X    int `k:"v"`
	Xy   float64
	Next any // kept
	Any  any
	Base *formBase
}

// carried is a box.
type carried struct {
	s *Space
	t types.Type
	v any
}

func (c carried) Carried() (*Space, reflect.Value, types.Type) { return c.s, reflect.ValueOf(c.v), c.t }

type world struct {
	pkg   *types.Package
	keys  []types.Type
	space *Space
}

func newWorld(t *testing.T) *world {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "w.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	conf := types.Config{Importer: importer.Default(), Error: func(error) {}}
	pkg, err := conf.Check("main", fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{pkg: pkg}
	w.space = NewSpace(w)
	return w
}

func (w *world) typ(name string) types.Type { return w.pkg.Scope().Lookup(name).Type() }

func (w *world) box(v any, t types.Type) any { return carried{w.space, t, v} }

func (w *world) Boxed(t types.Type) bool {
	return strings.Contains(types.TypeString(t, nil), "main.") || strings.HasPrefix(t.String(), "struct")
}

func (w *world) Cell(o types.Object) bool { return o.Pkg() == w.pkg }

func (w *world) Key(t types.Type) int {
	for i, k := range w.keys {
		if types.Identical(k, t) {
			return i
		}
	}
	w.keys = append(w.keys, t)
	return len(w.keys) - 1
}

func (w *world) Form(t types.Type) reflect.Type {
	switch types.TypeString(t, func(*types.Package) string { return "" }) {
	case "Celsius":
		return reflect.TypeFor[formCelsius]()
	case "P":
		return reflect.TypeFor[formP]()
	case "Base":
		return reflect.TypeFor[formBase]()
	case "Tree", "Shape", "Stringer":
		return reflect.TypeFor[any]()
	}
	switch t := t.(type) {
	case *types.Basic:
		return Basic(t)
	case *types.Pointer:
		return reflect.PointerTo(w.Form(t.Elem()))
	case *types.Slice:
		return reflect.SliceOf(w.Form(t.Elem()))
	case *types.Map:
		return reflect.MapOf(w.Form(t.Key()), w.Form(t.Elem()))
	case *types.Interface:
		return reflect.TypeFor[any]()
	case *types.Named:
		if t.Obj().Name() == "error" {
			return reflect.TypeFor[error]()
		}
	case *types.Signature:
		var in, out []reflect.Type
		for i := range t.Params().Len() {
			in = append(in, w.Form(t.Params().At(i).Type()))
		}
		for i := range t.Results().Len() {
			out = append(out, w.Form(t.Results().At(i).Type()))
		}
		return reflect.FuncOf(in, out, t.Variadic())
	}
	return nil
}

func (w *world) Known(t reflect.Type) types.Type {
	switch t {
	case reflect.TypeFor[string]():
		return types.Typ[types.String]
	case reflect.TypeFor[float64]():
		return types.Typ[types.Float64]
	case reflect.TypeFor[int]():
		return types.Typ[types.Int]
	}
	return nil
}

func (w *world) Box(v reflect.Value, t types.Type) any { return carried{w.space, t, v.Interface()} }

func (w *world) Method(v reflect.Value, t types.Type, name string) (reflect.Value, bool) {
	switch name {
	case "String":
		return reflect.ValueOf(func() string { return fmt.Sprint(reflect.Indirect(v).Float(), "°C") }), true
	case "Heat":
		return reflect.ValueOf(func(by float64) float64 { v.Elem().SetFloat(v.Elem().Float() + by); return v.Elem().Float() }), true
	case "Key":
		return reflect.ValueOf(func(prefix string) string {
			return fmt.Sprint(prefix, reflect.Indirect(v).FieldByName("Base").Elem().Field(0))
		}), true
	}
	return reflect.Value{}, false
}

func (w *world) Adapt(box any, to reflect.Type) reflect.Value {
	return reflect.ValueOf(fmt.Errorf("%v", box.(carried).v))
}

func panics(f func()) (text string) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case Panic:
			text = r.String()
		default:
			text = fmt.Sprint(r)
		}
	}()
	f()
	return "none"
}

func TestCellTypes(t *testing.T) {
	w := newWorld(t)
	c, p, tree := ValueOf(w.box(21.5, w.typ("Celsius"))), ValueOf(w.box(&formP{X: 3, Xy: 4, Base: &formBase{ID: 5}}, types.NewPointer(w.typ("P")))).Elem(), ValueOf(w.box([]any{[]any{}, nil}, w.typ("Tree")))
	for _, x := range []struct{ got, want any }{
		{c.Type().String(), "main.Celsius"}, {c.Type().Name(), "Celsius"}, {c.Type().PkgPath(), "main"}, {c.Kind(), reflect.Float64}, {c.NumMethod(), 1}, {PointerTo(c.Type()).NumMethod(), 2}, {PointerTo(c.Type()) == PointerTo(TypeOf(w.box(1.0, w.typ("Celsius")))), true}, {c.Float(), 21.5}, {c.Method(0).Call(nil)[0].String(), "21.5°C"},
		{c.Type() == TypeOf(1.5), false}, {c.Type().ConvertibleTo(TypeOf(1)), true}, {c.Type().AssignableTo(TypeOf(1.5)), false}, {c.Convert(TypeOf(1)).Int(), int64(21)}, {ValueOf(2.5).Convert(c.Type()).Type(), Type(c.Type())}, {SliceOf(c.Type()).String(), "[]main.Celsius"}, {MapOf(TypeOf(""), c.Type()).String(), "map[string]main.Celsius"}, {FuncOf([]Type{c.Type()}, nil, false).String(), "func(main.Celsius)"},
		{p.NumField(), 5}, {p.Type().Field(0).Tag.Get("k"), "v"}, {p.Type().Field(1).PkgPath, "main"}, {p.Type().Size(), uintptr(8 + 8 + 8 + 16 + 8)}, {p.Type().Field(4).Offset, uintptr(40)}, {p.Type().Field(4).Anonymous, true}, {p.FieldByName("ID").Int(), int64(5)}, {p.Field(0).CanSet(), true}, {p.Field(1).CanSet(), false}, {p.Field(1).Float(), 4.0}, {p.Field(2).Kind(), reflect.Pointer}, {p.Field(2).IsNil(), true}, {p.Field(2).Type().Elem(), Type(p.Type())}, {p.NumMethod(), 1}, {p.Method(0).Call([]Value{ValueOf("k")})[0].String(), "k5"},
		{panics(func() { p.Field(1).SetFloat(1) }), "reflect: reflect.Value.SetFloat using value obtained using unexported field"}, {panics(func() { p.Field(1).Interface() }), "reflect.Value.Interface: cannot return value obtained from unexported field or method"}, {panics(func() { c.SetFloat(1) }), "reflect: reflect.Value.SetFloat using unaddressable value"}, {panics(func() { p.Field(0).Set(c) }), "reflect.Set: value of type main.Celsius is not assignable to type int"}, {panics(func() { p.Field(2).Addr() }), "loupe cannot run this: the address of a field of type *main.P, which leads back to its struct through another one or a function"},
		{tree.Len(), 2}, {tree.Index(0).Len(), 0}, {tree.Index(0).IsNil(), false}, {tree.Index(1).IsNil(), true}, {tree.Type().Elem(), Type(tree.Type())}, {Append(tree, tree).Index(2).Len(), 2}, {DeepEqual(w.box([]any{[]any(nil)}, w.typ("Tree")), w.box([]any{nil}, w.typ("Tree"))), true},
		{w.space.TypeFor(w.typ("Shape")).NumMethod(), 2}, {w.space.TypeFor(w.typ("Shape")).Method(1).PkgPath, "main"}, {c.Type().Implements(w.space.TypeFor(w.typ("Stringer"))), true}, {c.Type().Implements(w.space.TypeFor(w.typ("Shape"))), false}, {w.space.TypeFor(w.typ("pair")).String(), "main.Pair[main.Celsius,string]"}, {w.space.TypeFor(w.typ("pair")).Name(), "Pair[main.Celsius,string]"}, {w.space.TypeFor(w.typ("f")).String(), "func(main.Celsius, ...main.P) (*main.P, error)"},
	} {
		if x.got != x.want {
			t.Errorf("got %v want %v", x.got, x.want)
		}
	}
	next := New(p.Type())
	next.Elem().Field(0).SetInt(9)
	p.Field(2).Set(next)
	if got := p.Interface().(carried).v.(formP); got.Next.(*formP).X != 9 || p.Field(2).Elem().Field(0).Int() != 9 {
		t.Errorf("a kept field: %v", got)
	}
	p.Field(2).SetZero()
	if got := p.Interface().(carried).v.(formP); got.Next != nil {
		t.Errorf("a kept field that is nil: %#v", got.Next)
	}
	p.Field(3).Set(c)
	if x, ok := p.Interface().(carried).v.(formP).Any.(carried); !ok || x.v != 21.5 || p.Field(3).Elem().Type() != c.Type() {
		t.Errorf("an interface holds %v", p.Field(3))
	}
	heat := PointerTo(c.Type())
	v := New(c.Type())
	v.Elem().SetFloat(1)
	if got := v.MethodByName("Heat").Call([]Value{c})[0]; got.Float() != 22.5 || got.Type() != c.Type() || v.Elem().Float() != 22.5 || heat.NumMethod() != 2 {
		t.Errorf("a method of the pointer: %v", got.Float())
	}
	fn := MakeFunc(w.space.TypeFor(w.typ("f")), func(in []Value) []Value {
		return []Value{Zero(PointerTo(p.Type())), ValueOf(w.box(float64(in[1].Len()), w.typ("Celsius"))).Convert(TypeOf(1.5)).Convert(in[0].Type())}[:1]
	})
	if text := panics(func() { fn.Call([]Value{c}) }); text != "reflect: wrong return count from function created by MakeFunc" {
		t.Errorf("MakeFunc: %s", text)
	}
	mv := MakeMap(w.space.TypeFor(w.typ("m")))
	mv.SetMapIndex(c, p)
	for it := mv.MapRange(); it.Next(); {
		if it.Key().Type() != c.Type() || it.Value().Field(0).Int() != 3 {
			t.Errorf("a map: %v", it.Key())
		}
	}
}
