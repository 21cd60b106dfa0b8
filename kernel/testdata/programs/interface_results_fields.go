package main

import "fmt"

type Rect struct{ w, h int }
type Shape interface {
	Box() Rect
	Two() (Rect, error)
	P() *Rect
	L() []Rect
}
type C struct{ r int }

func (c C) Box() Rect          { return Rect{c.r, c.r} }
func (c C) Two() (Rect, error) { return Rect{c.r, c.r}, nil }
func (c C) P() *Rect           { return &Rect{1, 2} }
func (c C) L() []Rect          { return []Rect{{3, 4}} }

func main() {
	var s Shape = C{3}
	b := s.Box()
	fmt.Println(b.w, s.Box().h)
	p := s.P()
	fmt.Println(p.w, s.P().h, s.L()[0].w)
	l := s.L()
	fmt.Println(l[0].h)
	for _, r := range s.L() {
		fmt.Println(r.w)
	}
	q, err := s.Two()
	fmt.Println(q.w, err)
	f := s.Box
	fmt.Println(f().w)
}
