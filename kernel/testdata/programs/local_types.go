package main

import (
	"cmp"
	"fmt"
	"slices"
)

func local[T any](t T) any {
	type pair struct {
		A T
		n int
	}
	return []pair{{t, 1}, {A: t}}
}

func node[T cmp.Ordered](ts ...T) string {
	type tree struct {
		left, right *tree
		val         T
	}
	var root *tree
	var add func(t *tree, v T) *tree
	add = func(t *tree, v T) *tree {
		if t == nil {
			return &tree{val: v}
		}
		if v < t.val {
			t.left = add(t.left, v)
		} else {
			t.right = add(t.right, v)
		}
		return t
	}
	for _, v := range ts {
		root = add(root, v)
	}
	var out []T
	var walk func(*tree)
	walk = func(t *tree) {
		if t != nil {
			walk(t.left)
			out = append(out, t.val)
			walk(t.right)
		}
	}
	walk(root)
	return fmt.Sprintf("%v %T", out, root)
}

func named[K comparable, V any](k K, v V) (any, any) {
	type id K2[K]
	_ = id{k}
	type list []V
	type fn func(K) V
	f := fn(func(K) V { return v })
	return list{v, f(k)}, f
}

type K2[K any] struct{ k K }

type Box[T any] struct{ v T }

func (b Box[T]) Inner() any {
	type inner struct{ b *Box[T] }
	return inner{&b}
}

func same(a, b any) bool { return a == b }

func count[T any]() any {
	type n int
	return n(3)
}

func outer[T any](t T) any {
	type in struct{ t T }
	return wrap(in{t})
}

func wrap[T any](t T) any {
	type w struct{ x T }
	switch v := any(t).(type) {
	case w:
		return "never"
	case T:
		return w{v}
	}
	return nil
}

func is[T any](x any) string {
	switch v := x.(type) {
	case T:
		return fmt.Sprintf("%T %v", v, v)
	}
	_, ok := x.(T)
	return fmt.Sprint(ok)
}

func id[T any](t T) T { return t }

func main() {
	// %%
	fmt.Printf("%T %v %+v\n", local(3), local("s"), local(1.5))
	fmt.Println(node(3, 1, 2), node("b", "a"))
	// %%
	l, f := named("k", 2)
	fmt.Printf("%T %v %T\n", l, l, f)
	fmt.Printf("%T %T\n", Box[int]{}.Inner(), Box[string]{}.Inner())
	// %%
	fmt.Println(same(count[int](), count[int]()), same(count[int](), count[string]()), same(count[int](), 3))
	fmt.Println(outer(1), outer(outer("x")), outer(2))
	// %%
	type mine struct{ a, b int }
	fmt.Println(is[mine](mine{1, 2}), is[mine](3), same(id(any(mine{})), mine{}))
	type own int
	fmt.Println(is[own](own(1)), is[own](1), id(own(2)))
	// %%
	type plain struct{ n int }
	fmt.Println(local(plain{4}), slices.Max([]int{1, 2}))
}
