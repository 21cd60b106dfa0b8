package experiment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"

	"loupe/engine"
	"loupe/engine/store/lesson/train/corpus"
	"loupe/stdlib/nb"
)

func tasks() []Task {
	return []Task{Needle(), Needles(1), Needles(8), Tracking(1), Tracking(4), Counting(2), Counting(9), Aggregation(1), Aggregation(5)}
}

// material is for a text of so many words.
func material(seed uint64, tokens int, depth float64) *Material {
	return &Material{Tokens: tokens, Depth: depth, src: corpus.New(corpus.TestSeeds + seed), count: func(s string) int { return len(strings.Fields(s)) }}
}

var asked = regexp.MustCompile(`^What is the code of the (.*)\?$`)

// reader answers as somebody who reads every word: with the last code that the
// text states.
func reader(t *testing.T, text, question string) Answer {
	m := asked.FindStringSubmatch(question)
	if m == nil {
		t.Fatalf("question %q", question)
	}
	all := regexp.MustCompile(`The code of the `+m[1]+` is ([0-9]{4})\.`).FindAllString(text, -1)
	if all == nil {
		return Answer{Text: Code("none"), Sure: 1}
	}
	return Answer{Text: Code(all[len(all)-1])}
}

// Who reads every word is right on the whole text, and on its pieces however
// they are cut between sentences.
func TestTasksCanBeSolved(t *testing.T) {
	for _, task := range tasks() {
		for _, depth := range []float64{0, 0.3, 1} {
			for _, size := range []int{20, 400} {
				p := task.Draw(material(uint64(size), size, depth))
				if len(p.Want) == 0 || len(p.Questions) == 0 {
					t.Fatalf("%s: %+v", task.Name, p)
				}
				for _, piece := range []int{1, 3, 1000} {
					var answers []string
					for _, q := range p.Questions {
						var given []Answer
						for _, text := range pieces(p.Text, piece) {
							given = append(given, reader(t, text, q))
						}
						merge := p.Merge
						if merge == nil {
							merge = Surest
						}
						answers = append(answers, merge(given))
					}
					if got := p.right(answers); got != len(p.Want) {
						t.Errorf("%s at %g, pieces of %d sentences: %d of %v right by %v\n%s", task.Name, depth, piece, got, p.Want, answers, p.Text)
					}
				}
				nothing := make([]string, len(p.Questions))
				for i := range nothing {
					nothing[i] = None
				}
				if got := p.right(nothing); got != 0 {
					t.Errorf("%s: who reads nothing is right %d times", task.Name, got)
				}
			}
		}
	}
}

// pieces are n sentences each.
func pieces(text string, n int) []string {
	var all []string
	sentences := strings.SplitAfter(text, ". ")
	for len(sentences) > 0 {
		n := min(n, len(sentences))
		all = append(all, strings.Join(sentences[:n], ""))
		sentences = sentences[n:]
	}
	return all
}

// What is asked for stands where it should, in a text as long as it should be.
func TestDepthAndLength(t *testing.T) {
	for _, depth := range []float64{0, 0.25, 0.5, 1} {
		p := Needle().Draw(material(5, 1500, depth))
		at := float64(strings.Index(p.Text, p.Want[0])) / float64(len(p.Text))
		if math.Abs(at-depth) > 0.03 {
			t.Errorf("at %g, want %g", at, depth)
		}
		if n := len(strings.Fields(p.Text)); n < 1500 || n > 1530 {
			t.Errorf("%d words", n)
		}
		p = Tracking(3).Draw(material(5, 1500, depth))
		if at := float64(strings.LastIndex(p.Text, p.Want[0])) / float64(len(p.Text)); math.Abs(at-depth) > 0.03 {
			t.Errorf("the last code at %g, want %g", at, depth)
		}
	}
	if a, b := Needle().Draw(material(1, 100, 0)), Needle().Draw(material(2, 100, 0)); a.Text == b.Text {
		t.Error("two seeds, one text")
	}
}

