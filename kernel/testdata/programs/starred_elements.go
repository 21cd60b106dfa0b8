package main

import "fmt"

func g(n int) *int { return &n }
func h() int       { return 2 }

type T struct{ P *int }

func main() { f() }

func f() {
	n := 6
	p := &n
	fmt.Println([]int{*p ^ 3, *p + 1, -*p}, [3]int{2: *p * 2}, []int{(*p) ^ 3}, map[string]int{"a": *p + 1}, struct{ A int }{*p + 1})
	q := func() *int { v := n; return &v }()
	fmt.Println([]int{*q ^ 3})
	t := func() *int { v := n; return &v }
	u := t()
	fmt.Println([]int{*u ^ 3, *t() ^ h()}, [3]int{(*(func() *int { v := n; return &v }())) ^ h(), 2: h()})
	w := [3]int{(*g(4)) ^ h(), 2: h()}
	x := [3]int{*T{p}.P ^ h(), 2: h()}
	fmt.Println(w, x)
}
