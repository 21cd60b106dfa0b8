package chain

import (
	"fmt"
	"strings"
)

// OverflowError says that a step does not fit, before it runs.
type OverflowError struct {
	PromptTokens  int // n_prompt_tokens
	MaxTokens     int // kept free for the answer
	ContextLength int // n_ctx
}

// Over is how many tokens are too many.
func (e *OverflowError) Over() int {
	if e == nil {
		return 0
	}
	return e.PromptTokens + e.MaxTokens - e.ContextLength
}

func (e *OverflowError) Error() string {
	return fmt.Sprintf("the prompt has %d tokens and the answer may take %d: %d too many for the context of %d; "+
		"split the text smaller, lower MaxTokens, or load the model with a larger ContextLength", e.PromptTokens, e.MaxTokens, e.Over(), e.ContextLength)
}

// StepError is the failure of one step. What other steps gave is in Run.Results.
type StepError struct {
	ID   int    // Result.ID
	Step string // Step.Name
	Of   string // the piece or question it was about
	Err  error
}

func (e *StepError) Error() string {
	name := e.Step
	if e.Of != "" {
		name += ", " + e.Of
	}
	return fmt.Sprintf("chain: step %d (%s): %v", e.ID, name, e.Err)
}

// Unwrap is the cause.
func (e *StepError) Unwrap() error { return e.Err }

// MapError says that some steps of several failed; the others finished.
type MapError struct {
	Of     int // how many there were
	Failed []*StepError
}

func (e *MapError) Error() string {
	if len(e.Failed) == 1 && e.Of == 1 {
		return e.Failed[0].Error()
	}
	text := make([]string, len(e.Failed))
	for i, f := range e.Failed {
		text[i] = strings.TrimPrefix(f.Error(), "chain: ")
	}
	return fmt.Sprintf("chain: %d of %d steps failed (chain.Good leaves them out): %s", len(e.Failed), e.Of, strings.Join(text, "; "))
}

// Unwrap are the causes.
func (e *MapError) Unwrap() []error {
	errs := make([]error, len(e.Failed))
	for i, f := range e.Failed {
		errs[i] = f
	}
	return errs
}

// CheckError says that no answer passed a step's Check.
type CheckError struct {
	Answers int   // how many there were
	Last    error // what was said of the last
}

func (e *CheckError) Error() string {
	return fmt.Sprintf("none of %d answers passed the check; of the last it says: %v", e.Answers, e.Last)
}

// Unwrap is the last complaint.
func (e *CheckError) Unwrap() error { return e.Last }

// LoopError says that a Loop came to its limit before it was done.
type LoopError struct {
	Step   string
	Rounds int
}

func (e *LoopError) Error() string {
	return fmt.Sprintf("chain: the loop of step %s was not done after %d rounds; its last answer is kept", e.Step, e.Rounds)
}
