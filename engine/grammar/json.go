package grammar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
)

// object is a JSON object with its keys in order.
type object struct {
	keys   []string
	values map[string]any
}

func newObject() *object { return &object{values: map[string]any{}} }

func (o *object) has(key string) bool { _, ok := o.values[key]; return ok }

func (o *object) set(key string, v any) {
	if !o.has(key) {
		o.keys = append(o.keys, key)
	}
	o.values[key] = v
}

// readJSON reads one value: *object, []any, string, json.Number, bool or nil.
func readJSON(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	v, err := readValue(d, 0)
	if err == nil {
		if _, err = d.Token(); err == nil {
			err = errors.New("more follows the value")
		} else if errors.Is(err, io.EOF) {
			return v, nil
		}
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("it ends too early")
	}
	before := text[:min(int(d.InputOffset()), len(text))]
	return nil, fmt.Errorf("grammar: JSON schema: line %d, column %d: %w", 1+strings.Count(before, "\n"), len(before)-strings.LastIndexByte(before, '\n'), err)
}

func readValue(d *json.Decoder, depth int) (any, error) {
	if depth > 4*maxSchema {
		return nil, errors.New("values lie too deep in each other")
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		o := newObject()
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := readValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			if o.has(k.(string)) {
				return nil, fmt.Errorf("the key %q comes twice", k)
			}
			o.set(k.(string), v)
		}
		_, err := d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := readValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	}
	return t, nil
}

// MarshalJSON writes the keys in order.
func (o *object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, k := range o.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%s:%s", jsonText1(k), jsonText1(o.values[k]))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// jsonText1 writes a value in one line, text as it is.
func jsonText1(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// ratOf is the exact number of a value, if it is one of ordinary size.
func ratOf(v any) (*big.Rat, bool) {
	n, ok := v.(json.Number)
	if !ok || len(n) > 40 {
		return nil, false
	}
	if _, exp, ok := strings.Cut(strings.ToLower(string(n)), "e"); ok && len(exp) > 3 {
		return nil, false
	}
	return new(big.Rat).SetString(string(n))
}

// isType reports whether a value is of a type of JSON Schema.
func isType(v any, t string) bool {
	switch x := v.(type) {
	case *object:
		return t == "object"
	case []any:
		return t == "array"
	case string:
		return t == "string"
	case bool:
		return t == "boolean"
	case nil:
		return t == "null"
	case json.Number:
		if r, ok := ratOf(x); t == "integer" && ok {
			return r.IsInt()
		}
		return t == "number"
	}
	return false
}

// merge is the schema of values of both a and b, which have no combiners.
func merge(a, b *object, path string) (*object, error) {
	m := newObject()
	for _, k := range a.keys {
		m.set(k, a.values[k])
	}
	for _, k := range b.keys {
		x, y := m.values[k], b.values[k]
		if !m.has(k) || jsonText1(x) == jsonText1(y) {
			m.set(k, y)
			continue
		}
		var v any
		var err error
		switch k {
		case "type":
			v, err = bothTypes(x, y, path)
		case "enum":
			v, err = bothValues(x, y, path)
		case "required":
			v, err = eitherList(x, y, path)
		case "properties":
			v, err = bothProperties(x, y, path)
		case "minimum", "exclusiveMinimum", "minLength", "minItems":
			v, err = further(x, y, 1, path)
		case "maximum", "exclusiveMaximum", "maxLength", "maxItems":
			v, err = further(x, y, -1, path)
		default:
			err = schemaError(path, "two different values of %q come together, %s and %s; write the one that is meant", k, jsonText1(x), jsonText1(y))
		}
		if err != nil {
			return nil, err
		}
		m.set(k, v)
	}
	for _, pair := range [][2]*object{{a, b}, {b, a}} { // who allows no others does not know the other's
		if pair[0].values["additionalProperties"] != false {
			continue
		}
		own, _ := pair[0].values["properties"].(*object)
		if others, ok := pair[1].values["properties"].(*object); ok {
			for _, k := range others.keys {
				if own == nil || !own.has(k) {
					return nil, schemaError(path, "the property %q comes together with an additionalProperties false that does not know it; take that out of the parts", k)
				}
			}
		}
	}
	return m, nil
}

func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

func bothTypes(x, y any, path string) (any, error) {
	both := []any{}
	for _, t := range list(x) {
		for _, u := range list(y) {
			switch {
			case t == u:
				both = append(both, t)
			case t == "number" && u == "integer" || t == "integer" && u == "number":
				both = append(both, "integer")
			}
		}
	}
	if len(both) == 0 {
		return nil, schemaError(path, "no value is of the types %s and %s at once", jsonText1(x), jsonText1(y))
	}
	return both, nil
}

func bothValues(x, y any, path string) (any, error) {
	both := []any{}
	for _, v := range list(x) {
		if slices.ContainsFunc(list(y), func(w any) bool { return jsonText1(v) == jsonText1(w) }) {
			both = append(both, v)
		}
	}
	if len(both) == 0 {
		return nil, schemaError(path, "no value is in both enums, %s and %s", jsonText1(x), jsonText1(y))
	}
	return both, nil
}

func eitherList(x, y any, path string) (any, error) {
	a, ok := x.([]any)
	b, too := y.([]any)
	if !ok || !too {
		return nil, schemaError(path, "required must be a list of names")
	}
	return append(slices.Clone(a), b...), nil
}

// bothProperties joins properties; one that both have must be both.
func bothProperties(x, y any, path string) (any, error) {
	a, ok := x.(*object)
	b, too := y.(*object)
	if !ok || !too {
		return nil, schemaError(path, "properties must be an object of schemas")
	}
	m := newObject()
	for _, k := range a.keys {
		m.set(k, a.values[k])
	}
	for _, k := range b.keys {
		v := b.values[k]
		if m.has(k) && jsonText1(m.values[k]) != jsonText1(v) {
			both := newObject()
			both.set("allOf", []any{m.values[k], v})
			v = both
		}
		m.set(k, v)
	}
	return m, nil
}

// further is the larger number, or with sign -1 the smaller.
func further(x, y any, sign int, path string) (any, error) {
	a, ok := ratOf(x)
	b, too := ratOf(y)
	if !ok || !too {
		return nil, schemaError(path, "%s and %s must be numbers", jsonText1(x), jsonText1(y))
	}
	if a.Cmp(b) == sign {
		return x, nil
	}
	return y, nil
}

// literal writes text as a literal of GBNF.
func literal(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c < ' ' || c == 0x7F:
			fmt.Fprintf(&b, `\x%02X`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// classChar writes a character for a class of GBNF.
func classChar(c rune) string {
	switch {
	case c == '\\' || c == ']' || c == '[' || c == '-' || c == '"':
		return `\` + string(c)
	case c == '^':
		return `\x5E`
	case c < ' ' || c == 0x7F:
		return fmt.Sprintf(`\x%02X`, c)
	case c >= 0x80 && (c < 0xA1 || c > 0xFFFF || c >= surrogateMin && c <= 0xF8FF || c >= 0xFFF0):
		return fmt.Sprintf(`\U%08X`, c)
	}
	return string(c)
}
