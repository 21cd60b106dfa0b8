package engine

import "time"

// PromptProgress is how far the reading of a prompt is.
type PromptProgress struct {
	PromptTokens    int // of the prompt
	ReusedTokens    int // of these, found in the cache
	DroppedTokens   int // of these, taken out by the ContextOverflowPolicy
	EvaluatedTokens int // of these, read so far
	Elapsed         time.Duration
	Left            time.Duration // that the others take at this rate; 0 before the first
}

func newPromptProgress(st *Stats, done int, elapsed time.Duration) PromptProgress {
	p := PromptProgress{PromptTokens: st.PromptTokens, ReusedTokens: st.ReusedTokens, DroppedTokens: st.DroppedTokens, EvaluatedTokens: done, Elapsed: elapsed}
	if done > 0 {
		p.Left = elapsed * time.Duration(p.Unread()) / time.Duration(done)
	}
	return p
}

// Unread is the tokens still to be read.
func (p PromptProgress) Unread() int {
	return p.PromptTokens - p.ReusedTokens - p.DroppedTokens - p.EvaluatedTokens
}
