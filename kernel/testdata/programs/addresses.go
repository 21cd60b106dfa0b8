package main

import "fmt"

type T struct {
	A int
	B [2]int
}

func list() []T        { return []T{{1, [2]int{2, 3}}, {4, [2]int{5, 6}}} }
func ptr() *[2]T       { return &[2]T{{A: 7}, {A: 8}} }
func numbers() []int   { return []int{1, 2, 3} }
func at(i int) int     { return i }
func inc(p *int) *int  { *p++; return p }
func set(p *T, n int)  { p.A = n }
func second(l []T) *T  { return &l[at(1)] }
func (t *T) Set(n int) { t.A = n }

func main() {
	a := &[]T{{1, [2]int{}}, {3, [2]int{}}}
	x := &(*a)[1:][0]
	x.A = 30
	fmt.Println(*a, *x)
	fmt.Println(*&list()[1], *&ptr()[at(1)], *inc(&numbers()[at(2)]))
	y := &list()[at(1)].B[at(1)]
	*y = 60
	fmt.Println(*y, (&list()[1]).A, *&list()[at(0)].A)
	z := &(*a)[at(0):][at(1)].B[1]
	*z = 9
	fmt.Println(*a)
	second(*a).Set(5)
	set(&(*a)[at(0)], 6)
	(*a)[at(1)].Set(7)
	m := map[string][]T{"k": list()}
	p := &m["k"][at(1)]
	p.Set(77)
	fmt.Println(*a, m)
	q := &[]int{4, 5, 6}[at(1)]
	*q++
	fmt.Println(*q)
	r := &[3]int{4, 5, 6}
	s := &r[1:][at(1)]
	*s = 60
	fmt.Println(*r)
	f := func() (int, *T) { return 1, &(*a)[1:][0] }
	_, t := f()
	t.A = 11
	fmt.Println(*a, []*T{&list()[at(1)]}[0].A, struct{ p *int }{&numbers()[at(0)]}.p != nil)
	defer func(p *int) { fmt.Println(*p) }(&numbers()[at(2)])
}
