package grammar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// writer writes random texts of a grammar.
type writer struct {
	b   *Bound
	rng *rand.Rand
}

func newWriter(t *testing.T, text string, seed uint64) *writer {
	t.Helper()
	b, err := parse(t, text).Bind(byteVocab())
	if err != nil {
		t.Fatal(err)
	}
	return &writer{b, rand.New(rand.NewPCG(seed, 9))}
}

// text goes on at random for about n bytes, and then the shortest way.
func (w *writer) text(t *testing.T, n int) string {
	t.Helper()
	m := w.b.NewMatcher()
	var out []byte
	for {
		may, must := m.Ends()
		if must || may && (len(out) >= n || w.rng.IntN(8) == 0) {
			return string(out)
		}
		least := m.t.states[m.state].least
		var ids []int
		for id := range 256 {
			if m.Allows(id) && (len(out) < n || m.t.states[m.next].least < least) {
				ids = append(ids, id)
			}
		}
		if len(ids) == 0 {
			t.Fatalf("after %q nothing goes on", out)
		}
		id := ids[w.rng.IntN(len(ids))]
		if err := m.Accept(id); err != nil {
			t.Fatal(err)
		}
		out = append(out, byte(id))
	}
}

func fromSchema(t *testing.T, schema string) *Grammar {
	t.Helper()
	text, err := FromJSONSchema(schema)
	if err != nil {
		t.Fatalf("%v\n%s", err, schema)
	}
	return parse(t, text)
}

// validator is nil for what no draft of JSON Schema takes.
func validator(t *testing.T, schema string) *jsonschema.Schema {
	t.Helper()
	for _, draft := range []*jsonschema.Draft{jsonschema.Draft2020, jsonschema.Draft2019} { // the older one has items in a list
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		c.DefaultDraft(draft)
		c.AssertFormat()
		if err := c.AddResource("s.json", doc); err != nil {
			t.Fatal(err)
		}
		if s, err := c.Compile("s.json"); err == nil {
			return s
		}
	}
	return nil
}

func valid(s *jsonschema.Schema, text string) error {
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil || s == nil {
		return err
	}
	return s.Validate(v)
}

// Texts that llama.cpp's tests say a schema's grammar matches, and does not. Where
// ours differs on purpose, the difference is checked to be a right one.
func TestSchemasOfLlamaCpp(t *testing.T) {
	for _, c := range readVectors(t).Schemas {
		t.Run(c.Name, func(t *testing.T) {
			text, err := FromJSONSchema(c.Text)
			if err != nil {
				if refused[c.Name] == "" || !strings.Contains(err.Error(), refused[c.Name]) {
					t.Errorf("%v\n%s", err, c.Text)
				}
				return
			}
			g := parse(t, text)
			for _, s := range c.Pass {
				if !match(t, g, s) {
					t.Errorf("%q does not match\n%s\n%s", s, c.Text, text)
				}
			}
			for _, s := range c.Fail {
				if match(t, g, s) {
					t.Errorf("%q matches\n%s\n%s", s, c.Text, text)
				}
			}
		})
	}
}

// onPurpose is what ours leaves out: -0 within limits, large exponents, halves of
// characters, keys of additional properties with escapes.
var onPurpose = regexp.MustCompile(`-0|[eE][-+]?[0-9]{3}|\\u[dD][89a-fA-F]|\\.[^"]*":`)

// differs is where llama.cpp's grammar is of another schema: its rule for a property
// without a name takes the place of the root.
var differs = map[string]bool{"optional props with empty name": true}

// refused is what llama.cpp takes and passes over in silence.
var refused = map[string]string{"required props": `"uniqueItems"`, "unsupported regexp in a property": "no looking ahead",
	"array with empty items and prefixItems": "beside items; it must be a list"}

