package main

import (
	"fmt"
	"sync"
	"sync/atomic"
)

func main() {
	var wg sync.WaitGroup
	var n atomic.Int64
	work := func(i int) {
		defer wg.Done()
		for j := 0; j < 10; j++ {
			x := i + j
			if x%2 == 0 {
				n.Add(int64(x))
			} else {
				n.Add(1)
			}
		}
	}
	for i := range 100 {
		wg.Add(1)
		go work(i)
	}
	wg.Wait()
	want := int64(0)
	for i := range 100 {
		for j := range 10 {
			if (i+j)%2 == 0 {
				want += int64(i + j)
			} else {
				want++
			}
		}
	}
	if n.Load() != want {
		panic(fmt.Sprint(n.Load(), want))
	}
}
