package kernel

import "testing"

// What the engine warns of is told once in a cell, and again in the next.
func TestRemarksAreToldOnceInACell(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	const load = "for range 3 { m, err := engine.Load(\"lesson\", engine.LoadConfig{ContextLength: 1024}); _ = err; m.Close() }"
	for i := 1; i <= 2; i++ {
		play(t, k, r, load)
		told := 0
		for _, e := range r.events {
			if _, ok := e.(Warning); ok {
				told++
			}
		}
		if told != i {
			t.Errorf("after %d cells %d warnings came", i, told)
		}
	}
}
