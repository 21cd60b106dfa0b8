package main

import (
	"errors"
	"fmt"
	"sync"
)

type myErr struct{ n int }

func (e *myErr) Error() string { return fmt.Sprint("err ", e.n) }
func risky(i int) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &myErr{r.(int)}
		}
	}()
	if i%3 == 0 {
		panic(i)
	}
	return nil
}
func main() {
	var wg sync.WaitGroup
	errs := make([]error, 60)
	for i := range errs {
		wg.Add(1)
		go func() { defer wg.Done(); errs[i] = risky(i) }()
	}
	wg.Wait()
	for i, e := range errs {
		var m *myErr
		if (i%3 == 0) != errors.As(e, &m) || m != nil && m.n != i {
			panic(fmt.Sprint(i, e))
		}
	}
}
