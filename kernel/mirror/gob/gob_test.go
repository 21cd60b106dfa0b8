package gob

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	mirror "loupe/kernel/mirror"
)

// The oracle is encoding/gob itself, on types that Go knows. It counts types
// for the process; twin meets the same ones in the same order.
var twin = registered(NewSession())

// encodings are what both make of a value.
func encodings(v any) (want, got []byte, err1, err2 error) {
	var w, g bytes.Buffer
	err1 = guarded(func() error { return gob.NewEncoder(&w).Encode(v) })
	err2 = guarded(func() error { return twin.NewEncoder(&g).Encode(v) })
	return w.Bytes(), g.Bytes(), err1, err2
}

type small struct {
	A int
	B string
}
type Named string
type Level int8
type List []small
type tree struct {
	Val         int
	Left, Right *tree
	Kids        []*tree
	ByName      map[string]*tree
}
type embedded struct {
	small
	*List
	Named
	X int
}
type Embed struct {
	Small2
	*Ptr2
}
type Small2 struct{ A, B int }
type Ptr2 struct{ C string }

type all struct {
	B    bool
	I    int
	I8   int8
	I16  int16
	I32  int32
	I64  int64
	U    uint
	U8   uint8
	U16  uint16
	U32  uint32
	U64  uint64
	Up   uintptr
	F32  float32
	F64  float64
	C64  complex64
	C128 complex128
	S    string
	By   []byte
	Ar   [3]int
	ArS  [2]small
	Sl   []int
	SlS  []small
	SlSl [][]string
	M    map[string]int
	MI   map[int]small
	P    *int
	PP   **string
	PS   *small
	N    Named
	L    Level
	Li   List
	T    *tree
	Em   Embed
	Any  any
	Str  fmt.Stringer
	hid  int
	Fn   func()
	Ch   chan int
	Time time.Time
	G    Gobber
	GP   *Gobber
	GV   ValueGobber
	Bin  Binner
	Dur  time.Duration
	Arr8 [4]byte
	Bo   []bool
	Fl   []float64
	Str2 []string
	Na   []Named
	Ptrs []*small
}

type Gobber struct{ x int }

func (g *Gobber) GobEncode() ([]byte, error) {
	if g.x < 0 {
		return nil, errors.New("negative")
	}
	return []byte{byte(g.x)}, nil
}
func (g *Gobber) GobDecode(b []byte) error {
	if len(b) != 1 {
		return errors.New("one byte")
	}
	g.x = int(b[0])
	return nil
}

type ValueGobber struct{ s *string }

func (g ValueGobber) GobEncode() ([]byte, error) {
	if g.s == nil {
		return []byte("nil"), nil
	}
	return []byte(*g.s), nil
}
func (g *ValueGobber) GobDecode(b []byte) error { s := string(b); g.s = &s; return nil }

type Binner struct{ n uint16 }

func (b Binner) MarshalBinary() ([]byte, error) { return []byte{byte(b.n >> 8), byte(b.n)}, nil }
func (b *Binner) UnmarshalBinary(data []byte) error {
	b.n = uint16(data[0])<<8 | uint16(data[1])
	return nil
}

type circle struct{ R float64 }

func (c circle) String() string { return fmt.Sprint("circle ", c.R) }

type Square struct{ S float64 }

func (s *Square) String() string { return fmt.Sprint("square ", s.S) }

type noFields struct{ a int }
type empty struct{}
type withNoFields struct {
	A int
	N noFields
}
type onlyChan struct{ C chan int }
type badElem struct{ F []func() }

func ptr[T any](v T) *T { return &v }

