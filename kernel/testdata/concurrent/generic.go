package main

import (
	"fmt"
	"strings"
	"sync"
)

type stack[T any] struct {
	mu sync.Mutex
	xs []T
}

func (s *stack[T]) push(x T) { s.mu.Lock(); s.xs = append(s.xs, x); s.mu.Unlock() }
func (s *stack[T]) pop() (x T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.xs) == 0 {
		return x, false
	}
	x = s.xs[len(s.xs)-1]
	s.xs = s.xs[:len(s.xs)-1]
	return x, true
}
func pmap[A, B any](xs []A, f func(A) B) []B {
	out := make([]B, len(xs))
	var wg sync.WaitGroup
	for i, x := range xs {
		wg.Add(1)
		go func() { defer wg.Done(); out[i] = f(x) }()
	}
	wg.Wait()
	return out
}
func main() {
	var s stack[string]
	pmap([]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, func(i int) bool {
		for j := range 10 {
			s.push(fmt.Sprint(i * j))
			if j%3 == 0 {
				s.pop()
			}
		}
		return true
	})
	n := 0
	for {
		if _, ok := s.pop(); !ok {
			break
		}
		n++
	}
	if n != 60 {
		panic(n)
	}
	ys := pmap(pmap([]int{3, 1, 2}, func(i int) string { return strings.Repeat("x", i) }), func(s string) int { return len(s) })
	if fmt.Sprint(ys) != "[3 1 2]" {
		panic(fmt.Sprint(ys))
	}
}
