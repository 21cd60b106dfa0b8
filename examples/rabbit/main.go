// Rabbit prints, as Markdown, what flash attention and the types of K and V cost and
// change on a model: an essay about a rabbit of 1,000 tokens under every combination of
// the three switches, each twice and in turns (experiment.Rabbit). It is the table of
// docs/measured.md.
//
//	go run ./examples/rabbit smollm2
package main

import (
	"fmt"
	"log"
	"os"

	"loupe/engine"
	"loupe/stdlib/experiment"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("rabbit: give one model, as in: go run ./examples/rabbit smollm2")
	}
	c, err := experiment.Rabbit(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	kernels, err := engine.Kernels()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s, %s kernels, %d threads\n\n", c.Model, kernels, c.Rows[c.Reference].Effective.Threads)
	fmt.Println(c.Table().Display()["text/markdown"])
	fmt.Println()
	fmt.Println(c.Speed().Display()["text/markdown"])
}
