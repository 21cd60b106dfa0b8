package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

type Level int

func (l *Level) UnmarshalText(b []byte) error {
	switch string(b) {
	case "low":
		*l = 1
	case "high":
		*l = 2
	default:
		return fmt.Errorf("no level %q", b)
	}
	return nil
}

type Base struct {
	ID int `json:"id"`
}
type Conf struct {
	Base
	Name  string           `json:"name"`
	Level Level            `json:"level"`
	By    map[string]Level `json:"by"`
	Kids  []*Conf          `json:"kids"`
	Any   any              `json:"any"`
	When  time.Time        `json:"when"`
	skip  int
}
type Env struct {
	Vals map[string]Val
}
type Val struct {
	N   int
	Env *Env
}

func load(s string, v any) error { return json.Unmarshal([]byte(s), v) }

func get[T any](s string) (T, error) {
	var t T
	err := load(s, &t)
	return t, err
}

func main() {
	// %%
	var c Conf
	fmt.Println(load(`{"id":7,"name":"n","level":"high","by":{"a":"low"},"kids":[{"name":"k","level":"low"}],"any":{"x":[1,2]},"when":"2020-01-02T03:04:05Z","skip":9}`, &c))
	fmt.Println(c.ID, c.Name, c.Level, c.By, c.Kids[0].Name, c.Kids[0].Level, c.Any, c.When, c.skip)
	fmt.Println(load(`{"level":"mid"}`, &c), load(`{"name":3}`, &c), load(`{`, &c), load(`null`, &c))
	var te *json.UnmarshalTypeError
	fmt.Println(errors.As(load(`{"name":3}`, &c), &te), te.Field, te.Value)
	l, err := get[[]Conf](`[{"name":"a"},{"name":"b"}]`)
	fmt.Println(len(l), l[1].Name, err)
	m, err := get[map[string]Level](`{"q":"low"}`)
	fmt.Println(m, err)
	n, err := get[int](`12`)
	fmt.Println(n, err)
	s, err := get[struct{ A, B Level }](`{"A":"low","b":"high"}`)
	fmt.Println(s, err)
	a, err := get[any](`{"z":1}`)
	fmt.Println(a, err)

	// %%
	dec := json.NewDecoder(strings.NewReader(`{"name":"one"} {"name":"two","zip":1} [1]`))
	dec.DisallowUnknownFields()
	for range 4 {
		var v any = &Conf{}
		err := dec.Decode(v)
		fmt.Println(err, v.(*Conf).Name)
	}
	var target any
	fmt.Println(load(`1`, nil), load(`1`, 5), load(`{"id":1}`, (*Conf)(nil)), json.Unmarshal([]byte(`[1]`), &target), target)
}
