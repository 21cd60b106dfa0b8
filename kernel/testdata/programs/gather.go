package main

import "fmt"

type point struct{ X, Y int }

func show(label string, list ...any) { fmt.Println(label, len(list), list) }

func main() {
	show("selected of a literal", []any{1, 2}, (*(&point{X: 7})).X, (3), (point{4, 5}).Y)
	defer show("deferred", []any{1}, (*(&point{X: 7})).X)
	xs := []any{5}
	show("variables", xs, xs[0], len(xs), -len(xs), (xs))
	show("spread", xs...)
}
