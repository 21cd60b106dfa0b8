package main

import (
	"errors"
	"fmt"
	"io"
	"time"
)

type E string

func (e E) String() string { return "E:" + string(e) }

type T struct {
	a  any
	e  error
	d  time.Duration
	t  time.Time
	l  []any
	m  map[string]any
	s  fmt.Stringer
	E  any
	X  error
	p  *time.Time
	ts []time.Duration
	in struct{ d time.Duration }
	w  io.Writer
	dd [2]time.Month
	Ts []time.Duration
}

func main() {
	v := T{a: time.Second, e: errors.New("x"), d: time.Minute, t: time.Unix(0, 0).UTC(), l: []any{time.Second, E("q"), 1, nil}, m: map[string]any{"k": time.Hour, "z": E("r")}, s: E("s"), E: E("pub"), X: io.EOF, ts: []time.Duration{1}, dd: [2]time.Month{1, 2}, Ts: []time.Duration{1}}
	v.in.d = time.Second
	fmt.Println(v.a, v.e)
	fmt.Printf("%v\n%+v\n", v.l, v.m)
	w := v
	w.e = nil
	fmt.Printf("%v\n", w)
	fmt.Printf("%+v\n", w)
	fmt.Println(struct{ x any }{time.March}, struct{ X any }{time.March}, struct{ x []any }{[]any{E("z"), time.March}}, struct{ x map[time.Month]any }{map[time.Month]any{1: E("y")}})
}
