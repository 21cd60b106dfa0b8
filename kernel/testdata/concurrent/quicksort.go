package main

import (
	"sort"
)

func sortp(xs []int, depth int) {
	if len(xs) < 2 {
		return
	}
	p, i := xs[len(xs)/2], 0
	l, r := 0, len(xs)-1
	for l <= r {
		for xs[l] < p {
			l++
		}
		for xs[r] > p {
			r--
		}
		if l <= r {
			xs[l], xs[r] = xs[r], xs[l]
			l++
			r--
		}
	}
	_ = i
	if depth == 0 {
		sortp(xs[:r+1], 0)
		sortp(xs[l:], 0)
		return
	}
	done := make(chan bool)
	go func() { sortp(xs[:r+1], depth-1); done <- true }()
	sortp(xs[l:], depth-1)
	<-done
}
func main() {
	xs := make([]int, 800)
	for i := range xs {
		xs[i] = (i * 7919) % 1000
	}
	sortp(xs, 4)
	if !sort.IntsAreSorted(xs) {
		panic("unsorted")
	}
}
