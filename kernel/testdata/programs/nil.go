package main

import (
	"fmt"
	"runtime"
)

type S struct{ F func(int) int }
type N struct {
	next *N
	v    int
}

func try(name string, f func()) {
	defer func() {
		r := recover()
		_, ok := r.(runtime.Error)
		fmt.Printf("%s %v %v\n", name, r, ok)
	}()
	f()
}

func main() {
	try("var", func() { var f func(); f() })
	try("var1", func() { var f func(int) int; fmt.Println(f(1)) })
	try("field", func() { var s S; s.F(1) })
	try("map", func() { m := map[string]func(){}; m["a"]() })
	try("err", func() { var e error; _ = e.Error() })
	try("str", func() { var e fmt.Stringer; _ = e.String() })
	try("star", func() { var a *int; b := *a; _ = b })
	try("star2", func() { var a *int; fmt.Println(*a) })
	try("store", func() { var a *int; *a = 1 })
	try("store", func() { var a *int; *a++ })
	try("fieldptr", func() { var a *N; fmt.Println(a.v) })
	try("fieldptr2", func() { a := &N{}; fmt.Println(a.next.v) })
	try("fieldset", func() { var a *N; a.v = 1 })
	try("arr", func() { var a *[3]int; fmt.Println(a[1]) })
	try("structcopy", func() { var a *N; b := *a; fmt.Println(b) })
}
