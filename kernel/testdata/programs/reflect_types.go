package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sort"
	"strings"
	"sync"
	"time"
)

type Celsius float64

func (c Celsius) String() string            { return fmt.Sprintf("%.1f°C", float64(c)) }
func (c *Celsius) Heat(d float64)           { *c += Celsius(d) }
func (c Celsius) hidden() string            { return "h" }
func (c Celsius) Add(x ...int) (int, error) { return len(x), nil }

type Names []string

func (n Names) Len() int { return len(n) }

type Table map[string]Celsius
type Op func(a, b int) int

func (o Op) Do(a int) int { return o(a, a) }

type Base struct {
	ID   int `json:"id" db:"key"`
	note string
}

func (b Base) Describe() string { return fmt.Sprintf("base %d", b.ID) }
func (b *Base) Reset()          { b.ID = 0 }

type Animal interface {
	Sound() string
	walk(n int)
}
type Dog struct {
	Base
	*sync.Mutex
	Name  string   `json:"name,omitempty"`
	Tags  []string `x:"1" y:"2"`
	Next  *Dog     `json:"-"`
	Temp  Celsius
	when  time.Time
	fn    func(int) error
	ch    chan<- Celsius
	any   any
	arr   [3]Names
	m     map[Base]*Dog
	a     Animal
	_     int
	err   error
	inner struct {
		X int `q:"z"`
		y Celsius
	}
}

func (d Dog) Sound() string     { return "woof" }
func (d Dog) walk(n int)        {}
func (d *Dog) Rename(to string) { d.Name = to }

type Pair[A comparable, B any] struct {
	First  A
	Second B
}

func (p Pair[A, B]) Swap() Pair[string, B] { return Pair[string, B]{fmt.Sprint(p.First), p.Second} }
func (p *Pair[A, B]) Set(a A, b B)         { p.First, p.Second = a, b }

type Node[T any] struct {
	Left, Right *Node[T]
	Val         T
}
type Tree map[string]Tree
type State func(*Machine) State
type Machine struct {
	state State
	log   []string
	kids  map[string]*Machine
}
type Enum uint8

const (
	Red Enum = iota
	Green
)

func (e Enum) String() string { return [...]string{"red", "green"}[e] }

type Alias = Dog
type Err struct{ Code int }

func (e *Err) Error() string { return fmt.Sprint("err ", e.Code) }

type Wrap struct {
	io.Reader
	fmt.Stringer
	error
}
type Deep struct {
	Wrap
	Base
	Extra int
}

func show(t reflect.Type) {
	fmt.Printf("%v name=%q pkg=%q kind=%v methods=%d comparable=%v size=%d align=%d/%d\n", t, t.Name(), t.PkgPath(), t.Kind(), t.NumMethod(), t.Comparable(), t.Size(), t.Align(), t.FieldAlign())
}

