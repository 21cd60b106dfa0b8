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
