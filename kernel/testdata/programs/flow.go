package main

import (
	"fmt"
	"sync"
	"time"
)

type res struct{ name string }

func (r res) Close() { fmt.Println("close", r.name) }

func two() (int, string) { return 7, "seven" }

func take(n int, s string, rest ...any) string { return fmt.Sprint(n, s, len(rest)) }

func rethrow() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("recovered %v", r)
		}
	}()
	defer func() {
		defer func() { fmt.Println("inner", recover()) }()
		panic("second")
	}()
	panic("first")
}

func replaced() (n int) {
	defer func() { n, _ = recover().(int) }()
	defer func() { panic(2) }()
	panic(1)
}

func noRecover() {
	f := func() any { return recover() }
	defer func() { fmt.Println("nothing", f() == nil, recover()) }()
	panic("x")
}

func fact(n int) int {
	if n <= 1 {
		return 1
	}
	return n * fact(n-1)
}

func main() {
	// %% defer
	r := res{"a"}
	func() {
		defer r.Close()
		r.name = "b"
		defer r.Close()
		for i := range 3 {
			defer fmt.Print(i, " ")
		}
		f := func(s string) { fmt.Println("f", s) }
		defer f("old")
		f = nil
	}()
	fmt.Println(rethrow(), replaced())

	// %% results as arguments
	fmt.Println(take(two()))
	fmt.Println(two())
	n, s := two()
	fmt.Println(n, s, fact(10))

	// %% goroutines
	var wg sync.WaitGroup
	var mu sync.Mutex
	sum := map[int]int{}
	for i := 0; i < 4; i++ {
		wg.Add(1)
		go func(k int) {
			defer wg.Done()
			mu.Lock()
			defer mu.Unlock()
			sum[k] += i
		}(i % 2)
	}
	wg.Wait()
	fmt.Println(sum)
	jobs, out := make(chan int), make(chan string, 8)
	for w := range 2 {
		wg.Go(func() {
			for j := range jobs {
				out <- fmt.Sprintf("%d", j*j+w-w)
			}
		})
	}
	for j := range 4 {
		jobs <- j
	}
	close(jobs)
	wg.Wait()
	close(out)
	total := 0
	for o := range out {
		total += len(o)
	}
	fmt.Println(total)

	// %% select
	tick := time.After(time.Millisecond)
	var nilc chan int
	done := make(chan struct{})
	go func() { time.Sleep(5 * time.Millisecond); close(done) }()
	ticks := 0
loop:
	for {
		select {
		case <-tick:
			ticks++
			tick = nil
		case nilc <- 1:
			fmt.Println("never")
		case _, ok := <-done:
			fmt.Println("done", ok, ticks)
			break loop
		}
	}
	buf := make(chan int, 1)
	for i := range 3 {
		select {
		case buf <- i:
			fmt.Println("sent", i)
		case v := <-buf:
			fmt.Println("got", v)
		default:
			fmt.Println("none")
		}
	}

	// %% switch and goto
	for i := range 5 {
		switch x := i * 2; {
		case x == 2:
			fmt.Print("two ")
			fallthrough
		case x == 100:
			fmt.Print("fell ")
		default:
			fmt.Print("default ")
		}
	}
	fmt.Println()
	i := 0
again:
	if i < 3 {
		i++
		goto again
	}
	fmt.Println(i)
	switch {
	default:
		fmt.Println("alone")
	}
	var a any = 3
	switch v := a.(type) {
	case nil, string:
		fmt.Println("no", v)
	case int, float64:
		fmt.Printf("number %v %T\n", v, v)
	}

	// %% shadows and blocks
	v := 1
	{
		v := v + 1
		v++
		_ = v
	}
	if v := 5; v > 3 {
		fmt.Println(v)
	}
	len := func(x int) int { return x * 2 }
	fmt.Println(v, len(4))
	type local struct{ a, b int }
	ls := []local{{1, 2}, {b: 3}}
	fmt.Printf("%+v %T\n", ls, ls[0])
	noRecover()

	// %%
	{
		no, yes, n := false, true, 3
		println(!(no) || no, (no) || yes)
		fmt.Println(!(no) || no, !(no) && yes, -(n) > 3 || yes, ((n) > 3) || (no), (n) > 2 && !(yes))
		for !(no) || no {
			no = true
			if !(no) && yes {
				break
			}
			yes = false
			break
		}
		fmt.Println(no, yes)
	}
}
