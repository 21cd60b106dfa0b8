package chain_test

import (
	"fmt"
	"log"

	"loupe/engine"
	"loupe/stdlib/chain"
)

func ExampleSplitter_Split() {
	m, err := engine.Load("lesson", engine.LoadConfig{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	doc := chain.Document{Text: "Mia the fox found a red kite. Tom the owl was quiet. They ate pie at the mill."}
	pieces, err := chain.Splitter{Tokens: 12}.Split(m, doc)
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range pieces {
		fmt.Printf("%d tokens: %q\n", p.Tokens, p.Text)
	}
	fmt.Println(chain.Join(pieces) == doc.Text)
	// Output:
	// 9 tokens: "Mia the fox found a red kite. "
	// 12 tokens: "Tom the owl was quiet. They ate pie at the "
	// 3 tokens: "mill."
	// true
}

func ExampleChain() {
	m, err := engine.Load("lesson", engine.LoadConfig{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	ask := chain.Step{Name: "ask", Prompt: "{text}\nWhat is the code of the red box?", Config: engine.GenerateConfig{MaxTokens: 16}}
	c := &chain.Chain{Model: m, Do: chain.Map(ask)}
	run, err := c.Run(chain.Document{Text: "Mia the fox was brave. The code of the red box is 4711. They ate pie."})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(run.Answer())
	// Output: The code of the red box is 4711.
}
