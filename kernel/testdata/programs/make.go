package main

import "fmt"

func try(f func()) {
	defer func() { fmt.Println(recover()) }()
	f()
}
func main() {
	n := -3
	size := func() int { fmt.Println("size"); return 2 }
	for i := 0; i < 2 && len(make(map[int]bool, size())) == 0; i++ {
		fmt.Println(i)
	}
	try(func() { m := make(map[int]int, n); m[1] = 1; fmt.Println(len(m)) })
	try(func() { xs := make([]int, 2, n+3); fmt.Println(len(xs)) })
	try(func() { xs := make([]int, 2, n); fmt.Println(len(xs)) })
	try(func() { xs := make([]int, n, 2); fmt.Println(len(xs)) })
	try(func() { xs := make([]int, n+5, 2); fmt.Println(len(xs)) })
	try(func() { xs := make(chan int, n); fmt.Println(len(xs)) })
	try(func() { m := make(map[int]int, 1<<62+n); fmt.Println(len(m)) })
}
