package engine

import (
	"errors"
	"fmt"
	"strings"
)

// SettingError says that a setting has a value that cannot be used.
type SettingError struct {
	Name, Value string
	Allowed     string // what may be given instead
}

func (e *SettingError) Error() string {
	return fmt.Sprintf("engine: %s is %s; it may be %s", e.Name, e.Value, e.Allowed)
}

// SettingErrors is several settings that cannot be used.
type SettingErrors struct{ Problems []error }

func (e *SettingErrors) Error() string {
	text := fmt.Sprintf("engine: %d settings cannot be used:", len(e.Problems))
	for _, p := range e.Problems {
		text += "\n  " + strings.TrimPrefix(p.Error(), "engine: ")
	}
	return text
}

// Unwrap gives the problems to errors.Is and errors.As.
func (e *SettingErrors) Unwrap() []error { return e.Problems }

// ContextError says that a prompt does not fit. Its fields are those of
// llama-server's exceed_context_size_error.
type ContextError struct {
	PromptTokens  int // n_prompt_tokens
	ContextLength int // n_ctx
}

// Over is how many tokens must go for one to be generated.
func (e *ContextError) Over() int { return e.PromptTokens + 1 - e.ContextLength }

func (e *ContextError) Error() string {
	return fmt.Sprintf("engine: the prompt has %d tokens, the context %d: %d too many (one is needed for the answer); "+
		"shorten the prompt, load the model with a larger ContextLength, or split the task into shorter ones",
		e.PromptTokens, e.ContextLength, e.Over())
}

// ErrEmptyPrompt is returned for a prompt without a single token.
var ErrEmptyPrompt = errors.New("engine: the prompt has no tokens; give some text")

// ErrClosed is returned by calls on a model after Close.
var ErrClosed = errors.New("engine: the model was closed; load it again")

// Utf8Error says that a prompt is not text.
type Utf8Error struct{ Offset int }

func (e *Utf8Error) Error() string {
	return fmt.Sprintf("engine: the prompt is not valid UTF-8 (byte %d); convert it, or use strings.ToValidUTF8", e.Offset)
}
