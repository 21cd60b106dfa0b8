package main

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
)

type Celsius float64
type Kind string
type Inner struct {
	A int
	b string
}
type Rec struct {
	ID    int64
	Name  string
	Kind  Kind
	Temp  Celsius
	Tags  []string
	Temps []Celsius
	In    Inner
	Ptr   *Inner
	Map   map[Kind]Inner
	Any   any
	Shape Shape
	Next  *Rec
	When  time.Time
	Raw   []byte
	Arr   [2]Celsius
	hid   int
	Fn    func()
}
type Shape interface{ Area() float64 }
type Sq struct{ S float64 }

func (s Sq) Area() float64 { return s.S * s.S }

type Circ struct{ R float64 }

func (c *Circ) Area() float64 { return 3 * c.R * c.R }

type Secret struct{ word string }

func (s Secret) GobEncode() ([]byte, error) {
	if s.word == "" {
		return nil, errors.New("no word")
	}
	return []byte(strings.ToUpper(s.word)), nil
}
func (s *Secret) GobDecode(b []byte) error {
	if len(b) == 0 {
		return errors.New("empty")
	}
	s.word = strings.ToLower(string(b))
	return nil
}

type Bin struct{ n byte }

func (b Bin) MarshalBinary() ([]byte, error)     { return []byte{b.n}, nil }
func (b *Bin) UnmarshalBinary(data []byte) error { b.n = data[0]; return nil }

type Holder struct {
	S  Secret
	SP *Secret
	B  Bin
	L  []Secret
}
type Base struct{ X, Y int }
type Emb struct {
	Base
	Z int
}
type Pair[A, B any] struct {
	First  A
	Second B
}
type Tree struct {
	V    int
	Kids []*Tree
}
type Small struct {
	ID   int8
	Name string
}
type Other struct {
	Name  string
	Extra int
	ID    int64
}
type NoFields struct{ a int }

func show(v any) {
	var buf bytes.Buffer
	err := gob.NewEncoder(&buf).Encode(v)
	fmt.Printf("%T %d %x %v\n", v, buf.Len(), buf.Bytes(), err)
}

