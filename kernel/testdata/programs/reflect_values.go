package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"sort"
	"strings"
	"time"
)

type Celsius float64

func (c Celsius) String() string { return fmt.Sprintf("%.1f°C", float64(c)) }

type Names []string
type Key struct{ A, B int }
type Base struct {
	ID   int `json:"id"`
	note string
}

func (b Base) Describe() string  { return fmt.Sprintf("base %d %s", b.ID, b.note) }
func (b *Base) SetNote(s string) { b.note = s }

type Shape interface{ Area() float64 }
type Sq struct{ S float64 }

func (s Sq) Area() float64 { return s.S * s.S }

type Circ struct{ R float64 }

func (c *Circ) Area() float64 { return 3 * c.R * c.R }

type All struct {
	Base
	B    bool
	I    int8
	U    uint16
	F    float32
	C    complex64
	S    string
	T    Celsius
	L    []Celsius
	N    Names
	A    [2]Key
	M    map[Key]Celsius
	P    *All
	Any  any
	Sh   Shape
	Err  error
	Fn   func(int) Celsius
	Ch   chan Key
	hid  int
	hidS Celsius
	hidM map[string]int
	hidP *Base
	hidA any
	When time.Time
	D    time.Duration
	d    time.Duration
	w    io.Writer
}
type Env struct {
	vals map[string]Val
	up   *Env
}
type Val struct {
	Fn  func(*Env) Val
	Env *Env
	N   int
}
type Tree []Tree
type Op func(Op) Op

func set(s string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Printf("%s: %v\n", s, r)
		} else {
			fmt.Println(s, "ok")
		}
	}()
	f()
}

