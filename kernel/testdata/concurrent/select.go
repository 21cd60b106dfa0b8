package main

import (
	"sync"
)

func main() {
	done, out := make(chan struct{}), make(chan int)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			n := 0
			for {
				select {
				case out <- i:
					n++
				case <-done:
					return
				}
			}
		}()
	}
	seen := map[int]int{}
	for range 500 {
		seen[<-out]++
	}
	close(done)
	wg.Wait()
	t := 0
	for k, v := range seen {
		if k < 0 || k > 9 {
			panic(k)
		}
		t += v
	}
	if t != 500 {
		panic(t)
	}
}