// What a schema's grammar writes is of the schema, and what the grammar writes that
// llama.cpp makes of it, ours matches, if that is of the schema.
func TestConvertedByLlamaCpp(t *testing.T) {
	written, shared := 0, 0
	for i, c := range readVectors(t).Converted {
		text, err := FromJSONSchema(c.Schema)
		if !c.OK || err != nil {
			if c.OK && (refused[c.Name] == "" || !strings.Contains(err.Error(), refused[c.Name])) {
				t.Errorf("%s: %v\n%s", c.Name, err, c.Schema)
			} else if !c.OK && err == nil {
				t.Errorf("%s: taken\n%s\n%s", c.Name, c.Schema, text)
			}
			continue
		}
		g := parse(t, text)
		s := validator(t, c.Schema)
		if s == nil {
			t.Logf("%s: not validated: %s", c.Name, c.Schema)
		}
		ours, theirs := newWriter(t, text, uint64(i)), newWriter(t, c.Grammar, uint64(i))
		their := parse(t, c.Grammar)
		for range 12 {
			x := ours.text(t, 40)
			if err := valid(s, x); err != nil {
				t.Errorf("%s: ours wrote %q: %v\n%s\n%s", c.Name, x, err, c.Schema, text)
			}
			if match(t, their, x) {
				shared++
			}
			y := theirs.text(t, 40)
			var compact bytes.Buffer
			if json.Compact(&compact, []byte(y)) != nil {
				continue // 00 and the like, which is no JSON
			}
			if written++; valid(s, y) == nil && !match(t, g, y) && !match(t, g, compact.String()) && !onPurpose.MatchString(y) && !differs[c.Name] {
				t.Errorf("%s: ours does not match %q", c.Name, y)
			}
		}
	}
	if written < 700 || shared < written/2 {
		t.Errorf("%d texts, of which llama.cpp's grammars match %d", written, shared)
	}
}

