package main

import "fmt"

func helper() {
	if r := recover(); r != nil {
		fmt.Println("recovered in helper:", r)
	}
}
func direct() { helper() }

type T struct{ name string }

func (t T) Close() { helper() }
func (t *T) Stop() { fmt.Println(t.name, recover()) }

func try(name string, f func()) {
	defer func() { fmt.Println(name, "outer:", recover()) }()
	f()
}

func main() {
	try("var", func() {
		f := func() { helper() }
		defer f()
		panic(1)
	})
	try("var2", func() {
		f := direct
		defer f()
		panic(2)
	})
	try("named", func() {
		defer direct()
		panic(3)
	})
	try("helper", func() {
		defer helper()
		panic(4)
	})
	try("helpervar", func() {
		h := helper
		defer h()
		panic(5)
	})
	try("method", func() {
		defer T{"a"}.Close()
		panic(6)
	})
	try("pmethod", func() {
		defer (&T{"b"}).Stop()
		panic(7)
	})
	try("methodvalue", func() {
		s := (&T{"c"}).Stop
		defer s()
		panic(8)
	})
	try("iface", func() {
		var i interface{ Close() } = T{"d"}
		defer i.Close()
		panic(9)
	})
	try("ifacep", func() {
		var i interface{ Stop() } = &T{"e"}
		defer i.Stop()
		panic(10)
	})
	try("arg", func() {
		g := func(f func()) { f() }
		defer g(helper)
		panic(11)
	})
	try("lit", func() {
		defer func() { helper() }()
		panic(12)
	})
	try("litdefer", func() {
		defer func() { defer helper() }()
		panic(13)
	})
}
