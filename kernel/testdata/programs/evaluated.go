package main

import "fmt"

type N struct {
	next *N
	v    int
}

func f(p *int) *int { fmt.Println("f"); return p }
func main() {
	var a, b int
	for *f(&a), *f(&b) = range []int{7, 8} {
	}
	fmt.Println(a, b)
	*f(&a), *f(&b) = b, a
	fmt.Println(a, b)
	pp := &a
	*pp, pp = 5, &b
	fmt.Println(a, b, *pp)
	n := &N{v: 1}
	n.next = &N{v: 2}
	n.v, n = 9, n.next
	fmt.Println(n.v)
	*n, n = N{v: 4}, nil
	fmt.Println(n == nil)
	var m map[string]*int = map[string]*int{"a": &a}
	*m["a"], m = 77, nil
	fmt.Println(a)
	*f(&a) += 3
	(*f(&a))++
	fmt.Println(a)
}

func arr() [2]int   { fmt.Println("arr"); return [2]int{1, 2} }
func parr() *[3]int { fmt.Println("parr"); return nil }

func init() {
	for i := range arr() {
		fmt.Println(i)
	}
	for i := range parr() {
		fmt.Println(i)
	}
	for range arr() {
		fmt.Println("x")
	}
	c := make(chan [2]int, 1)
	c <- [2]int{}
	for i := range <-c {
		fmt.Println(i, len(c))
	}
	for i := range [3]int{} {
		fmt.Println(i)
	}
	for i, v := range arr() {
		fmt.Println(i, v)
	}
	fmt.Println(len(arr()), len([2]int{f2(), 1}))
}

func f2() int { fmt.Println("f2"); return 2 }

func sw(x int) {
	fmt.Print(x, ": ")
out:
	switch x {
	case 1:
		fmt.Print("one ")
		fallthrough
	default:
		fmt.Print("default ")
		if x == 7 {
			break out
		}
		fallthrough
	case f2():
		fmt.Print("two ")
		fallthrough
	case 3, 4:
		fmt.Print("three ")
	case 5:
		fmt.Print("five ")
	}
	fmt.Println()
}

func init() {
	for i := range 8 {
		sw(i)
	}
	switch n := 0; {
	default:
		n++
		fmt.Println("d", n)
		fallthrough
	case n > 5:
		fmt.Println("c", n)
	}
}

type S struct{ n int }

func (s S) take(a, b int)     { fmt.Println("take", s.n, a, b) }
func (s *S) ptake(a, b int) S { fmt.Println("ptake", s.n, a, b); return *s }
func mk(n int) *S             { fmt.Println("mk", n); return &S{n} }
func two() (int, int)         { fmt.Println("two"); return 1, 2 }
func pick() func(int, int)    { fmt.Println("pick"); return S{7}.take }

func init() {
	pick()(two())
	mk(1).take(two())
	mk(2).ptake(two()).take(two())
	S{3}.take(two())
	var nowhere *[3]int
	for i, _ := range nowhere {
		fmt.Println(i)
	}
	try := func(f func()) {
		defer func() { fmt.Println(recover()) }()
		f()
	}
	m := map[int]int{}
	var p *int
	try(func() { m[0] = *p })
	try(func() { m[0] += *p })
	var q *S
	try(func() { m[0] = q.n })
	try(func() { m[0] = (*q).n + 1 })
	ms := map[int]S{}
	try(func() { ms[0] = *q })
	try(func() { ms[1], m[1] = S{}, *p })
	var none []int
	try(func() { m[2] = none[3] })
	fmt.Println(m, ms)
	var x any
	func() {
		type T struct{}
		x = T{}
	}()
	type T struct{}
	try(func() { _ = x.(T) })
}
