package main

import (
	"errors"
	"fmt"
)

type E struct {
	n    int
	Err  error
	next *E
}
type M struct {
	log []E
}

func (m *M) Go(n int) (err error) {
	e := E{n: n}
	defer func() {
		e.Err = err
		m.log = append(m.log, e)
	}()
	for i := range n {
		if err := f(i); err != nil {
			return fmt.Errorf("hook %d: %w", i, err)
		}
	}
	return
}
func f(i int) error {
	if i == 1 {
		return errors.New("no")
	}
	return nil
}

func main() {
	m := &M{}
	fmt.Println(m.Go(1), m.Go(2))
	err := m.Go(3)
	fmt.Println(err, m.log[0].Err, m.log[1].Err)
}
