package main

import "fmt"

type P struct {
	i int
	q struct{ y int }
}

func late(name string, f func()) {
	defer func() { fmt.Println(name, recover() != nil) }()
	f()
}

func main() {
	m := map[int]int{}
	var p *P
	var n *int
	var s []int
	late("pointer", func() { m[1], *n = 42, 2 })
	late("field", func() { m[2], p.i = 3, 2 })
	late("field of a field", func() { m[3], p.q.y = 3, 2 })
	late("element", func() { m[4], s[1] = 3, 2 })
	fmt.Println(m)

	old := &P{i: 1}
	p = old
	p, p.i, p.q.y = new(P), 7, 8
	fmt.Println(*old, *p)

	type T *struct{ x struct{ y int } }
	var q T = &struct{ x struct{ y int } }{}
	r := q
	r, r.x.y = nil, 7
	fmt.Println(q.x.y, r == nil)

	ps := []*P{old, p}
	i := 0
	i, ps[i].i, ps[i].q.y = 1, 20, 30
	fmt.Println(i, *ps[0], *ps[1])
}
