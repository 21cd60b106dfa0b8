package lesson_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"loupe/engine"
	"loupe/engine/store/lesson/train/corpus"
)

var (
	long  = flag.Bool("long", false, "look at more items, and at every row of the training")
	table = flag.Bool("table", false, "print the table of MODEL.md")
)

// items is how many items a figure is measured on: n, or ten times that with -long.
func items(n int) int {
	if *long {
		return 10 * n
	}
	return n
}

// load loads the lesson model for one test.
func load(t *testing.T, cfg engine.LoadConfig) *engine.Model {
	t.Helper()
	m, err := engine.Load("lesson", cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// measured is load for a test that measures a figure over many items. Kernels
// without assembly take ten times as long to find the same: they leave it to -long.
func measured(t *testing.T, cfg engine.LoadConfig) *engine.Model {
	t.Helper()
	m := load(t, cfg)
	if m.Settings().Kernels == "generic" && !*long {
		t.Skip("the kernels of this run are slow: -long measures this with them too")
	}
	return m
}

// ask sends one message in a session of its own and gives the answer.
func ask(t *testing.T, m *engine.Model, message string) string {
	t.Helper()
	s := m.NewSession()
	defer s.Close()
	r, err := s.Chat(message, engine.GenerateConfig{MaxTokens: 160})
	if err != nil {
		t.Fatal(err)
	}
	return r.Text
}

// tally counts right answers of one kind, and keeps the first wrong ones.
type tally struct {
	right, all int
	wrong      []string
}

func (y *tally) add(right bool, format string, args ...any) {
	y.all++
	if right {
		y.right++
	} else if len(y.wrong) < 3 {
		y.wrong = append(y.wrong, fmt.Sprintf(format, args...))
	}
}

// same adds an answer that must be this.
func (y *tally) same(got, want string) { y.add(got == want, "%q for %q", got, want) }

func (y tally) share() float64 { return float64(y.right) / float64(max(y.all, 1)) }

func (y tally) String() string { return fmt.Sprintf("%.1f %% of %d", 100*y.share(), y.all) }

var printed sync.Mutex

// row prints a line of MODEL.md's table, and fails the test if ok is false.
func row(t *testing.T, what, reached, asked string, ok bool) {
	t.Helper()
	if *table {
		printed.Lock()
		fmt.Printf("| %s | %s | %s |\n", what, reached, asked)
		printed.Unlock()
	}
	if !ok {
		t.Errorf("%s: %s; it must be %s", what, reached, asked)
	} else {
		t.Logf("%s: %s (asked: %s)", what, reached, asked)
	}
}

// atLeast holds a tally against a share.
func atLeast(t *testing.T, what string, y tally, share float64) {
	t.Helper()
	row(t, what, y.String(), fmt.Sprintf(">= %.0f %%", 100*share), y.share() >= share)
	for _, w := range y.wrong {
		t.Log("    wrong: ", w)
	}
}

// A fact among filler and 3 to 6 others is found at every depth, and none is
// found where there is none.
func TestRecall(t *testing.T) {
	m := measured(t, engine.LoadConfig{})
	src := corpus.New(corpus.TestSeeds)
	const depths = 4
	var found [depths]tally
	var none, alike tally
	for i := range items(200) {
		n := src.Needles(src.Between(4, 7), src.Between(0, 26))
		if len(m.Tokenize(n.Text)) > 460 {
			continue // with question and answer past the trained context
		}
		j := i % len(n.Facts)
		d := min(int(n.Depth[j]*depths), depths-1)
		found[d].same(ask(t, m, n.Text+"\n"+corpus.Ask(n.Facts[j].Key())), n.Facts[j].String())
		none.same(ask(t, m, n.Text+"\n"+corpus.Ask(n.Absent(src))), corpus.None)
		if n = src.NeedlesAlike(len(n.Facts), src.Between(0, 20)); len(m.Tokenize(n.Text)) < 460 {
			alike.same(ask(t, m, n.Text+"\n"+corpus.Ask(n.Facts[0].Key())), n.Facts[0].String())
		}
	}
	for d, y := range found {
		atLeast(t, fmt.Sprintf("recall, 3 to 6 distractors, fact at %d to %d %% of the text", d*100/depths, (d+1)*100/depths), y, 0.95)
	}
	row(t, "recall where containers come again in other colours", alike.String(), "reported", true)
	atLeast(t, `recall, "none" where the fact is not there`, none, 0.95)
}

// The summary of a story, and several lines put together, are right to the letter.
func TestSummaries(t *testing.T) {
	m := measured(t, engine.LoadConfig{})
	src := corpus.New(corpus.TestSeeds + 1)
	var summary, who, merge tally
	for range items(60) {
		s := src.Story()
		summary.same(ask(t, m, s.Text+"\n"+corpus.Summarise), s.Summary())
		q, answer := src.AskAbout(s)
		who.same(ask(t, m, s.Text+"\n"+q), answer)
		g := src.Merge(src.Between(2, 5))
		merge.same(ask(t, m, strings.Join(g.Lines, "\n")+"\n"+corpus.Together), g.Answer)
	}
	atLeast(t, "summary of a story in one line", summary, 0.9)
	atLeast(t, "who, what or where in a story", who, 0.9)
	atLeast(t, "2 to 5 summaries put together", merge, 0.9)
}

// Stories come from a raw prompt, end by themselves, differ, keep to the words of
// the corpus, and repeat no training row for more than 20 tokens.
func TestStories(t *testing.T) {
	m := measured(t, engine.LoadConfig{})
	known := map[string]bool{}
	src := corpus.New(corpus.TestSeeds + 2)
	for range 5000 {
		for _, w := range wordsOf(src.Story().Text) {
			known[w] = true
		}
	}
	var ended, clean, kept tally
	var stories [][]int
	texts := map[string]bool{}
	for i := range 100 {
		animal := corpus.Animals[i%len(corpus.Animals)]
		prompt := fmt.Sprintf([]string{"Once there was a %s", "Once upon a time there was a %s", "There was once a %s", "Long ago a %s", "In a small house by the mill lived Pip, a %s"}[i/len(corpus.Animals)], animal)
		s := m.NewSession()
		r, err := s.Generate(prompt, engine.GenerateConfig{MaxTokens: 300, Temperature: 0.8, Seed: uint64(i)})
		if err != nil {
			t.Fatal(err)
		}
		ended.add(r.Stats.StopReason == engine.EOSFound, "%s", r.Text)
		text := prompt + r.Text
		texts[text] = true
		unknown := slices.IndexFunc(wordsOf(text), func(w string) bool { return !known[w] })
		clean.add(unknown < 0 && strings.HasSuffix(strings.TrimSuffix(text, `"`), "."), "%s (word %d)", text, unknown)
		kept.add(keepsHero(text), "%s", text)
		stories = append(stories, append(r.PromptIDs[1:], r.IDs[:len(r.IDs)-1]...))
		s.Close()
	}
	atLeast(t, "stories that end by themselves", ended, 0.98)
	atLeast(t, "stories of whole sentences in words of the corpus", clean, 0.98)
	atLeast(t, "stories that keep their hero's name to the last sentences", kept, 0.9)
	row(t, "different stories of 100", fmt.Sprint(len(texts)), "100", len(texts) == 100)
	copies := countCopies(t, stories, 21)
	row(t, "runs of 21 tokens that a training row has too, in 100 stories", fmt.Sprint(copies), "0", copies == 0)
}

// wordsOf are the words of a text without punctuation.
func wordsOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" .,!?\"\n", r) })
}

