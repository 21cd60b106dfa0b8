package main

import "fmt"

func main() {
	n := 0
	for ; ; n++ {
		if n > 2 {
			break
		}
	}
	for {
		break
	}
	for i := 0; ; i++ {
		if i > 3 {
			n += i
			break
		}
	}
	for i := 0; ; {
		if i > 4 {
			n += i
			break
		}
		i++
	}
	var fs []func() int
	for i := 0; ; {
		if i > 5 {
			break
		}
		fs = append(fs, func() int { i += 10; return i })
		i++
	}
	for i, j := 0, 9; i < j; {
		i, j = i+1, j-1
		n += j
	}
	for i := 0; i < 3; {
		i++
		n += i
	}
	fmt.Println(n)
	for _, f := range fs {
		fmt.Print(f(), " ")
	}
	fmt.Println()
}
