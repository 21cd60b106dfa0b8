// Observer watches a forward pass: for every layer and head it prints how much
// of the attention of the last token goes to the first one, the attention sink
// of Xiao et al. 2023 (arXiv:2309.17453). Nothing that is not asked for is computed.
//
//	go run ./examples/observer "Once there was a rabbit who lived under the old mill"
//	go run ./examples/observer -m smollm2 "Once upon a time there was a rabbit"
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"loupe/engine"
	"loupe/engine/observe"
)

// sinks keeps, for each layer, the weight of the first token in each head.
type sinks struct {
	layers [][]float32 // [layer, head]
}

// Wants asks for the attention weights of every layer, and for nothing else.
func (w *sinks) Wants(layer int, p observe.Point) bool { return p == observe.AttnPattern }

// Observe gets the weights, [token, head, key]. They are valid during the call only.
func (w *sinks) Observe(e observe.Event) {
	tokens, heads, keys := e.Shape[0], e.Shape[1], e.Shape[2]
	row := make([]float32, heads)
	for h := range row {
		row[h] = e.X[((tokens-1)*heads+h)*keys]
	}
	w.layers = append(w.layers, row)
}

func main() {
	model := flag.String("m", "lesson", "path of a GGUF file or name of a model")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: observer [-m MODEL] TEXT")
		os.Exit(2)
	}
	if err := run(*model, strings.Join(flag.Args(), " ")); err != nil {
		fmt.Fprintln(os.Stderr, "observer:", err)
		os.Exit(1)
	}
}

func run(model, text string) error {
	m, err := engine.Load(model, engine.LoadConfig{})
	if err != nil {
		return err
	}
	defer m.Close()

	s, w := m.NewSession(), &sinks{}
	s.Observe(w)
	ids := m.Tokenize(text)
	if _, err := s.Eval(ids); err != nil {
		return err
	}
	fmt.Printf("attention of token %d to the first, by head, in percent (evenly spread it were %.0f)\n", len(ids)-1, 100/float64(len(ids)))
	for layer, row := range w.layers {
		fmt.Printf("layer %2d ", layer)
		for _, x := range row {
			fmt.Printf("%4.0f", 100*x)
		}
		fmt.Println()
	}
	return nil
}
