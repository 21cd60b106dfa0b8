package main

import "fmt"

func main() {
	// %% labels in cases
	switch x := 1; x {
	case 1:
		fmt.Println("a")
	L:
		for i := 0; i < 3; i++ {
			if i > 1 {
				break L
			}
			fmt.Println(i)
		}
	default:
		fmt.Println("d")
	}
}

func again(n int) (s string) {
	switch {
	case n > 2:
		i := 0
	L:
		s += fmt.Sprint(i)
		if i < n {
			i++
			goto L
		}
		fallthrough
	case n > 1:
		goto end
	end:
		s += "end"
	}
	switch v := any(n).(type) {
	case int:
	M:
		v--
		if v > 0 {
			goto M
		}
		s += "int"
	}
	select {
	default:
	N:
		for i := range 3 {
			for range 2 {
				if i == 1 {
					break N
				}
				continue N
			}
		}
		s += "select"
	}
	return s
}

func init() { fmt.Println(again(1), again(2), again(3)) }
