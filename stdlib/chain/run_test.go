package chain

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"loupe/engine"
	"loupe/engine/chat"
	"loupe/engine/store/lesson/train/corpus"
)

// tokens are settings of so many tokens.
func tokens(n int) engine.GenerateConfig { return engine.GenerateConfig{MaxTokens: n} }

// long is a document of so many sentences.
func long(seed uint64, facts, sentences int) corpus.Needles {
	return corpus.New(corpus.TestSeeds+seed).Needles(facts, sentences)
}

var (
	summarise = Step{Name: "summarise", Prompt: "{text}\n" + corpus.Summarise, Config: tokens(24)}
	together  = Step{Name: "together", Prompt: "{text}\n" + corpus.Together, Config: tokens(40)}
)

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// spent adds up what the engine itself says of every generation until done is called.
func spent(t *testing.T) (stats *[]engine.Stats) {
	stats = new([]engine.Stats)
	t.Cleanup(engine.SetHost(&engine.Host{Done: func(s engine.Stats) { *stats = append(*stats, s) }}))
	return stats
}

// within holds what happened against a span that was planned.
func within(t *testing.T, what string, happened, planned Span) {
	t.Helper()
	if happened.Low != happened.High || happened.Low < planned.Low || happened.High > planned.High {
		t.Errorf("%s: %v happened, planned %v", what, happened, planned)
	}
}

