package chain_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"loupe/engine"
	"loupe/stdlib/chain"
)

// must ends an example where a call fails; a program looks at the error.
func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// short are settings of answers of so many tokens.
func short(n int) engine.GenerateConfig { return engine.GenerateConfig{MaxTokens: n} }

var (
	// code asks for one fact, line and join sum stories up: what the lesson model knows.
	code = chain.Step{Name: "code", Prompt: "{text}\nWhat is the code of the red box?", Config: short(16)}
	line = chain.Step{Name: "line", Prompt: "{text}\nSummarise the story.", Config: short(30)}
	join = chain.Step{Name: "join", Prompt: "{text}\nPut the lines together.", Config: short(60)}

	owl = chain.Document{Name: "owl", Text: "In a warm house by the station lived Rufus, an owl. At the cave Rufus found a small red hat. Rufus the lonely owl never lost the hat again."}
	dog = chain.Document{Name: "dog", Text: "Once there was a dog called Toby who lived near the tower. Behind the island Toby found a plain brown basket. That winter Toby slept with the basket."}
)

// Each document to a line, and the lines to one text.
func ExampleMapReduce() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	c := &chain.Chain{Model: m, Do: chain.MapReduce(line, join)}
	run := must(c.Run(owl, dog))
	for _, x := range run.Results {
		var result *chain.Result = x
		fmt.Println(result.Step, result.Parents, result.Text)
	}
	fmt.Println(run.Answer() == run.Last().Text, len(run.Of("line")))
	// Output:
	// line [] Rufus the owl found a red hat at the cave.
	// line [] Toby the dog found a brown basket at the island.
	// join [1 2] Rufus the owl found a red hat at the cave and Toby the dog found a brown basket at the island.
	// true 2
}

// A plan counts every call and token without asking; the account is what happened.
func ExampleChain_Plan() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	c := &chain.Chain{Model: m, Do: chain.MapReduce(line, join)}
	var plan *chain.Plan = must(c.Plan(owl, dog))
	for _, row := range plan.Rows {
		var r chain.Row = row
		var generated chain.Span = r.GeneratedTokens
		fmt.Printf("%s: %.0f calls, %.0f to %.0f tokens generated\n", r.Step, r.Calls.High, generated.Low, generated.High)
	}
	run := must(c.Run(owl, dog))
	var got *chain.Account = run.Account()
	total := got.Total.PromptTokens.High
	fmt.Println("read what was planned:", plan.Total.PromptTokens.Low <= total && total <= plan.Total.PromptTokens.High)
	fmt.Println(got.Planned != nil, strings.HasPrefix(got.Summary(), "3 calls"))
	// Output:
	// line: 2 calls, 2 to 60 tokens generated
	// join: 1 calls, 1 to 60 tokens generated
	// read what was planned: true
	// true true
}

// The work is Go code on a Run: here two reducers over one map.
func ExampleRun() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	c := &chain.Chain{Model: m}
	c.Do = func(r *chain.Run) error {
		pieces, err := r.Split(line, r.Docs...)
		if err != nil {
			return err
		}
		lines, err := r.Map(line, pieces)
		if err != nil {
			return err
		}
		if _, err := r.Reduce(join, lines); err != nil {
			return err
		}
		if r.Planning() { // texts stand for answers then
			return nil
		}
		_, err = r.ReduceBy(join, line, []*chain.Result{lines[1], lines[0]})
		return err
	}
	run := must(c.RunContext(context.Background(), owl, dog))
	fmt.Println(strings.Join(chain.Texts(chain.Good(run.Of("join"))), "\n"))
	fmt.Println(len(chain.PerDocument(run.Of("line"))), "documents;", run.Context().Err())
	// Output:
	// Rufus the owl found a red hat at the cave and Toby the dog found a brown basket at the island.
	// Toby the dog found a brown basket at the island and Rufus the owl found a red hat at the cave.
	// 2 documents; <nil>
}

