package main

import "fmt"

func bytesAndString() ([]byte, string)        { return make([]byte, 2), "abc" }
func listAndMore() ([]string, string, string) { return []string{"a"}, "b", "c" }
func parts() (float64, float64)               { return 5, 7 }
func mapAndKey(m map[int]int) (map[int]int, int) {
	return m, 1
}

type P *struct{ x int }

func keys[T, U int | int8]() map[any]string {
	return map[any]string{int16(0): "int16", T(1): "T", U(2): "U"}
}

func half(in, out []string) { defer copy(out, in) }

func emptied(m map[string]int) { defer clear(m) }

func notRecovered() (s string) {
	defer func() { s = fmt.Sprint("outer ", recover()) }()
	func() {
		defer recover()
		panic("kept")
	}()
	return "lost"
}

func main() {
	// %% builtins that take the results of a call
	fmt.Println(copy(bytesAndString()), append(listAndMore()), complex(parts()))
	m := map[int]int{1: 1, 2: 2}
	delete(mapAndKey(m))
	fmt.Println(m)

	// %% builtins that are deferred
	out := make([]string, 2)
	half([]string{"x", "y"}, out)
	counts := map[string]int{"a": 1}
	emptied(counts)
	fmt.Println(out, counts, notRecovered())

	// %% channels of two directions
	both := make(chan int)
	var from <-chan int = both
	fmt.Println(both == from, from == both, from != make(chan int))
	switch both {
	case from:
		fmt.Println("the same")
	default:
		fmt.Println("another")
	}
	switch from {
	case both:
		fmt.Println("the same")
	default:
		fmt.Println("another")
	}

	// %% complex constants
	c := 3 + 4i
	fmt.Println(c/2, c/2i, c*2, 2/c)
	c /= 1 + 1i
	fmt.Println(c)

	// %% keys
	mp := map[P]int{nil: 1}
	mp[nil] += 2
	fmt.Println(mp[nil], len(mp))
	_, has := mp[nil]
	fmt.Println(has)
	fmt.Println(len(keys[int, int8]()), keys[int8, int]()[int8(1)])
	func() {
		defer func() { fmt.Println(recover()) }()
		bad := any([]int{1})
		fmt.Println(map[any]int{bad: 1})
	}()

	// %% slices of arrays behind pointers
	s := new([3]int)[1:]
	s[0] = 7
	fmt.Println(s, len(s), cap(s))
	func() {
		defer func() { fmt.Println(recover()) }()
		const most = int(^uint(0) >> 1)
		e := make([]struct{}, most)
		e = append(e, struct{}{})
		fmt.Println(len(e))
	}()
}