// A plan is what then happens: exactly where prompts are known, else in its
// span; and it asks the model nothing.
func TestPlanAgainstRun(t *testing.T) {
	m := load(t, engine.LoadConfig{ContextLength: 256})
	doc := Document{Name: "needles", Text: long(1, 5, 60).Text}
	questions := []string{"Where was the kite?", "Who found the lamp?", "What did Pip find?"}
	ask := Step{Name: "ask", Prompt: "{text}\n{question}", Config: tokens(10)}
	for name, do := range map[string]func(r *Run) error{
		"map":    Map(summarise),
		"reduce": MapReduce(summarise, together),
		"tree":   MapTree(summarise, together, 3),
		"refine": Refine(summarise, Step{Name: "refine", Prompt: "{answer}\n{text}\n" + corpus.Summarise, Config: tokens(24)}),
		"ask": func(r *Run) error {
			pieces, err := r.Split(ask.With("question", questions[0]), r.Docs...)
			if err != nil {
				return err
			}
			_, err = r.Ask(ask, questions, pieces)
			return err
		},
		"loop": func(r *Run) error {
			_, err := r.Loop(Step{Name: "loop", Prompt: "{answer}\nTell me a story about an owl.", Config: tokens(12)}, 4, func(x *Result) bool { return x.ID == 3 })
			return err
		},
		"best": func(r *Run) error {
			_, err := r.Do(Step{Name: "best", Prompt: "Tell me a story about an owl.", Best: 3, Judge: func(x *Result) float64 { return float64(len(x.Text)) },
				Config: engine.GenerateConfig{MaxTokens: 12, Temperature: 1, Seed: 5}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := &Chain{Model: m, Do: do, Split: Splitter{Tokens: 150, Overlap: 20}}
			stats := spent(t)
			p := must[*Plan](t)(c.Plan(doc))
			if len(*stats) != 0 {
				t.Errorf("planning generated %d times", len(*stats))
			}
			r := must[*Run](t)(c.Run(doc))
			a := r.Account()
			if a.Planned != &p.Account || len(p.Problems)+len(a.Problems) != 0 {
				t.Errorf("the account has plan %p of %p, problems %v %v", a.Planned, p, p.Problems, a.Problems)
			}
			for i, row := range append(a.Rows, a.Total) {
				plan := append(p.Rows, p.Total)[i]
				if row.Step != plan.Step {
					t.Fatalf("row %d is of %s, planned of %s", i, row.Step, plan.Step)
				}
				within(t, row.Step+" calls", row.Calls, plan.Calls)
				within(t, row.Step+" prompt tokens", row.PromptTokens, plan.PromptTokens)
				within(t, row.Step+" generated tokens", row.GeneratedTokens, plan.GeneratedTokens)
				if i == 0 && name != "refine" && name != "loop" { // prompts that no answer is in
					if plan.PromptTokens.Low != plan.PromptTokens.High || plan.ReusedTokens.Low != plan.ReusedTokens.High {
						t.Errorf("the plan does not know %s: %+v", row.Step, plan)
					}
					within(t, row.Step+" reused", row.ReusedTokens, plan.ReusedTokens)
				}
				if s := plan.Seconds; s.Low <= 0 || s.High <= s.Low {
					t.Errorf("planned seconds %v", s)
				}
			}
			within(t, "peak", a.PeakBytes, p.PeakBytes)
			// The engine counts the same.
			var sum engine.Stats
			for _, s := range *stats {
				sum.PromptTokens += s.PromptTokens
				sum.ReusedTokens += s.ReusedTokens
				sum.GeneratedTokens += s.GeneratedTokens
				if s.PromptTokens > m.Settings().ContextLength || s.CacheCells > m.Settings().ContextLength {
					t.Errorf("a prompt of %d tokens, a cache of %d", s.PromptTokens, s.CacheCells)
				}
			}
			if tot := a.Total; int(tot.Calls.High) != len(*stats) || int(tot.PromptTokens.High) != sum.PromptTokens ||
				int(tot.ReusedTokens.High) != sum.ReusedTokens || int(tot.GeneratedTokens.High) != sum.GeneratedTokens {
				t.Errorf("the account says %+v, the engine %d calls, %+v", tot, len(*stats), sum)
			}
			// Answers are what a fresh session gives.
			for _, x := range r.Results[max(len(r.Results)-4, 0):] {
				c := x.Calls[x.Chosen]
				s := m.NewSession()
				cfg := x.Settings
				cfg.Seed += uint64(x.Chosen)
				fresh := must[*engine.Reply](t)(s.GenerateIDs(context.Background(), c.Reply.PromptIDs, cfg))
				if fresh.Text != c.Reply.Text {
					t.Errorf("step %d answered %q, in a fresh session %q", x.ID, c.Reply.Text, fresh.Text)
				}
				s.Close()
			}
		})
	}
}

// An instruction that stands first is read once, whatever comes behind it.
func TestInstructionIsReadOnce(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	instruction := long(2, 0, 20).Text
	step := Step{Name: "ask", Prompt: instruction + "\n{text}", Config: tokens(4)}
	n := len(m.TokenizePlain(instruction))
	c := &Chain{Model: m, Do: Map(step), Split: Splitter{Tokens: 40}}
	r := must[*Run](t)(c.Run(Document{Text: long(3, 0, 60).Text}))
	if len(r.Results) < 20 || n < 200 {
		t.Fatalf("%d steps with an instruction of %d tokens", len(r.Results), n)
	}
	for i, x := range r.Results {
		s := x.Calls[0].Stats
		if i > 0 && s.ReusedTokens < n || s.ReusedTokens+s.EvaluatedTokens != s.PromptTokens {
			t.Errorf("step %d reused %d and read %d of %d, the instruction has %d", x.ID, s.ReusedTokens, s.EvaluatedTokens, s.PromptTokens, n)
		}
		if i == 0 && s.ReusedTokens != 0 || s.TTFT <= 0 {
			t.Errorf("step 1: %+v", s)
		}
	}
	if a := r.Account(); a.Saved <= 0 {
		t.Errorf("saved %v", a.Saved)
	}
	// With reuse off in the model, plan and run say that all was read.
	off := load(t, engine.LoadConfig{ReusePrefix: engine.Off})
	c = &Chain{Model: off, Do: Map(step), Split: Splitter{Tokens: 40}}
	p := must[*Plan](t)(c.Plan(Document{Text: long(3, 0, 10).Text}))
	a := must[*Run](t)(c.Run(Document{Text: long(3, 0, 10).Text})).Account()
	if p.Total.ReusedTokens.High != 0 || a.Total.ReusedTokens.High != 0 {
		t.Errorf("reused %v, planned %v", a.Total.ReusedTokens, p.Total.ReusedTokens)
	}
}

// Questions over one document share its reading, also when other steps stand
// between them.
func TestQuestionsShareTheDocument(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	text := long(4, 4, 25).Text
	n := len(m.TokenizePlain(text))
	c := &Chain{Model: m, Do: func(r *Run) error {
		for i := range 8 {
			q := fmt.Sprintf("What is the code of the red %s?", corpus.Containers[i])
			if _, err := r.Do(Step{Name: "ask", Prompt: text + "\n" + q, Config: tokens(6)}); err != nil {
				return err
			}
			if _, err := r.Do(Step{Name: "other", Prompt: "Tell me a story about an owl.", Config: tokens(6)}); err != nil {
				return err
			}
		}
		return nil
	}}
	r := must[*Run](t)(c.Run())
	for i, x := range r.Of("ask") {
		if s := x.Calls[0].Stats; i > 0 && s.ReusedTokens < n {
			t.Errorf("question %d reused %d of the %d tokens of the document", i+1, s.ReusedTokens, n)
		}
	}
}

// Whatever the prompt, the room for the answer and the document, a piece fills
// its prompt and no more.
func TestBudget(t *testing.T) {
	m := load(t, engine.LoadConfig{ContextLength: 128})
	src := corpus.New(corpus.TestSeeds + 5)
	for i := range 30 {
		text := src.Needles(2, src.Between(20, 40)).Text
		if i%3 == 0 {
			text = strings.ReplaceAll(text, " ", "") // giant words
		}
		around := src.Filler(src.Between(1, 4))
		step := Step{Prompt: strings.Join(around, " ") + " {text}\n" + around[0], System: around[0], Raw: i%2 == 0, Config: tokens(src.Between(1, 40))}
		if step.Raw {
			step.System = ""
		}
		c := &Chain{Model: m, Split: Splitter{Overlap: src.Between(0, 3)}}
		c.Do = func(r *Run) error {
			pieces, err := r.Split(step, r.Docs...)
			if err != nil {
				return err
			}
			if Join(pieces) != text {
				t.Error("the pieces do not join to the document")
			}
			for j, p := range pieces {
				_, ids, err := r.prompt(step, step.With("text", p.body()).messages())
				if err != nil {
					return err
				}
				free := 128 - len(ids) - step.Config.MaxTokens
				if free < 0 || j < len(pieces)-1 && free > 70 {
					t.Errorf("piece %d of %d leaves %d tokens", j, len(pieces), free)
				}
			}
			return nil
		}
		if _, err := c.Run(Document{Text: text}); err != nil {
			t.Error(err)
		}
	}
}

// Answers that do not fit into one prompt are collapsed, in as many levels as
// that takes, and every answer ends up in the last one.
func TestCollapse(t *testing.T) {
	m := load(t, engine.LoadConfig{ContextLength: 128})
	var last *Result
	c := &Chain{Model: m, Do: func(r *Run) error {
		var notes []*Result
		for i := range 40 {
			notes = append(notes, &Result{Text: fmt.Sprintf("Pip the %s found a red kite at the mill.", corpus.Animals[i%20])})
		}
		for i, x := range notes { // notes from elsewhere, made steps so that they have numbers
			if err := r.do(Step{Name: "note", Prompt: x.Text, Config: tokens(1)}, x); err != nil {
				return err
			}
			notes[i].Text = x.Calls[0].Prompt
		}
		var err error
		last, err = r.Reduce(Step{Name: "join", Prompt: "{text}\n" + corpus.Together, Config: tokens(14)}, notes)
		return err
	}}
	r := must[*Run](t)(c.Run())
	seen := map[int]int{}
	depth := 0
	var walk func(x *Result, d int)
	walk = func(x *Result, d int) {
		seen[x.ID]++
		depth = max(depth, d)
		for _, p := range x.Parents {
			walk(r.Results[p-1], d+1)
		}
	}
	walk(last, 0)
	if len(seen) != len(r.Results) || depth < 2 {
		t.Errorf("%d of %d results are in the answer, over %d levels", len(seen), len(r.Results), depth)
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("result %d is in the answer %d times", id, n)
		}
	}
}

