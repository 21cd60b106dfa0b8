package main

import (
	"fmt"
	"sync"
)

type job struct {
	id  int
	out chan<- int
}

func work(id int, jobs <-chan job, wg *sync.WaitGroup) {
	defer wg.Done()
	for j := range jobs {
		x := 0
		for i := 0; i < j.id%7; i++ {
			x += i
		}
		j.out <- x + j.id
	}
}
func main() {
	jobs, out := make(chan job), make(chan int, 1000)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Add(1)
		go work(i, jobs, &wg)
	}
	want := 0
	for i := range 300 {
		jobs <- job{i, out}
		want += i + (i%7)*(i%7-1)/2
	}
	close(jobs)
	wg.Wait()
	close(out)
	got := 0
	for x := range out {
		got += x
	}
	if got != want {
		panic(fmt.Sprint(got, want))
	}
}
