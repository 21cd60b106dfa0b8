package main

import "fmt"

type pair struct{ a, b int }

func find(seq func(func(int) bool), want int) (at int, ok bool) {
	i := 0
	for v := range seq {
		if v == want {
			return i, true
		}
		i++
	}
	return -1, false
}

func upTo(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i * i) {
				fmt.Println("stopped at", i)
				return
			}
		}
	}
}

func named(n int) (sum int) {
	defer func() { sum *= 10 }()
	for v := range upTo(n) {
		if v > 10 {
			return v
		}
		sum += v
	}
	return
}

func main() {
	// %% closures in loops
	var fs []func() int
	for i := 0; i < 3; i++ {
		fs = append(fs, func() int { i += 10; return i })
	}
	for _, f := range fs {
		fmt.Print(f(), " ", f(), " ")
	}
	fmt.Println()
	for i := 0; i < 6; i++ {
		if i == 1 {
			continue
		}
		if i == 4 {
			break
		}
		defer func() { fmt.Println("deferred", i) }()
		i++
		fmt.Print(i, " ")
	}
	fmt.Println()

	// %% labels
outer:
	for i := range 4 {
		for j := 0; j < 4; j++ {
			p := &j
			switch {
			case *p == 1:
				continue
			case *p == 3:
				continue outer
			case i == 2:
				break outer
			}
			fmt.Print(i, j, ";")
		}
	}
	fmt.Println()

	// %% functions as sequences
	fmt.Println(find(upTo(5), 9))
	fmt.Println(find(upTo(3), 9))
	fmt.Println(named(3), named(6))
	total := 0
all:
	for x := range upTo(4) {
		for y := range upTo(4) {
			if y > x {
				continue all
			}
			if x == 9 {
				break all
			}
			total += x*100 + y
		}
	}
	fmt.Println(total)

	// %% ranges
	xs := []int{1, 2, 3}
	for i, x := range xs {
		xs = append(xs, x*10)
		xs[i] = 0
	}
	fmt.Println(xs)
	arr := [3]int{1, 2, 3}
	for i, x := range arr {
		arr[2] = 100
		fmt.Print(i, x, " ")
	}
	for i, x := range &arr {
		arr[2] = 200
		fmt.Print(i, x, " ")
	}
	fmt.Println()
	var k, v int
	for k, v = range []int{7, 8} {
	}
	fmt.Println(k, v)
	for i, r := range "aé\xff世" {
		fmt.Print(i, ":", r, " ")
	}
	fmt.Println()
	m := map[pair]string{{1, 2}: "x"}
	for p, s := range m {
		p.a++
		fmt.Println(p, s, m)
	}
	ch := make(chan int, 3)
	ch <- 1
	ch <- 2
	close(ch)
	for x := range ch {
		fmt.Print(x, " ")
	}
	x, ok := <-ch
	fmt.Println(x, ok)
	n := uint8(3)
	for i := range n {
		fmt.Printf("%T%d ", i, i)
	}
	fmt.Println()
}