// A reducer whose answers are too long to be put together ends with an error.
func TestReduceDoesNotConverge(t *testing.T) {
	m := load(t, engine.LoadConfig{ContextLength: 64})
	big := &Result{Text: strings.Repeat("The fox ran. ", 8)}
	c := &Chain{Model: m, Do: func(r *Run) error {
		_, err := r.Reduce(Step{Name: "join", Prompt: "{text}\nPut the lines together.", Config: tokens(10)}, []*Result{big, big, big})
		return err
	}}
	if _, err := c.Run(); err == nil || !strings.Contains(err.Error(), "step join does not converge: on level 1 no two of 3 texts fit") {
		t.Error(err)
	}
	c.Do = func(r *Run) error {
		_, err := r.Tree(Step{Name: "join", Prompt: "{text}\nPut the lines together.", Config: tokens(10)}, []*Result{big, big, big}, 2)
		return err
	}
	if _, err := c.Run(); err == nil || !strings.Contains(err.Error(), "does not converge") {
		t.Error(err)
	}
}

// Two reducers over one map of several documents, and a step that ordinary
// code writes from both.
func TestWiredByHand(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	src := corpus.New(corpus.TestSeeds + 6)
	docs := []Document{{Name: "a", Text: src.Story().Text}, {Name: "b", Text: src.Story().Text}, {Name: "c", Text: src.Story().Text}}
	c := &Chain{Model: m, Do: func(r *Run) error {
		pieces, err := r.Split(summarise, r.Docs...)
		if err != nil {
			return err
		}
		notes, err := r.Map(summarise, pieces)
		if err != nil {
			return err
		}
		one, err := r.Reduce(together, notes)
		if err != nil {
			return err
		}
		other, err := r.Reduce(Step{Name: "again", Prompt: corpus.Together + "\n{text}", Join: " | ", Config: tokens(20)}, notes)
		if err != nil {
			return err
		}
		_, err = r.Do(Step{Name: "last", Prompt: "{a}\n{b}", Config: tokens(5)}.With("a", one.Text, "b", other.Text), one, other)
		return err
	}}
	r := must[*Run](t)(c.Run(docs...))
	if len(r.Results) != 6 {
		t.Fatalf("%d results", len(r.Results))
	}
	texts := Texts(r.Of("summarise"))
	if got := r.Results[3].Calls[0].Prompt; !strings.Contains(got, strings.Join(texts, "\n")+"\n"+corpus.Together) {
		t.Errorf("the reducer was asked %q", got)
	}
	if got := r.Results[4].Calls[0].Prompt; !strings.Contains(got, strings.Join(texts, " | ")) {
		t.Errorf("the other reducer was asked %q", got)
	}
	if fmt.Sprint(r.Last().Parents) != "[4 5]" || fmt.Sprint(r.Results[4].Parents) != "[1 2 3]" {
		t.Errorf("parents %v, %v", r.Last().Parents, r.Results[4].Parents)
	}
	for i, x := range PerDocument(r.Of("summarise")) {
		if len(x) != 1 || x[0].Piece.Name != docs[i].Name {
			t.Errorf("document %d: %v", i, x)
		}
	}
}

