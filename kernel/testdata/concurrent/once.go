package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

var once sync.Once
var val int

func get() int { once.Do(func() { val = 42 }); return val }
func main() {
	once, val = sync.Once{}, 0
	var wg sync.WaitGroup
	c := sync.NewCond(&sync.Mutex{})
	ready := false
	var bad atomic.Int32
	for range 30 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c.L.Lock()
			for !ready {
				c.Wait()
			}
			c.L.Unlock()
			if get() != 42 {
				bad.Add(1)
			}
		}()
	}
	time.Sleep(time.Millisecond)
	c.L.Lock()
	ready = true
	c.L.Unlock()
	c.Broadcast()
	wg.Wait()
	if bad.Load() != 0 {
		panic(bad.Load())
	}
	f := sync.OnceValue(func() int { return val + 1 })
	for range 20 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if f() != 43 {
				bad.Add(1)
			}
		}()
	}
	wg.Wait()
	if bad.Load() != 0 {
		panic("f")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	hits := make(chan int, 10)
	for i := range 10 {
		time.AfterFunc(time.Millisecond, func() { hits <- i })
	}
	sum := 0
	for range 10 {
		sum += <-hits
	}
	if sum != 45 {
		panic(sum)
	}
	<-ctx.Done()
}