// Questions about each piece: the piece is read once for all of them.
func ExampleRun_Ask() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	doc := chain.Document{Text: "The code of the red box is 4711. The owl was happy. The code of the blue jar is 2093."}
	ask := chain.Step{Name: "ask", Prompt: "{text}\nWhat is the code of the {question}?", Config: short(16)}
	c := &chain.Chain{Model: m, Do: func(r *chain.Run) error {
		pieces, err := r.Split(ask.With("question", "red box"), r.Docs...)
		if err != nil {
			return err
		}
		answers, err := r.Ask(ask, []string{"red box", "blue jar"}, pieces)
		if err == nil && !r.Planning() {
			for i, list := range answers {
				var call chain.Call = list[0].Calls[0]
				fmt.Printf("%d %s %s reused more than half: %t\n", i, list[0].Question, list[0].Text, 2*call.Stats.ReusedTokens > call.Stats.PromptTokens)
			}
		}
		return err
	}}
	must(c.Run(doc))
	// Output:
	// 0 red box The code of the red box is 4711. reused more than half: false
	// 1 blue jar The code of the blue jar is 2093. reused more than half: true
}

// The pieces where the model is surest that there is something come first.
func ExampleRun_Rank() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	sure := code
	sure.Config.TopLogits = 10
	c := &chain.Chain{Model: m, Split: chain.Splitter{Tokens: 24}, Do: func(r *chain.Run) error {
		pieces, err := r.Split(sure, r.Docs...)
		if err != nil {
			return err
		}
		ranked, err := r.Rank(sure, pieces, func(x *chain.Result) float64 { return 1 - r.Sure(x, "none") })
		if err == nil && !r.Planning() {
			var p *chain.Piece = ranked[0].Piece
			fmt.Println(len(pieces), "pieces; best is", p.Index, ranked[0].Text)
		}
		return err
	}}
	must(c.Run(chain.Document{Text: "Mia the fox was brave. They ate pie at the mill. The owl sat by the pond. The code of the red box is 4711. Tom ran to the old bridge. They ate soup."}))
	fmt.Println(chain.ScoreLine(&chain.Result{Text: "It is about boxes.\nScore: 7"})) // what a larger model may be asked for
	// Output:
	// 2 pieces; best is 1 The code of the red box is 4711.
	// 7
}

// Other shapes: a running answer, a tree, a loop.
func ExampleRefine() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	docs := []chain.Document{owl, dog, owl}
	next := chain.Step{Name: "next", Prompt: "{answer}\n{text}\nPut the lines together.", Config: short(40)}
	for name, do := range map[string]func(r *chain.Run) error{
		"map":    chain.Map(line),
		"refine": chain.Refine(line, next),
		"tree":   chain.MapTree(line, join, 2),
		"by hand": func(r *chain.Run) error {
			pieces, err := r.Split(next, r.Docs...)
			if err != nil {
				return err
			}
			if _, err = r.Refine(line, next, pieces); err != nil {
				return err
			}
			list, err := r.Map(line, pieces)
			if err != nil {
				return err
			}
			if _, err = r.Tree(join, list, 2); err != nil {
				return err
			}
			_, err = r.Collapse(join, list, func(left []*chain.Result) (bool, error) { return len(left) <= 2, nil })
			return err
		},
	} {
		c := &chain.Chain{Model: m, Do: do}
		run := must(c.Run(docs...))
		if name == "tree" {
			fmt.Println(len(run.Results), "steps in a tree") // 3 lines, 2 nodes
		}
	}
	// Output: 5 steps in a tree
}

// The same step again until it is good, or a limit comes.
func ExampleRun_Loop() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	again := chain.Step{Name: "again", Prompt: "{answer}\nTell me a story about an owl.", Config: short(8)}
	c := &chain.Chain{Model: m, Do: func(r *chain.Run) error {
		_, err := r.Loop(again, 2, func(x *chain.Result) bool { return strings.Contains(x.Text, "penguin") })
		var limit *chain.LoopError
		if errors.As(err, &limit) {
			fmt.Println(limit.Step, "after", limit.Rounds, "rounds")
			return nil
		}
		return err
	}}
	must(c.Run())
	// Output: again after 2 rounds
}

// Find is a value that a step gives.
type Find struct {
	Code string `json:"code" jsonschema:"pattern=^[0-9]{4}$"`
}

