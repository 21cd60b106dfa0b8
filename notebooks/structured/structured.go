// Structured: answers in a form that is given, as text by a grammar and as Go
// values by a type. Run it with
//
//	go run ./repl/loupe run notebooks/structured/structured.go
//	go run ./notebooks/structured
//
// Both print the same, but for the times. The model is the small one inside the
// program, which never saw JSON: the form is kept all the same.
package main

import (
	"encoding/json"
	"fmt"
	"log"

	"loupe/engine"
	"loupe/stdlib/chain"
	"loupe/stdlib/nb"
)

// must ends the notebook when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Code is what is asked of each text. The tags are those of encoding/json, and the
// keywords of JSON Schema.
type Code struct {
	Answer string `json:"answer" jsonschema:"pattern=^The code of the red box is [0-9]{4}$"`
}

// Animal is a value of several fields.
type Animal struct {
	Name   string   `json:"name" jsonschema:"minLength=2,maxLength=12"`
	Kind   string   `json:"kind" jsonschema:"enum=fox,enum=owl,enum=rabbit"`
	Legs   int      `json:"legs" jsonschema:"enum=2,enum=4"`
	Sounds []string `json:"sounds" jsonschema:"minItems=1,maxItems=3,maxLength=10"`
}

func main() {
	// %% [markdown]
	// # Structured answers
	//
	// A grammar says which tokens may come next. Where the model's own choice fits
	// it, it stays; where not, the likeliest that does comes instead.

	// %% The same question, free and held to four digits
	m, err := engine.Load("lesson", engine.LoadConfig{Threads: 2})
	must(err)
	question := "The code of the red box is 4711.\nWhat is the code of the red box?"
	free, err := m.NewSession().Chat(question, engine.GenerateConfig{MaxTokens: 20})
	must(err)
	held, err := m.NewSession().Chat(question, engine.GenerateConfig{MaxTokens: 20, Grammar: `root ::= [0-9]{4}`})
	must(err)
	fmt.Printf("free: %q\nheld: %q, stop %s\n", free.Text, held.Text, held.Stats.StopReason)

	// %% [markdown]
	// A grammar of several rules. However few tokens there are, the text ends as the
	// grammar says: the last ones are spent on closing it.

	// %% A list, cut short by its limit
	list := "root ::= \"[\" item (\", \" item)* \"]\"\nitem ::= [a-z] [a-z ]*"
	for _, n := range []int{4, 8, 16} {
		r, err := m.NewSession().Chat("Tell me a story about an owl.", engine.GenerateConfig{
			MaxTokens: n, Grammar: list,
		})
		must(err)
		fmt.Printf("%2d tokens: %s (%s)\n", n, r.Text, r.Stats.StopReason)
	}

	// %% [markdown]
	// ## Go values
	//
	// A type is a form, too. Its JSON schema becomes a grammar; the answer decodes.

	// %% The schema of a struct
	schema, err := engine.JSONSchemaOf(Animal{})
	must(err)
	fmt.Println(schema)

	// %% Ten animals, each one valid
	// The model puts together names and sounds that make no sense; the form is kept.
	//nb:mask (?m)^\{.*\}
	step := chain.Step{
		Name:       "animal",
		Prompt:     "Tell me a story about a {kind}.",
		Structured: Animal{},
		Config:     engine.GenerateConfig{MaxTokens: 90, Temperature: 1},
	}
	c := &chain.Chain{Model: m, Do: func(r *chain.Run) error {
		for i := 0; i < 10; i++ {
			ask := step.With("kind", []string{"fox", "owl", "rabbit"}[i%3])
			ask.Config.Seed = uint64(i)
			if _, err := r.Do(ask); err != nil {
				return err
			}
		}
		return nil
	}}
	run, err := c.Run()
	must(err)
	valid := 0
	for _, x := range run.Results {
		var a Animal
		must(x.Decode(&a))
		kind := a.Kind == "fox" || a.Kind == "owl" || a.Kind == "rabbit"
		if len(a.Name) >= 2 && kind && (a.Legs == 2 || a.Legs == 4) && len(a.Sounds) >= 1 && len(a.Sounds) <= 3 {
			valid++
		}
		line, err := json.Marshal(a)
		must(err)
		fmt.Println(string(line))
	}
	fmt.Printf("%d of %d animals are valid\n", valid, len(run.Results))

	// %% [markdown]
	// ## In a chain
	//
	// A step's value goes into the next step's prompt like any other Go value.

	// %% Codes out of texts
	texts := []string{
		"The code of the red box is 4711.",
		"Pip walked to the mill. The code of the red box is 2093.",
		"The code of the red box is 8564. Mia ate some warm pie.",
	}
	ask := chain.Step{
		Name: "code", Prompt: "{text}\nWhat is the code of the red box?", Structured: Code{},
		Config: engine.GenerateConfig{MaxTokens: 70},
	}
	codes := &chain.Chain{Model: m, Do: func(r *chain.Run) error {
		for _, text := range texts {
			if _, err := r.Do(ask.With("text", text)); err != nil {
				return err
			}
		}
		return nil
	}}
	run, err = codes.Run()
	must(err)
	for _, x := range run.Results {
		fmt.Println(x.Value.(Code).Answer)
	}
	nb.Show(run.Account())
	must(m.Close())

	// %% [markdown]
	// ## A question for you
	//
	// How few tokens are enough for an animal? Change `MaxTokens: 90` in the cell "Ten
	// animals, each one valid" to 40, and then to 10. Is an answer ever cut in the middle,
	// and what happens where it would have to be?
}
