package main

import (
	"fmt"
	"sync"
)

type counter struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counter) inc(k string)         { c.mu.Lock(); defer c.mu.Unlock(); c.n[k]++ }
func (c *counter) get(k string) (n int) { c.mu.Lock(); n = c.n[k]; c.mu.Unlock(); return }
func main() {
	c := &counter{n: map[string]int{}}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range 20 {
				c.inc(fmt.Sprint("k", (i+j)%5))
				c.get("k1")
			}
		}()
	}
	wg.Wait()
	s := 0
	for k := range c.n {
		s += c.get(k)
	}
	if s != 1000 {
		panic(s)
	}
}
