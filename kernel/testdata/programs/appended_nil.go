package main

import "fmt"

type T struct{ A int }

func f(ys []*T) []*T                         { return append(ys, nil) }
func g(ys []*T) (int, []*T)                  { return 1, append(ys, nil) }
func h(ys [][]int) (r [][]int)               { r = append(ys, nil, []int{1}); return }
func k(ys []map[string]int) []map[string]int { x := append(ys, nil); return x }
func p(ys ...*T) int                         { return len(ys) }

func main() {
	var ys []*T
	xs := append(ys, nil)
	var zs = append(ys, nil)
	ws := append(ys, nil, nil)
	fmt.Println(len(xs), len(zs), len(ws), xs[0] == nil, len(f(xs)), len(h(nil)), len(k(nil)))
	n, r := g(xs)
	fmt.Println(n, len(r), r[0] == nil)
	es := append([]error{}, nil)
	fs := append([]func(){}, nil)
	cs := append([]chan int{}, nil)
	as := append([]any{}, nil)
	fmt.Println(len(es), len(fs), len(cs), len(as), es[0] == nil, fs[0] == nil, as[0] == nil)
	fmt.Println(p(nil), p(nil, nil), len(append(ys, nil)), append(ys, nil)[0] == nil)
	func() {
		v := append(ys, nil)
		v = append(v, nil)
		fmt.Println(len(v))
	}()
	s := struct{ l []*T }{}
	s.l = append(s.l, nil)
	m := map[string][]*T{}
	m["a"] = append(m["a"], nil)
	fmt.Println(len(s.l), len(m["a"]))
	ch := make(chan []*T, 1)
	ch <- append(ys, nil)
	fmt.Println(len(<-ch))
	q := [][]*T{append(ys, nil)}
	fmt.Println(len(q[0]))
}
