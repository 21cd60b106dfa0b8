// Chains: a text that is too long for the model is read in pieces, with a plan
// before and an account after. Run it with
//
//	go run ./repl/loupe run notebooks/chains/chains.go
//	go run ./notebooks/chains
//
// Both print the same, but for the times. The model is the small one inside the
// program: it was trained on texts of 512 tokens, and knows codes of boxes, and
// stories of who found what where.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"loupe/engine"
	"loupe/stdlib/chain"
	"loupe/stdlib/nb"
)

// must ends the notebook when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// needles is a text of so many sentences, with a few facts among them.
func needles(sentences int) string {
	heroes := []string{"Pip the fox", "Mia the owl", "Tom the bear", "Lily the goat", "Max the frog"}
	deeds := []string{
		"walked to the mill", "ate some warm pie", "was happy that day", "said hello to the duck",
		"ran to the old bridge", "found a small key", "sat by the pond",
	}
	facts := []string{
		"The code of the red box is 4711.", "The code of the blue jar is 2093.",
		"The code of the green chest is 8564.",
	}
	var said []string
	for i := 0; i < sentences; i++ {
		if i%(sentences/3) == sentences/6 {
			said = append(said, facts[i/(sentences/3)])
		}
		said = append(said, heroes[i%5]+" "+deeds[i*i%7]+".")
	}
	return strings.Join(said, " ")
}

