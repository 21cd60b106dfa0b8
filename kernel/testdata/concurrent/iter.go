package main

import (
	"fmt"
	"iter"
	"sync"
)

func count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

type shape interface{ area() float64 }
type sq struct{ s float64 }

func (q sq) area() float64 { return q.s * q.s }

type rect struct{ a, b float64 }

func (r *rect) area() float64 { return r.a * r.b }
func main() {
	var wg sync.WaitGroup
	sums := make([]float64, 40)
	for i := range sums {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for x := range count(i) {
				if x == 15 {
					break
				}
				var s shape
				switch {
				case x%2 == 0:
					s = sq{float64(x)}
				default:
					s = &rect{float64(x), 2}
				}
				switch v := s.(type) {
				case sq:
					sums[i] += v.area()
				case *rect:
					sums[i] += v.area() + v.a
				}
			}
		}()
	}
	wg.Wait()
	for i := range sums {
		w := 0.0
		for x := 0; x < i && x < 15; x++ {
			if x%2 == 0 {
				w += float64(x * x)
			} else {
				w += float64(3 * x)
			}
		}
		if w != sums[i] {
			panic(fmt.Sprint(i, w, sums[i]))
		}
	}
}
