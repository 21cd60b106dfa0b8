package main

import "fmt"

type T struct {
	F []int
	N int
}

func main() {
	// %% the value, then its place
	a, b := []int{0, 0, 0}, []int{7, 7, 7}
	i := 0
	f := func() int { i = 2; a = b; return 5 }
	a[i] = f()
	fmt.Println(a, b, i)
	a, b, i = []int{0, 0, 0}, []int{7, 7, 7}, 0
	a[i] += f()
	fmt.Println(a, b, i)
	a, b, i = []int{0, 0, 0}, []int{7, 7, 7}, 0
	g := func() int { fmt.Print("g "); return 1 }
	a[g()] = f()
	fmt.Println(a, b, i)
	t := &T{F: []int{1}}
	h := func() int { t = &T{F: []int{9}}; return 4 }
	t.N = h()
	fmt.Println(*t)
	t.F[0] = h()
	fmt.Println(*t)
	m := map[int]int{}
	k := 1
	mm := func() int { k = 9; m = map[int]int{3: 3}; return 8 }
	m[k] = mm()
	fmt.Println(m)
	p := new(int)
	q := p
	pp := func() int { p = new(int); return 3 }
	*p = pp()
	fmt.Println(*p, *q)
	y := i + f()
	fmt.Println(y)
	i = 0
	z := fmt.Sprint(i, f(), i)
	fmt.Println(z)
	i = 0
	s := []int{i, f(), i}
	fmt.Println(s)
	var arr [3]int
	af := func() int { arr = [3]int{1, 1, 1}; i = 1; return 2 }
	i = 0
	arr[i] = af()
	fmt.Println(arr)
	func() {
		defer func() { fmt.Println(recover()) }()
		a[i+5] = func() int { panic("first") }()
	}()
	func() {
		defer func() { fmt.Println(recover()) }()
		var np *T
		np.N = func() int { panic("first") }()
	}()
	func() {
		defer func() { fmt.Println(recover()) }()
		var np *T
		np.F[3] = func() int { panic("first") }()
	}()
	func() {
		defer func() { fmt.Println(recover()) }()
		var nm map[string]int
		nm["a"] = func() int { panic("first") }()
	}()
	func() {
		defer func() { fmt.Println(recover()) }()
		ts := []T{}
		ts[2].N = func() int { panic("first") }()
	}()
	func() {
		defer func() { fmt.Println(recover()) }()
		var e []int
		e[1] = append(e, e[0])[0]
	}()
}
