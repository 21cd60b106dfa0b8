package chain

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"loupe/engine"
	"loupe/engine/grammar"
)

// form is what the answers of a step are held to.
type form struct {
	like   any // of the type that they decode into; nil: any value
	schema *jsonschema.Schema
}

// form makes a step's settings hold its answers to its form; nil if it has none.
func (s *Step) form() (*form, error) {
	f := &form{}
	if s.Structured != nil {
		if s.Config.JSONSchema != "" || s.Config.Grammar != "" {
			return nil, errors.New("Structured says what the answer is, and Config.JSONSchema or Config.Grammar says it too; give one")
		}
		if reflect.TypeOf(s.Structured).Kind() == reflect.Pointer {
			return nil, fmt.Errorf("Structured is a %T; give a value of the type itself", s.Structured)
		}
		schema, err := engine.JSONSchemaOf(s.Structured)
		if err != nil {
			return nil, err
		}
		s.Config.JSONSchema, f.like = schema, s.Structured
	}
	if s.Config.JSONSchema == "" {
		return nil, nil
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(s.Config.JSONSchema))
	if err != nil {
		return nil, fmt.Errorf("Config.JSONSchema: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	const name = "schema.json"
	if err := c.AddResource(name, doc); err != nil {
		return nil, fmt.Errorf("Config.JSONSchema: %w", err)
	}
	if f.schema, err = c.Compile(name); err != nil {
		return nil, fmt.Errorf("Config.JSONSchema: %w", err)
	}
	return f, nil
}

// value decodes and validates an answer. The grammar has seen to its syntax already;
// what is left is an answer that a stop string cut, and what a grammar cannot say.
func (f *form) value(text string) (any, error) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("it is no JSON: %w", err)
	}
	if err := f.schema.Validate(doc); err != nil {
		_, places, _ := strings.Cut(err.Error(), "\n") // the first line names the schema, which has no name
		return nil, fmt.Errorf("it is not of the schema: %s", strings.TrimPrefix(strings.TrimSpace(places), "- "))
	}
	v, err := f.decode([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("it does not decode: %w", err)
	}
	return v, nil
}

func (f *form) decode(text []byte) (any, error) {
	if f.like == nil {
		var v any
		err := json.Unmarshal(text, &v)
		return v, err
	}
	if x, ok := f.like.(grammar.Typed); ok {
		return x.FromJSON(text)
	}
	v := reflect.New(reflect.TypeOf(f.like))
	err := json.Unmarshal(text, v.Interface())
	return v.Elem().Interface(), err
}

// zero stands for a value when planning.
func (f *form) zero() any {
	v, _ := f.decode([]byte("null")) // which every type takes, and stays as it is
	return v
}

// Decode puts the answer of a structured step into v, a pointer. When planning it
// leaves v as it is.
func (r *Result) Decode(v any) error {
	if r.planned {
		return nil
	}
	if r.Err != nil {
		return r.Err
	}
	if err := json.Unmarshal([]byte(r.Text), v); err != nil {
		return fmt.Errorf("chain: step %d (%s): the answer %.60q does not decode: %w", r.ID, r.Step, r.Text, err)
	}
	return nil
}