// A refused answer is asked for again, with the reason, from the cache.
func TestCheck(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	n := 0
	step := Step{Name: "tell", Prompt: "Tell me a story about an owl.", Config: tokens(20), Retries: 2,
		Check: func(x *Result) error {
			if n++; n < 3 {
				return fmt.Errorf("it is not {text} number %d", n)
			}
			return nil
		}}
	c := &Chain{Model: m, Do: func(r *Run) error { _, err := r.Do(step); return err }}
	p := must[*Plan](t)(c.Plan())
	if n != 0 || !strings.Contains(p.String(), "tell: asking again, up to 2 times a step, is not counted") {
		t.Errorf("the plan checked %d times and says\n%s", n, p)
	}
	r := must[*Run](t)(c.Run())
	x := r.Last()
	if len(x.Calls) != 3 || x.Chosen != 2 || x.Text != strings.TrimSpace(x.Calls[2].Reply.Text) || r.Account().Total.Refused != 2 {
		t.Fatalf("%d calls, chosen %d, text %q", len(x.Calls), x.Chosen, x.Text)
	}
	want := must[string](t)(m.ChatTemplate([]chat.Message{{Role: "user", Content: step.Prompt}, {Role: "assistant", Content: x.Calls[0].Reply.Text},
		{Role: "user", Content: "That answer cannot be used: it is not {text} number 1. Answer again."}}))
	if x.Calls[1].Prompt != want {
		t.Errorf("asked again by\n%s\nwant\n%s", x.Calls[1].Prompt, want)
	}
	if s := x.Calls[1].Stats; s.ReusedTokens < x.Calls[0].Stats.PromptTokens {
		t.Errorf("asking again reused %d of %d tokens", s.ReusedTokens, x.Calls[0].Stats.PromptTokens)
	}

	n = -100
	r, err := c.Run()
	var failed *StepError
	var check *CheckError
	if !errors.As(err, &failed) || !errors.As(err, &check) || check.Answers != 3 || failed.Step != "tell" || r.Last().Err == nil || r.Last().Text != "" || len(r.Last().Calls) != 3 {
		t.Errorf("%v, %+v", err, r.Last())
	}
}

