package main

import (
	"errors"
	"fmt"
)

type State uint8

func (s State) String() string { return []string{"idle", "busy", "done"}[s] }

type M struct {
	n     int
	hooks map[State][]func(*M, int) error
}

func (m *M) On(s State, f func(*M, int) error) *M {
	if m.hooks == nil {
		m.hooks = map[State][]func(*M, int) error{}
	}
	m.hooks[s] = append(m.hooks[s], f)
	return m
}

func (m *M) Go(to State) (err error) {
	for i, h := range m.hooks[to] {
		if err := h(m, i); err != nil {
			return fmt.Errorf("hook %d of %v: %w", i, to, err)
		}
	}
	return
}
func (m *M) Go2(to State) error {
	fmt.Println(len(m.hooks), len(m.hooks[to]))
	for i, h := range m.hooks[to] {
		e := h(m, i)
		fmt.Println(e)
	}
	return nil
}

func main() {
	m := (&M{}).On(1, func(m *M, e int) error { return nil }).On(2, func(m *M, e int) error { return errors.New("no") })
	m.Go2(1)
	m.Go2(2)
	fmt.Println(m.Go(1), m.Go(2))
	fmt.Println(struct{ E []State }{[]State{0, 2}}, &[]State{1})
}