func main() {
	// %%
	all := []any{Celsius(1), new(Celsius), Names{}, Table{}, Op(nil), Base{}, &Base{}, Dog{}, &Dog{}, Pair[string, int]{}, &Pair[Enum, []Celsius]{}, Node[Celsius]{},
		Tree{}, State(nil), Machine{}, Red, Alias{}, &Err{}, Wrap{}, Deep{}, &Deep{}, []Dog{}, [2]Celsius{}, map[Enum]Dog{}, make(chan Celsius), make(<-chan Dog),
		func(Celsius, ...Dog) (Names, error) { return nil, nil }, struct{ A Celsius }{}, struct {
			Base
			x Celsius
		}{}, [0]Dog{}, new(Animal), new(any), new(error), []any{}, []error{}, map[string]any{}, time.Time{}, time.Second, &time.Time{}, errors.New("x"), json.Number("1"), strings.Builder{}, 1, "s", 2.5, []int{}, struct{}{}}
	for _, v := range all {
		show(reflect.TypeOf(v))
	}

	// %%
	t := reflect.TypeOf(Dog{})
	for i := range t.NumField() {
		f := t.Field(i)
		fmt.Printf("%d %s %v tag=%q pkg=%q index=%v anon=%v exported=%v offset=%d kind=%v\n", i, f.Name, f.Type, f.Tag, f.PkgPath, f.Index, f.Anonymous, f.IsExported(), f.Offset, f.Type.Kind())
	}
	for f := range t.Fields() {
		fmt.Print(f.Name, " ")
	}
	fmt.Println()
	f, ok := t.FieldByName("ID")
	fmt.Println(f.Name, f.Index, ok, f.Tag.Get("db"))
	f, ok = t.FieldByName("nope")
	fmt.Println(f.Name, ok)
	f, ok = t.FieldByName("Lock")
	fmt.Println(f.Name, ok)
	f = t.FieldByIndex([]int{0, 1})
	fmt.Println(f.Name, f.Type, f.Index)
	f, ok = t.FieldByNameFunc(func(s string) bool { return strings.HasPrefix(s, "T") })
	fmt.Println(f.Name, ok)
	f, ok = t.FieldByNameFunc(func(s string) bool { return s == "Temp" })
	fmt.Println(f.Name, f.Index, ok)
	v, ok := f.Tag.Lookup("none")
	fmt.Printf("%q %v\n", v, ok)
	for _, f := range reflect.VisibleFields(reflect.TypeOf(Deep{})) {
		fmt.Println(f.Name, f.Index, f.Type, f.Anonymous)
	}

	// %%
	for _, v := range []any{Celsius(1), new(Celsius), Dog{}, &Dog{}, Pair[int, bool]{}, &Pair[int, bool]{}, Deep{}, &Deep{}, Wrap{}, Op(nil), struct{ Base }{}, struct{ *Base }{}, new(Animal), Red, &Err{}, time.Second} {
		t := reflect.TypeOf(v)
		for i := range t.NumMethod() {
			m := t.Method(i)
			fmt.Println(t, i, m.Name, m.Type, m.PkgPath == "", m.Index, m.IsExported(), m.Func.Kind(), m.Func.Type())
		}
	}
	at := reflect.TypeFor[Animal]()
	show(at)
	for m := range at.Methods() {
		fmt.Println(m.Name, m.Type, m.PkgPath, m.Index, m.Func.IsValid())
	}
	m, ok := at.MethodByName("walk")
	fmt.Println(m.Name, m.Type, ok)
	m, ok = t.MethodByName("walk")
	fmt.Println(m.Name, m.Type, ok)
	m, ok = reflect.TypeFor[*Dog]().MethodByName("Rename")
	fmt.Println(m.Name, m.Type, ok)

	// %%
	stringer, errT, anyT, animal, reader := reflect.TypeFor[fmt.Stringer](), reflect.TypeFor[error](), reflect.TypeFor[any](), reflect.TypeFor[Animal](), reflect.TypeFor[io.Reader]()
	for _, v := range all {
		t := reflect.TypeOf(v)
		fmt.Println(t, t.Implements(stringer), t.Implements(errT), t.Implements(anyT), t.Implements(animal), t.Implements(reader), reflect.PointerTo(t).Implements(stringer))
	}
	type pair struct{ a, b any }
	for _, p := range []pair{{1, Celsius(1)}, {Celsius(1), 2.0}, {Names{}, []string{}}, {[]string{}, Names{}}, {Table{}, map[string]Celsius{}}, {Op(nil), func(a, b int) int { return 0 }},
		{Base{}, struct {
			ID   int `json:"id" db:"key"`
			note string
		}{}}, {Base{}, struct {
			ID   int
			note string
		}{}}, {Red, uint8(1)}, {uint8(1), Red}, {Red, "s"}, {"s", Red}, {"s", []byte{}}, {"s", Names{}}, {[]byte{}, "s"}, {1.5, Red}, {make(chan Celsius), make(<-chan Celsius)}, {make(<-chan Celsius), make(chan Celsius)},
		{[]Celsius{}, [2]Celsius{}}, {[]Celsius{}, new([2]Celsius)}, {&Base{}, new(struct {
			ID   int
			note string
		})}, {Dog{}, &Dog{}}, {Pair[string, int]{}, Pair[string, int8]{}}, {Celsius(1), new(Celsius)}, {Tree{}, map[string]Tree{}}, {State(nil), func(*Machine) State { return nil }}, {new(Animal), new(any)}} {
		a, b := reflect.TypeOf(p.a), reflect.TypeOf(p.b)
		fmt.Println(a, b, a.AssignableTo(b), b.AssignableTo(a), a.ConvertibleTo(b), b.ConvertibleTo(a), a == b)
	}
	fmt.Println(reflect.TypeOf(Dog{}).AssignableTo(animal), animal.AssignableTo(reflect.TypeOf(Dog{})), animal.AssignableTo(anyT), animal.ConvertibleTo(stringer), reflect.TypeOf(&Err{}).ConvertibleTo(errT))

	// %%
	e := reflect.TypeOf(map[Enum][]*Dog{})
	fmt.Println(e.Key(), e.Elem(), e.Elem().Elem(), e.Elem().Elem().Elem(), e.Elem().Elem().Elem() == reflect.TypeOf(Dog{}))
	c := reflect.TypeOf(make(chan<- Celsius))
	fmt.Println(c.ChanDir(), c.Elem(), reflect.TypeOf([4]Dog{}).Len(), reflect.TypeOf(Celsius(1)).Bits(), reflect.TypeOf(Red).Bits())
	fn := reflect.TypeOf(func(Celsius, ...Dog) (Names, error) { return nil, nil })
	fmt.Println(fn.NumIn(), fn.NumOut(), fn.In(0), fn.In(1), fn.Out(0), fn.Out(1), fn.IsVariadic())
	for x := range fn.Ins() {
		fmt.Print(x, ";")
	}
	for x := range fn.Outs() {
		fmt.Print(x, ";")
	}
	fmt.Println()
	op := reflect.TypeOf(Op(nil))
	fmt.Println(op.NumIn(), op.In(1), op.Out(0), op.Name())
	fmt.Println(reflect.PointerTo(t), reflect.SliceOf(t), reflect.ArrayOf(3, t), reflect.MapOf(reflect.TypeOf(Red), t), reflect.ChanOf(reflect.RecvDir, t), reflect.FuncOf([]reflect.Type{t, reflect.SliceOf(t)}, []reflect.Type{errT}, true))
	fmt.Println(reflect.PointerTo(t) == reflect.TypeOf(&Dog{}), reflect.SliceOf(t) == reflect.TypeOf([]Dog{}), reflect.ArrayOf(2, reflect.TypeOf(Celsius(0))) == reflect.TypeOf([2]Celsius{}),
		reflect.MapOf(reflect.TypeOf(Red), t) == reflect.TypeOf(map[Enum]Dog{}), reflect.FuncOf([]reflect.Type{t}, nil, false) == reflect.TypeOf(func(Dog) {}), reflect.ChanOf(reflect.BothDir, t) == reflect.TypeOf(make(chan Dog)))
	st := reflect.StructOf([]reflect.StructField{{Name: "A", Type: reflect.TypeOf(Celsius(0)), Tag: `k:"v"`}, {Name: "B", Type: reflect.TypeOf([]Dog{})}})
	fmt.Println(st, st.Size(), st == reflect.TypeOf(struct {
		A Celsius `k:"v"`
		B []Dog
	}{}))
	sv := reflect.New(st).Elem()
	sv.Field(0).SetFloat(3)
	fmt.Println(sv, sv.Interface())
	fmt.Printf("%+v %T\n", sv.Interface(), sv.Interface())
	seen := map[reflect.Type]int{}
	for _, v := range all {
		seen[reflect.TypeOf(v)]++
	}
	seen[reflect.TypeOf(Dog{Name: "x"})]++
	var names []string
	for t, n := range seen {
		names = append(names, fmt.Sprint(t, n))
	}
	sort.Strings(names)
	fmt.Println(len(names), names[:4])
	switch t := reflect.TypeOf(all[0]); t {
	case reflect.TypeOf(1.0):
		fmt.Println("float")
	case reflect.TypeFor[Celsius]():
		fmt.Println("celsius")
	}
	fmt.Println(reflect.TypeOf(nil), reflect.TypeOf((*Animal)(nil)).Elem() == animal, reflect.TypeOf(reflect.TypeOf(1)), reflect.TypeOf(reflect.ValueOf(1)), reflect.TypeOf(all))
	fmt.Printf("%v %s %q %T %d\n", t, t, t, t, t.Kind())
	fmt.Println(fn.CanSeq(), reflect.TypeOf(1).CanSeq(), reflect.TypeOf(Names{}).CanSeq2(), reflect.TypeOf(func(func(int, Dog) bool) {}).CanSeq2(), reflect.TypeOf(&[2]Dog{}).CanSeq(), t.CanSeq())
	fmt.Println(reflect.TypeOf(Red).OverflowUint(256), reflect.TypeOf(Celsius(0)).OverflowFloat(1e300), reflect.TypeOf(int8(0)).OverflowInt(128), reflect.TypeOf(complex64(0)).OverflowComplex(1e300))
}