// An answer that is a Go value: the model can write nothing else.
func ExampleResult_Decode() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	find := code
	find.Structured = Find{}
	c := &chain.Chain{Model: m, Do: chain.Map(find)}
	run := must(c.Run(chain.Document{Text: "The code of the red box is 4711."}))
	var v Find
	if err := run.Last().Decode(&v); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(v.Code), v == run.Last().Value.(Find), run.Last().Reply().Stats.StopReason)
	// Output: 4 true maxPredictedTokensReached
}

// An answer is looked at and asked for again; what fails is told, the rest stays.
func ExampleStep() {
	m := must(engine.Load("lesson", engine.LoadConfig{ContextLength: 128}))
	defer m.Close()
	never := code
	never.Check, never.Retries = func(*chain.Result) error { return errors.New("say it in French") }, 1
	c := &chain.Chain{Model: m, Do: chain.Map(never)}
	run, err := c.Run(chain.Document{Text: "The code of the red box is 4711."})
	var several *chain.MapError
	var step *chain.StepError
	var check *chain.CheckError
	fmt.Println(errors.As(err, &several), errors.As(err, &step), errors.As(err, &check))
	fmt.Println(check.Answers, "answers, the last refused:", check.Last)
	fmt.Println(len(run.Results), "result,", len(several.Failed), "failed", step.Step)

	long := chain.Step{Name: "long", Prompt: strings.Repeat("They ate pie. ", 60), Config: short(16)}
	c = &chain.Chain{Model: m, Do: func(r *chain.Run) error { _, err := r.Do(long); return err }}
	_, err = c.Run()
	var over *chain.OverflowError
	fmt.Println(errors.As(err, &over), over.PromptTokens > over.ContextLength, over.Over() > 0)
	// Output:
	// true true true
	// 2 answers, the last refused: say it in French
	// 1 result, 1 failed code
	// true true true
}

// What happens, as it happens; chain.Bar(os.Stderr) is such a function for a terminal.
func ExampleEvent() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	bar := chain.Bar(new(strings.Builder))
	c := &chain.Chain{Model: m, Do: chain.Map(code), OnEvent: func(e chain.Event) {
		bar(e)
		var kind chain.EventKind = e.Kind
		switch kind {
		case chain.Started:
			fmt.Println("started", e.Result.Step)
		case chain.Texted:
			fmt.Print(e.Text)
		case chain.Refused, chain.Failed:
			fmt.Println("no:", e.Text, e.Result.Err)
		case chain.Done:
			fmt.Println("\ndone,", e.Steps, "of", e.Total)
		}
	}}
	must(c.Run(chain.Document{Text: "The code of the red box is 4711."}))
	// Output:
	// started code
	// The code of the red box is 4711.
	// done, 1 of 1
}

// Every answer goes to a journal: a run that was stopped goes on where it was.
func ExampleChain_journal() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	dir := must(os.MkdirTemp("", "journal"))
	defer os.RemoveAll(dir)
	c := &chain.Chain{Model: m, Do: chain.MapReduce(line, join), Journal: filepath.Join(dir, "journal")}
	must(c.Run(owl, dog))
	run := must(c.Run(owl, dog))
	fmt.Println(run.Account().Total.Calls.High, "calls,", run.Account().Total.Resumed, "from the journal")
	var lines strings.Builder
	if err := run.WriteJSON(&lines); err != nil { // every step with its prompt and answer
		log.Fatal(err)
	}
	fmt.Println(strings.Count(lines.String(), "\n"), "lines;", strings.Contains(run.HTML(), "Rufus"))
	// Output:
	// 0 calls, 3 from the journal
	// 3 lines; true
}

// Where a text may be cut depends on what it is made of.
func ExampleFormat() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	text := "# Foxes\n\nMia was brave.\n\n# Owls\n\nTom was quiet.\n"
	var counts chain.Tokenizer = m
	for _, f := range []chain.Format{chain.Plain, chain.Markdown, chain.Code} {
		pieces := must(chain.Splitter{Tokens: 20}.Split(counts, chain.Document{Text: text, Format: f}))
		fmt.Printf("%q %d pieces, the second begins with %.6q\n", f, len(pieces), pieces[1].Text)
	}
	// Output:
	// "" 2 pieces, the second begins with "Tom wa"
	// "markdown" 2 pieces, the second begins with "# Owls"
	// "code" 2 pieces, the second begins with "Tom wa"
}
