package main

import "fmt"

type T struct{ a int }
type A = T
type L = []T

func main() {
	var x any = A{1}
	var y any = T{1}
	fmt.Println(x == y)
	var p any = [1]A{{1}}
	var q any = [1]T{{1}}
	fmt.Println(p == q, map[any]int{x: 1}[y])
}
