package main

import "fmt"

type Rect struct{ w, h int }
type Shape interface {
	Two() (Rect, error)
	F() func(Rect) Rect
}
type C struct{ r int }

func (c C) Two() (Rect, error) { return Rect{c.r, c.r}, nil }
func (c C) F() func(Rect) Rect { return func(r Rect) Rect { r.w++; return r } }

type W struct{ Shape }

func main() {
	var s Shape = C{3}
	r, err := s.Two()
	fmt.Println(r.w, err)
	var q Rect
	q, err = s.Two()
	fmt.Println(q.w, err)
	fmt.Println(s.F()(q).w)
	w := W{s}
	fmt.Println(w.F()(q).w)
	g := w.Two
	r, _ = g()
	fmt.Println(r.h)
	var e any = s
	if t, ok := e.(interface{ Two() (Rect, error) }); ok {
		x, _ := t.Two()
		fmt.Println(x.h)
	}
}