// One step of several that fails leaves the others, and a reducer does not take
// it silently.
func TestOneOfSeveralFails(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	step := summarise
	step.Check = func(x *Result) error {
		if x.Piece.Doc == 1 {
			return errors.New("not that one")
		}
		return nil
	}
	docs := []Document{{Name: "a", Text: long(7, 0, 5).Text}, {Name: "b", Text: long(8, 0, 5).Text}, {Name: "c", Text: long(9, 0, 5).Text}}
	c := &Chain{Model: m, Do: func(r *Run) error {
		pieces, err := r.Split(step, r.Docs...)
		if err != nil {
			return err
		}
		notes, err := r.Map(step, pieces)
		var failed *MapError
		if !errors.As(err, &failed) || len(failed.Failed) != 1 || len(notes) != 3 || !strings.Contains(err.Error(), "1 of 3 steps failed") || !strings.Contains(err.Error(), "b piece 1") {
			t.Errorf("%v with %d results", err, len(notes))
		}
		if _, err := r.Reduce(together, notes); err == nil || !strings.Contains(err.Error(), "was given a result that failed") {
			t.Errorf("reducing a failed result: %v", err)
		}
		_, err = r.Reduce(together, Good(notes))
		return err
	}}
	r := must[*Run](t)(c.Run(docs...))
	if a := r.Account(); len(r.Results) != 4 || len(a.Problems) != 1 || !strings.Contains(a.String(), "b piece 1") {
		t.Errorf("%d results\n%s", len(r.Results), a)
	}
}

func TestBestOfSeveral(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	step := Step{Prompt: "Tell me a story about an owl.", Best: 5, Config: engine.GenerateConfig{MaxTokens: 60, Temperature: 1.2, Seed: 1},
		Judge: func(x *Result) float64 { return float64(len(x.Text)) }}
	c := &Chain{Model: m, Do: func(r *Run) error { _, err := r.Do(step); return err }}
	x := must[*Run](t)(c.Run()).Last()
	different := map[string]bool{}
	for i, call := range x.Calls {
		different[call.Reply.Text] = true
		if len(strings.TrimSpace(call.Reply.Text)) > len(x.Text) || call.Score != float64(len(strings.TrimSpace(call.Reply.Text))) {
			t.Errorf("answer %d with score %v is longer than the chosen one", i, call.Score)
		}
		if s := call.Stats; i > 0 && s.EvaluatedTokens != 1 {
			t.Errorf("answer %d read %d tokens again", i, s.EvaluatedTokens)
		}
	}
	if len(x.Calls) != 5 || len(different) < 2 || x.Score != float64(len(x.Text)) {
		t.Errorf("%d answers, %d different, score %v", len(x.Calls), len(different), x.Score)
	}
}

// A step that does not fit says so before it runs, and in the plan.
func TestOverflow(t *testing.T) {
	m := load(t, engine.LoadConfig{ContextLength: 64})
	big := Step{Name: "big", Prompt: strings.Repeat("The fox ran. ", 40), Config: tokens(10)}
	c := &Chain{Model: m, Do: func(r *Run) error {
		if _, err := r.Do(Step{Name: "small", Prompt: "The fox ran.", Config: tokens(3)}); err != nil {
			return err
		}
		_, err := r.Do(big)
		return err
	}}
	p := must[*Plan](t)(c.Plan())
	stats := spent(t)
	r, err := c.Run()
	var over *OverflowError
	if !errors.As(err, &over) || over.ContextLength != 64 || over.MaxTokens != 10 || over.Over() < 50 || len(*stats) != 1 {
		t.Fatalf("%v after %d generations", err, len(*stats))
	}
	want := fmt.Sprintf("big: 1 of 1 calls will not fit the context, by up to %d tokens", over.Over())
	if len(p.Problems) != 1 || p.Problems[0] != want || !strings.Contains(p.String(), want) {
		t.Errorf("the plan says %q, want %q", p.Problems, want)
	}
	if len(r.Results) != 2 || r.Results[0].Err != nil || r.Results[1].Err == nil {
		t.Errorf("results %v", r.Results)
	}
}

func TestTimeout(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	c := &Chain{Model: m, Do: Map(Step{Name: "slow", Prompt: "{text}", Timeout: time.Nanosecond}), Split: Splitter{Tokens: 100}}
	r, err := c.Run(Document{Name: "d", Text: long(1, 0, 30).Text})
	var failed *MapError
	if !errors.As(err, &failed) || len(failed.Failed) != len(r.Results) || len(r.Results) < 3 ||
		!errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "step 1 (slow, d piece 1): no answer within the Timeout of 1ns") {
		t.Errorf("%v", err)
	}
}

