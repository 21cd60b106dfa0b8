package main

import "fmt"

type A struct {
	b  *B
	xs []B
}
type B struct {
	a  *A
	as []*A
	f  func(A) B
}

func main() {
	a := &A{}
	b := B{a: a}
	a.b = &b
	a.xs = append(a.xs, b)
	b.as = append(b.as, a)
	b.f = func(x A) B { return B{a: &x} }
	fmt.Println(a.b.a == a, len(a.xs), a.xs[0].a == a, len(b.as), b.f(*a).a.b == a.b)
	m := map[*A]B{a: b}
	fmt.Println(len(m), len(m[a].as))
	var k chan *A = make(chan *A, 1)
	k <- a
	fmt.Println((<-k).b == a.b)
}
