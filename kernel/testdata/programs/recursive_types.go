package main

import (
	"fmt"
	"sort"
	"sync/atomic"
)

type lexer struct {
	input string
	pos   int
	out   []string
}

// stateFn is a function that returns one of its own type.
type stateFn func(*lexer) stateFn

func lexSpace(l *lexer) stateFn {
	for l.pos < len(l.input) && l.input[l.pos] == ' ' {
		l.pos++
	}
	if l.pos == len(l.input) {
		return nil
	}
	if c := l.input[l.pos]; c >= '0' && c <= '9' {
		return lexNumber
	}
	return lexWord
}

func lexNumber(l *lexer) stateFn {
	return l.take("num", func(c byte) bool { return c >= '0' && c <= '9' })
}

func lexWord(l *lexer) stateFn { return l.take("word", func(c byte) bool { return c != ' ' }) }

func (l *lexer) take(kind string, ok func(byte) bool) stateFn {
	from := l.pos
	for l.pos < len(l.input) && ok(l.input[l.pos]) {
		l.pos++
	}
	l.out = append(l.out, kind+":"+l.input[from:l.pos])
	return lexSpace
}

type Tree []Tree

func (t Tree) depth() int {
	d := 0
	for _, c := range t {
		d = max(d, c.depth())
	}
	return d + 1
}

func (t *Tree) add(c Tree) { *t = append(*t, c) }

type Menu map[string]Menu

func (m Menu) names() []string {
	var out []string
	for k, v := range m {
		out = append(out, k)
		for _, n := range v.names() {
			out = append(out, k+"/"+n)
		}
	}
	sort.Strings(out)
	return out
}

type Pipe chan Pipe

type Chain func(string) Chain

type config struct{ name string }

func main() {
	// %%
	l := &lexer{input: "ab 12 c  345"}
	var state stateFn = lexSpace
	steps := 0
	for state != nil {
		state = state(l)
		steps++
	}
	fmt.Println(l.out, steps, state == nil)

	// %%
	t := Tree{Tree{}, Tree{Tree{}, nil}}
	t.add(Tree{})
	fmt.Println(len(t), t.depth(), t, t[1], t[1][1] == nil)
	t[0] = append(t[0], nil, Tree{})
	fmt.Println(t, len(t[0]), cap(t[:1]) >= 1, t[1:])
	var empty Tree
	fmt.Println(empty, empty == nil, len(empty), empty.depth())
	fmt.Printf("%v %T %d\n", t, t, len([]Tree(t)))
	var a any = t
	if u, ok := a.(Tree); ok {
		fmt.Println("a tree of", len(u))
	}
	switch v := a.(type) {
	case Menu:
		fmt.Println("menu")
	case Tree:
		fmt.Println("tree", len(v), v[2])
	}
	p := &t
	(*p)[2] = Tree{nil}
	fmt.Println(t[2], len(*p))
	list := []Tree{t, nil}
	fmt.Println(len(list), list[1] == nil)

	// %%
	m := Menu{"file": {"open": nil, "save": Menu{"as": {}}}, "edit": nil}
	m["view"] = Menu{"zoom": nil}
	m["file"]["close"] = nil
	delete(m, "edit")
	v, ok := m["nope"]
	fmt.Println(m.names(), len(m), v == nil, ok)
	fmt.Println(m)

	// %%
	c := make(Pipe, 1)
	c <- nil
	fmt.Println(<-c == nil, len(c), cap(c))
	done := make(Pipe)
	go func() { done <- c; close(done) }()
	got := <-done
	fmt.Println(got == c)
	for range done {
		fmt.Println("never")
	}

	// %%
	var log []string
	var chain Chain
	chain = func(s string) Chain {
		log = append(log, s)
		return chain
	}
	chain("a")("b")("c")
	fmt.Println(log)
	fs := map[string]Chain{"x": chain}
	fs["x"]("d")
	fmt.Println(len(log), fs["y"] == nil)

	// %%
	var current atomic.Pointer[config]
	fmt.Println(current.Load() == nil)
	first := &config{"first"}
	current.Store(first)
	fmt.Println(current.Load().name, current.CompareAndSwap(nil, first))
	second := &config{"second"}
	fmt.Println(current.CompareAndSwap(first, second), current.Load().name)
	fmt.Println(current.Swap(nil) == second, current.Load() == nil)
	var holder struct {
		n atomic.Pointer[int]
		k int
	}
	n := 7
	holder.n.Store(&n)
	fmt.Println(*holder.n.Load(), holder.k)

	// %%
	each := func(yield func(int) bool) {
		for i := range 3 {
			if !yield(i) {
				return
			}
		}
	}
	f := func() (s string) {
		defer func() { s += "|end" }()
		for i := range each {
			defer func() { s += fmt.Sprint("-", i) }()
			if i == 1 {
				return "r"
			}
		}
		return "never"
	}
	fmt.Println(f())
}