// Stopped in the middle: what is complete is there, and the session of the
// model goes on.
func TestStop(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	doc := Document{Text: long(1, 0, 60).Text}
	for _, together := range []int{1, 3} {
		ctx, stop := context.WithCancel(context.Background())
		c := &Chain{Model: m, Do: Map(summarise), Split: Splitter{Tokens: 60}, Together: together}
		c.OnEvent = func(e Event) {
			if e.Steps == 3 && e.Kind == Texted {
				stop()
			}
		}
		r, err := c.RunContext(ctx, doc)
		if !errors.Is(err, context.Canceled) || len(r.Results) != 3+together || len(Good(r.Results)) != 3 {
			t.Fatalf("%v with %d results", err, len(r.Results))
		}
		for i, x := range r.Results {
			if x.ID != i+1 || x.Err == nil && x.Text == "" {
				t.Errorf("result %d is %+v", i+1, x)
			}
		}
		c.OnEvent = nil
		if _, err := c.Run(doc); err != nil {
			t.Error(err)
		}
		stopped, stop := context.WithCancel(context.Background())
		stop()
		if r, err := c.RunContext(stopped, doc); !errors.Is(err, context.Canceled) || len(Good(r.Results)) != 0 {
			t.Errorf("stopped before it began: %v with %d results", err, len(r.Results))
		}
	}
}

// Steps that decode together answer as each does alone, in their order, with accounts
// that add up to the clock; other numbers of them together are the same.
func TestTogether(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	doc := Document{Text: long(1, 0, 60).Text}
	var want *Run
	for _, together := range []int{1, 2, 8} {
		heard := map[*Result]string{}
		c := &Chain{Model: m, Do: Map(summarise), Split: Splitter{Tokens: 60}, Together: together, OnEvent: func(e Event) {
			if e.Kind == Texted {
				heard[e.Result] += e.Text
			}
		}}
		p := must[*Plan](t)(c.Plan(doc))
		r := must[*Run](t)(c.Run(doc))
		a := r.Account()
		if want == nil {
			want = r
		}
		for i, x := range r.Results {
			if x.Text != want.Results[i].Text || x.Piece.Index != i || heard[x] != x.Reply().Text {
				t.Errorf("together %d: step %d said %q, heard was %q, alone %q", together, i+1, x.Text, heard[x], want.Results[i].Text)
			}
			if b := x.Calls[0].Stats.Batch; b > float64(together)+0.001 || b > 0 && together == 1 {
				t.Errorf("together %d: step %d was one of %v", together, i+1, b)
			}
		}
		said := fmt.Sprintf("up to %d steps decode together", together)
		if a.Together != together || p.Together != together || strings.Contains(a.String(), said) != (together > 1) || strings.Contains(p.String(), said) != (together > 1) {
			t.Errorf("together %d: the account says %d, the plan %d:\n%s", together, a.Together, p.Together, a)
		}
		if together > 1 && (a.Total.Batched.High < a.Total.GeneratedTokens.High/2 || a.Total.Batched.High > a.Total.GeneratedTokens.High) {
			t.Errorf("together %d: %v of %v tokens", together, a.Total.Batched, a.Total.GeneratedTokens)
		}
		if a.Total.Seconds.High > a.Wall {
			t.Errorf("together %d: the steps took %v of %v seconds", together, a.Total.Seconds.High, a.Wall)
		}
		within(t, "reused", a.Total.ReusedTokens, p.Total.ReusedTokens)
		within(t, "peak", a.PeakBytes, p.PeakBytes)
	}
	// Waves are no larger than their memory.
	w := &waves{most: 8, cellBytes: waveBytes / 100}
	q := Request{IDs: make([]int, 20), Config: tokens(10)}
	if n := w.next([]Request{q, q, q, q, q}); n != 3 {
		t.Errorf("a wave of %d requests of 30 cells where 100 are allowed", n)
	}
}

// Events come in order, texts are the answer, and the bar shows them.
func TestEvents(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	n := 0
	step := summarise
	step.Retries = 1
	step.Check = func(x *Result) error {
		if n++; n == 2 {
			return errors.New("not yet")
		}
		return nil
	}
	var kinds, text string
	var bar bytes.Buffer
	draw := Bar(&bar)
	c := &Chain{Model: m, Do: Map(step), Split: Splitter{Tokens: 60}, Together: 1}
	c.OnEvent = func(e Event) {
		draw(e)
		if e.Kind == Texted {
			text += e.Text
			return
		}
		if e.Kind == Done && text != e.Result.Calls[len(e.Result.Calls)-1].Reply.Text || e.Steps > e.Total {
			t.Errorf("%d of %d: text %q of %q", e.Steps, e.Total, text, e.Result.Text)
		}
		if e.Kind == Started || e.Kind == Refused {
			text = ""
		}
		kinds += string(e.Kind[0])
	}
	r := must[*Run](t)(c.Run(Document{Name: "d", Text: long(1, 0, 10).Text}))
	if want := "sd" + "srd" + strings.Repeat("sd", len(r.Results)-2); kinds != want {
		t.Errorf("events %s, want %s", kinds, want)
	}
	all := len(r.Results)
	if s := bar.String(); !strings.HasSuffix(s, "\n") || !strings.Contains(s, fmt.Sprintf("\r[%s] %d/%d summarise, d piece %d", strings.Repeat("#", barCells), all, all, all)) || !strings.Contains(s, "summarise refused: not yet") {
		t.Errorf("the bar drew %q", s)
	}
}

