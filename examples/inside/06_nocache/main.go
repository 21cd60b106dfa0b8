// Without a cache: every token reads all before it anew. What that takes, counted and
// timed, beside the same with the cache. Run it with
//
//	go run ./repl/loupe run examples/inside/06_nocache/main.go
//	go run ./examples/inside/06_nocache
//
// "-p model=smollm2" behind run takes another model.
package main

import (
	"fmt"
	"log"

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
	model, tokens := "lesson", 60

	// %% Twice the same
	//nb:mask (?s).+
	m, err := engine.Load(model, engine.LoadConfig{Threads: 1})
	must(err)
	x, err := experiment.NoCache(m, "Once there was a rabbit", tokens)
	must(err)
	nb.Show(x)

	// %% Counted
	p, n := x.PromptTokens, len(x.Without.Each)
	fmt.Println("without a cache, p n + n (n-1) / 2 tokens went through the model:", x.Without.TokenPasses == p*n+n*(n-1)/2)
	n = len(x.With.Each)
	fmt.Println("with it, p + n - 1:", x.With.TokenPasses == p+n-1)
	must(m.Close())
}
