package chain

import (
	"cmp"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"loupe/engine"
	"loupe/engine/chat"
	"loupe/engine/enginetest"
	"loupe/engine/store/lesson/train/corpus"
)

var showTable = flag.Bool("table", false, "print the table of long prompts against chains")

// way is one way to answer questions, and what it took.
type way struct {
	right, all           [3]int // by where the fact stands: first, middle and last third
	seconds, read, bytes float64
}

func (w *way) add(right bool, depth float64) {
	d := min(int(depth*3), 2)
	w.all[d]++
	if right {
		w.right[d]++
	}
}

func (w way) share() float64 {
	return float64(w.right[0]+w.right[1]+w.right[2]) / float64(w.all[0]+w.all[1]+w.all[2])
}

// Questions about a text 4 times as long as what the model was trained on: as
// one prompt they fail, piece by piece they are answered.
func TestLongPromptAgainstChain(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	trained := m.Settings().TrainedContext
	wide := load(t, engine.LoadConfig{ContextLength: 5 * trained})
	texts := 3
	if *thorough {
		texts = 40
	}
	src := corpus.New(corpus.TestSeeds + 100)
	var direct, chained, alone way
	size := 0
	for range texts {
		n := src.Needles(6, 4*trained/14)
		size += len(m.TokenizePlain(n.Text))
		var questions []string
		for _, f := range n.Facts {
			questions = append(questions, corpus.Ask(f.Key()))
		}

		start := time.Now()
		s := wide.NewSession()
		for i, q := range questions {
			said := must[*engine.Reply](t)(s.Send([]chat.Message{{Role: "user", Content: n.Text + "\n" + q}}, tokens(20)))
			direct.read += float64(said.Stats.EvaluatedTokens)
			direct.bytes = max(direct.bytes, float64(said.Stats.CacheBytes))
			direct.add(strings.Contains(said.Text, n.Facts[i].Code), n.Depth[i])
		}
		direct.seconds += time.Since(start).Seconds()
		s.Close()

		ask := Step{Name: "ask", Prompt: "{text}\n{question}", Config: engine.GenerateConfig{MaxTokens: 20, TopLogits: 20}}
		c := &Chain{Model: m, Together: 4, Split: Splitter{Tokens: 400, Overlap: 24}, Do: func(r *Run) error {
			pieces, err := r.Split(ask.With("question", questions[0]), r.Docs...)
			if err != nil {
				return err
			}
			answers, err := r.Ask(ask, questions, pieces)
			for i, of := range answers {
				best := slices.MinFunc(of, func(a, b *Result) int { return cmp.Compare(r.Sure(a, corpus.None), r.Sure(b, corpus.None)) })
				chained.add(strings.Contains(best.Text, n.Facts[i].Code), n.Depth[i])
				alone.add(slices.ContainsFunc(of, func(x *Result) bool {
					return strings.Contains(x.Piece.Text, n.Facts[i].String()) && strings.Contains(x.Text, n.Facts[i].Code)
				}), n.Depth[i])
			}
			return err
		}}
		a := must[*Run](t)(c.Run(Document{Text: n.Text})).Account()
		chained.seconds += a.Wall
		chained.read += a.Total.PromptTokens.High - a.Total.ReusedTokens.High
		chained.bytes = max(chained.bytes, a.PeakBytes.High)
	}
	line := func(name string, w way) string {
		s := "| " + name
		for d := range w.all {
			s += fmt.Sprintf(" | %d/%d", w.right[d], w.all[d])
		}
		return s + fmt.Sprintf(" | %.0f %% | %.0f | %s | %.0f ms |", 100*w.share(), w.read/float64(texts), engine.Size(int64(w.bytes)), 1000*w.seconds/float64(texts))
	}
	table := fmt.Sprintf("%d texts of %d tokens with 6 questions each, trained on %d\n| | first third | middle | last | right | tokens read | peak cache | time |\n|---|---|---|---|---|---|---|---|\n%s\n%s\nThe right piece alone would give %.0f %%.",
		texts, size/texts, trained, line("one prompt", direct), line("pieces, ranked", chained), 100*alone.share())
	if *showTable {
		fmt.Println(table)
	}
	// What is lost against knowing the right piece is the chain's fault, the rest
	// the model's.
	if direct.share() > 0.5 || chained.share() < alone.share()-0.2 || alone.share() >= 0.95 && chained.share() < 0.9 {
		t.Errorf("one prompt must fail where the chain is right in 90 %%:\n%s", table)
	}
	if chained.bytes > direct.bytes {
		t.Errorf("the chain's cache is larger:\n%s", table)
	}
}

// On a real model: eight questions read a document once, and a map its instruction.
func TestRealModel(t *testing.T) {
	m, err := engine.Load(enginetest.SmolLM2(t), engine.LoadConfig{ContextLength: 2048})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	text := "Ada keeps bees behind the old mill. Her brother Tom sells the honey at the market on Fridays. "
	words := 4
	if *thorough {
		words = 60
	}
	doc := Document{}
	for i := range words {
		doc.Text += fmt.Sprintf("Note %d. %s\n\n", i+1, text)
	}
	ask := Step{Name: "ask", System: "Answer in one word.", Prompt: "{text}\n\n{question}", Config: tokens(4)}
	questions := []string{"Who keeps bees?", "Who sells honey?", "When is the market?", "Where are the bees?", "Who is Tom?", "Who is Ada?", "What is sold?", "What is old?"}
	c := &Chain{Model: m, Do: func(r *Run) error {
		pieces, err := r.Split(ask.With("question", questions[2]), r.Docs...)
		if err != nil {
			return err
		}
		_, err = r.Ask(ask, questions, pieces)
		return err
	}}
	p := must[*Plan](t)(c.Plan(doc))
	r := must[*Run](t)(c.Run(doc))
	a := r.Account()
	if *showTable {
		fmt.Println(a)
		fmt.Println(Texts(r.Results))
	}
	within(t, "calls", a.Total.Calls, p.Total.Calls)
	within(t, "prompt tokens", a.Total.PromptTokens, p.Total.PromptTokens)
	within(t, "reused", a.Total.ReusedTokens, p.Total.ReusedTokens)
	first := r.Results[0].Calls[0].Stats
	for _, x := range r.Results[1:] {
		if s := x.Calls[0].Stats; s.EvaluatedTokens > 20 {
			t.Errorf("%q read %d tokens, the first question %d", x.Question, s.EvaluatedTokens, first.EvaluatedTokens)
		}
	}
}
