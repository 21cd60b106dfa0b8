// Scans: sink, previous-token, duplicate-token and induction heads over all layers, and
// how well a model predicts by position under RoPE settings. Run it with
//
//	go run ./repl/loupe run examples/inside/07_scans/main.go
//	go run ./examples/inside/07_scans
//
// "-p model=smollm2" behind run takes another model.
package main

import (
	"fmt"
	"log"
	"strings"

	"loupe/engine"
	"loupe/stdlib/experiment"
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
	model, seed := "lesson", 1

	// %% All heads
	// Random words, twice: what looks back to where a word stood before, or to what came
	// behind it, is no phrase that was learned.
	//nb:skip pictures and weights, which differ by processor
	m, err := engine.Load(model, engine.LoadConfig{Threads: 1, FlashAttention: engine.On})
	must(err)
	x, err := m.ScanHeads(0, uint64(seed))
	must(err)
	nb.Show(x)

	// %% The best of each kind
	//nb:mask numbers
	for _, score := range []engine.HeadScore{x.Sink, x.Previous, x.Duplicate, x.Induction} {
		fmt.Println(score.Name, "head:", score.Top(1)[0])
	}
	helper, copier := x.Previous.Top(1)[0], x.Induction.Top(1)[0]
	fmt.Println("both are there:", helper.Score > 0.5 && copier.Score > 0.5)
	fmt.Println("the helper comes before the induction head:", helper.Layer < copier.Layer)

	// %% In a text of one's own
	//nb:mask numbers
	s := m.NewSession()
	_, err = s.Eval(m.Tokenize("Mia the fox was brave and Tom the owl was quiet. Mia the fox ate pie and Tom the owl ate soup."))
	must(err)
	here, err := s.ScanHeads()
	must(err)
	fmt.Println(here.Repeated, "of", here.Tokens, "tokens stood there before;", here.Induction.Top(1)[0])

	// %% A long text of short stories
	// Names, things and places change, so that it is not known by heart.
	var text strings.Builder
	names, animals := strings.Fields("Mia Tom Otto Pip Felix Nina Max"), strings.Fields("fox owl bear goat frog duck dog cat otter crow")
	things, places := strings.Fields("key ball box lamp jar bell cup rope"), strings.Fields("mill bridge river tower pond cave well")
	for i := 0; i < 60; i++ {
		name, thing, place := names[i*i%7], things[i*5%8], places[i*i*i%7]
		fmt.Fprintf(&text, "Once there was a %s called %s who lived near the %s. One day %s found a small %s near the %s. %s was happy and ran home. ",
			animals[i*3%10], name, place, name, thing, places[(i+3)*2%7], name)
	}
	length := 1536
	if m.Settings().Parameters > 50e6 {
		length = 240 // more takes long
	}
	must(m.Close())

	// %% How well it predicts, by position
	// Past the context that it was trained on a model gets lost, unless its positions are
	// made to fit.
	//nb:mask numbers
	p, err := experiment.PerplexityByPosition(model, text.String(), length, length/6,
		engine.LoadConfig{Threads: 1},
		engine.LoadConfig{Threads: 1, RopeFrequencyBase: 200000},
		engine.LoadConfig{Threads: 1, RopeScaling: engine.RopeYarn, RopeFrequencyScale: 0.5})
	must(err)
	nb.Show(p.Table())

	// %% The same as curves
	//nb:skip curves, which differ by processor
	nb.Show(p.Chart())
}