func main() {
	// %% [markdown]
	// # Chains
	//
	// A model reads well only what is about as long as what it was trained on.
	// Longer texts are for several short steps: split, ask each piece, combine.

	// %% A text four times too long
	m, err := engine.Load("lesson", engine.LoadConfig{Threads: 2})
	must(err)
	doc := chain.Document{Name: "needles", Text: needles(220)}
	size := len(m.TokenizePlain(doc.Text))
	fmt.Printf("the text has %d tokens, the model was trained on %d\n", size, m.Settings().TrainedContext)

	// %% Read at once
	// The context can be set longer than the model was trained on. It does not help.
	wide, err := engine.Load("lesson", engine.LoadConfig{Threads: 2, ContextLength: size + 64})
	must(err)
	direct, err := wide.NewSession().Chat(doc.Text+"\nWhat is the code of the blue jar?", engine.GenerateConfig{
		MaxTokens: 20,
	})
	must(err)
	fmt.Printf("read at once: %q\n", direct.Text)
	must(wide.Close())

	// %% [markdown]
	// ## Pieces
	//
	// A piece is as large as fits the prompt around it, with room for the answer,
	// counted by the model's own tokenizer; cuts are at sentences here. Overlap
	// keeps what stands at a cut whole in one piece.

	// %% A step, and what it leaves for the text
	ask := chain.Step{
		Name:   "ask",
		Prompt: "{text}\nWhat is the code of the blue jar?",
		Config: engine.GenerateConfig{MaxTokens: 20, TopLogits: 10},
	}
	splitter := chain.Splitter{Tokens: 400, Overlap: 20}
	pieces, err := splitter.Split(m, doc)
	must(err)
	for _, p := range pieces {
		fmt.Printf("piece %d: bytes %d to %d, new from %d, %d tokens\n", p.Index, p.Start, p.End, p.Fresh, p.Tokens)
	}
	fmt.Println("they join to the text:", chain.Join(pieces) == doc.Text)

	// %% [markdown]
	// ## Plan, run, account
	//
	// The work is a Go function. A plan calls it without the model and counts.

	// %% Ask each piece, and rank by how sure the model is that there is something
	c := &chain.Chain{Model: m, Split: splitter}
	c.Do = func(r *chain.Run) error {
		pieces, err := r.Split(ask, r.Docs...)
		if err != nil {
			return err
		}
		_, err = r.Rank(ask, pieces, func(x *chain.Result) float64 { return 1 - r.Sure(x, "none") })
		return err
	}
	plan, err := c.Plan(doc)
	must(err)
	nb.Show(plan)

	// %% Run it
	run, err := c.Run(doc)
	must(err)
	best := run.Results[0]
	for _, x := range run.Results {
		fmt.Printf("piece %d: %q, something is there with %.3f\n", x.Piece.Index, x.Text, x.Score)
		if x.Score > best.Score {
			best = x
		}
	}
	fmt.Printf("in pieces: %q\n", best.Text)

	// %% What happened beside what was planned
	// In a notebook page this is also the tree of the run, with every prompt and answer.
	nb.Show(run)

	// %% [markdown]
	// ## The cache
	//
	// What repeats should stand first in a prompt: then it is read once. Here
	// every piece is read once for three questions.

	// %% Three questions over the same pieces
	question := chain.Step{
		Name: "question", Prompt: "{text}\nWhat is the code of the {question}?",
		Config: engine.GenerateConfig{MaxTokens: 20},
	}
	c.Do = func(r *chain.Run) error {
		pieces, err := r.Split(question.With("question", "green chest"), r.Docs...)
		if err != nil {
			return err
		}
		_, err = r.Ask(question, []string{"red box", "blue jar", "green chest"}, pieces)
		return err
	}
	run, err = c.Run(doc)
	must(err)
	for _, x := range run.Results[:6] {
		stats := x.Calls[0].Stats
		fmt.Printf("piece %d, %s: %d of %d prompt tokens reused\n",
			x.Piece.Index, x.Question, stats.ReusedTokens, stats.PromptTokens)
	}
	fmt.Println(run.Account().Summary())

	// %% [markdown]
	// ## Two reducers over one map, and a journal
	//
	// Steps are values, and what goes where is ordinary code. Every answer goes to
	// the journal as it comes: a run that was stopped goes on where it was.

	// %% Sum up stories, and put the lines together in two ways
	stories := []chain.Document{
		{Name: "owl", Text: "In a warm house by the station lived Rufus, an owl. Rufus could see the bridge from " +
			"the dusty well. At the cave Rufus found a small red hat. In the summer it got rainy, so Rufus and Dora " +
			"walked home. Rufus the lonely owl never lost the hat again."},
		{Name: "dog", Text: "Once there was a dog called Toby who lived near the tower. Behind the island, in the " +
			"lovely grass, Toby found a plain brown basket. Ruby the goat gave Toby some mushrooms and soup for the " +
			"basket. That winter Toby slept with the basket, puzzled and thankful."},
	}
	line := chain.Step{
		Name: "line", Prompt: "{text}\nSummarise the story.", Config: engine.GenerateConfig{MaxTokens: 30},
	}
	join := chain.Step{
		Name: "join", Prompt: "{text}\nPut the lines together.", Config: engine.GenerateConfig{MaxTokens: 60},
	}
	folder, err := os.MkdirTemp("", "chains")
	must(err)
	two := &chain.Chain{Model: m, Journal: filepath.Join(folder, "journal")}
	two.Do = func(r *chain.Run) error {
		pieces, err := r.Split(line, r.Docs...)
		if err != nil {
			return err
		}
		lines, err := r.Map(line, pieces)
		if err != nil {
			return err
		}
		if _, err = r.Reduce(join, lines); err != nil {
			return err
		}
		lines[0], lines[1] = lines[1], lines[0]
		_, err = r.Reduce(join, lines)
		return err
	}
	run, err = two.Run(stories...)
	must(err)
	for _, x := range run.Results {
		fmt.Printf("%d %s %v: %s\n", x.ID, x.Step, x.Parents, x.Text)
	}
	fmt.Println(run.Account().Summary())

	// %% The same again costs nothing
	again, err := two.Run(stories...)
	must(err)
	fmt.Println(again.Account().Summary())
	fmt.Println("same answer:", again.Answer() == run.Answer())
	must(os.RemoveAll(folder))
	must(m.Close())

	// %% [markdown]
	// ## A question for you
	//
	// What does overlap cost? Change `Overlap: 20` in the cell "A step, and what it leaves
	// for the text" to 0 and to 200, and compare the pieces there and the prompt tokens of
	// the plan below it. Is the fact still found without any, and in how many pieces is it
	// found with much?
}
