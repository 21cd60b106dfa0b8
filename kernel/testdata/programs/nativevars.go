package main

import (
	"flag"
	"fmt"
)

func main() {
	a := flag.CommandLine
	b := flag.NewFlagSet("x", flag.ContinueOnError)
	flag.CommandLine = b
	fmt.Println(a == b, flag.CommandLine == b, a == flag.CommandLine)
	c := flag.CommandLine
	flag.CommandLine = a
	fmt.Println(c == b, c == a)
	d, e := flag.CommandLine, b
	flag.CommandLine = b
	fmt.Println(d == b, d == a, e == b)
	var f = flag.CommandLine
	flag.CommandLine = a
	fmt.Println(f == b, f == a)
	var g *flag.FlagSet
	g = flag.CommandLine
	flag.CommandLine = b
	fmt.Println(g == a, g == b)
	s := []*flag.FlagSet{flag.CommandLine}
	flag.CommandLine = a
	fmt.Println(s[0] == b, s[0] == a)
}

func init() {
	old := flag.Usage
	flag.Usage = func() { fmt.Println("usage") }
	flag.Usage()
	var now = flag.Usage
	flag.Usage = old
	now()
	keep := struct{ f func() }{now}
	get := func() *flag.FlagSet { return flag.CommandLine }
	one := get()
	flag.CommandLine = nil
	fmt.Println(one != nil, get() == nil)
	flag.CommandLine = one
	keep.f()
	for i := range 2 {
		is := flag.CommandLine
		flag.CommandLine = flag.NewFlagSet(fmt.Sprint(i), flag.ContinueOnError)
		fmt.Println(is.Name() == "0", flag.CommandLine.Name())
	}
	flag.CommandLine = one
}
