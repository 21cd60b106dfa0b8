package main

import (
	"fmt"
	"reflect"
)

type C int

func main() {
	t := reflect.StructOf([]reflect.StructField{{Name: "a", PkgPath: "main", Type: reflect.TypeOf(C(0))}, {Name: "B", Type: reflect.TypeOf("")}, {Name: "_", PkgPath: "main", Type: reflect.TypeOf(0)}})
	fmt.Println(t, t == reflect.TypeOf(struct {
		a C
		B string
		_ int
	}{}), t.Size(), t.NumField(), t.Field(0).PkgPath)
	v := reflect.New(t).Elem()
	v.Field(1).SetString("x")
	fmt.Printf("%+v %v\n", v, v.Field(0).CanSet())
	if s, ok := v.Interface().(struct {
		a C
		B string
		_ int
	}); ok {
		fmt.Println(s.B, s)
	}
	for _, f := range []func(){
		func() { reflect.StructOf([]reflect.StructField{{Name: "", Type: t}}) }, func() { reflect.StructOf([]reflect.StructField{{Name: "1a", Type: t}}) }, func() { reflect.StructOf([]reflect.StructField{{Name: "A"}}) }, func() { reflect.StructOf([]reflect.StructField{{Name: "a", Type: t}}) }, func() { reflect.StructOf([]reflect.StructField{{Name: "A", Type: t}, {Name: "A", Type: t}}) },
		func() { reflect.FuncOf([]reflect.Type{t}, nil, true) }, func() { reflect.ArrayOf(-1, t) }, func() { reflect.ChanOf(9, t) },
	} {
		func() {
			defer func() { fmt.Println(recover()) }()
			f()
		}()
	}
	fmt.Println(reflect.StructOf(nil), reflect.StructOf(nil) == reflect.TypeOf(struct{}{}))
}