func main() {
	// %%
	a := All{Base: Base{7, "n"}, B: true, I: -3, U: 9, F: 1.5, C: 1 + 2i, S: "str", T: 21.5, L: []Celsius{1, 2}, N: Names{"x"}, A: [2]Key{{1, 2}, {3, 4}}, M: map[Key]Celsius{{1, 1}: 5}, P: &All{S: "inner"}, Any: Celsius(3), Sh: Sq{2}, Err: errors.New("bad"),
		Fn: func(i int) Celsius { return Celsius(i) }, Ch: make(chan Key, 2), hid: 5, hidS: 6, hidM: map[string]int{"q": 1}, hidP: &Base{1, "h"}, hidA: Sq{9}, When: time.Unix(0, 0).UTC(), D: time.Second, d: time.Minute, w: os.Stdout}
	v := reflect.ValueOf(a)
	for i := range v.NumField() {
		f := v.Field(i)
		fmt.Println(v.Type().Field(i).Name, f.Kind(), f.Type(), f.CanSet(), f.CanAddr(), f.CanInterface(), f.IsZero(), f.CanInt(), f.CanFloat())
	}
	for _, n := range []string{"B", "I", "U", "F", "C", "S", "T", "L", "N", "A", "M", "Any", "Sh", "Err", "hid", "hidS", "hidM", "hidA", "When", "D", "d", "ID", "note", "Base"} {
		f := v.FieldByName(n)
		fmt.Printf("%s: %v | %+v | %s\n", n, f, f, f.String())
	}
	fmt.Println(v.Field(1).Bool(), v.Field(2).Int(), v.Field(3).Uint(), v.Field(4).Float(), v.Field(5).Complex(), v.Field(6), v.FieldByName("T").Float(), v.FieldByName("hidS").Float(), v.FieldByName("hidM").MapIndex(reflect.ValueOf("q")).Int())
	fmt.Printf("%v %d %s %q %x %T\n", v.FieldByName("I"), v.FieldByName("I"), v.FieldByName("S"), v.FieldByName("S"), v.FieldByName("S"), v.FieldByName("S"))
	fmt.Println([]reflect.Value{v.Field(1), v.Field(6)}, reflect.ValueOf(&a).Elem().Field(0), reflect.ValueOf(&Base{1, "p"}))

	// %%
	pv := reflect.ValueOf(&a).Elem()
	pv.FieldByName("B").SetBool(false)
	pv.FieldByName("I").SetInt(100)
	pv.FieldByName("U").SetUint(300)
	pv.FieldByName("F").SetFloat(2.5)
	pv.FieldByName("C").SetComplex(3i)
	pv.FieldByName("S").SetString("new")
	pv.FieldByName("T").SetFloat(-1)
	pv.FieldByName("T").Set(reflect.ValueOf(Celsius(4)))
	pv.FieldByName("L").Set(reflect.Append(pv.FieldByName("L"), reflect.ValueOf(Celsius(9))))
	pv.FieldByName("N").Set(reflect.ValueOf([]string{"a", "b"}))
	pv.FieldByName("N").Index(1).SetString("B")
	pv.FieldByName("A").Index(0).Field(1).SetInt(77)
	pv.FieldByName("M").SetMapIndex(reflect.ValueOf(Key{2, 2}), reflect.ValueOf(Celsius(8)))
	pv.FieldByName("P").Elem().FieldByName("S").SetString("deep")
	pv.FieldByName("Any").Set(reflect.ValueOf(Key{5, 5}))
	pv.FieldByName("Sh").Set(reflect.ValueOf(&Circ{2}))
	pv.FieldByName("Err").Set(reflect.ValueOf(fmt.Errorf("e2")))
	pv.FieldByName("Fn").Set(reflect.ValueOf(func(i int) Celsius { return Celsius(i * 2) }))
	pv.FieldByName("D").SetInt(5)
	pv.FieldByName("ID").SetInt(42)
	pv.FieldByName("When").Set(reflect.ValueOf(time.Unix(100, 0).UTC()))
	fmt.Println(a.B, a.I, a.U, a.F, a.C, a.S, a.T, a.L, a.N, a.A, len(a.M), a.M[Key{2, 2}], a.P.S, a.Any, a.Sh.Area(), a.Err, a.Fn(4), a.D, a.ID, a.When)
	if k, ok := a.Any.(Key); ok {
		fmt.Println("key", k)
	}
	pv.FieldByName("Any").SetZero()
	pv.FieldByName("Sh").Set(reflect.Zero(reflect.TypeFor[Shape]()))
	fmt.Println(a.Any, a.Sh == nil, pv.FieldByName("Sh").IsNil())
	p := pv.FieldByName("S").Addr().Interface().(*string)
	*p = "by pointer"
	q := pv.FieldByName("T").Addr().Interface().(*Celsius)
	*q = 12
	b := pv.Field(0).Addr().Interface().(*Base)
	b.note = "changed"
	pv.Field(0).Addr().MethodByName("SetNote").Call([]reflect.Value{reflect.ValueOf("again")})
	fmt.Println(a.S, a.T, a.Base)

	// %%
	for _, c := range []struct {
		n string
		f func()
	}{
		{"unaddr", func() { v.FieldByName("S").SetString("x") }}, {"unexp", func() { pv.FieldByName("hid").SetInt(1) }}, {"kind", func() { pv.FieldByName("S").SetInt(1) }}, {"type", func() { pv.FieldByName("T").Set(reflect.ValueOf(1.5)) }},
		{"iface", func() { pv.FieldByName("hidA").Interface() }}, {"nofield", func() { pv.FieldByName("zip").SetInt(1) }}, {"zero", func() { reflect.Value{}.Type() }}, {"int", func() { v.Int() }}, {"elem", func() { v.Elem() }}, {"numfield", func() { reflect.ValueOf(1).NumField() }},
		{"field", func() { v.Field(99) }}, {"index", func() { reflect.ValueOf(Names{"a"}).Index(1) }}, {"isnil", func() { v.IsNil() }}, {"len", func() { v.Len() }}, {"call", func() { v.Call(nil) }}, {"shape", func() { pv.FieldByName("Sh").Set(reflect.ValueOf(Circ{})) }},
		{"setany", func() { pv.FieldByName("Any").Set(v.FieldByName("hidA")) }}, {"mapidx", func() { pv.FieldByName("M").MapIndex(reflect.ValueOf(1)) }}, {"mapset", func() { pv.FieldByName("hidM").SetMapIndex(reflect.ValueOf("a"), reflect.ValueOf(1)) }},
		{"addr", func() { v.Addr() }}, {"conv", func() { v.Convert(reflect.TypeOf(1)) }}, {"bytes", func() { pv.FieldByName("N").Bytes() }}, {"nilmap", func() { reflect.ValueOf(map[Key]int(nil)).SetMapIndex(reflect.ValueOf(Key{}), reflect.ValueOf(1)) }},
		{"typeelem", func() { v.Type().Elem() }}, {"typefield", func() { reflect.TypeOf(Names{}).Field(0) }}, {"typekey", func() { v.Type().Key() }}, {"typelen", func() { v.Type().Len() }}, {"typein", func() { v.Type().In(0) }}, {"method", func() { v.Method(9) }}, {"tmethod", func() { v.Type().Method(9) }},
		{"impl", func() { v.Type().Implements(v.Type()) }}, {"implnil", func() { v.Type().Implements(nil) }}, {"new", func() { reflect.New(nil) }}, {"makeslice", func() { reflect.MakeSlice(v.Type(), 1, 1) }}, {"makeslice2", func() { reflect.MakeSlice(reflect.TypeOf(Names{}), 2, 1) }},
		{"makemap", func() { reflect.MakeMap(v.Type()) }}, {"makechan", func() { reflect.MakeChan(v.Type(), 1) }}, {"append", func() { reflect.Append(v) }}, {"append2", func() { reflect.Append(pv.FieldByName("N"), reflect.ValueOf(1)) }}, {"copy", func() { reflect.Copy(v, v) }},
		{"slice", func() { pv.FieldByName("N").Slice(0, 9) }}, {"slicearr", func() { v.FieldByName("A").Slice(0, 1) }}, {"setlen", func() { pv.FieldByName("N").SetLen(100) }}, {"mapof", func() { reflect.MapOf(reflect.TypeOf(Names{}), v.Type()) }}, {"recv", func() { v.Recv() }},
		{"settype", func() { pv.FieldByName("P").Set(v) }}, {"embed", func() { reflect.ValueOf(struct{ *Base }{}).FieldByName("ID") }}, {"equal", func() { reflect.ValueOf(Names{}).Equal(reflect.ValueOf(Names{})) }}, {"nilmeth", func() { reflect.ValueOf(&a).Elem().FieldByName("Sh").Method(0) }},
		{"unhash", func() { reflect.ValueOf(map[any]int{}).MapIndex(reflect.ValueOf(Names{})) }}, {"bits", func() { v.Type().Bits() }}, {"swapper", func() { reflect.Swapper(a) }}, {"visible", func() { reflect.VisibleFields(reflect.TypeOf(1)) }},
	} {
		set(c.n, c.f)
	}

	// %%
	m := reflect.ValueOf(map[Key]Celsius{{1, 2}: 3, {0, 1}: 4, {9, 9}: 5})
	keys := m.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].Field(0).Int() < keys[j].Field(0).Int() })
	for _, k := range keys {
		fmt.Println(k, m.MapIndex(k), k.Interface().(Key).B, m.MapIndex(k).Interface())
	}
	sum := 0.0
	for it := m.MapRange(); it.Next(); {
		sum += it.Value().Float() + float64(it.Key().Field(1).Int())
	}
	fmt.Println(sum, m.Len(), m.MapIndex(reflect.ValueOf(Key{7, 7})).IsValid())
	nm := reflect.MakeMap(m.Type())
	nm.SetMapIndex(reflect.ValueOf(Key{1, 1}), reflect.ValueOf(Celsius(1)))
	nm.SetMapIndex(reflect.ValueOf(Key{2, 1}), reflect.ValueOf(Celsius(2)))
	nm.SetMapIndex(reflect.ValueOf(Key{1, 1}), reflect.Value{})
	fmt.Println(nm, nm.Interface().(map[Key]Celsius)[Key{2, 1}])
	am := reflect.ValueOf(map[any]any{Key{1, 1}: Celsius(2), "s": Names{"q"}, Celsius(1): 1})
	fmt.Println(am.MapIndex(reflect.ValueOf(Key{1, 1})), am.MapIndex(reflect.ValueOf(Celsius(1))), am.MapIndex(reflect.ValueOf(1.0)).IsValid(), am.MapIndex(reflect.ValueOf("s")).Elem().Index(0))
	var ik reflect.Value = reflect.New(reflect.TypeOf(Key{})).Elem()
	it := m.MapRange()
	n := 0
	for it.Next() {
		ik.SetIterKey(it)
		n += int(ik.Field(0).Int())
	}
	fmt.Println(n)
	set("iter", func() { it.Next() })
	set("iter2", func() { m.MapRange().Key() })
	am.Clear()
	fmt.Println(am.Len())

	// %%
	s := reflect.MakeSlice(reflect.TypeOf([]Key{}), 2, 5)
	s.Index(0).Set(reflect.ValueOf(Key{1, 2}))
	s = reflect.Append(s, reflect.ValueOf(Key{3, 4}), reflect.Zero(reflect.TypeOf(Key{})))
	s = reflect.AppendSlice(s, s.Slice(0, 1))
	fmt.Println(s, s.Len(), s.Cap() >= 5, s.Slice3(0, 1, 2).Cap(), s.Interface().([]Key)[2].A)
	dst := reflect.MakeSlice(s.Type(), 2, 2)
	fmt.Println(reflect.Copy(dst, s), dst)
	swap := reflect.Swapper(s.Interface())
	swap(0, 2)
	fmt.Println(s)
	ns := reflect.New(reflect.TypeOf(Names{})).Elem()
	ns.Grow(3)
	ns.SetLen(2)
	ns.Index(0).SetString("hello")
	fmt.Println(ns.Len(), ns, ns.Type())
	arr := reflect.New(reflect.ArrayOf(3, reflect.TypeOf(Celsius(0)))).Elem()
	arr.Index(1).SetFloat(3)
	fmt.Println(arr, arr.Interface() == [3]Celsius{0, 3, 0}, arr.Slice(1, 3))
	bs := reflect.ValueOf([]byte("abc"))
	fmt.Println(bs.Bytes(), string(bs.Bytes()), bs)
	str := reflect.ValueOf("héllo")
	fmt.Println(str.Len(), str.Index(1), str.Slice(0, 1), str.Index(0).Kind())

	// %%
	fmt.Println(reflect.ValueOf(3).Convert(reflect.TypeOf(Celsius(0))), reflect.ValueOf(Celsius(3.7)).Convert(reflect.TypeOf(1)), reflect.ValueOf(Names{"a"}).Convert(reflect.TypeOf([]string{})).Type(), reflect.ValueOf("ab").Convert(reflect.TypeOf([]byte{})), reflect.ValueOf(65).Convert(reflect.TypeOf("")))
	fmt.Println(reflect.ValueOf(Sq{3}).Convert(reflect.TypeFor[Shape]()).Type(), reflect.ValueOf(Sq{3}).Convert(reflect.TypeFor[any]()).Kind(), reflect.ValueOf([]Key{{1, 2}}).Convert(reflect.TypeOf([1]Key{})), reflect.ValueOf([]Key{{1, 2}}).CanConvert(reflect.TypeOf([2]Key{})))
	cv := reflect.ValueOf(struct {
		ID   int
		note string
	}{5, "z"}).Convert(reflect.TypeOf(Base{}))
	fmt.Println(cv.Interface().(Base).Describe())
	fmt.Println(reflect.ValueOf(Key{1, 2}).Equal(reflect.ValueOf(Key{1, 2})), reflect.ValueOf(Key{1, 2}).Equal(reflect.ValueOf(Key{1, 3})), reflect.ValueOf(Celsius(1)).Equal(reflect.ValueOf(1.0)), reflect.ValueOf(&a).Comparable(), reflect.ValueOf(Names{}).Comparable(), reflect.ValueOf([1]any{Names{}}).Comparable())
	fmt.Println(reflect.DeepEqual(a, a), reflect.DeepEqual(Key{1, 2}, Key{1, 2}), reflect.DeepEqual(Celsius(1), 1.0), reflect.DeepEqual([]any{Key{1, 2}, Sq{1}}, []any{Key{1, 2}, Sq{1}}), reflect.DeepEqual(map[Key][]*Base{{1, 1}: {{1, "a"}}}, map[Key][]*Base{{1, 1}: {{1, "a"}}}), reflect.DeepEqual(Names(nil), Names{}), reflect.DeepEqual(errors.New("a"), errors.New("a")))
	var shape Shape = Sq{2}
	sv := reflect.ValueOf(&shape).Elem()
	fmt.Println(sv.Kind(), sv.Type(), sv.Elem().Type(), sv.NumMethod(), sv.Method(0).Call(nil)[0], sv.Elem().Field(0), sv)
	var e any = &shape
	ev := reflect.ValueOf(&e).Elem()
	fmt.Println(ev.Kind(), ev.Elem().Kind(), ev.Elem().Elem().Kind(), ev.Elem().Elem().Elem().Kind(), reflect.Indirect(ev.Elem()).Type())
	fmt.Println(reflect.Zero(reflect.TypeOf(All{})).FieldByName("P").IsNil(), reflect.Zero(reflect.TypeOf(Key{})), reflect.Zero(reflect.TypeFor[error]()).IsNil(), reflect.New(reflect.TypeOf(Key{})).Elem(), reflect.New(reflect.TypeFor[Shape]()).Elem().IsNil())

	// %%
	env := &Env{vals: map[string]Val{"a": {N: 1}}}
	env.vals["f"] = Val{Fn: func(e *Env) Val { return e.vals["a"] }, Env: env, N: 2}
	rv := reflect.ValueOf(env).Elem()
	fmt.Println(rv.Type(), rv.Field(0).Type(), rv.Field(1).IsNil(), rv.Field(0).Len(), rv.Field(0).MapIndex(reflect.ValueOf("f")).Field(1).IsNil(), rv.Field(0).MapIndex(reflect.ValueOf("f")).Field(1).Elem().Field(0).Len())
	val := reflect.ValueOf(&Val{}).Elem()
	val.FieldByName("Env").Set(reflect.ValueOf(env))
	val.FieldByName("Fn").Set(reflect.ValueOf(func(e *Env) Val { return Val{N: 33} }))
	fmt.Println(val.FieldByName("Env").Elem().Field(0).Len(), val.FieldByName("Fn").Call([]reflect.Value{reflect.ValueOf(env)})[0].Field(2), val.Interface().(Val).Env == env)
	val.FieldByName("Env").SetZero()
	fmt.Println(val.FieldByName("Env").IsNil(), val.Interface().(Val).Env == nil, val.IsZero(), reflect.Zero(val.Type()).IsZero())
	tree := Tree{Tree{}, Tree{Tree{}, nil}}
	tv := reflect.ValueOf(tree)
	fmt.Println(tv.Len(), tv.Index(1).Len(), tv.Index(1).Index(1).IsNil(), tv.Index(0).IsNil(), tv.Type().Elem() == tv.Type(), reflect.Append(tv, reflect.ValueOf(Tree{})).Len(), tv)
	fmt.Println(reflect.DeepEqual(tree, Tree{Tree{}, Tree{Tree{}, nil}}), reflect.DeepEqual(tree, Tree{Tree{}, Tree{Tree{}, Tree{}}}))
	var op Op = func(o Op) Op { return o }
	ov := reflect.ValueOf(op)
	fmt.Println(ov.Type().In(0), ov.Call([]reflect.Value{ov})[0].IsNil(), ov.Call([]reflect.Value{reflect.Zero(ov.Type())})[0].IsNil())

	// %%
	ch := reflect.ValueOf(a.Ch)
	ch.Send(reflect.ValueOf(Key{1, 2}))
	fmt.Println(ch.TrySend(reflect.ValueOf(Key{3, 4})), ch.TrySend(reflect.ValueOf(Key{5, 6})), ch.Len(), ch.Cap())
	x, ok := ch.Recv()
	fmt.Println(x, ok)
	x, ok = ch.TryRecv()
	fmt.Println(x.Interface().(Key).A, ok)
	x, ok = ch.TryRecv()
	fmt.Println(x.IsValid(), ok)
	ch.Close()
	x, ok = ch.Recv()
	fmt.Println(x, ok)
	c2 := make(chan Celsius, 1)
	c2 <- 5
	i, rx, rok := reflect.Select([]reflect.SelectCase{{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c2)}, {Dir: reflect.SelectSend, Chan: reflect.ValueOf(make(chan int)), Send: reflect.ValueOf(1)}})
	fmt.Println(i, rx, rok)
	i, rx, rok = reflect.Select([]reflect.SelectCase{{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c2)}, {Dir: reflect.SelectDefault}})
	fmt.Println(i, rx.IsValid(), rok)
	go func() { c2 <- 8 }()
	i, rx, rok = reflect.Select([]reflect.SelectCase{{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c2)}})
	fmt.Println(i, rx, rok)
	mc := reflect.MakeChan(reflect.TypeOf(c2), 1)
	mc.Send(reflect.ValueOf(Celsius(2)))
	fmt.Println(<-mc.Interface().(chan Celsius))

	// %%
	for i := range reflect.ValueOf(3).Seq() {
		fmt.Print(i, " ")
	}
	for i := range reflect.ValueOf(Celsius(0).String()).Seq() {
		fmt.Print(i, " ")
	}
	for i, x := range reflect.ValueOf([]Key{{1, 2}, {3, 4}}).Seq2() {
		fmt.Print(i, x, " ")
	}
	for x := range reflect.ValueOf(func(yield func(Key) bool) {
		if yield(Key{1, 1}) {
			yield(Key{2, 2})
		}
	}).Seq() {
		fmt.Print(x, x.Type(), " ")
	}
	for f, x := range reflect.ValueOf(Key{4, 5}).Fields() {
		fmt.Print(f.Name, "=", x, " ")
	}
	for mm, x := range reflect.ValueOf(Base{3, "k"}).Methods() {
		fmt.Print(mm.Name, "=", x.Call(nil)[0], " ")
	}
	fmt.Println()
	y, ok := reflect.TypeAssert[Key](reflect.ValueOf(Key{8, 9}))
	fmt.Println(y, ok)
	z, ok := reflect.TypeAssert[Shape](reflect.ValueOf(Sq{3}))
	fmt.Println(z.Area(), ok)
	_, ok = reflect.TypeAssert[Celsius](reflect.ValueOf(1.0))
	fmt.Println(ok, strings.Repeat("=", 3))
}
