package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"
)

type Person struct {
	Name string `json:"name"`
	Age  int    `json:"age,omitempty"`
	tags []string
}

type Level int

const (
	Low Level = iota + 1
	High
)

func (l Level) String() string { return [...]string{"?", "low", "high"}[l] }

func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

type notFound struct{ key string }

func (e notFound) Error() string { return "no " + e.key }

func count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func main() {
	// %% slices
	people := []Person{{"Bo", 30, nil}, {"Al", 25, nil}, {"Cy", 30, nil}, {"Di", 25, []string{"x"}}}
	byAge := slices.Clone(people)
	slices.SortStableFunc(byAge, func(a, b Person) int { return cmp.Or(cmp.Compare(a.Age, b.Age), -strings.Compare(a.Name, b.Name)) })
	fmt.Println(byAge, slices.IndexFunc(people, func(p Person) bool { return p.Name == "Cy" }))
	xs := []int{5, 2, 9, 1, 5, 6}
	ys := slices.Sorted(slices.Values(xs))
	i, found := slices.BinarySearch(ys, 6)
	fmt.Println(xs, ys, i, found, slices.Max(xs), slices.Min(xs), slices.Contains(xs, 9), slices.Compact(ys))
	many := make([]Person, 40)
	for i := range many {
		many[i] = Person{Name: fmt.Sprint(i), Age: i * 7 % 5}
	}
	slices.SortFunc(many, func(a, b Person) int { return a.Age - b.Age })
	for _, p := range many {
		fmt.Print(p.Name, " ")
	}
	fmt.Println()
	xs = slices.Insert(xs, 1, 7, 8)
	xs = slices.Delete(xs, 3, 5)
	slices.Reverse(xs)
	fmt.Println(xs, slices.Equal(xs, slices.Clone(xs)), slices.Concat([]string{"a"}, nil, []string{"b"}), slices.Repeat([]Level{Low}, 2))
	for c := range slices.Chunk([]string{"a", "b", "c"}, 2) {
		fmt.Print(c, len(c), cap(c), " ")
	}
	for i, v := range slices.Backward(xs) {
		if i < 4 {
			break
		}
		fmt.Print(i, "=", v, " ")
	}
	fmt.Println()
	levels := []Level{High, Low}
	slices.Sort(levels)
	fmt.Println(levels, slices.Index(levels, High), slices.Compare([]int{1, 2}, []int{1, 3}))

	// %% maps
	m := map[string]int{"x": 1, "y": 2, "z": 3}
	keys := slices.Sorted(maps.Keys(m))
	total := 0
	for _, v := range maps.All(m) {
		total += v
	}
	n := maps.Clone(m)
	maps.DeleteFunc(n, func(k string, v int) bool { return v%2 == 1 })
	fmt.Println(keys, total, n, maps.Equal(m, n), slices.Collect(maps.Values(n)))

	// %% sequences
	next, stop := iter.Pull(count(3))
	a, ok := next()
	b, ok2 := next()
	stop()
	c, ok3 := next()
	fmt.Println(a, ok, b, ok2, c, ok3, slices.Collect(count(4)))
	for part := range strings.SplitSeq("a,b,c", ",") {
		fmt.Print(part, ";")
	}
	for w := range strings.FieldsSeq(" p  q ") {
		fmt.Print("[", w, "]")
	}
	fmt.Println()

	// %% json and errors
	out, err := json.Marshal(map[string]any{"p": people[3], "l": []Level{Low, High}, "m": map[Level]int{High: 1}, "t": time.Duration(5)})
	fmt.Println(string(out), err)
	var p Person
	err = json.Unmarshal([]byte(`{"name": "Ed", "age": 3, "tags": ["no"]}`), &p)
	fmt.Printf("%+v %v\n", p, err)
	wrapped := fmt.Errorf("wrap: %w", notFound{"key"})
	nf, ok := errors.AsType[notFound](wrapped)
	fmt.Println(nf, nf.key, ok, errors.Is(wrapped, notFound{"key"}), errors.Is(wrapped, notFound{"other"}))
	once := sync.OnceValue(func() int { fmt.Println("once"); return 42 })
	fmt.Println(once(), once())
	r := rand.New(rand.NewPCG(1, 2))
	fmt.Println(r.IntN(100), r.Perm(5), rand.N(10) < 10)
	sort.Slice(people, func(i, j int) bool { return people[i].Name > people[j].Name })
	fmt.Fprintf(os.Stdout, "%v %s\n", people, High)
}
