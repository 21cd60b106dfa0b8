package main

import (
	"encoding/xml"
	"fmt"
	"log"
	"os"
	"reflect"
	"strings"
	"sync"
)

type T struct{ A int }
type U struct{ A int }
type S string

func (t T) String() string { return fmt.Sprint("T", t.A) }

type Addr struct {
	City string `xml:"city"`
	Zip  int    `xml:"zip,attr"`
}
type P struct {
	XMLName xml.Name `xml:"person"`
	Name    S        `xml:"name"`
	Addr    Addr     `xml:"addr"`
	More    []*Addr  `xml:"more>addr"`
	Skip    string   `xml:"-"`
	Opt     *int     `xml:"opt,omitempty"`
}
type Q struct{ X int }

func main() {
	t, u := T{1}, &U{2}
	fmt.Printf("%[2]T %[1]T\n", t, u)
	fmt.Printf("%[1]T %[1]v %[1]d|%v\n", t, u)
	fmt.Printf("%T|%5T|%-8T|%v\n", t, S("a"), 3, u.A)
	fmt.Printf("%*d %T %.*f %T\n", 5, 3, t, 2, 3.14159, u)
	fmt.Printf("%[3]*.[2]*[1]f %T\n", 12.0, 2, 6, t)
	fmt.Printf("%d%% %T\n", 5, t)
	s := fmt.Sprintf("%p", u)
	fmt.Println(strings.HasPrefix(s, "0xc") || strings.HasPrefix(s, "0x"), len(s) > 5)
	fmt.Printf("%p %v\n", t, t)
	fmt.Printf("%T %d\n", t)
	fmt.Printf("%T\n", t, u, 3, nil)
	fmt.Printf("no\n", t)
	fmt.Printf("%T %[5]d %z\n", t, 4)
	fmt.Printf("%T %!\n", t)
	fmt.Printf("%T %", t)
	fmt.Println()
	fmt.Println(fmt.Errorf("x %T %w", t, os.ErrNotExist))
	lg := log.New(os.Stdout, "", 0)
	lg.Printf("%T %v %T", t, t, u)
	lg.Print(S("a"), S("b"), t, u)
	lg.Println(S("a"), S("b"))
	args := []any{t, u}
	lg.Printf("%T %T", args...)
	func() {
		defer func() { fmt.Println("r", recover()) }()
		lg.Panicf("%T", u)
	}()
	log.SetOutput(os.Stdout)
	log.SetFlags(0)
	log.Printf("%T %v", t, t)
	log.Print(S("a"), S("b"), 1, 2, t)
	p := P{Name: "n", Addr: Addr{"c", 4}, More: []*Addr{{"d", 5}}, Skip: "s"}
	b, err := xml.Marshal(p)
	fmt.Println(string(b), err)
	b, err = xml.MarshalIndent([]P{p, p}, "", " ")
	fmt.Println(string(b), err)
	var q P
	fmt.Println(xml.Unmarshal([]byte(`<person><name>x</name><addr zip="9"><city>y</city></addr><more><addr zip="1"/></more></person>`), &q), q.Name, q.Addr, len(q.More), q.More[0].Zip)
	var w Q
	fmt.Println(xml.Unmarshal([]byte(`<q><X>5</X></q>`), &w), w)
	fmt.Println(xml.NewDecoder(strings.NewReader("<q><X>7</X></q>")).Decode(&w), w)
	xml.NewEncoder(os.Stdout).Encode(&p)
	fmt.Println()
	fmt.Println(reflect.DeepEqual(p, p), reflect.DeepEqual([]any{t, 1, u}, []any{T{1}, 1, &U{2}}), reflect.DeepEqual(any(T{1}), any(U{1})))
	fmt.Println(reflect.DeepEqual(map[any]T{t: t}, map[any]T{T{1}: {1}}), reflect.DeepEqual(p, nil), reflect.DeepEqual((*T)(nil), (*U)(nil)), reflect.DeepEqual([]T(nil), []T{}))
	var mu sync.Mutex
	func() { mu.Lock(); defer mu.Unlock() }()
	mu.Lock()
	mu.Unlock()
}
