package engine_test

import (
	"context"
	"fmt"
	"strings"

	"loupe/engine"
)

// text is a session that has read a text of some sentences.
func text(m *engine.Model) *engine.Session {
	s := m.NewSession()
	must(s.Eval(m.Tokenize(strings.Repeat("Mia the fox was brave. They ate pie at the mill. ", 8) + "Mia the fox was")))
	return s
}

// Cells are taken out of the cache; each call says what that does to the next token.
func ExampleSurgery() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := text(m)
	for _, x := range []*engine.Surgery{
		must(s.Fork().Remove(0, 1)),      // the first token
		must(s.Fork().KeepSinks(4, 28)),  // four sinks and a window
		must(s.Fork().KeepNorm(32)),      // those with the shortest keys
		must(s.Fork().KeepRandom(32, 7)), // any, to be beaten
	} {
		fmt.Printf("%d removed, %d left: another prediction: %t\n", x.Removed, x.Left, x.KLDivergence > 0)
	}
	x := must(s.Fork().Shift(0, s.Len(), 1000))
	fmt.Println("moved all alike, nothing changes, for RoPE knows distances only:", x.KLDivergence < 1e-3)
	// Output:
	// 1 removed, 108 left: another prediction: true
	// 77 removed, 32 left: another prediction: true
	// 77 removed, 32 left: another prediction: true
	// 77 removed, 32 left: another prediction: true
	// moved all alike, nothing changes, for RoPE knows distances only: true
}

func ExampleSession_Continue() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := text(m)
	must(s.KeepSinks(1, 16))
	x := must(s.CloseGaps()) // positions without gaps, as StreamingLLM has them
	fmt.Println(x.Changed, "cells moved,", s.Len(), "left")
	r := must(s.ContinueContext(context.Background(), engine.GenerateConfig{MaxTokens: 2}))
	fmt.Println(len(r.IDs), "tokens from what is left")
	// Output:
	// 16 cells moved, 17 left
	// 2 tokens from what is left
}

// Heads that say nothing, and rounding in one place alone.
func ExampleSession_Drop() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := text(m)
	one, all := must(s.Fork().Drop(0, 2)), must(s.Fork().Drop(0))
	fmt.Println("a whole layer costs more than one of its heads:", all.KLDivergence > one.KLDivergence)
	k := must(s.Fork().Requantize(engine.Q4_0, "", 0)) // the keys of layer 0
	v := must(s.Fork().Requantize("", engine.Q4_0, 0)) // its values
	fmt.Println(k.Changed == v.Changed, k.KLDivergence > 0)
	// Output:
	// a whole layer costs more than one of its heads: true
	// true true
}

// The beginning of another text under this one.
func ExampleSession_SwapPrefix() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s, other := text(m), m.NewSession()
	must(other.Eval(m.Tokenize("The code of the red box is 4711. The owl was happy.")))
	x := must(s.SwapPrefix(other, 10))
	fmt.Println(x.Changed, "cells changed; the first are", m.Detokenize(s.Tokens()[1:4]))
	// Output: 108 cells changed; the first are The code of
}
