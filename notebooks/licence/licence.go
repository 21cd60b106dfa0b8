// A licence, read in pieces: a real document is split to fit a model, with a plan
// before anything is asked and an account after. Run it with
//
//	go run ./repl/loupe run notebooks/licence/licence.go
//	go run ./notebooks/licence
//
// Both print the same, but for the times. The lesson model understands nothing of
// licences: what is worth reading of its run is the plan and the account. Run it
// with "-p model=smollm2 -p context=1024" for a model that does (a quarter of a minute),
// and with "-p file=PATH" on a text of your own.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"loupe/engine"
	"loupe/engine/chat"
	"loupe/stdlib/chain"
	"loupe/stdlib/nb"
)

// must ends the notebook when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// find is a file of this folder or of one above it, else of those of the program.
func find(name string) string {
	here, err := os.Getwd()
	must(err)
	for _, dir := range []string{here, filepath.Dir(os.Args[0])} {
		for ; ; dir = filepath.Dir(dir) {
			path := filepath.Join(dir, name)
			if _, err := os.Stat(path); err == nil {
				return path
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	log.Fatal("no file ", name, " in this folder or above it; give another one with -p file=PATH")
	return ""
}

// short is the beginning and the end of a text in one line.
func short(text string, n int) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= 2*n {
		return text
	}
	return text[:n] + " ... " + text[len(text)-n:]
}

func main() {
	// %% [markdown]
	// # Splitting a real document
	//
	// A licence is read by people who want to know a few things of it: what may I do,
	// what must I do? A small model with a short context can be asked that of each part
	// of it. How many parts, and what will it cost?

	// %% parameters
	model, file, context, answer := "lesson", "notebooks/licence/apache-2.0.txt", 512, 24

	// %% The document
	m, err := engine.Load(model, engine.LoadConfig{Threads: 2, ContextLength: context})
	must(err)
	data, err := os.ReadFile(find(file))
	must(err)
	doc := chain.Document{Name: filepath.Base(file), Text: string(data)}
	size := len(m.TokenizePlain(doc.Text))
	fmt.Printf("%s: %d bytes, %d words, %d tokens for %s; the context is %d\n",
		doc.Name, len(doc.Text), len(strings.Fields(doc.Text)), size, model, context)

	// %% [markdown]
	// ## At once
	//
	// What does not fit is refused, with the numbers. Nothing is cut off silently:
	// a runner that drops the beginning answers a question about another text.

	// %% One prompt
	_, err = m.NewSession().Chat(doc.Text+"\nWhat must I do?", engine.GenerateConfig{MaxTokens: answer})
	var over *engine.ContextError
	if errors.As(err, &over) {
		fmt.Printf("refused: %d tokens for %d cells, %d too many\n",
			over.PromptTokens, over.ContextLength, over.Over())
	} else {
		fmt.Println("it fits:", err == nil)
	}

	// %% [markdown]
	// ## In pieces
	//
	// A piece should be as large as fits with the question around it and the answer
	// behind it, counted by the model's own tokenizer, and it should end where a reader
	// would stop: at a paragraph, else at a sentence, else at a word.

	// %% Where it is cut
	duty := chain.Step{
		Name: "duty", Prompt: "{text}\n\nWhat does this part of the licence require? Answer in one sentence.",
		Config: engine.GenerateConfig{MaxTokens: answer},
	}
	around, err := m.ChatTemplate([]chat.Message{
		{Role: "user", Content: strings.Replace(duty.Prompt, "{text}", "", 1)},
	})
	must(err)
	room := context - answer - len(m.Tokenize(around))
	fmt.Printf("of %d tokens the question takes %d and the answer at most %d: %d are left for a piece\n",
		context, len(m.Tokenize(around)), answer, room)
	pieces, err := chain.Splitter{Tokens: room}.Split(m, doc)
	must(err)
	for _, p := range pieces {
		fmt.Printf("%2d: %3d tokens, bytes %5d to %5d: %s\n", p.Index, p.Tokens, p.Start, p.End, short(p.Text, 30))
	}

	// %% Nothing is lost
	fmt.Println("the pieces join to the document:", chain.Join(pieces) == doc.Text)
	ends := 0
	for _, p := range pieces {
		text := strings.TrimSpace(p.Text)
		if strings.HasSuffix(text, ".") || strings.HasSuffix(p.Text, "\n") {
			ends++
		}
	}
	fmt.Printf("%d of %d end with a sentence or a line\n", ends, len(pieces))

	// %% [markdown]
	// ## A plan
	//
	// The same work is planned without the model: every call, the tokens that will be
	// read, those that are in the cache by then, and what answers can take at most. The
	// answers are put together as many at a time as fit into one prompt, so how many
	// calls that takes depends on how long they are.

	// %% Ask each piece, then put the answers together
	join := chain.Step{
		Name: "join", Prompt: "{text}\n\nSay all of this in one sentence.",
		Config: engine.GenerateConfig{MaxTokens: 2 * answer},
	}
	c := &chain.Chain{Model: m, Do: chain.MapReduce(duty, join)}
	plan, err := c.Plan(doc)
	must(err)
	nb.Show(plan)

	// %% Is there a part of it that costs most?
	total, first := plan.Total, plan.Rows[0]
	fmt.Printf("asking the pieces is %.0f %% of all tokens read\n",
		100*first.PromptTokens.High/total.PromptTokens.High)
	fmt.Printf("the whole document has %d tokens; the chain reads %.1f for each of them\n",
		size, total.PromptTokens.High/float64(size))

	// %% [markdown]
	// ## The run

	// %% Run it
	//nb:mask numbers
	run, err := c.Run(doc)
	must(err)
	nb.Show(run)

	// %% What came of it
	//nb:skip the lesson model has never seen such a text, and what it says differs by processor
	for _, x := range run.Results {
		fmt.Printf("%s: %s\n", x.Step, x.Text)
	}

	// %% Was the plan right?
	got := run.Account().Total
	within := func(s, p chain.Span) bool { return p.Low <= s.Low && s.High <= p.High }
	fmt.Println("calls within the plan:", within(got.Calls, total.Calls))
	fmt.Println("prompt tokens within the plan:", within(got.PromptTokens, total.PromptTokens))
	fmt.Println("generated tokens within the plan:", within(got.GeneratedTokens, total.GeneratedTokens))

	// %% [markdown]
	// ## More questions
	//
	// With several questions the order decides: with the text before the question a
	// piece is read once for all of them.

	// %% Three questions, the text first and the text last
	// A piece has to fit with each question, so the longest one decides where it is cut.
	questions := []string{"What may I do?", "What must I do?", "Is there a warranty?"}
	longest := questions[0]
	for _, q := range questions {
		if len(m.TokenizePlain(q)) > len(m.TokenizePlain(longest)) {
			longest = q
		}
	}
	for _, prompt := range []string{"{text}\n\n{question}", "{question}\n\n{text}"} {
		ask := chain.Step{Name: "ask", Prompt: prompt, Config: engine.GenerateConfig{MaxTokens: answer}}
		c := &chain.Chain{Model: m, Do: func(r *chain.Run) error {
			pieces, err := r.Split(ask.With("question", longest), r.Docs...)
			if err != nil {
				return err
			}
			_, err = r.Ask(ask, questions, pieces)
			return err
		}}
		run, err := c.Run(doc)
		must(err)
		row := run.Account().Total
		fmt.Printf("%-22q %.0f calls, %4.0f prompt tokens, %4.0f of them reused\n",
			prompt, row.Calls.High, row.PromptTokens.High, row.ReusedTokens.High)
	}
	must(m.Close())

	// %% [markdown]
	// ## A question for you
	//
	// Smaller pieces make more calls, each with the question around it. How many tokens
	// does the chain read for each token of the document with half the context? Run it
	// with `-p context=256`, and look at the cell below the plan. What does `-p
	// context=1024` do to the number of pieces?
}
