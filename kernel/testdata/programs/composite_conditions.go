package main

import "fmt"

type T struct{ X, Y int }

func first(t T) int                  { return t.X }
func sum(xs []int) int               { return xs[0] }
func (t T) Sum() int                 { return t.X + t.Y }
func same[P comparable](a, b P) bool { return a == b }

func main() {
	// %% left of && and ||
	n := 0
	var none []int
	fmt.Println(T{X: 1}.X > n && n < 5, T{1, 2}.X < n && n < none[n], T{X: 1}.X > n || none[n] > 0)
	fmt.Println(first(T{X: 1, Y: 2}) > n && n < 5, sum([]int{0: 3}) == 3 || none[0] == 1, len(map[string]int{"a": 1}) > n && true)
	fmt.Println((&T{X: 2}).X > n && T{Y: 3}.Sum() == 3 && same(T{1, 2}, T{Y: 2, X: 1}) && n == 0)
	fmt.Println(T{X: 1} == T{1, 0} && n == 0, []T{{X: 4}}[0].X == 4 && []int{2: 1}[2] == 1 || none[0] == 1)
	fmt.Println(!(first(T{X: 1}) > n && first(T{Y: 1}) == 7) || none[0] == 1)

	// %% in statements
	if first(T{X: 1}) > n && n < 5 {
		fmt.Println("if")
	}
	for i := 0; sum([]int{0: i}) < 2 && first(T{X: i}) < 9; i++ {
		fmt.Println("for", i)
	}
	switch m := 3; m {
	case first(T{X: 1}), len([]int{4: 0}), T{Y: 1, X: 3}.X:
		fmt.Println("three")
	default:
		fmt.Println("none")
	}
	switch p := (T{1, 2}); p {
	case T{X: 9}, T{Y: 2, X: 1}:
		fmt.Println("a case")
	}
	switch {
	case first(T{X: 0}) > n, first(T{X: 7}) > n:
		fmt.Println("a condition")
	}
	f := func() bool { return first(T{X: 1}) == 1 && n == 0 }
	fmt.Println(f())
}
