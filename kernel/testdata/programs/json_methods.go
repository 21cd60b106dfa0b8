package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

type Color int

func (c *Color) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("color: %w", err)
	}
	for i, n := range []string{"red", "green", "blue"} {
		if n == s {
			*c = Color(i)
			return nil
		}
	}
	return errors.New("no color " + s)
}

func (c Color) String() string { return []string{"red", "green", "blue"}[c] }

type Name string

func (n *Name) UnmarshalText(b []byte) error {
	*n = Name(strings.ToUpper(string(b)))
	return nil
}

type Base struct {
	ID   int `json:"id"`
	Kind Color
}

type Item struct {
	Base
	Name  Name              `json:"name"`
	Tags  []Color           `json:"tags"`
	By    map[Name]Color    `json:"by"`
	Next  *Item             `json:"next,omitempty"`
	Other map[string]any    `json:"other"`
	N     int64             `json:"n,string"`
	Attr  map[string]string `json:"attr"`
	Pair  [2]Color
	skip  Color
}

func main() {
	// %%
	var it Item
	err := json.Unmarshal([]byte(`{"id": 4, "kind": "blue", "name": "ann", "tags": ["green", "red"],
		"by": {"x": "red", "y": "green"}, "next": {"name": "bob", "Kind": "green"}, "other": {"a": [1, null]},
		"n": "12", "attr": {"k": "v"}, "PAIR": ["blue"], "skip": "red", "unknown": {}}`), &it)
	fmt.Println(err, it.ID, it.Kind, it.Name, it.Tags, it.By, it.Next.Name, it.Next.Kind, it.Next.Next == nil, it.Other, it.N, it.Attr, it.Pair)

	// %%
	for _, src := range []string{
		`{"kind": "pink"}`, `{"kind": 3}`, `{"name": 3}`, `{"tags": "red"}`, `{"id": "x"}`, `{"next": {"id": "x"}}`,
		`{"tags": [`, `[1]`, `null`, `{"name": null, "next": null, "tags": null}`, ``,
	} {
		it := Item{Name: "old"}
		err := json.Unmarshal([]byte(src), &it)
		fmt.Println(src, "->", err, it.Name, it.Kind)
		var te *json.UnmarshalTypeError
		if errors.As(err, &te) {
			fmt.Println("  ", te.Value, te.Struct, te.Field)
		}
	}

	// %%
	dec := json.NewDecoder(strings.NewReader(`{"name": "a"} {"name": "b", "x": 1}`))
	dec.DisallowUnknownFields()
	for range 2 {
		var it Item
		fmt.Println(dec.Decode(&it), it.Name)
	}

	// %%
	var colors []Color
	fmt.Println(json.Unmarshal([]byte(`["red", "blue"]`), &colors), colors)
	var byName map[string]*Item
	fmt.Println(json.Unmarshal([]byte(`{"a": {"name": "q"}, "b": null}`), &byName), byName["a"].Name, byName["b"] == nil)
}
