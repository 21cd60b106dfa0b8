package main

import (
	"errors"
	"fmt"
	"time"
)

type P struct{ A, B int }
type N struct {
	V    int
	Next *N
}
type S struct{ X any }

func (s S) String() string { return "S!" }

type E struct{ c int }

func (e *E) Error() string { return fmt.Sprint("E", e.c) }

func show(x any) string {
	s := fmt.Sprintf("%v|%+v|%#v", x, x, x)
	out := ""
	for i := 0; i < len(s); i++ { // addresses
		if i+2 < len(s) && s[i] == '0' && s[i+1] == 'x' {
			out += "ADDR"
			i += 2
			for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'f') {
				i++
			}
			i--
			continue
		}
		out += string(s[i])
	}
	return out
}

func main() {
	// %% in interfaces, in containers
	p := &P{1, 2}
	fmt.Println(show([]any{p, P{3, 4}, 5, "s", nil}))
	fmt.Println(show(map[string]any{"p": p, "q": P{1, 2}, "n": nil}))
	fmt.Println(show([]any{[]any{p}, map[string]any{"p": p}, &N{1, nil}}))
	fmt.Println(show([]error{&E{1}, nil, errors.New("x")}))
	fmt.Println(show([2]any{p, S{p}}))
	fmt.Println(show(struct{ A any }{p}))
	fmt.Println(show([]fmt.Stringer{S{1}, time.Second, &S{2}}))
	fmt.Println(show(&[]any{p}), show(&map[string]any{"a": p}))
	fmt.Println(show([]any{&time.Time{}, &[]int{1}, &struct{ A int }{1}}))
	fmt.Println(show(S{p}), show([]S{{p}}), show(map[P]any{{1, 2}: p}))
	fmt.Println(show([]any{[]byte("ab"), [2]byte{1, 2}, P{}, []P{{1, 2}}, []*P{p}}))
	fmt.Println(show(any(p)), show([]any(nil)), show(map[string]any(nil)))
	fmt.Printf("%d %s %x %q\n", []any{1, P{1, 2}}, []any{"a", P{1, 2}}, []any{"a", 17}, []any{"a", S{}})
	fmt.Printf("%6v|%-6v|%06d\n", []any{1, 2}, []any{"a", P{1, 2}}, []any{3, P{1, 2}})
	var e error = &E{2}
	fmt.Println([]any{e, &e == nil}, []any{(*P)(nil), (*E)(nil) == nil})
	fmt.Printf("%T %T\n", []any{p}, map[string]any{})
	fmt.Println(fmt.Sprint([]any{p, 1}...)[:2], fmt.Sprint([]any{1, 2, "a", "b", P{1, 2}, P{3, 4}}...))
}
