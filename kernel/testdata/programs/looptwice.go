package main

import "fmt"

func try(name string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Println(name, "panics:", r)
		}
	}()
	f()
}

func masked(xs []int, n int) (s int) {
	for i := 0; i < n; i++ {
		s += xs[i&7] + xs[7&i]
	}
	return s
}

func neighbours(xs []int, n int) (s int) {
	for i := 1; i < n; i++ {
		s += xs[i] - xs[i-1]
	}
	for i := 0; i < n; i++ {
		s += 10 * xs[i+1]
	}
	return s
}

func mod(xs []int) (s int) {
	for i := range 9 {
		s = s*3 + xs[i%3]
	}
	for i := -4; i < 3; i++ {
		s += xs[i%3]
	}
	return s
}

func columns(xs, ys []float64, text string) (s float64) {
	for i := range xs {
		s += xs[i] * ys[i]
		if text[i] == 'b' {
			s++
		}
	}
	return s
}

func grows(xs []int) (n int) {
	for i := 0; i < len(xs) && i < 6; i++ {
		if xs[0] > 0 {
			xs = append(xs, xs[i])
		}
		n += xs[i]
	}
	return n
}

func shrinks(xs []int) (n int) {
	for i := 0; i < 4; i++ {
		n += xs[i]
		xs = xs[:2]
	}
	return n
}

func lowers(xs []int, n int) (s int) {
	for i := 0; i < n; i++ {
		s += xs[i]
		n--
	}
	return s
}

func fixed(xs []int, j int) (s int) {
	for range 3 {
		s += xs[j] + xs[2]
	}
	return s
}

func early(xs []int) (s int) {
	for i := 0; i < 100; i++ {
		if i == 3 {
			break
		}
		s += xs[i]
	}
	return s
}

func sum[T int | float64](xs []T, n int) (s T) {
	for i := range n {
		s += xs[i]
	}
	return s
}

func huge(xs []int) (s int) {
	const most = int(^uint(0) >> 1)
	for i := most - 1; i < most; i++ {
		s += xs[i]
	}
	return s
}

func main() {
	// %% in bounds, and out of them
	eight := []int{1, 2, 3, 4, 5, 6, 7, 8}
	for _, xs := range [][]int{eight, eight[:7], eight[:3], nil} {
		try("masked", func() { fmt.Println(masked(xs, 20)) })
		try("masked, few", func() { fmt.Println(masked(xs, 2)) })
		try("neighbours", func() { fmt.Println(neighbours(xs, 3), neighbours(xs, 7)) })
		try("neighbours, all", func() { fmt.Println(neighbours(xs, len(xs))) })
		try("mod", func() { fmt.Println(mod(xs)) })
		try("grows", func() { fmt.Println(grows(xs)) })
		try("shrinks", func() { fmt.Println(shrinks(xs)) })
		try("lowers", func() { fmt.Println(lowers(xs, 6)) })
		for _, j := range []int{-1, 0, 7, 8} {
			try(fmt.Sprint("fixed ", j), func() { fmt.Println(fixed(xs, j)) })
		}
		try("early", func() { fmt.Println(early(xs)) })
		try("sum", func() { fmt.Println(sum(xs, 5)) })
		try("huge", func() { fmt.Println(huge(xs)) })
	}
	try("sum", func() { fmt.Println(sum([]float64{1, 2.5}, 2)) })

	// %% several slices and a text
	xs, ys := []float64{1, 2, 3}, []float64{4, 5, 6}
	try("columns", func() { fmt.Println(columns(xs, ys, "abc")) })
	try("columns", func() { fmt.Println(columns(xs, ys[:2], "abc")) })
	try("columns", func() { fmt.Println(columns(xs, ys, "ab")) })
	try("columns", func() { fmt.Println(columns(nil, nil, "")) })

	// %% of a cell's own variables
	total := 0
	for i := range 10 {
		total += eight[i%8]
	}
	fmt.Println(total)
	for i := 0; i < 4; i++ {
		eight[i+4] = eight[i] * i
	}
	fmt.Println(eight)
	try("over the end", func() {
		for i := 0; i < 4; i++ {
			eight[i+5] = eight[i]
		}
	})
	fmt.Println(eight)
}