// Schemas beyond those: what the grammar writes is valid, and what is valid in the
// order and form that it writes matches.
func TestSchemas(t *testing.T) {
	for i, c := range []struct {
		schema    string
		yes, no   []string
		ownValues bool // our texts are not all valid: oneOf
	}{
		{`{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"},"c":{"type":"null"}},"required":["b"]}`,
			[]string{`{"b":"x"}`, `{"b":"x","a":1}`, `{"b":"x","c":null}`, `{ "b":"x","a":-5,"c":null}`}, []string{`{}`, `{"a":1}`, `{"b":"x","d":1}`, `{"b":"x","c":null,"a":1}`}, false},
		{`{"type":"object","properties":{"a":true,"an":true},"additionalProperties":{"type":"integer"},"required":["a"]}`,
			[]string{`{"a":[],"x":1,"ab":2}`, `{"a":1,"an":"x","and":3}`, `{"a":1,"":2}`}, []string{`{"a":1,"a":2}`, `{"a":1,"b":"x"}`, `{"x":1}`, `{"a":1,"\u0061":2}`}, false},
		{`{"type":"object","required":["x"],"additionalProperties":{"type":"boolean"}}`, []string{`{"x":true}`, `{"x":true,"y":false}`}, []string{`{}`, `{"y":true}`, `{"x":true,"x":true}`}, false},
		{`{"type":"array","items":{"enum":["a",1,null,{"k":[1]}]},"minItems":1,"maxItems":3}`, []string{`["a"]`, `["a", 1, {"k":[1]}]`}, []string{`[]`, `[1,1,1,1]`, `["b"]`}, false},
		{`{"prefixItems":[{"type":"integer"},{"type":"string"}],"items":{"type":"boolean"},"minItems":1,"maxItems":4}`, []string{`[1]`, `[1,"a"]`, `[1,"a",true,false]`}, []string{`[]`, `["a"]`, `[1,"a",true,true,true]`, `[1,true]`}, false},
		{`{"prefixItems":[{"type":"integer"},{"type":"string"}],"items":false}`, []string{`[1,"a"]`}, []string{`[1,"a",1]`, `[1]`}, false},
		{`{"type":"string","minLength":2,"maxLength":3}`, []string{`"ab"`, `"é🦊"`, `"\n\u00e9x"`, `"\ud83e\udd8ax"`}, []string{`"a"`, `"abcd"`, `"\ud83e"`, `"\ud83e\udd8a"`}, false},
		{`{"type":"string","maxLength":0}`, []string{`""`}, []string{`"a"`}, false},
		{`{"type":"string","pattern":"^[a-c]+\\d{2,3}$"}`, []string{`"a12"`, `"abc123"`}, []string{`"a1"`, `"d12"`, `"xa12"`}, false},
		{`{"type":"string","pattern":"b"}`, []string{`"b"`, `"abc"`}, []string{`"ac"`, `""`}, false},
		{`{"type":"string","pattern":"^a|b$"}`, []string{`"ax"`, `"xb"`}, []string{`"xa"`, `"bx"`}, false},
		{`{"type":"string","pattern":"^(a|b\"|\\\\)?.\\t$"}`, []string{`"ax\t"`, `"b\"x\t"`, `"\\x\t"`, `"x\t"`}, []string{`"b"x\t"`, `"\x\t"`, "\"x\t\""}, false},
		{`{"type":"string","pattern":"^(?i:aé)[^a-z]$"}`, []string{`"AÉZ"`, `"aé\""`, `"aé🦊"`, `"aé\u0001"`}, []string{`"aéb"`}, false},
		{`{"type":"string","pattern":"^"}`, []string{`""`, `"abc"`}, nil, false},
		{`{"type":"string","format":"date"}`, []string{`"2024-02-29"`, `"2000-02-29"`, `"2023-11-30"`, `"0001-01-31"`}, []string{`"2023-02-29"`, `"1900-02-29"`, `"2023-11-31"`, `"2023-13-01"`, `"2023-1-01"`}, false},
		{`{"type":"string","format":"date-time"}`, []string{`"2024-02-29T23:59:59Z"`, `"2024-02-29T23:59:59.123+01:30"`}, []string{`"2024-02-29 23:59:59Z"`, `"2024-02-29T24:00:00Z"`, `"2024-02-29T23:59:59"`}, false},
		{`{"type":"string","format":"uuid"}`, []string{`"01234567-89ab-cdef-0123-456789abcdef"`}, []string{`"0123"`}, false},
		{`{"type":"integer","exclusiveMinimum":1.5,"exclusiveMaximum":12}`, []string{`2`, `9`, `10`, `11`}, []string{`1`, `12`, `02`, `2.0`}, false},
		{`{"type":["integer","null"],"minimum":-3,"maximum":-1}`, []string{`-3`, `-1`, `null`}, []string{`0`, `-4`, `-0`}, false},
		{`{"type":"integer","minimum":1234567890123456789}`, []string{`1234567890123456789`, `9999999999999999999`}, []string{`1234567890123456788`}, false},
		{`{"type":"number","minimum":0}`, []string{`0`, `0.5`, `12.25e-3`}, []string{`-1`, `-0.5`, `-0`}, false},
		{`{"type":"number","exclusiveMinimum":0}`, []string{`0.5`, `0.001`, `10`, `0.10`, `3.0e2`}, []string{`0`, `0.0`, `0.00`, `-1`}, false},
		{`{"type":"number"}`, []string{`-1.5e10`, `0.25`, `7`}, []string{`.5`, `1.`, `01`, `+1`}, false},
		{`{"const":{"b":[1,"x<y"],"a":null}}`, []string{`{"b":[1,"x<y"],"a":null}`}, []string{`{"a":null,"b":[1,"x<y"]}`}, false},
		{`{"type":"string","enum":["a",1,"b"]}`, []string{`"a"`}, []string{`1`}, false},
		{`{"oneOf":[{"type":"integer"},{"type":"number"}]}`, []string{`1`, `1.5`}, []string{`"a"`}, true},
		{`{"$ref":"#/$defs/tree","$defs":{"tree":{"type":"object","properties":{"v":{"type":"integer"},"kids":{"type":"array","items":{"$ref":"#/$defs/tree"}}},"required":["v"]}}}`,
			[]string{`{"v":1}`, `{"v":1,"kids":[{"v":2,"kids":[]},{"v":3}]}`}, []string{`{"kids":[]}`, `{"v":1,"kids":[1]}`}, false},
		{`{"anyOf":[{"type":"null"},{"type":"array","items":{"$ref":"#"}}]}`, []string{`null`, `[null,[],[[null]]]`}, []string{`1`, `[1]`}, false},
		{`{"$defs":{"a/b":{"type":"integer"}},"$ref":"#/$defs/a~1b"}`, []string{`1`}, []string{`"a"`}, false},
		{`{"allOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"string"}}}],"required":["b"]}`, []string{`{"a":1,"b":"x"}`}, []string{`{"a":1}`, `{"b":"x"}`}, false},
		{`{"type":"object","properties":{"k":{"type":"string"}},"required":["k"],"anyOf":[{"properties":{"x":{"type":"integer"}},"required":["x"]},{"properties":{"y":{"type":"integer"}},"required":["y"]}]}`,
			[]string{`{"k":"a","x":1}`, `{"k":"a","y":1}`}, []string{`{"k":"a"}`, `{"x":1}`}, false},
		{`{"allOf":[{"type":["integer","string"],"minimum":3},{"type":"number","minimum":5,"maximum":9}]}`, []string{`5`, `9`}, []string{`4`, `"a"`, `10`}, false},
		{`{"allOf":[{"enum":[1,2,3]},{"enum":[2,3,4]}]}`, []string{`2`, `3`}, []string{`1`, `4`}, false},
		{`{"properties":{"root":{"type":"string"},"value":{"type":"integer"},"a b":{"type":"boolean"},"a-b":{"type":"null"},"\"":{}},"required":["root","value","a b","a-b","\""]}`,
			[]string{`{"root":"r","value":1,"a b":true,"a-b":null,"\"":[]}`}, []string{`{}`}, false},
		{`true`, []string{`1`, `{"a":[true]}`}, []string{`x`}, false},
	} {
		g := fromSchema(t, c.schema)
		s := validator(t, c.schema)
		if s == nil {
			t.Fatalf("no schema: %s", c.schema)
		}
		for _, x := range c.yes {
			if !match(t, g, x) {
				t.Errorf("%s: %q does not match\n%s", c.schema, x, g)
			}
		}
		for _, x := range c.no {
			if match(t, g, x) {
				t.Errorf("%s: %q matches\n%s", c.schema, x, g)
			}
		}
		w := newWriter(t, g.String(), uint64(i))
		for range 40 {
			x := w.text(t, 30)
			if err := valid(s, x); err != nil && !c.ownValues {
				t.Errorf("%s: %q: %v\n%s", c.schema, x, err, g)
				break
			}
			if !json.Valid([]byte(x)) {
				t.Errorf("%s: %q is not JSON", c.schema, x)
			}
		}
	}
}

