package main

import "fmt"

type M struct {
	hooks []func(*M) error
	n     int
}

func (m *M) run() error {
	for _, h := range m.hooks {
		if err := h(m); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	m := &M{}
	m.hooks = append(m.hooks, func(x *M) error { x.n++; return nil })
	fmt.Println(m.run(), m.n)
	var np *M
	fmt.Println(np == nil)
	var l []*M
	fmt.Println(l == nil, len(l))
}