func full() all {
	return all{B: true, I: -5, I8: -128, I16: 300, I32: -1 << 31, I64: math.MaxInt64, U: 7, U8: 255, U16: 65535, U32: 1 << 31, U64: math.MaxUint64, Up: 9, F32: 1.5, F64: math.Pi, C64: 1 + 2i, C128: -3i, S: "text", By: []byte{1, 2, 3},
		Ar: [3]int{0, 1, 0}, ArS: [2]small{{1, "a"}, {}}, Sl: []int{0, -1, 1 << 40}, SlS: []small{{}, {2, "b"}}, SlSl: [][]string{{"x"}, nil, {"y", ""}}, M: map[string]int{"k": 1}, MI: map[int]small{3: {3, "c"}}, P: ptr(0), PP: ptr(ptr("pp")), PS: &small{4, "d"},
		N: "named", L: 3, Li: List{{5, "e"}}, T: &tree{Val: 1, Left: &tree{Val: 2}, Kids: []*tree{{Val: 3}}, ByName: map[string]*tree{"q": {Val: 4}}}, Em: Embed{Small2{1, 2}, &Ptr2{"c"}}, Any: small{6, "f"}, Str: circle{2}, Time: time.Unix(1e9, 5).UTC(),
		G: Gobber{1}, GP: &Gobber{2}, GV: ValueGobber{ptr("v")}, Bin: Binner{513}, Dur: time.Second, Arr8: [4]byte{1, 2}, Bo: []bool{true, false}, Fl: []float64{1, -2.5}, Str2: []string{"a", ""}, Na: []Named{"z"}, Ptrs: []*small{{7, "g"}}}
}

func init() {
	for _, v := range []any{small{}, circle{}, &Square{}, List{}, map[string]small{}, Named(""), tree{}, [2]int{}, &Gobber{}} {
		gob.Register(v)
	}
}

func registered(s *Session) *Session {
	for _, v := range []any{small{}, circle{}, &Square{}, List{}, map[string]small{}, Named(""), tree{}, [2]int{}, &Gobber{}} {
		s.Register(v)
	}
	return s
}

func values() []any {
	f := full()
	return []any{
		1, -1, 127, 128, uint(255), uint64(math.MaxUint64), int64(math.MinInt64), 1.5, float32(2), 0.0, math.Inf(1), 1i, true, false, "", "héllo", []byte("bytes"), []byte(nil), []int(nil), []int{1, 2}, []string{"a"}, [2]bool{true}, map[string]int{"a": 1}, map[int]string(nil), Named("n"), Level(-4),
		small{1, "x"}, &small{}, small{}, List{{1, "a"}}, List(nil), f, &f, all{G: Gobber{0}}, ptr(ptr(small{8, "pp"})), tree{Val: 1, Left: &tree{}}, Embed{}, Embed{Small2{0, 3}, &Ptr2{}}, time.Unix(5, 6).UTC(), time.Minute, &Gobber{7}, ValueGobber{}, ValueGobber{ptr("vg")}, Binner{9}, &Binner{1},
		[]any{1, "s", small{3, "i"}, nil, circle{4}, &Square{5}, List{{1, "l"}}, Named("nn"), tree{Val: 9}, []int{4}, map[string]small{"m": {1, "m"}}, [2]int{1, 2}}, []fmt.Stringer{circle{1}, &Square{2}}, map[string]any{"one": small{1, "1"}}, struct{ A any }{[]any{[]any{1}}}, struct{ A, B any }{small{1, "a"}, small{2, "b"}}, []*small{{1, "p"}}, [][]byte{{1}, {}}, map[Named]Level{"a": 1}, []map[string]int{{"a": 1}}, struct {
			X int
			y int
		}{1, 2}, []struct{ A int }{{1}}, map[small]int{{1, "k"}: 2}, &[]int{1}, [0]int{}, []Gobber{}, []*Gobber{{1}, {2}}, map[string]*Gobber{"g": {3}}, []ValueGobber{{ptr("a")}, {}},
		// refused ones
		noFields{}, withNoFields{}, onlyChan{}, badElem{}, make(chan int), func() {}, []func(){}, []*small{nil}, map[string]*small{"a": nil}, []any{unregistered{1}}, []any{(*small)(nil)}, &Gobber{-1}, []Gobber{{-1}}, struct{ G Gobber }{Gobber{-1}}, Gobber{1}, []*int{nil}, struct{ A any }{unregistered{2}}, empty{}, struct{ E empty }{}, []empty{{}}, map[string]chan int{}, uintptr(3), complex64(2i), struct{ I []any }{[]any{circle{1}, unregistered{}}}, ([]any)(nil), struct{ A, B *small }{&small{1, "a"}, nil},
	}
}

type unregistered struct{ A int }

// guarded is the error of f or its panic.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if p, ok := r.(mirror.Panic); ok {
				r = p.V
			}
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return f()
}

