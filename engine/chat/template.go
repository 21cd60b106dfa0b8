package chat

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/ardanlabs/jinja"
)

// ErrNoTemplate is the error of Parse for a model without a chat template.
var ErrNoTemplate = errors.New("chat: the model has no chat template: use Generate with the prompt format it was trained on, or give a template (chat.ChatML is a common one)")

// RaisedError is a template's own refusal of a conversation: Text is what it
// gave to raise_exception.
type RaisedError struct{ Text string }

func (e *RaisedError) Error() string {
	return "chat: the model's template refuses the conversation: " + e.Text
}

// Limits on one rendering. A template for 2,000 messages that looks at all of
// them for each takes 4 million turns.
const (
	maxTurns  = 10_000_000
	maxOutput = 64 << 20
	maxDepth  = 100
)

// Template is a compiled chat template. It may be used by many goroutines.
type Template struct {
	compiled *jinja.Template
	turns    int
}

// Parse compiles the source of a template. The error for one that is wrong
// names the line; the error for an empty one is ErrNoTemplate.
func Parse(source string) (t *Template, err error) {
	if strings.TrimSpace(source) == "" {
		return nil, ErrNoTemplate
	}
	defer func() {
		if r := recover(); r != nil {
			t, err = nil, fmt.Errorf("chat: the template cannot be compiled: %v", r)
		}
	}()
	dialect, err := rewrite(source)
	if err != nil {
		return nil, fmt.Errorf("chat: the template cannot be compiled: %w", err)
	}
	compiled, err := jinja.Compile(dialect)
	if err != nil {
		return nil, fmt.Errorf("chat: the template cannot be compiled: %s", plain(err))
	}
	return &Template{compiled, maxTurns}, nil
}

// Render makes the prompt for messages. What the template refuses by
// raise_exception is a *RaisedError.
func (t *Template) Render(messages []Message, o Options) (prompt string, err error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	defer func() {
		if r := recover(); r != nil {
			prompt, err = "", fmt.Errorf("chat: the template cannot be rendered: %v", r)
		}
	}()
	list := make([]value, len(messages))
	for i, m := range messages {
		list[i] = jinja.NewDict()
		list[i].AsDict().Set("role", jinja.NewString(m.Role))
		list[i].AsDict().Set("content", jinja.NewString(m.Content))
	}
	vars := map[string]value{
		"messages":              jinja.NewList(list),
		"add_generation_prompt": jinja.NewBool(o.AddGenerationPrompt),
		"bos_token":             jinja.NewString(o.BOS),
		"eos_token":             jinja.NewString(o.EOS),
		"tools":                 jinja.None(),
		"documents":             jinja.None(),
	}
	for name, f := range library {
		vars[name] = jinja.NewCallable(name, f)
	}
	r := &rendering{now: o.Now, turns: t.turns, namespaces: map[*jinja.Dict]bool{}}
	for name, f := range map[string]call{
		"raise_exception": r.raise,
		"strftime_now":    r.strftimeNow,
		"namespace":       r.namespace,
		"range":           r.numbers,
		prefix + "print":  r.print,
		prefix + "keep":   r.keep,
		prefix + "store":  r.store,
		prefix + "turn":   r.turn,
		prefix + "enter":  r.enter,
		prefix + "leave":  r.leave,
	} {
		vars[name] = jinja.NewCallable(name, f)
	}
	prompt, err = t.compiled.RenderValues(vars)
	if raised := (*RaisedError)(nil); errors.As(err, &raised) {
		return "", raised
	}
	if err != nil {
		return "", fmt.Errorf("chat: the template cannot be rendered: %s", plain(err))
	}
	return prompt, nil
}

var added = regexp.MustCompile(`\|? ?` + prefix + `(m_)?`)

// plain is the text of the evaluator's error without what is ours in it.
func plain(err error) string {
	s := added.ReplaceAllString(err.Error(), "")
	s = strings.ReplaceAll(s, `expected ")" but got`, "unexpected token") // the bracket is ours
	return strings.TrimPrefix(strings.TrimPrefix(s, "jinja scan: "), "jinja parse: ")
}