func TestCode(t *testing.T) {
	for in, want := range map[string]string{"The code of the red box is 4711.": "4711", "none": None, "4711": "4711", "123456": None, "12345 or 0123!": "0123", "": None, "47 11": None} {
		if got := Code(in); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
	if got := Surest([]Answer{{"1", 0.5}, {None, 0.9}, {"2", 0.8}, {"3", 0.8}}); got != "2" {
		t.Error(got)
	}
	if got := Latest([]Answer{{"1", 0.5}, {"2", 0.9}, {None, 0}}) + Latest(nil) + Surest(nil); got != "2nonenone" {
		t.Error(got)
	}
}

// A text four times as long as what the model was trained on: in one prompt it
// is lost, piece by piece it is read, with less cache.
func TestLongVsChain(t *testing.T) {
	task := Needles(3)
	task.Lengths, task.Depths, task.Documents, task.Load.Threads = []int{200, 2000}, []float64{0.2}, 2, 1
	v, err := LongVsChainContext(t.Context(), "lesson", task)
	if err != nil {
		t.Fatal(err)
	}
	short, long := v.Rows[0], v.Rows[1]
	if short.Long.Wanted != 6 || short.Long.Right < 4 || short.Chain.Right < 4 || long.Long.Right > 2 || long.Chain.Right < 5 {
		t.Errorf("\n%s", v)
	}
	if short.Long.Right != short.Chain.Right || short.Long.Read != short.Chain.Read {
		t.Errorf("a text in one piece is read twice and once:\n%s", v)
	}
	if long.Chain.PeakBytes >= long.Long.PeakBytes/2 || long.Tokens < 4000 || long.Long.Read < long.Tokens || long.Chain.Read > long.Tokens*3/2 {
		t.Errorf("%+v", long)
	}
	if long.Long.Seconds.N != 2 || long.Long.Seconds.Low <= 0 || v.ContextLength < 2000 || v.TrainedContext != 512 {
		t.Errorf("%+v", v)
	}
	for _, line := range strings.Split(v.String(), "\n") {
		if runewidth.StringWidth(line) > 120 {
			t.Errorf("%d cells wide: %s", runewidth.StringWidth(line), line)
		}
	}
	d := v.Display()
	if strings.Count(d["text/html"], "<svg") != 1 || !strings.Contains(d["text/html"], "one long prompt") || !strings.Contains(d["text/markdown"], "| 2,0") {
		t.Errorf("%s\n%s", d["text/html"], d["text/markdown"])
	}
}

// One document more changes none of the others.
func TestDocumentsAreTheSame(t *testing.T) {
	task := Needle()
	var texts []string
	draw := task.Draw
	task.Draw = func(d *Material) Problem {
		p := draw(d)
		texts = append(texts, fmt.Sprintf("%d %g %s", d.Tokens, d.Depth, p.Text))
		return p
	}
	task.Depths, task.Documents, task.Load.Threads = []float64{0.5}, 1, 1
	for _, lengths := range [][]int{{40, 60}, {60, 40}} {
		task.Lengths = lengths
		if _, err := LongVsChainContext(t.Context(), "lesson", task); err != nil {
			t.Fatal(err)
		}
	}
	if len(texts) != 6 || texts[1] != texts[5] || texts[2] != texts[4] {
		t.Errorf("%q", texts)
	}
}

func TestVersusStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var shown []any
	defer nb.Attach(nb.Host{
		Context: func() context.Context { return ctx },
		Show:    func(v []any) { shown = append(shown, v...) },
		Progress: func(label string, done, total int64, unit string) {
			if label == "long against chain" && done == 3 {
				cancel()
			}
		},
	})()
	task := Needle()
	task.Lengths, task.Load.Threads = []int{50, 100}, 1
	v, err := LongVsChain("lesson", task)
	if !errors.Is(err, context.Canceled) || !v.Stopped || len(v.Rows) != 2 || v.Rows[1].Documents != 1 {
		t.Fatalf("%v\n%s", err, v)
	}
	if len(shown) != 1 || !strings.Contains(v.String(), "stopped after 3 of 12 documents") {
		t.Errorf("%v", shown)
	}
}

// Text that does not fit is a row that says why; the chain goes on.
func TestVersusRefused(t *testing.T) {
	task := Needle()
	task.Lengths, task.Depths, task.Documents, task.Piece = []int{100, 700}, []float64{0}, 1, 120
	task.Load = engine.LoadConfig{Threads: 1, ContextLength: 256}
	v, err := LongVsChainContext(t.Context(), "lesson", task)
	if err != nil {
		t.Fatal(err)
	}
	var over *engine.ContextError
	if r := v.Rows[1]; !errors.As(r.Long.Err, &over) || r.Chain.Err != nil || r.Chain.Wanted != 1 || !strings.Contains(v.String(), over.Error()) {
		t.Errorf("%+v\n%s", r, v)
	}
}

func TestTaskBadInput(t *testing.T) {
	for want, change := range map[string]func(*Task){
		"Task.Draw is nil":                func(x *Task) { x.Draw = nil },
		"Task.Lengths[1] is 0":            func(x *Task) { x.Lengths = []int{5, 0} },
		"Task.Depths[0] is NaN":           func(x *Task) { x.Depths = []float64{math.NaN()} },
		"Task.Depths[0] is 1.5":           func(x *Task) { x.Depths = []float64{1.5} },
		"Task.Documents is -1":            func(x *Task) { x.Documents = -1 },
		"Task.Piece is -2":                func(x *Task) { x.Piece = -2 },
		"MaxTokens is -1":                 func(x *Task) { x.Config.MaxTokens = -1 },
		"Task.Prompt has no {question}":   func(x *Task) { x.Prompt = "{text}?" },
		"Task.Lengths is empty":           func(x *Task) { x.Lengths = []int{} },
		"Task.Depths is empty":            func(x *Task) { x.Depths = []float64{} },
		"no model by the name of nowhere": nil,
	} {
		task, model := Needle(), "lesson"
		if change == nil {
			model, want = "nowhere", "nowhere"
		} else {
			change(&task)
		}
		v, err := LongVsChainContext(t.Context(), model, task)
		if v != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
