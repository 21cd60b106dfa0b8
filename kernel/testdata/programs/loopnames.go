package main

import "fmt"

func main() {
	// %% a
	var fs []func() int
	for i := 0; i < 3; i++ {
		fs = append(fs, func() int { return i })
		i := i * 2
		_ = i
	}
	for _, f := range fs {
		fmt.Print(f(), " ")
	}
	fmt.Println()
	// %% b
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
	// %% c
	var p []*int
	for i := 0; i < 3; i++ {
		p = append(p, &i)
		if i == 1 {
			i := 7
			_ = i
			continue
		}
		i := "s"
		_ = i
	}
	for _, x := range p {
		fmt.Print(*x, " ")
	}
	fmt.Println()
	// %% d
	for i, j := 0, 10; i < j; i, j = i+1, j-2 {
		defer func() { fmt.Println("d", i, j) }()
		var i = 0
		i += 100
		_ = i
	}
	// %% e
outer:
	for i := 0; i < 3; i++ {
		f := func() int { return i * 10 }
		for j := 0; j < 3; j++ {
			g := func() int { return i + j }
			i := 5
			if j == 1 {
				continue outer
			}
			fmt.Println(f(), g(), i)
		}
	}
}
