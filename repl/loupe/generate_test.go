package main

import (
	"slices"
	"testing"
	"time"

	"loupe/engine"
)

// The bar of a prompt comes after a second, and goes when the prompt is read.
func TestPromptBar(t *testing.T) {
	var lines []string
	show := promptBar(func(s string) { lines = append(lines, s) })
	for _, n := range []int{0, 100, 300} {
		show(engine.PromptProgress{PromptTokens: 350, ReusedTokens: 50, EvaluatedTokens: n})
	}
	if len(lines) != 0 {
		t.Errorf("a short prompt shows %q", lines)
	}
	show(engine.PromptProgress{PromptTokens: 350, ReusedTokens: 50})
	time.Sleep(1100 * time.Millisecond)
	for _, n := range []int{200, 300} {
		show(engine.PromptProgress{PromptTokens: 350, ReusedTokens: 50, EvaluatedTokens: n})
	}
	if want := []string{"[========    ] prompt 200 of 300 tokens, 66 %, 1 s left", ""}; !slices.Equal(lines, want) {
		t.Errorf("%q", lines)
	}
}
