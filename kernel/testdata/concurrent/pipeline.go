package main

import (
	"fmt"
	"sync"
)

func gen(n int) <-chan int {
	c := make(chan int)
	go func() {
		defer close(c)
		for i := range n {
			c <- i
		}
	}()
	return c
}
func sq(in <-chan int) <-chan int {
	c := make(chan int)
	go func() {
		for x := range in {
			c <- x * x
		}
		close(c)
	}()
	return c
}
func merge(cs ...<-chan int) <-chan int {
	var wg sync.WaitGroup
	out := make(chan int)
	for _, c := range cs {
		wg.Add(1)
		go func(c <-chan int) {
			defer wg.Done()
			for x := range c {
				out <- x
			}
		}(c)
	}
	go func() { wg.Wait(); close(out) }()
	return out
}
func main() {
	s := 0
	for x := range merge(sq(gen(50)), sq(gen(60)), sq(gen(70))) {
		s += x
	}
	want := 0
	for _, n := range []int{50, 60, 70} {
		for i := range n {
			want += i * i
		}
	}
	if s != want {
		panic(fmt.Sprint(s, want))
	}
}
