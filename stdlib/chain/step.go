package chain

import (
	"fmt"
	"strings"
	"time"

	"loupe/engine"
	"loupe/engine/chat"
)

// Step is one question to the model, with settings and limits of its own. Names
// in braces in System and Prompt are filled in: the shapes fill {text} (a piece,
// or the texts to combine), {answer} (Refine's answer so far, Loop's last one)
// and {question} (Ask's), With fills any.
type Step struct {
	Name   string // in tables, events and errors
	System string // the system message; none if empty
	Prompt string // the user's message
	Raw    bool   // Prompt is sent as it stands, without the chat template
	Join   string // between the texts that {text} combines; "": a line break

	// Config are the settings of the answer. MaxTokens is what is kept free for
	// it; 0 is 256 or a quarter of the context, the smaller. OnText is not used:
	// text comes as Chain.OnEvent's.
	Config  engine.GenerateConfig
	Timeout time.Duration // for each answer; 0: none

	// Structured is a value of the Go type that answers are of, as Person{}: the
	// model can write nothing but JSON of it (engine.JSONSchemaOf, whose tags say
	// more), and Result.Value is the value, decoded and validated. A Config.JSONSchema
	// does the same without a type. The model does not see the schema: Prompt has to
	// say what is asked.
	Structured any

	// Check looks at an answer, as json.Unmarshal([]byte(r.Text), &v) does. Its
	// error refuses it and is told to the model, which is asked again, at most
	// Retries times.
	Check   func(r *Result) error
	Retries int
	// Again is what the model is told; {error} is Check's. "": a plain sentence.
	Again string

	// Best draws so many answers, with Seed, Seed+1 and so on, and keeps the one
	// that Judge gives most; 0 is 1. It needs a Temperature.
	Best  int
	Judge func(r *Result) float64
}

const again = "That answer cannot be used: {error}. Answer again."

// With is the step with names filled in: With("question", q) replaces
// {question} in System and Prompt. What is put in is not looked at again, so it
// may hold braces; names that are to be filled must be in one call.
func (s Step) With(pairs ...string) Step {
	old := make([]string, len(pairs))
	for i, p := range pairs {
		if i%2 == 0 {
			p = "{" + p + "}"
		}
		old[i] = p
	}
	if len(old)%2 != 0 {
		old = append(old, "")
	}
	r := strings.NewReplacer(old...)
	s.System, s.Prompt = r.Replace(s.System), r.Replace(s.Prompt)
	return s
}

// needs refuses a step whose prompt has no place for what a shape puts in.
func (s Step) needs(names ...string) error {
	for _, n := range names {
		if !strings.Contains(s.Prompt, "{"+n+"}") && !strings.Contains(s.System, "{"+n+"}") {
			return fmt.Errorf("chain: the prompt of step %s has no {%s}; write where it goes", s.title(), n)
		}
	}
	return nil
}

func (s Step) title() string {
	if s.Name == "" {
		return "step"
	}
	return s.Name
}

func (s Step) joint() string {
	if s.Join == "" {
		return "\n"
	}
	return s.Join
}

// check refuses settings that cannot be used, and gives the form of answers.
func (s *Step) check() (*form, error) {
	f, err := s.form()
	if err == nil {
		err = s.Config.Check()
	}
	if err == nil {
		err = s.usable()
	}
	return f, err
}

func (s *Step) usable() error {
	switch {
	case strings.TrimSpace(s.Prompt) == "":
		return fmt.Errorf("the prompt is empty")
	case s.Retries < 0:
		return fmt.Errorf("Retries is %d; it must be 0 or more", s.Retries)
	case s.Best < 0:
		return fmt.Errorf("Best is %d; it must be 0 or more", s.Best)
	case s.Best > 1 && s.Judge == nil:
		return fmt.Errorf("Best is %d without a Judge to choose", s.Best)
	case s.Best > 1 && s.Config.Temperature == 0:
		return fmt.Errorf("Best is %d at Temperature 0: all answers would be the same; set a Temperature", s.Best)
	case s.Timeout < 0:
		return fmt.Errorf("Timeout is %v; it must be 0 or more", s.Timeout)
	case s.Raw && s.System != "":
		return fmt.Errorf("a raw prompt has no system message; put it into Prompt")
	}
	return nil
}

// messages is the conversation that asks the step.
func (s Step) messages() []chat.Message {
	var m []chat.Message
	if s.System != "" {
		m = append(m, chat.Message{Role: "system", Content: s.System})
	}
	return append(m, chat.Message{Role: "user", Content: s.Prompt})
}

// askAgain is the conversation that goes on after a refused answer.
func (s Step) askAgain(m []chat.Message, answer string, refused error) []chat.Message {
	text := s.Again
	if text == "" {
		text = again
	}
	text = strings.ReplaceAll(text, "{error}", refused.Error())
	if s.Raw {
		return []chat.Message{{Role: "user", Content: m[0].Content + answer + "\n" + text + "\n"}}
	}
	return append(m[:len(m):len(m)], chat.Message{Role: "assistant", Content: answer}, chat.Message{Role: "user", Content: text})
}