// The tree holds every prompt and answer, escaped, and nothing from outside;
// JSON has a line for each step.
func TestShown(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	c := &Chain{Model: m, Do: MapReduce(summarise, together), Split: Splitter{Tokens: 60}}
	r := must[*Run](t)(c.Run(Document{Name: "<b>", Text: "<script>alert(1)</script> & " + long(1, 0, 10).Text}))
	page := r.Display()["text/html"]
	if strings.Contains(page, "<script") || strings.Contains(page, "http") || strings.Contains(page, "<b>,") {
		t.Error("the tree is not escaped or not self-contained")
	}
	if a, b := strings.Count(page, "<details>"), strings.Count(page, "</details>"); a != len(r.Results) || a != b || strings.Count(page, "<div") != strings.Count(page, "</div>") {
		t.Errorf("%d and %d details for %d steps", a, b, len(r.Results))
	}
	var lines bytes.Buffer
	if err := r.WriteJSON(&lines); err != nil {
		t.Fatal(err)
	}
	all := strings.Split(strings.TrimSpace(lines.String()), "\n")
	if len(all) != len(r.Results) {
		t.Fatalf("%d lines for %d steps", len(all), len(r.Results))
	}
	for i, line := range all {
		var o struct {
			ID      int
			Text    string
			Piece   [2]int
			Parents []int
			Calls   []struct {
				Prompt                       string
				Prompt_tokens, Reused_tokens int
				Stop_reason                  string
			}
		}
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatal(err)
		}
		x := r.Results[i]
		if s := x.Calls[0].Stats; o.ID != i+1 || o.Text != x.Text || len(o.Calls) != 1 || o.Calls[0].Prompt != x.Calls[0].Prompt || o.Calls[0].Prompt_tokens != s.PromptTokens ||
			o.Calls[0].Reused_tokens != s.ReusedTokens || o.Calls[0].Stop_reason != string(s.StopReason) || x.Piece != nil && o.Piece != [2]int{x.Piece.Start, x.Piece.End} {
			t.Errorf("line %d: %s", i, line)
		}
	}
	for kind, text := range r.Account().Display() {
		if !strings.Contains(text, "summarise") {
			t.Errorf("%s: %s", kind, text)
		}
	}
}

func TestScores(t *testing.T) {
	for text, want := range map[string]string{"Score: 7": "7", "a score of 3.5\nSCORE 8": "8", "the score is -2.": "-2", "none": "-Inf", "scored 9": "-Inf"} {
		if got := fmt.Sprint(ScoreLine(&Result{Text: text})); got != want {
			t.Errorf("%q scores %s, want %s", text, got, want)
		}
	}
}

// Ranked results are ordered by score, and the model's own probabilities are
// what the engine says.
func TestRank(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	n := long(10, 3, 60)
	step := Step{Name: "ask", Prompt: "{text}\n" + corpus.Ask(n.Facts[1].Key()), Config: engine.GenerateConfig{MaxTokens: 6, TopLogits: 5}}
	c := &Chain{Model: m, Split: Splitter{Tokens: 100}, Do: func(r *Run) error {
		pieces, err := r.Split(step, r.Docs...)
		if err != nil {
			return err
		}
		ranked, err := r.Rank(step, pieces, func(x *Result) float64 { return -r.Sure(x, corpus.None) })
		if err != nil || r.Planning() {
			return err
		}
		for i := range ranked {
			if i > 0 && ranked[i].Score > ranked[i-1].Score {
				t.Errorf("%v before %v", ranked[i-1].Score, ranked[i].Score)
			}
			if x := ranked[i]; r.Sure(x, x.Reply().Text) <= 0 || r.Sure(x, x.Reply().Text) > 1 {
				t.Errorf("the answer %q has probability %v", x.Text, r.Sure(x, x.Reply().Text))
			}
		}
		if len(ranked) != len(pieces) || len(pieces) < 5 {
			t.Errorf("%d of %d", len(ranked), len(pieces))
		}
		return nil
	}}
	must[*Plan](t)(c.Plan(Document{Text: n.Text}))
	must[*Run](t)(c.Run(Document{Text: n.Text}))
}

