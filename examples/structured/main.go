// Structured makes a Go value of a text: the model can write nothing but JSON of
// the struct's schema, so what comes decodes, whatever the model knows.
//
//	go run ./examples/structured -m smollm2
//	go run ./examples/structured -m smollm2 "Otto the crow, 3, lost a red hat in the barn."
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"

	"loupe/engine"
)

// Find is what the text tells of.
type Find struct {
	Who   string `json:"who" jsonschema:"maxLength=30"`
	Age   int    `json:"age" jsonschema:"minimum=0,maximum=120"`
	Found string `json:"found" jsonschema:"maxLength=40"`
	Where string `json:"where" jsonschema:"maxLength=30"`
}

const story = "Mia the otter, who is 7 years old, found a yellow lamp at the pond."

func main() {
	model := flag.String("m", "lesson", "path of a GGUF file or name of a model")
	flag.Parse()
	text := story
	if flag.NArg() > 0 {
		text = strings.Join(flag.Args(), " ")
	}
	find, err := read(*model, text)
	if err != nil {
		fmt.Fprintln(os.Stderr, "structured:", err)
		os.Exit(1)
	}
	fmt.Printf("%+v\n", find)
}

func read(model, text string) (find Find, err error) {
	m, err := engine.Load(model, engine.LoadConfig{})
	if err != nil {
		return find, err
	}
	defer m.Close()
	schema, err := engine.JSONSchemaOf(find)
	if err != nil {
		return find, err
	}
	// The model does not see the schema, so the prompt names the keys.
	r, err := m.NewSession().Chat("Extract the facts as JSON with the keys who, age, found and where. Text: "+text,
		engine.GenerateConfig{JSONSchema: schema, MaxTokens: 120})
	if err != nil {
		return find, err
	}
	fmt.Fprintln(os.Stderr, r.Stats)
	err = json.Unmarshal([]byte(r.Text), &find) // not behind return: when Go reads find there is left open
	return find, err
}