func main() {
	// %%
	gob.Register(Sq{})
	gob.Register(&Circ{})
	gob.RegisterName("in", Inner{})
	r := Rec{ID: 7, Name: "n", Kind: "k", Temp: 21.5, Tags: []string{"a", ""}, Temps: []Celsius{1, 2}, In: Inner{3, "x"}, Ptr: &Inner{4, "y"}, Map: map[Kind]Inner{"m": {5, ""}}, Any: Inner{6, "z"}, Shape: Sq{2}, Next: &Rec{ID: 8, Shape: &Circ{1}}, When: time.Unix(1000, 0).UTC(), Raw: []byte{1, 2}, Arr: [2]Celsius{0, 3}, hid: 9}
	show(r)
	var buf bytes.Buffer
	enc := gob.NewEncoder(&buf)
	fmt.Println(enc.Encode(&r), enc.Encode(r), buf.Len())
	dec := gob.NewDecoder(&buf)
	var out Rec
	fmt.Println(dec.Decode(&out), out.ID, out.Name, out.Kind, out.Temp, out.Tags, out.Temps, out.In, *out.Ptr, out.Map, out.Any, out.Shape, out.Next.ID, out.Next.Shape.Area(), out.When, out.Raw, out.Arr, out.hid)
	if in, ok := out.Any.(Inner); ok {
		fmt.Println("inner", in.A)
	}
	var other Other
	fmt.Println(dec.Decode(&other), other)
	fmt.Println(dec.Decode(&other), dec.Decode(&other) == io.EOF)

	// %%
	for _, v := range []any{1, "s", Celsius(2), Kind("k"), []Celsius{1}, map[Kind]Celsius{"a": 1}, Inner{1, "q"}, &Inner{2, ""}, Emb{Base{1, 2}, 3}, Pair[Kind, Inner]{"a", Inner{1, ""}}, Tree{1, []*Tree{{2, nil}}}, Holder{S: Secret{"a"}, SP: &Secret{"b"}, B: Bin{5}, L: []Secret{{"c"}}}, Secret{"w"}, &Secret{"p"}, Bin{3}, []Shape{Sq{1}, &Circ{2}}, []any{Inner{1, ""}, 2, "x", Sq{3}}, struct{ A Celsius }{4}, [2]Inner{{1, ""}}, []int{1, 2}, map[string]int{"z": 1}} {
		show(v)
	}
	for _, v := range []any{nil, NoFields{}, Secret{}, []Shape{nil}, []any{Tree{}}, []*Inner{nil}, struct{ C chan int }{}, make(chan Celsius), []any{(*Inner)(nil)}, Holder{}} {
		show(v)
	}
	func() {
		defer func() { fmt.Println("panic:", recover()) }()
		show((*Inner)(nil))
	}()
	func() {
		defer func() { fmt.Println("panic:", recover()) }()
		gob.RegisterName("in", Sq{})
	}()
	func() {
		defer func() { fmt.Println("panic:", recover()) }()
		gob.RegisterName("other", Inner{})
	}()

	// %%
	send := func(v any) *gob.Decoder {
		var b bytes.Buffer
		if err := gob.NewEncoder(&b).Encode(v); err != nil {
			fmt.Println("send:", err)
		}
		return gob.NewDecoder(&b)
	}
	var h Holder
	fmt.Println(send(Holder{S: Secret{"abc"}, SP: &Secret{"def"}, B: Bin{5}, L: []Secret{{"c"}}}).Decode(&h), h.S, *h.SP, h.B, h.L)
	var e Emb
	fmt.Println(send(Emb{Base{1, 2}, 3}).Decode(&e), e)
	var p Pair[Kind, []Inner]
	fmt.Println(send(Pair[Kind, []Inner]{"k", []Inner{{1, "b"}}}).Decode(&p), p)
	var tr *Tree
	fmt.Println(send(Tree{1, []*Tree{{2, []*Tree{{3, nil}}}}}).Decode(&tr), tr.V, tr.Kids[0].V, tr.Kids[0].Kids[0].V)
	var sm Small
	fmt.Println(send(Other{Name: "o", ID: 5}).Decode(&sm), sm)
	fmt.Println(send(Other{Name: "o", ID: 500}).Decode(&sm))
	var str string
	fmt.Println(send(Inner{1, ""}).Decode(&str), send("x").Decode(&sm), send(Kind("kk")).Decode(&str), str)
	var k Kind
	fmt.Println(send("plain").Decode(&k), k)
	var c Celsius
	fmt.Println(send(3.5).Decode(&c), c, send(3).Decode(&c))
	var m map[Kind]Celsius
	fmt.Println(send(map[string]float64{"a": 1}).Decode(&m), m)
	var l []Celsius
	fmt.Println(send([]float64{1, 2}).Decode(&l), l, send([]int{1}).Decode(&l))
	var sh []Shape
	fmt.Println(send([]Shape{Sq{1}, &Circ{2}}).Decode(&sh), len(sh), sh[0].Area(), sh[1].Area())
	var anys []any
	fmt.Println(send([]any{Inner{1, ""}, 2, "x"}).Decode(&anys), anys)
	var st []fmt.Stringer
	fmt.Println(send([]any{Inner{1, ""}}).Decode(&st))
	var one struct{ Q int }
	fmt.Println(send(Inner{1, ""}).Decode(&one), send(Inner{2, ""}).Decode(nil), send(1).Decode(one), send(struct{ A string }{"x"}).Decode(&Inner{}))
	var rv Inner
	fmt.Println(send(Inner{9, ""}).DecodeValue(reflect.ValueOf(&rv)), rv)
	var vb bytes.Buffer
	fmt.Println(gob.NewEncoder(&vb).EncodeValue(reflect.ValueOf(Inner{8, ""})), vb.Len())
	fmt.Println(gob.NewDecoder(strings.NewReader("garbage!")).Decode(&rv), gob.NewDecoder(strings.NewReader("")).Decode(&rv))
	fmt.Printf("%T %T\n", gob.NewEncoder(&vb), dec)
}
