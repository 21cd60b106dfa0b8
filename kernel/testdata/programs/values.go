package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

type Celsius float64

func (c Celsius) String() string { return fmt.Sprintf("%.1f°C", float64(c)) }

type Point struct{ X, Y int }

func (p *Point) Move(d int) { p.X += d; p.Y += d }
func (p Point) Sum() int    { return p.X + p.Y }

type Shape interface {
	Area() float64
	Name() string
}
type base struct{ name string }

func (b base) Name() string { return b.name }

type Square struct {
	base
	Side float64
}

func (s Square) Area() float64 { return s.Side * s.Side }

type Circle struct {
	*base
	R float64
}

func (c *Circle) Area() float64 { return 3 * c.R * c.R }

type NotFound struct{ Key string }

func (e *NotFound) Error() string { return "not found: " + e.Key }

type Stack[T any] struct{ items []T }

func (s *Stack[T]) Push(x T) { s.items = append(s.items, x) }
func (s *Stack[T]) Pop() (x T, ok bool) {
	if len(s.items) == 0 {
		return x, false
	}
	x = s.items[len(s.items)-1]
	s.items = s.items[:len(s.items)-1]
	return x, true
}

type Number interface{ ~int | ~float64 }

func Sum[T Number](xs ...T) (t T) {
	for _, x := range xs {
		t += x
	}
	return
}

func Keys[M ~map[K]V, K comparable, V any](m M) int { return len(m) }

func get(key string) (string, error) {
	if key == "" {
		return "", &NotFound{key}
	}
	if key == "io" {
		return "", fmt.Errorf("get %q: %w", key, &NotFound{"disk"})
	}
	return key + "!", nil
}

func main() {
	// %% values are copied
	p := Point{1, 2}
	q := p
	q.Move(5)
	arr := [2]Point{p, q}
	brr := arr
	brr[0].X = 99
	f := p.Sum
	p.X = 50
	g := (*Point).Move
	g(&p, 1)
	fmt.Println(p, q, arr, brr, f(), Point.Sum(p))
	pp := &arr[1]
	pp.Move(1)
	fmt.Println(arr, *pp, arr == brr, arr != [2]Point{})

	// %% interfaces
	shapes := []Shape{Square{base{"sq"}, 2}, &Circle{&base{"ci"}, 1}}
	for _, s := range shapes {
		switch t := s.(type) {
		case Square:
			fmt.Print(t.Side, " ")
		case *Circle:
			fmt.Print(t.R, t.base.name, " ")
		}
		_, isNamed := s.(interface{ Name() string })
		_, isStringer := s.(fmt.Stringer)
		fmt.Printf("%s %.1f %T %v %v\n", s.Name(), s.Area(), s, isNamed, isStringer)
	}
	fmt.Println(shapes[0] == Shape(Square{base{"sq"}, 2}), shapes[0] == shapes[1])
	var none Shape
	fmt.Println(none == nil, none)
	m := map[any]string{Celsius(1): "c", 1.0: "f", Point{1, 2}: "p"}
	fmt.Println(m[Celsius(1)], m[1.0], m[Point{1, 2}], len(m[Celsius(2)]))

	// %% printing
	temps := map[string]Celsius{"a": 1, "b": 2.5}
	fmt.Println(temps, []Celsius{3}, &p, []*Point{nil}, struct {
		C Celsius
		e error
	}{4, nil})
	fmt.Printf("%v %+v %#v %T %d %s|%8.2f|%-8v|\n", p, p, p, temps, p, Celsius(1), Celsius(2), Celsius(3))
	fmt.Printf("%v %x %q %v %p\n", []any{1, "a", nil, Celsius(2), p}, "hi", []string{"a b"}, [3]bool{true}, nil)
	var np *Point
	fmt.Println(np, np == nil, fmt.Sprint(Celsius(1), Celsius(2)), fmt.Sprint("a", 1, 2, "b"))

	// %% errors
	for _, key := range []string{"k", "", "io"} {
		v, err := get(key)
		var nf *NotFound
		fmt.Println(v, err, errors.As(err, &nf), nf != nil && nf.Key != "")
	}
	var err error = &NotFound{"x"}
	if _, ok := err.(*NotFound); ok {
		fmt.Println("asserted", errors.Unwrap(fmt.Errorf("w: %w", err)) == err)
	}
	_, err = os.Open("/does/not/exist")
	fmt.Println(errors.Is(err, os.ErrNotExist), strings.Contains(err.Error(), "no such"))

	// %% generics
	var s Stack[Celsius]
	s.Push(1)
	s.Push(2)
	top, ok := s.Pop()
	fmt.Println(top, ok, s, Sum(1, 2, 3), Sum(1.5, 2), Sum[Celsius](1, 2), Keys(temps))
	st := &Stack[[]string]{}
	st.Push([]string{"x"})
	fmt.Printf("%v %T %+v\n", st, st, *st)

	// %% order
	a := []int{1, 2, 3, 4}
	i := 0
	i, a[i] = 2, 9
	a[0], a[1], a[2] = a[2], a[0], a[1]
	a = append(a[:1], a[3], a[0])
	fmt.Println(i, a, len(a), cap(a))
	b := a[1:2:3]
	b = append(b, 77)
	fmt.Println(a, b, cap(b))
	c := copy(a, []int{5})
	fmt.Println(c, min(3, 1, 2), max(2.5, 1), min("b", "a"))
	x := 10
	x, y := x+1, x*2
	fmt.Println(x, y, x<<3>>1, -x/3, -x%3, x&^2, 7.0/2, 7/2)
	const big = 1 << 40
	fmt.Println(big/1024, uint8(255)+uint8(i), int8(-128)-int8(i), ^0, 'a'+1, string(rune('a'+1)))
}
