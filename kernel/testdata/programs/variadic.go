package main

import "fmt"

func count(xs ...any) string { return fmt.Sprint(len(xs), xs == nil, xs) }

func after(first string, xs ...any) string { return first + count(xs...) }

type list []any

type tally interface{ count(...any) string }

type teller struct{ name string }

func (t teller) count(xs ...any) string { return after(t.name, xs...) }

func two() (string, []any) { return "two", []any{1, 2} }

func many[T any](xs ...T) int { return len(xs) }

type code string

func (c code) Error() string { return "code " + string(c) }

func main() {
	// A slice of any is one argument of a variadic function of any.
	a := []any{1, 2}
	fmt.Println(count(a), count(a...), count(list(a)), count(list(a)...), count(1, a), count(a, 1), count(a, a))
	fmt.Println(after("x", a), after("x", a...), after("x", nil), after("x"), after("x", nil...))
	fmt.Println(count(two()), after(two()))
	var held any = a
	fmt.Println(count(held), count(held, held))

	// %% methods, closures and functions in variables
	t := teller{"t"}
	var i tally = t
	f, g, h := t.count, teller.count, func(xs ...any) int { return len(xs) }
	fmt.Println(t.count(a), i.count(a), f(a), g(t, a), h(a), h(a...), h(nil, a))
	fmt.Println(many(a), many[any](a), many[any](a...), many(a, a))
	func() {
		defer func(xs ...any) { fmt.Println("deferred", len(xs)) }(a)
		defer fmt.Println(count(a))
	}()
	done := make(chan int)
	go func(xs ...any) { done <- len(xs) }(a)
	fmt.Println(<-done)

	// %% an index in a function that is called where it stands
	func() {
		defer func() { fmt.Println(recover()) }()
		b, n := []int{1}, 5
		func() { b[n] = 1 }()
	}()

	// %% a panic whose value another method makes
	func() {
		defer func() { fmt.Println(recover()) }()
		panic(fmt.Sprintf("of %v", code("c")))
	}()
}
