package engine

import (
	"slices"
	"testing"

	"loupe/engine/enginetest"
)

// The table of 2,000 cells: making it, and what front-ends show of it.
func BenchmarkCacheTable2000(b *testing.B) {
	m, err := Load(enginetest.SmolLM2(b), LoadConfig{ContextLength: 2048})
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	s := m.NewSession()
	ids := slices.Repeat(m.Tokenize("The cat sat on the mat and looked at the moon. "), 200)[:2000]
	if err := s.EvalEach(b.Context(), ids, func(int, []float32) {}, len(ids)); err != nil {
		b.Fatal(err)
	}
	c := s.Cache()
	for name, f := range map[string]func(){
		"table": func() { s.Cache() }, "table and text": func() { _ = s.Cache().String() }, "table and page": func() { s.Cache().Display() },
		"keys of a head": func() { _, _ = c.K(3, 1) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
		})
	}
}