func TestLoopLimit(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	c := &Chain{Model: m, Do: func(r *Run) error {
		x, err := r.Loop(Step{Name: "more", Prompt: "{answer} Tell me a story about an owl.", Config: tokens(5)}, 3, func(*Result) bool { return false })
		if x == nil || x.ID != 3 {
			t.Errorf("last %v", x)
		}
		return err
	}}
	_, err := c.Run()
	var limit *LoopError
	if !errors.As(err, &limit) || limit.Rounds != 3 {
		t.Error(err)
	}
}

func TestRefuses(t *testing.T) {
	m := load(t, engine.LoadConfig{ContextLength: 64})
	doc := Document{Text: "The fox ran."}
	do := func(s Step) func(r *Run) error { return func(r *Run) error { _, err := r.Do(s); return err } }
	for _, c := range []struct {
		chain Chain
		doc   Document
		want  string
	}{
		{Chain{Do: Map(summarise)}, doc, "Chain.Model is nil"},
		{Chain{Model: m}, doc, "Chain.Do is nil"},
		{Chain{Model: m, Do: Map(summarise), KeepTokens: -1}, doc, "KeepTokens is -1"},
		{Chain{Model: m, Do: Map(summarise), Together: -1}, doc, "Together is -1"},
		{Chain{Model: m, Runner: &dry{}, Do: Map(summarise)}, doc, "are both set"},
		{Chain{Model: m, Do: Map(summarise)}, Document{Name: "e"}, `document "e" is empty`},
		{Chain{Model: m, Do: Map(summarise)}, Document{Text: "a\x00"}, "zero byte at offset 1"},
		{Chain{Model: m, Do: Map(Step{Name: "s", Prompt: "x"})}, doc, "the prompt of step s has no {text}"},
		{Chain{Model: m, Do: Map(Step{Name: "s", Prompt: "{text}", Config: tokens(64)})}, doc, "step s leaves no room for text"},
		{Chain{Model: m, Do: Map(Step{Name: "s", Prompt: "{text}", Config: engine.GenerateConfig{MaxTokens: 4, TopP: 2}})}, doc, "TopP"},
		{Chain{Model: m, Do: Map(summarise), Split: Splitter{Tokens: -1}}, doc, "Splitter.Tokens is -1"},
		{Chain{Model: m, Do: Map(summarise), Split: Splitter{Tokens: 5, Overlap: 7}}, doc, "Splitter.Overlap is 7"},
		{Chain{Model: m, Do: do(Step{Name: "s"})}, doc, "step 1 (s): the prompt is empty"},
		{Chain{Model: m, Do: do(Step{Prompt: "a", Best: 2})}, doc, "without a Judge"},
		{Chain{Model: m, Do: do(Step{Prompt: "a", Best: 2, Judge: ScoreLine})}, doc, "at Temperature 0"},
		{Chain{Model: m, Do: do(Step{Prompt: "a", Retries: -1})}, doc, "Retries is -1"},
		{Chain{Model: m, Do: do(Step{Prompt: "a\xff"})}, doc, "message 1 is not UTF-8"},
		{Chain{Model: m, Do: do(Step{Prompt: "a", Raw: true, System: "b"})}, doc, "a raw prompt has no system message"},
		{Chain{Model: m, Do: func(r *Run) error { _, err := r.Reduce(together, nil); return err }}, doc, "was given no results"},
		{Chain{Model: m, Do: func(r *Run) error { _, err := r.Tree(together, nil, 1); return err }}, doc, "fan is 1"},
		{Chain{Model: m, Do: func(r *Run) error { _, err := r.Map(summarise, nil); return err }}, doc, "was given no pieces"},
		{Chain{Model: m, Do: func(r *Run) error { _, err := r.Ask(summarise, nil, nil); return err }}, doc, "has no {question}"},
		{Chain{Model: m, Do: func(r *Run) error { _, err := r.Loop(summarise, 0, nil); return err }}, doc, "limit is 0"},
	} {
		stats := spent(t)
		r, err := c.chain.Run(c.doc)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "chain: ") || r == nil {
			t.Errorf("%v, want %q", err, c.want)
		}
		if len(*stats) != 0 {
			t.Errorf("%q came after %d generations", c.want, len(*stats))
		}
	}
}
