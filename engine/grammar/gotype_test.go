package grammar

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

type base struct {
	ID   int64 `json:"id"`
	Name string
}

type tree struct {
	Label string  `json:"label" jsonschema:"maxLength=4"`
	Kids  []*tree `json:"kids,omitempty"`
}

type all struct {
	base
	Name    string             `json:"name" jsonschema:"minLength=1,maxLength=8,description=what it is called\\, briefly"`
	Kind    string             `json:"kind" jsonschema:"enum=fox,enum=owl"`
	Small   int8               `json:"small"`
	Big     uint16             `json:"big" jsonschema:"minimum=3"`
	Size    float64            `json:"size" jsonschema:"exclusiveMinimum=0"`
	Grades  []int              `json:"grades" jsonschema:"minItems=1,maxItems=3,enum=1,enum=2"`
	Pair    [2]bool            `json:"pair"`
	Maybe   *string            `json:"maybe" jsonschema:"pattern=^[a-c]{1\\,2}$"`
	Counts  map[string]uint    `json:"counts"`
	When    time.Time          `json:"when"`
	Any     any                `json:"any,omitempty"`
	Raw     json.RawMessage    `json:"raw,omitzero"`
	Inner   struct{ X, Y int } `json:"inner"`
	Tree    tree               `json:"tree"`
	hidden  int
	Skipped chan int `json:"-"`
}

// What the schema's grammar writes decodes into the type, unknown fields refused,
// and comes out of it valid again.
func TestSchemaOf(t *testing.T) {
	schema, err := SchemaOf(&all{})
	if err != nil {
		t.Fatal(err)
	}
	g, s := fromSchema(t, schema), validator(t, schema)
	if s == nil {
		t.Fatal("the schema is none")
	}
	w := newWriter(t, g.String(), 1)
	some := map[string]bool{}
	for range 100 {
		text := w.text(t, 300)
		if err := valid(s, text); err != nil {
			t.Fatalf("%s: %v\n%s", text, err, schema)
		}
		var v all
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if v.Kind != "fox" && v.Kind != "owl" || v.Big < 3 || v.Size <= 0 || len(v.Grades) < 1 || len(v.Grades) > 3 {
			t.Fatalf("%+v of %s", v, text)
		}
		for _, n := range v.Grades {
			if n != 1 && n != 2 {
				t.Fatalf("%+v of %s", v, text)
			}
		}
		some["maybe"] = some["maybe"] || v.Maybe != nil
		some["null"] = some["null"] || v.Maybe == nil
		some["kids"] = some["kids"] || len(v.Tree.Kids) > 0
		some["negative"] = some["negative"] || v.Small < 0
	}
	for _, what := range []string{"maybe", "null", "kids", "negative"} {
		if !some[what] {
			t.Errorf("no text was with %s", what)
		}
	}
	for text, want := range map[string]bool{
		`{"label":"ab"}`: true,
		`{"label":"ab","kids":[{"label":""},null]}`:  true,
		`{"label":"abcde"}`:                          false,
		`{"kids":[]}`:                                false,
		`{"label":"a","kids":[{"label":"abcdefg"}]}`: false,
	} {
		schema, err := SchemaOf(tree{})
		if err != nil {
			t.Fatal(err)
		}
		if match(t, fromSchema(t, schema), text) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}

type own struct{}

func (*own) UnmarshalJSON([]byte) error { return nil }

func TestSchemaOfRefuses(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, "the schema of nil"},
		{struct{ C chan int }{}, ".C: JSON has nothing for chan int"},
		{struct{ M map[int]string }{}, ".M: the keys of map[int]string are no texts"},
		{struct{ B []byte }{}, ".B: []byte is written in base64"},
		{own{}, "UnmarshalJSON"},
		{struct {
			N int `json:",string"`
		}{}, ".N: the option string"},
		{struct {
			N int `jsonschema:"minimum=x"`
		}{}, ".N: the tag jsonschema has minimum=x; it must be a number"},
		{struct {
			N int `jsonschema:"enum=x"`
		}{}, "enum=x: it is no integer"},
		{struct {
			N int `jsonschema:"unique"`
		}{}, `the tag jsonschema has "unique", which is none of`},
	} {
		if _, err := SchemaOf(c.v); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", reflect.TypeOf(c.v), err, c.want)
		}
	}
}
