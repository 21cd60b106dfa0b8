package engine

import (
	"slices"
	"testing"

	"loupe/engine/enginetest"
)

// The lens over a text: for each token, the head once for every layer.
func BenchmarkLogitLens(b *testing.B) {
	m, err := Load(enginetest.SmolLM2(b), LoadConfig{ContextLength: 2048, Threads: 2})
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	s := m.NewSession()
	const n = 256
	if _, err := s.Eval(slices.Repeat(m.Tokenize("The cat sat on the mat and looked at the moon. "), n)[:n]); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.LogitLens(0); err != nil {
			b.Fatal(err)
		}
	}
}
