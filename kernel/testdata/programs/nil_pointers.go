package main

import "fmt"

type P struct{ X, Y int }

type S struct {
	A any
	B int
	P P
}

func (p P) Sum() int { return p.X + p.Y }

func try(name string, f func()) {
	defer func() { fmt.Println(name, recover()) }()
	f()
	fmt.Println("no panic")
}

func id(n int) int       { return n }
func anyOf(x any) string { return fmt.Sprint(x) }
func many(xs ...any) int { return len(xs) }
func ret(p *int) int     { return *p }
func retAny(p *int) any  { return *p }
func two(p *int) (int, error) {
	return *p, nil
}

func main() {
	// %% what a nil pointer points at
	var p *int
	var q *P
	var pp **int
	var s *string
	var sl *[]int
	var mp *map[string]int
	var ar *[3]int
	var fp *func() int
	var ip *any
	m := map[string]int{}
	ma := map[string]any{}
	var arr [2]int
	sli := []int{1}
	var st S
	ch := make(chan int, 1)
	var x int
	var y any
	try("map literal", func() { fmt.Println(map[string]int{"a": *p}) })
	try("map literal any", func() { fmt.Println(map[string]any{"a": *p}) })
	try("map literal key", func() { fmt.Println(map[int]int{*p: 1}) })
	try("map set", func() { m["a"] = *p })
	try("map set any", func() { ma["a"] = *p })
	try("map set struct", func() { ma["a"] = *q })
	try("map get", func() { fmt.Println(m[*s]) })
	try("map delete", func() { delete(m, *s) })
	try("array", func() { arr[0] = *p })
	try("slice", func() { sli[0] = *p })
	try("append", func() { sli = append(sli, *p) })
	try("append 2", func() { sli = append(sli, *p, *p) })
	try("slice literal", func() { fmt.Println([]int{*p}) })
	try("slice literal any", func() { fmt.Println([]any{*p}) })
	try("array literal", func() { fmt.Println([2]int{*p}) })
	try("struct literal", func() { fmt.Println(S{B: *p}) })
	try("struct literal any", func() { fmt.Println(S{A: *p}) })
	try("struct literal struct", func() { fmt.Println(S{P: *q}) })
	try("field", func() { st.B = *p })
	try("field any", func() { st.A = *p })
	try("field struct", func() { st.P = *q })
	try("variable", func() { x = *p })
	try("variable any", func() { y = *p })
	try("variable struct any", func() { y = *q })
	try("define", func() { z := *p; _ = z })
	try("define struct", func() { z := *q; _ = z })
	try("var", func() { var z any = *p; _ = z })
	try("blank", func() { _ = *p })
	try("blank struct", func() { _ = *q })
	try("send", func() { ch <- *p })
	try("call", func() { id(*p) })
	try("call any", func() { anyOf(*p) })
	try("call variadic", func() { many(1, *p) })
	try("call struct any", func() { anyOf(*q) })
	try("native", func() { fmt.Sprint(*p) })
	try("native struct", func() { fmt.Sprint(*q) })
	try("method", func() { q.Sum() })
	try("method value", func() { f := q.Sum; _ = f })
	try("return", func() { ret(p) })
	try("return any", func() { retAny(p) })
	try("return two", func() { two(p) })
	try("plus", func() { x = *p + 1 })
	try("compare", func() { fmt.Println(*p == 1) })
	try("compare struct", func() { fmt.Println(*q == P{}) })
	try("if", func() {
		if *p > 0 {
			fmt.Println()
		}
	})
	try("switch", func() {
		switch *p {
		case 1:
		}
	})
	try("switch string", func() {
		switch *s {
		case "a":
		}
	})
	try("range", func() {
		for range *sl {
		}
	})
	try("range n", func() {
		for range *p {
		}
	})
	try("range map", func() {
		for range *mp {
		}
	})
	try("range string", func() {
		for range *s {
		}
	})
	try("range array", func() {
		for range *ar {
		}
	})
	try("range array value", func() {
		for _, v := range *ar {
			_ = v
		}
	})
	try("range array pointer", func() {
		for _, v := range ar {
			_ = v
		}
	})
	try("len", func() { fmt.Println(len(*sl)) })
	try("len string", func() { fmt.Println(len(*s)) })
	try("len map", func() { fmt.Println(len(*mp)) })
	try("index", func() { fmt.Println((*sl)[0]) })
	try("index array", func() { fmt.Println(ar[0]) })
	try("index map", func() { fmt.Println((*mp)["a"]) })
	try("slice of array", func() { fmt.Println(len(ar[:])) })
	try("pointer", func() { fmt.Println(**pp) })
	try("pointer to", func() { z := *pp; _ = z })
	try("func", func() { (*fp)() })
	try("any", func() { y = *ip })
	try("any compare", func() { fmt.Println(*ip == nil) })
	try("type switch", func() {
		switch (*ip).(type) {
		case int:
		}
	})
	try("assert", func() { _, ok := (*ip).(int); _ = ok })
	try("set", func() { *p = 1 })
	try("set struct", func() { *q = P{} })
	try("inc", func() { *p++ })
	try("op", func() { *p += 2 })
	try("field of", func() { x = q.X })
	try("field any of", func() { y = q.X })
	try("field in literal", func() { fmt.Println([]any{q.X}, map[string]any{"a": q.X}) })
	try("field in map", func() { ma["b"] = q.Y })
	try("field set", func() { q.X = 1 })
	try("field inc", func() { q.X++ })
	try("address", func() { z := &q.X; _ = z })
	try("closure", func() { f := func() any { return *p }; f() })
	try("defer", func() { defer fmt.Sprint(*p) })
	try("go", func() { go fmt.Sprint(*p) })
	try("min", func() { x = min(*p, 1) })
	try("convert", func() { x = int(float64(*p)) })
	try("convert any", func() { y = any(*p) })
	try("string", func() { y = *s + "a" })
	try("string 2", func() { x := "b"; x += *s; y = x })
	try("string 3", func() { fmt.Println(*s == "<invalid Value>", *s < "z") })
	try("string 4", func() { y = []byte(*s) })
	try("string 5", func() { y = (*s)[1:] })
	try("string 6", func() { y = (*s)[0] })
	try("string 7", func() { *s += "a" })
	try("string 8", func() { *s = "a" })
	try("string 9", func() {
		for _, c := range *s + "a" {
			y = c
		}
	})
	try("string 10", func() { y = struct{ S string }{*s} })
	try("copy", func() { copy(*sl, sli) })
	try("append to", func() { *sl = append(*sl, 1) })
	try("append from", func() { sli = append(sli, *sl...) })
	try("two", func() { x, y = *p, *p })
	try("multi", func() { a, b := *p, 2; _, _ = a, b })
	try("not", func() { var b *bool; fmt.Println(!*b) })
	try("and", func() { var b *bool; fmt.Println(*b && true) })
	try("neg", func() { x = -*p })
	fmt.Println(len(m), len(ma), arr, sli, st, x, y, len(ch))
}
