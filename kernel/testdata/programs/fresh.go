package main

import "fmt"

type T struct {
	A int
	B string
}
type ID int
type Op func(int) int
type Stack []int
type Pair[K any] struct{ K K }

func newPair[K any](k K) Pair[K] { return Pair[K]{k} }

type Shape interface{ M() int }

func (t T) M() int { return t.A }

var count int

func f(i int) int { return i * 10 }
func g() []int    { count++; return []int{count} }

func str(x any) string {
	switch x := x.(type) {
	case func() int:
		return fmt.Sprint("func ", x())
	case func(int) int:
		return fmt.Sprint("func ", x(1))
	case Op:
		return fmt.Sprint("op ", x(1))
	case []func() int:
		return fmt.Sprint("funcs ", x[0]())
	case *int:
		return fmt.Sprint("*", *x)
	case *T:
		return fmt.Sprint("&", *x)
	}
	return fmt.Sprint(x)
}

func main() {
	// %% each iteration has its own
	xs, t, s, b := []int{7, 8, 9}, T{4, "t"}, "s", true
	arr := [2]int{1, 2}
	m := map[string]int{"a": 1}
	ch := make(chan int, 100)
	for i := range 100 {
		ch <- i
	}
	_, _, _, _, _, _ = xs, t, s, b, m, arr
	var fs []func() string
	ptr := &t
	_ = ptr

	for i := range 3 {
		p := &i
		_ = p
		t.A = i
		m["a"] = i
		arr[0] = i
		xs[0] = i
		x := []int{i}
		fs = append(fs, func() string { return "0 " + ":= " + str(x) })
	}
	for i := range 3 {
		p := &i
		_ = p
		t.A = i
		m["a"] = i
		arr[0] = i
		xs[0] = i
		var x = []int{i}
		fs = append(fs, func() string { return "0 " + "var " + str(x) })
	}
	func() {
		for i := range 3 {
			p := &i
			_ = p
			t.A = i
			m["a"] = i
			xs[0] = i
			defer func(y any) { fs = append(fs, func() string { return "0 defer " + str(y) }) }([]int{i})
		}
	}()
	for i := range 3 {
		p := &i
		_ = p
		t.A = i
		m["a"] = i
		arr[0] = i
		xs[0] = i
		x := map[string]int{"a": i}
		fs = append(fs, func() string { return "1 " + ":= " + str(x) })
	}
	for i := range 3 {
		p := &i
		_ = p
		t.A = i
		m["a"] = i
		arr[0] = i
		xs[0] = i
		var x = map[string]int{"a": i}
		fs = append(fs, func() string { return "1 " + "var " + str(x) })
	}
	func() {
		for i := range 3 {
			p := &i
			_ = p
			t.A = i
			m["a"] = i
			xs[0] = i
			defer func(y any) { fs = append(fs, func() string { return "1 defer " + str(y) }) }(map[string]int{"a": i})
		}
	}()
	for i := range 3 {
		p := &i
		_ = p
		t.A = i
		m["a"] = i
		arr[0] = i
		xs[0] = i
		x := [2]int{i, 1}
		fs = append(fs, func() string { return "2 " + ":= " + str(x) })
	}
	for i := range 3 {
		p := &i
		_ = p
		t.A = i
		m["a"] = i
		arr[0] = i
		xs[0] = i
		var x = [2]int{i, 1}
		fs = append(fs, func() string { return "2 " + "var " + str(x) })
	}
	func() {
		for i := range 3 {
			p := &i
			_ = p
			t.A = i
			m["a"] = i
			xs[0] = i
			defer func(y any) { fs = append(fs, func() string { return "2 defer " + str(y) }) }([2]int{i, 1})
		}
	}()
	for i := range 3 {
		p := &i
		_ = p
		t.A = i
		m["a"] = i
		arr[0] = i
		xs[0] = i
		x := T{i, "x"}
		fs = append(fs, func() string { return "3 " + ":= " + str(x) })
	}
	for i := range 3 {
		p := &i
		_ = p
		t.A = i
		m["a"] = i
		arr[0] = i
		xs[0] = i
		var x = T{i, "x"}
		fs = append(fs, func() string { return "3 " + "var " + str(x) })
	}
	func() {
		for i := range 3 {
			p := &i
			_ = p
			t.A = i
			m["a"] = i
			xs[0] = i
			defer func(y any) { fs = append(fs, func() string { return "3 defer " + str(y) }) }(T{i, "x"})
		}
	}()
	for i := range 3 {
		p := &i
		_ = p
		t.A = i
		m["a"] = i
		arr[0] = i
		xs[0] = i
		x := []any{i}
		fs = append(fs, func() string { return "4 " + ":= " + str(x) })
	}
	for i := range 3 {
		p := &i
		_ = p
		t.A = i
		m["a"] = i
		arr[0] = i
		xs[0] = i
		var x = []any{i}
		fs = append(fs, func() string { return "4 " + "var " + str(x) })
	}
	func() {
		for i := range 3 {
			p := &i
			_ = p
			t.A = i
			m["a"] = i
			xs[0] = i
			defer func(y any) { fs = append(fs, func() string { return "4 defer " + str(y) }) }([]any{i})
		}
	}()
	for i := range 3 {
		p := &i
		_ = p
		t.A = i
		m["a"] = i
		arr[0] = i
		xs[0] = i
		x := []T{{i, "q"}}
		fs = append(fs, func() string { return "5 " + ":= " + str(x) })
	}
	for i := range 3 {
		p := &i
		_ = p
		t.A = i
		m["a"] = i
		arr[0] = i
		xs[0] = i
		var x = []T{{i, "q"}}
		fs = append(fs, func() string { return "5 " + "var " + str(x) })
	}
	func() {
		for i := range 3 {
			p := &i
			_ = p
			t.A = i
			m["a"] = i
			xs[0] = i
			defer func(y any) { fs = append(fs, func() string { return "5 defer " + str(y) }) }([]T{{i, "q"}})
		}
	}()
	for i := range 3 {
		p := &i
		_ = p
		t.A = i
		m["a"] = i
		arr[0] = i
		xs[0] = i
		x := Pair[int]{i}
		fs = append(fs, func() string { return "6 " + ":= " + str(x) })
	}
	for i := range 3 {
		p := &i
		_ = p
		t.A = i
		m["a"] = i
		arr[0] = i
		xs[0] = i
		var x = Pair[int]{i}
		fs = append(fs, func() string { return "6 " + "var " + str(x) })
	}
	func() {
		for i := range 3 {
			p := &i
			_ = p
			t.A = i
			m["a"] = i
			xs[0] = i
			defer func(y any) { fs = append(fs, func() string { return "6 defer " + str(y) }) }(Pair[int]{i})
		}
	}()
	for i := range 3 {
		p := &i
		_ = p
		t.A = i
		m["a"] = i
		arr[0] = i
		xs[0] = i
		x := g()
		fs = append(fs, func() string { return "7 " + ":= " + str(x) })
	}
	for i := range 3 {
		p := &i
		_ = p
		t.A = i
		m["a"] = i
		arr[0] = i
		xs[0] = i
		var x = g()
		fs = append(fs, func() string { return "7 " + "var " + str(x) })
	}
	func() {
		for i := range 3 {
			p := &i
			_ = p
			t.A = i
			m["a"] = i
			xs[0] = i
			defer func(y any) { fs = append(fs, func() string { return "7 defer " + str(y) }) }(g())
		}
	}()
	for _, f := range fs {
		fmt.Println(f())
	}
}
