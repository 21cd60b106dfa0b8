// What quantised keys and values lose: by layer, head, channel and cell, and in what
// the model predicts. Run it with
//
//	go run ./repl/loupe run examples/inside/02_loss/main.go
//	go run ./examples/inside/02_loss
//
// "-p model=smollm2" behind run takes another model, "-p k=q8_0" another type.
package main

import (
	"fmt"
	"log"
	"strings"

	"loupe/engine"
	"loupe/engine/picture"
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
	model, k, v := "lesson", "q4_0", "q4_0"

	// %% A text that a cache in these types has read
	m, err := engine.Load(model, engine.LoadConfig{Threads: 1, KCacheType: engine.CacheType(k), VCacheType: engine.CacheType(v)})
	must(err)
	s := m.NewSession()
	_, err = s.Eval(m.Tokenize(strings.Repeat("Mia the fox was brave and Tom the owl was quiet. They ate pie and soup at the mill. ", 6)))
	must(err)

	// %% What is lost
	//nb:skip figures that differ by processor
	loss, err := s.CacheError()
	must(err)
	nb.Show(loss)

	// %% Which channels are large
	// Where a channel stands out, its block has coarse steps for all others too.
	//nb:skip a picture of sizes, which differ by processor
	nb.Show(loss.K.Sizes())

	// %% Where the loss is
	//nb:skip a picture of losses, which differ by processor
	nb.Show(loss.K.Channels())
	nb.Show(picture.Spark{Name: "loss of each cell's keys", Values: loss.K.Cells})

	// %% Both at once cost more than rounding does
	both, rounding := loss.Effects[0], loss.Effects[len(loss.Effects)-1]
	fmt.Println(both.K, both.V, "against", rounding.K, rounding.V, both.MeanKL > rounding.MeanKL)
	must(m.Close())
}
