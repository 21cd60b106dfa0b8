package main

import (
	"fmt"
	"sync"
)

func adder() func(int) int { s := 0; return func(x int) int { s += x; return s } }
func main() {
	var wg sync.WaitGroup
	fs := []func(int) int{}
	for range 20 {
		fs = append(fs, adder())
	}
	for i, f := range fs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range 30 {
				f(j * i)
			}
		}()
	}
	wg.Wait()
	for i, f := range fs {
		if f(0) != i*435 {
			panic(fmt.Sprint(i, f(0)))
		}
	}
	apply := func(f func(int) int, n int) int { return f(n) }
	res := make([]int, 40)
	for i := range res {
		wg.Add(1)
		go func(k int) {
			defer wg.Done()
			g := func(x int) int { return x * k }
			res[k] = apply(g, 3) + apply(func(y int) int { return y + k }, 1)
		}(i)
	}
	wg.Wait()
	for i, x := range res {
		if x != 4*i+1 {
			panic(fmt.Sprint(res))
		}
	}
}