// keepsHero reports whether the first name of a story comes back in its second half.
func keepsHero(text string) bool {
	for _, w := range wordsOf(text) {
		if slices.Contains(corpus.Names, w) {
			return strings.Contains(text[len(text)/2:], w)
		}
	}
	return false
}

// A text several times the trained context is beyond the model read at once, and
// is found in chunk by chunk.
func TestLongAgainstShort(t *testing.T) {
	m := measured(t, engine.LoadConfig{ContextLength: 4608})
	src := corpus.New(corpus.TestSeeds + 3)
	var direct, strict, best tally
	for i := range items(12) {
		n := src.Needles(src.Between(6, 10), src.Between(140, 260))
		chunks := chunksOf(m, n.Text, 400)
		for j, f := range n.Facts[:2] {
			question := "\n" + corpus.Ask(f.Key())
			if i%4 == 0 && j == 0 { // it takes long
				direct.same(ask(t, m, n.Text+question), f.String())
			}
			var said []string
			sure, answer := 2.0, ""
			for _, c := range chunks {
				got, none := askSure(t, m, c+question)
				if got != corpus.None {
					said = append(said, got)
				}
				if none < sure {
					sure, answer = none, got
				}
			}
			strict.same(strings.Join(said, ","), f.String())
			best.same(answer, f.String())
		}
	}
	row(t, "long text (2,000 to 4,000 tokens), read at once", direct.String(), "reported", true)
	row(t, "the same, asked chunk by chunk, exactly one not none", strict.String(), "reported", true)
	atLeast(t, "the same, asked chunk by chunk, the one least sure of none", best, 0.9)
}

