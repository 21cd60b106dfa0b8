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

func two(a, b []int, i, j int) (int, int) { return a[i], b[j] }

type S struct {
	A []int
	B [4]int
	P *[4]int
}

func main() {
	// %% which of several faults is met
	a, b, c, d := make([]int, 1), make([]int, 2), make([]int, 3), make([]int, 4)
	i, j, k, l := 1, 2, 3, 4
	try("a", func() { a[i] = b[j] })
	try("b", func() { a[i] += b[j] })
	try("c", func() { a[b[j]] = c[k] })
	try("d", func() { a[b[j]] += c[k] })
	try("e", func() { fmt.Println(a[i] + b[j]*c[k]) })
	try("f", func() { a[i], b[j] = c[k], d[l] })
	try("g", func() { a[i]++ })
	try("h", func() { x := a[b[j]] + c[k]; _ = x })
	try("i", func() { x := a[c[0]] + c[k] - b[j]; _ = x })
	try("j", func() { x := []int{a[i], b[j]}; _ = x })
	try("k", func() { x := func() int { return a[i] - b[j] }(); _ = x })
	s := &S{A: a, P: new([4]int)}
	try("l", func() { s.A[i] = s.B[l] + s.P[l] })
	try("m", func() { s.B[l] = s.A[i] })
	try("n", func() { s.B[l] += s.A[i] })
	try("o", func() { s.P[l] = s.A[i] })
	m := map[int][]int{}
	try("q", func() { m[0][i] = b[j] })
	try("r", func() { x := a[i] == b[j]; _ = x })
	str := "ab"
	try("s", func() { x := str[j] == str[k]; _ = x })
	g := [][]int{{1}, {2}}
	try("t", func() { g[i][i] = g[j][0] })
	try("u", func() { g[j][i] = g[i][i] })
	try("v", func() { g[i][i] += g[j][0] })
	try("w", func() { x := g[i][i] + g[j][0]; _ = x })
	try("x", func() { a[i] |= c[k] << b[j] })
	try("z", func() { x := -a[i] + ^b[j]; _ = x })
	var np *S
	try("1", func() { np.A[i] = b[j] })
	try("2", func() { a[i] = np.A[j] })
	try("3", func() { a[i] = b[0] / a[0] })
	try("4", func() { a[0] = b[0]/a[0] + b[j] })
	try("5", func() { x := b[j] + b[0]/a[0]; _ = x })
	try("6", func() {
		if a[i] > b[j] {
			fmt.Println()
		}
	})
	try("7", func() {
		switch a[i] {
		case b[j]:
		}
	})
	try("8", func() { a[i], b[0] = b[0], a[0] })
	try("9", func() { b[0], a[i] = 5, c[k] })
	fmt.Println(b[0])
	try("2a", func() { x, y, z := a[i], b[j], c[k]; _, _, _ = x, y, z })
	try("2b", func() { var x, y, z int; x, y, z = a[i], b[j], c[k]; _, _, _ = x, y, z })
	try("2c", func() { a[0], b[0], c[0] = b[j], c[k], d[l] })
	try("2d", func() { a[i], b[j], c[k] = 1, 2, 3 })
	try("2e", func() { a[i], b[0], c[0] = b[j], c[k], d[0] })
	try("2f", func() { two(a, b, i, j) })
	try("2g", func() { var x, y = a[i], b[j]; _, _ = x, y })
	try("2h", func() { a[b[j]], b[0] = c[k], 1 })
	try("2i", func() { a[i], a[0] = a[0], a[i] })
	try("2j", func() { a[0], a[i] = a[i], b[j] })
	try("2k", func() { a[0], b[0] = b[j], 5 })
	try("2l", func() { a[0], b[0] = a[i], c[k] })
	try("2m", func() { var x int; x, a[i] = b[j], c[k]; _ = x })
	try("2n", func() { var x int; a[i], x = b[j], c[k]; _ = x })
}
