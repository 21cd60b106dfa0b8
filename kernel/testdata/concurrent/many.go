package main

import (
	"fmt"
	"sync"
)

func main() {
	const n = 2000
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := make([]int, n)
	for i := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			mu.Lock()
			seen[i]++
			mu.Unlock()
		}()
		if i%50 == 0 {
			wg.Wait()
		}
	}
	wg.Wait()
	for i, k := range seen {
		if k != 1 {
			panic(fmt.Sprint(i, k))
		}
	}
	f := func(int) int { return -1 }
	for i := range n {
		f = func(x int) int { return x + i }
		wg.Add(1)
		go func() {
			defer wg.Done()
			if y := f(1); y != i+1 {
				panic(fmt.Sprint(i, y))
			}
		}()
		wg.Wait()
	}
}
