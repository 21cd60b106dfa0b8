package engine

import "fmt"

// ContextOverflowPolicy says what a generation does when the context is full, under
// LM Studio's names.
type ContextOverflowPolicy string

// The policies. What they drop is in Stats: DroppedTokens and ShiftedTokens.
const (
	// OverflowError refuses a prompt that does not fit, with a *ContextError, and
	// ends a generation at the last cell, with the stop reason
	// contextLengthReached. It is the default.
	OverflowError ContextOverflowPolicy = ""
	// StopAtLimit is the same, but a prompt that does not fit is answered with
	// nothing and that stop reason.
	StopAtLimit ContextOverflowPolicy = "stopAtLimit"
	// TruncateMiddle drops tokens from the middle: the first half of the context's
	// room stays, and the last.
	TruncateMiddle ContextOverflowPolicy = "truncateMiddle"
	// RollingWindow drops the oldest tokens but the first KeepTokens, in which
	// models keep what attention has no better use for (sinks: Xiao et al., 2023).
	RollingWindow ContextOverflowPolicy = "rollingWindow"
)

// defaultKeep is how many tokens RollingWindow keeps by default (Ollama's num_keep).
const defaultKeep = 4

func (p ContextOverflowPolicy) check() error {
	switch p {
	case OverflowError, StopAtLimit, TruncateMiddle, RollingWindow:
		return nil
	}
	return &SettingError{"ContextOverflowPolicy", fmt.Sprintf("%q", string(p)), `"", "stopAtLimit", "truncateMiddle" or "rollingWindow"`}
}

// shifts reports whether the policy drops tokens to go on.
func (p ContextOverflowPolicy) shifts() bool { return p == TruncateMiddle || p == RollingWindow }

// cut is the range of n tokens to drop so that room are left: after the first that
// stay.
func (p ContextOverflowPolicy) cut(n, keep, room int) (from, to int) {
	if p == TruncateMiddle {
		keep = room / 2
	} else if keep == 0 {
		keep = defaultKeep
	}
	keep = min(keep, room-1)
	return keep, n - (room - keep)
}

// fit applies the policy to a prompt that does not fit. What is left leaves room for
// the answer: MaxTokens, at most half of the context, or a quarter.
func (g *generation) fit(ids []int) ([]int, error) {
	context, policy := g.s.model.cfg.ContextLength, g.cfg.ContextOverflowPolicy
	if len(ids)+1 <= context {
		return ids, nil
	}
	if !policy.shifts() {
		return nil, &ContextError{PromptTokens: len(ids), ContextLength: context}
	}
	reserve := context / 4
	if n := g.cfg.MaxTokens; n > 0 {
		reserve = min(n, context/2)
	}
	from, to := policy.cut(len(ids), g.cfg.KeepTokens, context-max(reserve, 1))
	g.reply.Stats.DroppedTokens = to - from
	return append(append([]int{}, ids[:from]...), ids[to:]...), nil
}

// shift makes room in a full cache: it drops a half of what the policy may drop, and
// reads again what follows, whose keys and values depended on it. (llama.cpp moves
// them instead, which costs less and is not the same.)
func (g *generation) shift(t *turn) error {
	seq, policy, st := g.s.seq, g.cfg.ContextOverflowPolicy, &g.reply.Stats
	ids := make([]int, seq.Len())
	for i, c := range seq.Cells() {
		ids[i] = c.Token
	}
	keep := g.cfg.KeepTokens
	if keep == 0 {
		keep = defaultKeep
	}
	keep = min(keep, len(ids)/2)
	from, to := policy.cut(len(ids), keep, keep+(len(ids)-keep)/2)
	st.ShiftedTokens += to - from
	st.Shifts++
	st.RereadTokens += len(ids) - to
	seq.Truncate(from)
	return g.s.read(t, ids[to:], nil, func(int, int) error { return nil })
}
