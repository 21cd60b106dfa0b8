// Cache surgery with its effect measured: cells removed, moved, dropped, rounded,
// swapped, kept by different rules, saved and restored. Run it with
//
//	go run ./repl/loupe run examples/inside/05_surgery/main.go
//	go run ./examples/inside/05_surgery
//
// "-p model=smollm2" behind run takes another model.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"loupe/engine"
)

// must ends the program when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	// %% parameters
	model := "lesson"

	// %% A text, and a fork of it for each operation
	m, err := engine.Load(model, engine.LoadConfig{Threads: 1})
	must(err)
	s := m.NewSession()
	_, err = s.Eval(m.Tokenize(strings.Repeat("Mia the fox was brave and Tom the owl was quiet. They ate pie and soup at the mill. ", 6) + "Mia the fox was brave and Tom the"))
	must(err)
	n := s.Len()
	show := func(x *engine.Surgery, err error) *engine.Surgery {
		must(err)
		fmt.Println(x)
		return x
	}

	// %% Keep a part: which rule is best?
	//nb:skip the least likely of these predictions differ by processor
	keep := n / 4
	show(s.Fork().KeepSinks(4, keep-4))
	show(s.Fork().KeepSinks(0, keep))
	show(s.Fork().KeepNorm(keep))
	show(s.Fork().KeepRandom(keep, 1))

	// %% Close the gap that was left
	//nb:mask numbers
	f := s.Fork()
	show(f.KeepSinks(4, keep))
	show(f.CloseGaps())

	// %% Moved all alike, nothing changes: RoPE knows distances only
	//nb:mask [0-9.e-]+ nats
	moved := show(s.Fork().Shift(0, n, 100))
	fmt.Println("the same token:", moved.SameTop)

	// %% A head, or a layer, that says nothing
	//nb:mask numbers
	show(s.Fork().Drop(1, 0))
	show(s.Fork().Drop(1))

	// %% One layer rounded
	//nb:mask numbers
	show(s.Fork().Requantize(engine.Q4_0, "", 0))
	show(s.Fork().Requantize("", engine.Q4_0, 0))

	// %% The beginning of another text
	//nb:mask numbers
	other := m.NewSession()
	_, err = other.Eval(m.Tokenize(strings.Repeat("The code of the red box is 4711. ", 20)))
	must(err)
	show(s.Fork().SwapPrefix(other, 40))

	// %% Generate on from what is left
	r, err := f.Continue(engine.GenerateConfig{MaxTokens: 8})
	must(err)
	fmt.Println(len(r.IDs), "tokens,", r.Stats.ReusedTokens == f.Len()-len(r.IDs), "that all else was reused")

	// %% Save and restore: it goes on the same, bit for bit
	dir, err := os.MkdirTemp("", "inside")
	must(err)
	path := filepath.Join(dir, "session")
	must(s.Save(path))
	back, err := m.Restore(path)
	must(err)
	a, err := s.Continue(engine.GenerateConfig{MaxTokens: 12})
	must(err)
	b, err := back.Continue(engine.GenerateConfig{MaxTokens: 12})
	must(err)
	fmt.Println("the same text:", a.Text == b.Text)
	must(os.RemoveAll(dir))
	must(m.Close())
}
