package engine

import (
	"fmt"

	"loupe/engine/grammar"
)

// JSONSchemaOf is the JSON schema of v's type, for GenerateConfig.JSONSchema: what
// comes then decodes into a value of it.
//
//	schema, err := engine.JSONSchemaOf(Person{})
//	r, err := s.Chat("Who was it? "+text, engine.GenerateConfig{JSONSchema: schema})
//	err = json.Unmarshal([]byte(r.Text), &person)
//
// Fields take their names from the tag json; those with omitempty may be missing. The
// tag jsonschema narrows them: `jsonschema:"enum=red,enum=green"`, "minimum=0",
// "maxLength=40", "pattern=^[a-z]+$" (package grammar, SchemaOf). A model does not see
// the schema: the prompt has to say what is asked.
func JSONSchemaOf(v any) (string, error) {
	s, err := grammar.SchemaOf(v)
	if err != nil {
		return "", fmt.Errorf("engine: %w", err)
	}
	return s, nil
}
