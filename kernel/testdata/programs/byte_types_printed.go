package main

import "fmt"

type S uint8

func (s S) String() string { return "S" }

type B byte
type L []S
type A [2]S

func main() {
	for _, v := range []string{"%v", "%d", "%s", "%x", "%q", "%+v", "%#v", "%08b"} {
		fmt.Printf(v+"|"+v+"|"+v+"|"+v+"|"+v+"\n", []S{1, 2}, []B{3}, L{4}, A{5}, []byte{6})
		fmt.Printf(v+"|"+v+"|"+v+"\n", &[]S{1, 2}, struct{ X []B }{[]B{3}}, map[string]L{"a": {4}})
	}
}