// chunksOf cuts a text at sentences into chunks of at most limit tokens.
func chunksOf(m *engine.Model, text string, limit int) []string {
	var chunks []string
	chunk, size := "", 0
	for _, s := range strings.SplitAfter(text, ". ") {
		n := len(m.TokenizePlain(s))
		if size+n > limit {
			chunks, chunk, size = append(chunks, strings.TrimSpace(chunk)), "", 0
		}
		chunk, size = chunk+s, size+n
	}
	return append(chunks, strings.TrimSpace(chunk))
}

// askSure is ask, and the probability of "none" at the answer's first token.
func askSure(t *testing.T, m *engine.Model, message string) (answer string, none float64) {
	t.Helper()
	s := m.NewSession()
	defer s.Close()
	r, err := s.Chat(message, engine.GenerateConfig{MaxTokens: 24, TopLogits: 20})
	if err != nil {
		t.Fatal(err)
	}
	id := m.TokenizePlain(corpus.None)[0]
	return r.Text, probability(r.Steps[0], id)
}

// The loss on the second copy of a random block is far below that on the first.
func TestCopies(t *testing.T) {
	m := measured(t, engine.LoadConfig{})
	src := corpus.New(corpus.TestSeeds + 4)
	var first, second float64
	for range items(20) {
		block := m.TokenizePlain(src.Repeat(60))
		loss := losses(t, m, append(block, block...))
		first += mean(loss[1:len(block)])
		second += mean(loss[len(block)+1:])
	}
	row(t, "loss on the second copy of 60 random words, as a share of the first", fmt.Sprintf("%.2f", second/first), "< 0.5", second < first/2)
}

// losses are the losses of ids after BOS, in nats.
func losses(t *testing.T, m *engine.Model, ids []int) []float64 {
	t.Helper()
	s := m.NewSession()
	defer s.Close()
	bos, _ := m.BOS()
	var loss []float64
	err := s.EvalEach(context.Background(), append([]int{bos}, ids[:len(ids)-1]...), func(i int, logits []float32) {
		loss = append(loss, engine.LogSumExp(logits)-float64(logits[ids[i]]))
	}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return loss
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// probability is what a step gave to a token, 0 if it is not among the best.
func probability(s engine.Step, id int) float64 {
	for _, l := range s.Top {
		if l.ID == id {
			return math.Exp(float64(l.Logit) - s.LogSumExp)
		}
	}
	return 0
}
