package main

import (
	"encoding/json"
	"fmt"
	"reflect"
)

type K struct{}

func F[A, B any](a A) {
	type L struct{ x A }
	type T[C any] struct {
		y A
		z C
	}
	fmt.Println(reflect.TypeOf(L{}), reflect.TypeOf(T[int]{}), reflect.TypeOf(T[L]{}), reflect.TypeOf(T[T[K]]{}))
	func() {
		type M[D any] []D
		fmt.Println(reflect.TypeOf(M[T[A]]{}), reflect.TypeOf(M[L]{}).Name())
	}()
	fmt.Printf("%T %T\n", L{}, T[json.Number]{})
}

type G[T any] struct{}

func (G[T]) M() {
	type L struct{ x T }
	type Q[D any] []D
	fmt.Println(reflect.TypeOf(L{}), reflect.TypeOf(Q[T]{}))
}

func H() {
	type P[X any] struct{ x X }
	type loc int
	fmt.Println(reflect.TypeOf(P[int]{}), reflect.TypeOf(P[loc]{}), reflect.TypeOf(G[P[loc]]{}))
}

type s struct{ a, _, c int }

func main() {
	F[int, string](1)
	F[K, *K](K{})
	G[K]{}.M()
	H()
	fmt.Println(s{1, 2, 3}, s{1, 2, 3} == s{1, 4, 3})
}
