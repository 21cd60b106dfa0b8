package main

import (
	"encoding/json"
	"fmt"
)

type T struct{ N int }

func set(p *int) int { *p = 9; return 1 }

func parse(s string) (T, error) {
	var t T
	return t, json.Unmarshal([]byte(s), &t)
}

func named(s string) (t T, err error) {
	return t, json.Unmarshal([]byte(s), &t)
}

func three(n int) (int, int, int) { return n, set(&n), n }

func field() (int, int) {
	t := &T{1}
	return t.N, set(&t.N)
}

func deferred() (a, b int) {
	defer func() { a *= 10 }()
	n := 1
	return n, set(&n)
}

func str(n int) (string, int) { return fmt.Sprint(n), set(&n) }

func main() {
	// %% calls come first
	fmt.Println(parse(`{"N": 3}`))
	fmt.Println(named(`{"N": 4}`))
	fmt.Println(three(1))
	fmt.Println(field())
	fmt.Println(deferred())
	fmt.Println(str(2))
	n := 1
	a, b := n, set(&n)
	fmt.Println(a, b, n)
	n = 1
	a, b = n, set(&n)
	fmt.Println(a, b, n)
	n = 1
	var c, d = n, set(&n)
	fmt.Println(c, d)
	n = 1
	c, d = set(&n), n
	fmt.Println(c, d)
	m := map[string]int{"a": 1}
	change := func() int { m["a"] = 7; return 2 }
	c, d = m["a"], change()
	fmt.Println(c, d)
	n = 1
	fmt.Println(n, set(&n), n)
	n = 1
	s := []int{n, set(&n), n}
	fmt.Println(s)
	ch := make(chan int, 1)
	ch <- 5
	n = 1
	n, d = <-ch, n
	fmt.Println(n, d)
	f := func() (int, string) { n = 3; return 1, "x" }
	n = 1
	x, y := f()
	fmt.Println(n, x, y)
}
