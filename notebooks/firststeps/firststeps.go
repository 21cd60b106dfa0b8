// First steps: load a model, let it write, talk to it, and look at what its
// cache holds and saves. Run it with
//
//	go run ./repl/loupe run notebooks/firststeps/firststeps.go
//	go run ./notebooks/firststeps
//
// Both print the same, but for the times. The model is the small one inside the
// program; it knows a world of animals, colours and things, and nothing else.
// "-p model=smollm2" behind run takes one that knows more.
package main

import (
	"fmt"
	"log"
	"strings"

	"loupe/engine"
	"loupe/engine/chat"
	"loupe/stdlib/nb"
)

// must ends the notebook when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// question is a conversation of one message.
func question(text string) []chat.Message {
	return []chat.Message{{Role: "user", Content: text}}
}

func main() {
	// %% [markdown]
	// # First steps
	//
	// A model is an ordinary object here: it is loaded with explicit settings,
	// and every call says what it did and how long it took.

	// %% parameters
	model, temperature := "lesson", 0.7

	// %% Load
	m, err := engine.Load(model, engine.LoadConfig{Threads: 2})
	must(err)
	set := m.Settings()
	fmt.Printf("%s: %s, %s, context %d of %d trained, K %s, V %s\n",
		set.Model, set.Architecture, set.Quantisation, set.ContextLength, set.TrainedContext,
		set.KCacheType, set.VCacheType)

	// %% Generate
	//nb:skip chance picks the words, and not the same ones on every processor
	s := m.NewSession()
	story, err := s.Generate("Once upon a time there was a rabbit", engine.GenerateConfig{
		MaxTokens: 200, Temperature: temperature, Seed: 2,
	})
	must(err)
	fmt.Println(story.Text)
	fmt.Println(story.Stats)

	// %% [markdown]
	// The prompt is read in one go, the answer token by token: hence two rates.

	// %% Chat
	c := m.NewSession()
	answer, err := c.Chat("Tell me a story about an owl.", engine.GenerateConfig{
		MaxTokens: 200, Temperature: temperature, Seed: 3,
	})
	must(err)
	fmt.Println(answer.Text)
	answer, err = c.Chat("Summarise the story.", engine.GenerateConfig{MaxTokens: 60})
	must(err)
	fmt.Println(answer.Text)
	fmt.Printf("%d of %d prompt tokens were still in the cache\n",
		answer.Stats.ReusedTokens, answer.Stats.PromptTokens)

	// %% [markdown]
	// ## The cache
	//
	// For every token the model keeps a key and a value in each layer. The table
	// says which token sits in which cell, and what it costs in bytes.

	// %% Look at the cache
	small := m.NewSession()
	_, err = small.Generate("Mia the fox found a red kite at the mill.", engine.GenerateConfig{MaxTokens: 1})
	must(err)
	nb.Show(small.Cache())

	// %% [markdown]
	// ## With and without
	//
	// The same question about the same text, asked twice: once the text is read
	// again from its first token, once the cache still holds it.

	// %% Cache off
	text := strings.Repeat("The fox was brave and the owl was quiet. They ate pie and soup at the mill. ", 10) +
		"The code of the red box is 4711. " + strings.Repeat("The bear was shy and ran to the river. ", 10) +
		"The code of the blue jar is 0815.\n"
	off, err := engine.Load(model, engine.LoadConfig{Threads: 2, ReusePrefix: engine.Off})
	must(err)
	reader := off.NewSession()
	_, err = reader.Send(question(text + "What is the code of the red box?"))
	must(err)
	without, err := reader.Send(question(text + "What is the code of the blue jar?"))
	must(err)
	fmt.Println(without.Text)
	fmt.Println(without.Stats)

	// %% Cache on
	reader = m.NewSession()
	_, err = reader.Send(question(text + "What is the code of the red box?"))
	must(err)
	with, err := reader.Send(question(text + "What is the code of the blue jar?"))
	must(err)
	fmt.Println(with.Text)
	fmt.Println(with.Stats)

	// %% What it saved
	fmt.Printf("reused %d tokens with the cache, %d without\n", with.Stats.ReusedTokens, without.Stats.ReusedTokens)
	fmt.Printf("first token after %.1f ms with the cache, %.1f ms without\n",
		1e3*with.Stats.TTFT.Seconds(), 1e3*without.Stats.TTFT.Seconds())
	fmt.Println("same answer:", with.Text == without.Text)

	// %% A fork
	// Two continuations of one prefix share its keys and values: the fork copies
	// none of them.
	fork := reader.Fork()
	table := fork.Cache()
	fmt.Printf("%d cells, %d of them shared with the session it came from\n", len(table.Cells), table.SharedCells)
	must(off.Close())
	must(m.Close())

	// %% [markdown]
	// ## A question for you
	//
	// What does `temperature` do to a story? Change it in the cell "parameters" to 0, and
	// run the notebook twice; then to 2. The line below each story says how many tokens
	// came, and why it ended there.
}
