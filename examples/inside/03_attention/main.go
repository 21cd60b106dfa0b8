// The attention of any head, with flash attention on: one head's triangle, all heads of
// a layer, arrows from tokens, and what adds up to one weight. Run it with
//
//	go run ./repl/loupe run examples/inside/03_attention/main.go
//	go run ./examples/inside/03_attention
//
// "-p model=smollm2" behind run takes another model.
package main

import (
	"fmt"
	"log"

	"loupe/engine"
	"loupe/stdlib/nb"
)

// must ends the program when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	// %% parameters
	model, layer, head := "lesson", 1, 2

	// %% A text
	m, err := engine.Load(model, engine.LoadConfig{Threads: 1, FlashAttention: engine.On})
	must(err)
	s := m.NewSession()
	_, err = s.Eval(m.Tokenize("The red box and the blue jar. The red box and the blue jar."))
	must(err)

	// %% One head's triangle
	a, err := s.Attention(layer, head)
	must(err)
	nb.Show(a)

	// %% One token
	// Of a text of any length, at the cost of reading one token.
	//nb:skip weights differ by processor
	row, err := s.AttentionRow(layer, head, s.Len()-1)
	must(err)
	nb.Show(row)

	// %% All heads of the layer
	//nb:mask numbers
	all, err := s.AttentionLayer(layer)
	must(err)
	nb.Show(all)

	// %% Arrows
	// From each token to what it looks at most.
	nb.Show(a.Arrows())

	// %% What adds up to one weight
	// The query of the last token times a key, element by element, summed, scaled, and
	// through softmax: the neuron view.
	//nb:mask numbers
	n, err := s.Neurons(layer, head, s.Len()-1)
	must(err)
	nb.Show(n)

	// %% Over the keys that surgery has left
	// The same token, when of all before it only the first two and the last four are left.
	//nb:skip weights differ by processor
	f := s.Fork()
	cut, err := f.KeepSinks(2, 5)
	must(err)
	fmt.Println(cut)
	left, err := f.AttentionRow(layer, head, f.Len()-1)
	must(err)
	nb.Show(left)

	// %% Each row sums to 1
	sum := 0.0
	for _, w := range a.Row(a.N - 1) {
		sum += float64(w)
	}
	fmt.Printf("%.3f\n", sum)
	must(m.Close())
}
