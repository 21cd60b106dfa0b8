package chain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"loupe/engine"
)

// code is an answer of the small model's world, as JSON.
type code struct {
	Answer string `json:"answer" jsonschema:"pattern=^The code of the red box is [0-9]{4}$"`
	Sure   *bool  `json:"sure,omitempty"`
}

// codes is a chain that asks each text for the code.
func codes(m *engine.Model, step Step, texts []string) *Chain {
	return &Chain{Model: m, Do: func(r *Run) error {
		for _, text := range texts {
			if _, err := r.Do(step.With("text", text)); err != nil {
				return err
			}
		}
		return nil
	}}
}

var asks = Step{Name: "code", Prompt: "{text}\nWhat is the code of the red box?", Structured: code{}, Config: tokens(60)}

func TestStructured(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	var texts []string
	for _, n := range []int{4711, 2093, 8564} {
		texts = append(texts, fmt.Sprintf("The code of the red box is %d. The code of the blue jar is 1234.", n))
	}
	step, checked := asks, 0
	step.Check = func(x *Result) error {
		checked++
		if c, ok := x.Value.(code); !ok || !strings.HasPrefix(c.Answer, "The code") {
			t.Errorf("Check sees %#v", x.Value)
		}
		return nil
	}
	c := codes(m, step, texts)
	c.Journal = filepath.Join(t.TempDir(), "journal")
	p := must[*Plan](t)(c.Plan())
	if len(p.Problems) > 0 || checked != 0 {
		t.Errorf("problems %v, %d checks when planning", p.Problems, checked)
	}
	for round := range 2 { // the second from the journal
		r := must[*Run](t)(c.Run())
		for i, want := range []string{"4711", "2093", "8564"} {
			x := r.Results[i]
			v, ok := x.Value.(code)
			var d code
			if err := x.Decode(&d); err != nil || !ok || v.Answer != d.Answer || !strings.HasSuffix(v.Answer, want) {
				t.Errorf("round %d: %#v, decoded %#v, %v; want %s in it", round, x.Value, d, err, want)
			}
			if x.Calls[0].Resumed != (round == 1) {
				t.Errorf("round %d: resumed %v", round, x.Calls[0].Resumed)
			}
		}
		var lines bytes.Buffer
		if err := r.WriteJSON(&lines); err != nil || !strings.Contains(lines.String(), `"value":{"answer":"The code of the red box is 4711"`) {
			t.Errorf("%v: %s", err, lines.Bytes())
		}
	}
	if checked != 6 {
		t.Errorf("%d checks", checked)
	}
}

// A schema without a type gives any value; answers end in time; a grammar is for text.
func TestStructuredBySchema(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	step := Step{Name: "list", Prompt: "Tell me a story about an owl.", Config: engine.GenerateConfig{MaxTokens: 20, Temperature: 1,
		JSONSchema: `{"type": "array", "items": {"type": "string"}, "minItems": 2}`}}
	r := must[*Run](t)((&Chain{Model: m, Do: func(r *Run) error { _, err := r.Do(step); return err }}).Run())
	if v, ok := r.Last().Value.([]any); !ok || len(v) < 2 {
		t.Errorf("%#v of %q", r.Last().Value, r.Last().Text)
	}
	step.Config = engine.GenerateConfig{Grammar: `root ::= "an owl" | "a fox"`}
	r = must[*Run](t)((&Chain{Model: m, Do: func(r *Run) error { _, err := r.Do(step); return err }}).Run())
	if x := r.Last(); x.Text != "an owl" && x.Text != "a fox" || x.Value != nil {
		t.Errorf("%q, %#v", x.Text, x.Value)
	}
}

// What the grammar cannot see to is refused and asked again: here, an answer that a
// stop string cuts.
func TestStructuredRefused(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	step := asks.With("text", "The code of the red box is 4711.")
	step.Config.Stop, step.Retries = []string{"code"}, 1
	r, err := (&Chain{Model: m, Do: func(r *Run) error { _, err := r.Do(step); return err }}).Run()
	var refused *CheckError
	if !errors.As(err, &refused) || refused.Answers != 2 || !strings.Contains(err.Error(), "it is no JSON") {
		t.Errorf("%v", err)
	}
	if x := r.Last(); x.Value != nil || x.Decode(new(code)) == nil {
		t.Errorf("a failed step has the value %v", x.Value)
	}
	step = Step{Prompt: "Tell me a story.", Config: engine.GenerateConfig{JSONSchema: `{"oneOf": [{"type": "integer"}, {"type": "number"}]}`, MaxTokens: 1}}
	if _, err := (&Chain{Model: m, Do: func(r *Run) error { _, err := r.Do(step); return err }}).Run(); !errors.As(err, &refused) ||
		!strings.Contains(err.Error(), "it is not of the schema: at '': ") || strings.Contains(err.Error(), "schema.json") {
		t.Errorf("a number that two alternatives allow: %v", err)
	}
	for want, edit := range map[string]func(s *Step){
		"give one":                         func(s *Step) { s.Config.JSONSchema = "{}" },
		"Structured says":                  func(s *Step) { s.Config.Grammar = "root ::= .*" },
		"JSON has nothing for chan int":    func(s *Step) { s.Structured = make(chan int) },
		`the keyword "not" cannot be used`: func(s *Step) { s.Structured, s.Config.JSONSchema = nil, `{"not": {}}` },
		"the shortest text":                func(s *Step) { s.Config.MaxTokens = 5 },
	} {
		step := asks.With("text", "x")
		edit(&step)
		_, err := (&Chain{Model: m, Do: func(r *Run) error { _, err := r.Do(step); return err }}).Run()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// Of several answers the best one's value stays.
func TestStructuredBest(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	step := asks.With("text", "The code of the red box is 4711.")
	step.Best, step.Config.Temperature = 3, 1.5
	step.Judge = func(x *Result) float64 { return float64(len(x.Text)) }
	r := must[*Run](t)((&Chain{Model: m, Do: func(r *Run) error { _, err := r.Do(step); return err }}).Run())
	x := r.Last()
	var want code
	if err := json.Unmarshal([]byte(x.Reply().Text), &want); err != nil || x.Value.(code).Answer != want.Answer {
		t.Errorf("%#v, %q, %v", x.Value, x.Reply().Text, err)
	}
}
