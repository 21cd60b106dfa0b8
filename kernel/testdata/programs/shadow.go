package main

import "fmt"

func main() {
	var fs []func() int
	for i := 0; i < 3; i++ {
		fs = append(fs, func() int { return i })
		i := i * 2
		_ = i
	}
	for _, f := range fs {
		fmt.Println(f())
	}
	n := 0
	for i := 0; i < 3; i++ {
		go func() { _ = i }()
		i, k := 0, 1
		_, _ = i, k
		n++
		if n > 5 {
			break
		}
	}
	fmt.Println(n)
	n = 0
	for i := 0; i < 3; i++ {
		defer func() { fmt.Println("d", i) }()
		var i = 0
		_ = i
		n++
		if n > 5 {
			break
		}
	}
	fmt.Println(n)
	var p []*int
	for i := 0; i < 3; i++ {
		p = append(p, &i)
		i := 7
		if i == 8 {
			continue
		}
		_ = i
	}
	for _, q := range p {
		fmt.Println(*q)
	}
	for i := 0; i < 3; i++ {
		f := func() int { return i }
		i := "s"
		if i == "s" && f() == 1 {
			continue
		}
		fmt.Println(i, f())
	}
outer:
	for i, j := 0, 10; i < j; i, j = i+1, j-1 {
		f := func() int { return i * j }
		for i := 0; i < 2; i++ {
			g := func() int { return i }
			j := g() + f()
			if j > 20 {
				continue outer
			}
			i := j
			_ = i
			fmt.Println(j)
		}
	}
}