// Limits of integers are exact: every number near them.
func TestIntegers(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 400 {
		lo := rng.IntN(4000) - 2000
		hi := lo + rng.IntN(1500)
		schema := map[string]any{"type": "integer", "minimum": lo, "maximum": hi}
		if rng.IntN(4) == 0 {
			delete(schema, "minimum")
		} else if rng.IntN(4) == 0 {
			delete(schema, "maximum")
		}
		_, low := schema["minimum"]
		_, high := schema["maximum"]
		text, _ := json.Marshal(schema)
		g := fromSchema(t, string(text))
		for range 60 {
			n := lo - 20 + rng.IntN(hi-lo+40)
			s, _ := json.Marshal(n)
			if want := (!low || n >= lo) && (!high || n <= hi); match(t, g, string(s)) != want {
				t.Fatalf("%s: %d: %v\n%s", text, n, !want, g)
			}
		}
	}
}

func TestSchemaRefused(t *testing.T) {
	for schema, want := range map[string]string{
		``:                                   "line 1, column 1: it ends too early",
		`{"type":"string"`:                   "it ends too early",
		`{"type":"string"}x`:                 "invalid character",
		`{"type":"string"} 1`:                "more follows",
		`{"type":"integer","type":"string"}`: `the key "type" comes twice`,
		`5`:                                  "#: is 5; a schema is an object",
		`false`:                              "allows no value",
		`{"type":"kaboom"}`:                  `#/type: is "kaboom"; the types are`,
		`{"type":[]}`:                        "allows no value",
		`{"type":"object","patternProperties":{}}`:                 `the keyword "patternProperties" cannot be used`,
		`{"properties":{"a":{"type":"array","uniqueItems":true}}}`: `#/properties/a: the keyword "uniqueItems" cannot be used`,
		`{"not":{}}`:                        `the keyword "not" cannot be used`,
		`{"if":{}}`:                         `"if"`,
		`{"type":"integer","multipleOf":3}`: `"multipleOf"`,
		`{"type":"number","minimum":0,"maximum":3}`: `"maximum" can be used with "type": "integer" only`,
		`{"minimum":3}`:                                                           `add "type": "integer"`,
		`{"minLength":3,"items":{}}`:                                              `keywords of array and string and no type`,
		`{"type":"string","format":"email"}`:                                      `#/format: the format "email" cannot be used`,
		`{"type":"string","pattern":"a(?=b)"}`:                                    "no regular expression that can be used",
		`{"type":"string","pattern":"a\\bb"}`:                                     `\b cannot be used there`,
		`{"type":"string","pattern":"a^b"}`:                                       `cannot be used there`,
		`{"type":"string","pattern":"a","minLength":2}`:                           "a pattern beside a format or lengths",
		`{"type":"string","minLength":-1}`:                                        "#/minLength: is -1; it must be a whole number",
		`{"type":"string","minLength":3,"maxLength":2}`:                           "no value is both",
		`{"type":"integer","minimum":3,"maximum":2}`:                              "no whole number is from 3 to 2",
		`{"type":"integer","minimum":"a"}`:                                        "must be a number",
		`{"$ref":"other.json"}`:                                                   "only places in the schema itself",
		`{"$ref":"#/$defs/x"}`:                                                    `there is no "$defs"`,
		`{"$ref":5}`:                                                              "must be a text",
		`{"$defs":{"a":{"$ref":"#/$defs/a","type":"object"}},"$ref":"#/$defs/a"}`: "cannot lead to itself",
		`{"enum":[]}`:                                                             "one at least",
		`{"enum":["a"],"type":"integer"}`:                                         "no value of const or enum",
		`{"const":"a","minLength":5}`:                                             `"minLength" beside const or enum`,
		`{"anyOf":{}}`:                                                            "must be a list of schemas",
		`{"properties":[]}`:                                                       "must be an object of schemas",
		`{"properties":{"a":{}},"required":["b"]}`:                                `requires "b", which is not among the properties`,
		`{"allOf":[{"type":"integer"},{"type":"string"}]}`:                        "no value is of the types",
		`{"allOf":[{"pattern":"a"},{"pattern":"b"}]}`:                             `two different values of "pattern"`,
		`{"type":"array","items":false,"minItems":1}`:                             "no value is both",
		`{"type":"object","properties":{"a":5}}`:                                  "#/properties/a: is 5; a schema is an object",
		strings.Repeat(`{"items":`, 200) + "{}" + strings.Repeat("}", 200):        "schemas lie more than",
		doubling(40): "lead to more than 5000 schemas",
		`{"allOf":[` + anyOf(20) + "," + anyOf(20) + "," + anyOf(20) + `]}`: "combine in more than 256 ways",
		strings.Repeat(`[`, 5000): "too deep",
	} {
		_, err := FromJSONSchema(schema)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "grammar: JSON schema: ") {
			t.Errorf("%.80s: %v, want %q", schema, err, want)
		}
	}
}

