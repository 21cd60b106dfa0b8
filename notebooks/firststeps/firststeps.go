// First steps: load a model, let it write, talk to it, and look at what its
// cache holds and saves. Run it with
//
//	go run ./repl/loupe run notebooks/firststeps/firststeps.go
//	go run ./notebooks/firststeps
//
// Both print the same, but for the times. It needs a model: loupe pull smollm2.
package main

import (
	"fmt"
	"log"
	"strings"

	"loupe/engine"
	"loupe/stdlib/nb"
)

// must ends the notebook when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	// %% [markdown]
	// # First steps
	//
	// A model is an ordinary object here: it is loaded with explicit settings,
	// and every call says what it did and how long it took.

	// %% Load
	m, err := engine.Load("smollm2", engine.LoadConfig{ContextLength: 2048, Threads: 2})
	must(err)
	set := m.Settings()
	fmt.Printf("%s: %s, %s, context %d of %d trained, K %s, V %s\n",
		set.Model, set.Architecture, set.Quantisation, set.ContextLength, set.TrainedContext, set.KCacheType, set.VCacheType)

	// %% Generate
	s := m.NewSession()
	story, err := s.Generate("Once upon a time there was a rabbit", engine.GenerateConfig{MaxTokens: 40})
	must(err)
	fmt.Println(story.Text)
	fmt.Println(story.Stats)

	// %% [markdown]
	// The prompt is read in one go, the answer token by token: hence two rates.

	// %% Chat
	c := m.NewSession()
	answer, err := c.Chat("List three colours.", engine.GenerateConfig{MaxTokens: 60})
	must(err)
	fmt.Println(answer.Text)
	answer, err = c.Chat("Thank you. Say hi.", engine.GenerateConfig{MaxTokens: 60})
	must(err)
	fmt.Println(answer.Text)
	fmt.Printf("%d of %d prompt tokens were still in the cache\n", answer.Stats.ReusedTokens, answer.Stats.PromptTokens)

	// %% [markdown]
	// ## The cache
	//
	// For every token the model keeps a key and a value in each layer. The table
	// says which token sits in which cell, and what it costs in bytes.

	// %% Look at the cache
	small := m.NewSession()
	_, err = small.Generate("The cat sat on the mat.", engine.GenerateConfig{MaxTokens: 1})
	must(err)
	nb.Show(small.Cache())

	// %% [markdown]
	// ## With and without
	//
	// The same question about the same text, asked twice: once the text is read
	// again from its first token, once the cache still holds it.

	// %% Cache off
	text := strings.Repeat("The old mill stood by the river. A rabbit lived under it and ate clover. ", 20)
	off, err := engine.Load("smollm2", engine.LoadConfig{ContextLength: 2048, Threads: 2, ReusePrefix: engine.Off})
	must(err)
	reader := off.NewSession()
	_, err = reader.Generate(text+"\n\nQuestion: Who lived under the mill?\nAnswer:", engine.GenerateConfig{MaxTokens: 12, Stop: []string{"\n"}})
	must(err)
	without, err := reader.Generate(text+"\n\nQuestion: What did the rabbit eat?\nAnswer:", engine.GenerateConfig{MaxTokens: 12, Stop: []string{"\n"}})
	must(err)
	fmt.Println(without.Text)
	fmt.Println(without.Stats)

	// %% Cache on
	reader = m.NewSession()
	_, err = reader.Generate(text+"\n\nQuestion: Who lived under the mill?\nAnswer:", engine.GenerateConfig{MaxTokens: 12, Stop: []string{"\n"}})
	must(err)
	with, err := reader.Generate(text+"\n\nQuestion: What did the rabbit eat?\nAnswer:", engine.GenerateConfig{MaxTokens: 12, Stop: []string{"\n"}})
	must(err)
	fmt.Println(with.Text)
	fmt.Println(with.Stats)

	// %% What it saved
	fmt.Printf("reused %d tokens with the cache, %d without; first token after %d ms against %d ms\n",
		with.Stats.ReusedTokens, without.Stats.ReusedTokens, with.Stats.TTFT.Milliseconds(), without.Stats.TTFT.Milliseconds())
	fmt.Println("same answer:", with.Text == without.Text)

	// %% A fork
	// Two continuations of one prefix share its keys and values: the fork copies
	// none of them.
	fork := reader.Fork()
	table := fork.Cache()
	fmt.Printf("%d cells, %d of them shared with the session it came from\n", len(table.Cells), table.SharedCells)
	must(off.Close())
	must(m.Close())
}
