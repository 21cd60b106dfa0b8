package nb_test

import (
	"context"
	"fmt"

	"loupe/stdlib/nb"
)

// A value with forms of its own: the best one that a front-end knows is taken.
func ExampleDisplayer() {
	var v nb.Displayer = heat(0.7)
	fmt.Println(v.Display()["text/html"])
	fmt.Println(nb.Text(v))
	// Output:
	// <b>warm</b>
	// warm
}

// A front-end attaches itself, and gets what a notebook shows and reports.
func ExampleAttach() {
	ctx, cancel := context.WithCancel(context.Background())
	detach := nb.Attach(nb.Host{
		Context:  func() context.Context { return ctx },
		Show:     func(values []any) { fmt.Println("shown:", values) },
		Progress: func(label string, done, total int64, unit string) { fmt.Println(label, done, "of", total, unit) },
	})
	nb.Show(1, "two")
	nb.Progress("reading", 3, 10, "tokens")
	cancel()
	fmt.Println(nb.Context().Err()) // what a cell asks for, to end when it is interrupted
	detach()
	nb.Progress("reading", 10, 10, "tokens") // without a kernel it does nothing
	fmt.Println(nb.Context().Err())
	// Output:
	// shown: [1 two]
	// reading 3 of 10 tokens
	// context canceled
	// <nil>
}

// table is a value whose memory lies outside of what reflection sees.
type table struct{ rows, index int64 }

func (t table) Bytes() int64 { return t.rows + t.index }

func (t table) BytesByPart() map[string]int64 {
	return map[string]int64{"rows": t.rows, "index": t.index}
}

// What the memory of a value is for, as %who shows it at the prompt.
func ExampleParts() {
	var size nb.Sizer = table{4096, 512}
	var parts nb.Parter = table{4096, 512}
	fmt.Println(size.Bytes(), nb.Parts(parts)["index"], nb.Parts(7))
	// Output: 4608 512 map[]
}