// doubling is a schema that is small, and not what it leads to.
func doubling(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"%d":{"allOf":[{"$ref":"#/$defs/%d"},{"$ref":"#/$defs/%d"}]},`, i, i+1, i+1)
	}
	return fmt.Sprintf(`{"$ref":"#/$defs/0","$defs":{%s"%d":{}}}`, b.String(), n)
}

// anyOf is a schema of n properties, one at a time.
func anyOf(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"properties":{"p%d":{}}}`, i))
	}
	return `{"anyOf":[` + strings.Join(all, ",") + `]}`
}

func FuzzSchema(f *testing.F) {
	for _, s := range []string{
		`{"type":"object","properties":{"a":{"type":"integer","minimum":3}},"additionalProperties":true}`,
		`{"allOf":[{"anyOf":[{"type":"string","pattern":"^a.b$"},{"enum":[1]}]}],"$defs":{"x":{"$ref":"#"}}}`,
		`{"prefixItems":[{"format":"date"}],"items":{"$ref":"#"},"minItems":0}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, schema string) {
		text, err := FromJSONSchema(schema)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "grammar: JSON schema: ") {
				t.Fatal(err)
			}
			return
		}
		g, err := Parse(text)
		if err != nil {
			if !strings.Contains(err.Error(), "left recursion") && !strings.Contains(err.Error(), "never ends") {
				t.Fatalf("%v\n%s\n%s", err, schema, text)
			}
			return
		}
		b, err := g.Bind(byteVocab())
		if err != nil {
			t.Fatal(err)
		}
		if m := b.NewMatcher(); m.t.states[m.state].least > 1<<16 {
			return
		}
		m := b.NewMatcher()
		var out []byte
		for _, x := range b.table.shortest(m.state) {
			out = append(out, byte(x))
		}
		if !json.Valid(out) {
			t.Fatalf("%s\n%s\nthe shortest text is %q", schema, text, out)
		}
	})
}
