package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
)

func main() {
	var wg sync.WaitGroup
	res := make([]string, 40)
	for i := range res {
		wg.Add(1)
		go func() {
			defer wg.Done()
			xs := []int{}
			for j := range 10 {
				xs = append(xs, (j*7+i)%11)
			}
			sort.Slice(xs, func(a, b int) bool { return xs[a] < xs[b] })
			slices.SortFunc(xs, func(a, b int) int { return b - a })
			m := map[string][]int{"a": xs}
			b, err := json.Marshal(m)
			if err != nil {
				panic(err)
			}
			var back map[string][]int
			if err := json.Unmarshal(b, &back); err != nil {
				panic(err)
			}
			res[i] = strings.Map(func(r rune) rune {
				if r == ' ' {
					return '_'
				}
				return r
			}, fmt.Sprintf("%v %d", back["a"], len(b)))
		}()
	}
	wg.Wait()
	for i := range res {
		xs := []int{}
		for j := range 10 {
			xs = append(xs, (j*7+i)%11)
		}
		sort.Sort(sort.Reverse(sort.IntSlice(xs)))
		if !strings.HasPrefix(res[i], strings.ReplaceAll(fmt.Sprint(xs), " ", "_")) {
			panic(fmt.Sprint(i, xs, res[i]))
		}
	}
}