func same(a, b error) bool {
	return (a == nil) == (b == nil) && (a == nil || strings.ReplaceAll(a.Error(), "*gob.", "") == strings.ReplaceAll(b.Error(), "*gob.", ""))
}

// TestEncode: the bytes and errors of encoding/gob, for one value to a stream
// and for several.
func TestEncode(t *testing.T) {
	for _, v := range values() {
		var want, got bytes.Buffer
		e1, e2 := gob.NewEncoder(&want), twin.NewEncoder(&got)
		for range 2 {
			err1 := guarded(func() error { return e1.Encode(v) })
			err2 := guarded(func() error { return e2.Encode(v) })
			if !same(err1, err2) {
				t.Errorf("%T: error %v want %v", v, err2, err1)
			}
			if !bytes.Equal(want.Bytes(), got.Bytes()) {
				t.Errorf("%T:\n%x want\n%x", v, got.Bytes(), want.Bytes())
				break
			}
		}
	}
	var want, got bytes.Buffer
	e1, e2 := gob.NewEncoder(&want), twin.NewEncoder(&got)
	for i, v := range values() {
		err1 := guarded(func() error { return e1.Encode(v) })
		err2 := guarded(func() error { return e2.Encode(v) })
		if !same(err1, err2) || !bytes.Equal(want.Bytes(), got.Bytes()) {
			t.Fatalf("%d %T: %v want %v\n%x want\n%x", i, v, err2, err1, got.Bytes(), want.Bytes())
		}
	}
}

// targets are variables to decode into.
func targets() []any {
	type other struct {
		B string
		C int
	}
	type wrong struct{ A string }
	type narrow struct {
		I   int8
		I64 int8
		U64 uint8
		F64 float32
		Sl  []int8
		S   string
	}
	return []any{new(int), new(int8), new(uint8), new(uint), new(float32), new(float64), new(complex64), new(bool), new(string), new(Named), new([]byte), new([]int), new([]int8), new([]string), new([2]bool), new([3]bool), new(map[string]int), new(map[int]string), new(small), new(*small), new(List), new(all), new(tree), new(Embed), new(time.Time), new(time.Duration), new(Gobber), new(ValueGobber), new(Binner),
		new([]any), new([]fmt.Stringer), new(map[string]any), new(any), new(fmt.Stringer), new(other), new(wrong), new(narrow), new(noFields), new(empty), new(chan int), new([][]byte), new([]map[string]int), new(map[Named]Level), new([]*small), new(struct{ A any }), new([]Gobber), new([]*Gobber), new(**tree), new(struct{ A func() }), new(map[small]int), new(struct{ C, D int }), new(struct{ A, B any })}
}

// TestDecode: everything into everything.
func TestDecode(t *testing.T) {
	for _, v := range values() {
		b, _, err, _ := encodings(v)
		if err != nil {
			continue
		}
		n := 0
		for i, target := range targets() {
			again := targets()[i]
			err1 := guarded(func() error { return gob.NewDecoder(bytes.NewReader(b)).Decode(target) })
			err2 := guarded(func() error { return twin.NewDecoder(bytes.NewReader(b)).Decode(again) })
			if !same(err1, err2) {
				t.Errorf("%T into %T: error %v want %v", v, target, err2, err1)
			}
			if !reflect.DeepEqual(target, again) {
				t.Errorf("%T into %T: %+v want %+v", v, target, again, target)
			}
			if err1 == nil {
				n++
			}
		}
		if n == 0 {
			t.Logf("%T goes into nothing", v)
		}
		var none any
		err1 := gob.NewDecoder(bytes.NewReader(b)).Decode(none)
		if err2 := twin.NewDecoder(bytes.NewReader(b)).Decode(none); !same(err1, err2) {
			t.Errorf("%T skipped: %v want %v", v, err2, err1)
		}
	}
}

// TestStream: several values of several types in one stream, read back.
func TestStream(t *testing.T) {
	s := registered(NewSession())
	var b bytes.Buffer
	e := s.NewEncoder(&b)
	for i := range 3 {
		f := full()
		for _, v := range []any{small{i, "s"}, &f, []any{small{i, "x"}, i}, map[string]*tree{"a": {Val: i}}} {
			if err := e.Encode(v); err != nil {
				t.Fatal(err)
			}
		}
	}
	real := gob.NewDecoder(bytes.NewReader(b.Bytes()))
	d := s.NewDecoder(&b)
	for i := range 3 {
		var a small
		var f all
		var l []any
		var m map[string]*tree
		for _, p := range []any{&a, &f, &l, &m} {
			if err := d.Decode(p); err != nil {
				t.Fatal(err)
			}
		}
		var want all
		for _, p := range []any{new(small), &want, new([]any), new(map[string]*tree)} {
			if err := real.Decode(p); err != nil {
				t.Fatal(err)
			}
		}
		if a.A != i || !reflect.DeepEqual(l, []any{small{i, "x"}, i}) || m["a"].Val != i || !reflect.DeepEqual(f, want) {
			t.Fatalf("%v %v %v", a, l, m)
		}
	}
	var a small
	if err := d.Decode(&a); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

// broken changes bytes.
func broken(b []byte, r *rand.Rand) []byte {
	out := bytes.Clone(b)
	for range 1 + r.IntN(3) {
		switch i := r.IntN(len(out)); r.IntN(4) {
		case 0:
			out[i] = byte(r.Uint32())
		case 1:
			out[i] ^= 1 << r.IntN(8)
		case 2:
			out = out[:i+1]
		case 3:
			out = append(out[:i], out[min(i+1, len(out)-1):]...)
		}
	}
	return out
}

// decodeBoth reads bytes that may mean nothing.
func decodeBoth(t *testing.T, b []byte, i int) {
	one, two := targets()[i], targets()[i]
	err1 := guarded(func() error { return gob.NewDecoder(bytes.NewReader(b)).Decode(one) })
	err2 := guarded(func() error { return twin.NewDecoder(bytes.NewReader(b)).Decode(two) })
	if (err1 == nil) != (err2 == nil) || err1 == nil && !reflect.DeepEqual(one, two) && fmt.Sprint(reflect.ValueOf(one).Elem()) != fmt.Sprint(reflect.ValueOf(two).Elem()) { // NaNs are not equal
		t.Errorf("%x into %T: %v, %v want %v, %v", b, one, two, err2, one, err1)
	}
	if err2 != nil && strings.HasPrefix(err2.Error(), "panic: runtime error") && !strings.HasPrefix(err1.Error(), "panic: runtime error") {
		t.Errorf("%x into %T: %v want %v", b, one, err2, err1)
	}
}

// TestBroken: what is wrong is an error where it is one of encoding/gob, and
// never the end.
func TestBroken(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var streams [][]byte
	for _, v := range values() {
		if b, _, err, _ := encodings(v); err == nil {
			streams = append(streams, b)
		}
	}
	n := len(targets())
	for range 4000 {
		decodeBoth(t, broken(streams[r.IntN(len(streams))], r), r.IntN(n))
	}
}

// FuzzDecode: the same for bytes that nobody wrote.
func FuzzDecode(f *testing.F) {
	for i, v := range values() {
		if b, _, err, _ := encodings(v); err == nil {
			f.Add(b, uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, i uint8) { decodeBoth(t, b, int(i)%len(targets())) })
}

// TestRegister: the panics of a registry that contradicts itself.
func TestRegister(t *testing.T) {
	type a struct{ X int }
	type b struct{ X int }
	s := NewSession()
	for _, f := range [][2]func(){
		{func() { gob.RegisterName("", 1) }, func() { s.RegisterName("", 1) }}, {func() { gob.RegisterName("t1", a{}) }, func() { s.RegisterName("t1", a{}) }}, {func() { gob.RegisterName("t1", b{}) }, func() { s.RegisterName("t1", b{}) }},
		{func() { gob.RegisterName("t2", a{}) }, func() { s.RegisterName("t2", a{}) }}, {func() { gob.Register(a{}) }, func() { s.Register(a{}) }}, {func() { gob.RegisterName("t1", &a{}) }, func() { s.RegisterName("t1", &a{}) }}, {func() { gob.RegisterName("int", "x") }, func() { s.RegisterName("int", "x") }},
	} {
		want := guarded(func() error { f[0](); return nil })
		got := guarded(func() error { f[1](); return nil })
		if !same(want, got) {
			t.Errorf("%v want %v", got, want)
		}
	}
}
