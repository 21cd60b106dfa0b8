package experiment

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"loupe/engine"
	"loupe/engine/store/lesson/train/corpus"
)

// Task is a kind of question about documents, which are drawn with an answer
// that can be checked. Needle, Needles, Tracking, Counting and Aggregation make
// those that there are; their fields may be changed.
type Task struct {
	Name    string
	Lengths []int     // of documents, in tokens; nil: 256, 512, 1,024, 2,048
	Depths  []float64 // where in them stands what is asked for, from 0 to 1; nil: 0, 0.5, 1
	// Documents is how many are drawn for each length and depth; 0: 2. Seed draws
	// others.
	Documents int
	Seed      uint64
	// Piece is how many tokens of a document the chain reads at a time, of which
	// the first 24 were in the piece before too; 0: 300.
	Piece int

	// Load are the settings of the model; ContextLength 0 is what the longest
	// document needs, whatever the model was trained on.
	Load engine.LoadConfig
	// Prompt asks {question} about {text}, a document or a piece of it. "" is the
	// form that the model was trained on for "lesson"; for other models it says
	// too what form an answer has.
	Prompt string
	Config engine.GenerateConfig // of an answer; MaxTokens 0: 24

	// Draw draws a document and what is asked about it.
	Draw func(d *Material) Problem
}

// Problem is a document with questions about it. Both ways ask the same
// questions, the one of the document, the other of each piece, and put the
// answers together by the same Go code.
type Problem struct {
	Text      string
	Questions []string
	Want      []string // what is right; each counts alike
	// Read makes of an answer what is compared; nil: Code.
	Read func(answer string) string
	// Merge makes one answer of those that the pieces gave to one question, in the
	// order of the document; nil: Surest.
	Merge func(answers []Answer) string
	// Combine makes what is compared with Want of the answers to all questions;
	// nil: they are it.
	Combine func(answers []string) []string
}

// Answer is what a piece gave to a question.
type Answer struct {
	Text string  // after Problem.Read
	Sure float64 // how probable the model found the least probable of its tokens
}

// None is the answer that there is nothing.
const None = corpus.None

var code = regexp.MustCompile(`(?:^|[^0-9])([0-9]{4})(?:[^0-9]|$)`)

// Code is the first number of four digits in an answer, else None.
func Code(answer string) string {
	if m := code.FindStringSubmatch(answer); m != nil {
		return m[1]
	}
	return None
}

// Surest is, of answers that are not None, the one that the model was surest of.
func Surest(answers []Answer) string {
	best := Answer{Text: None, Sure: -1}
	for _, a := range answers {
		if a.Text != None && a.Sure > best.Sure {
			best = a
		}
	}
	return best.Text
}

// Latest is, of answers that are not None, the one furthest down the document.
func Latest(answers []Answer) string {
	for _, a := range slices.Backward(answers) {
		if a.Text != None {
			return a.Text
		}
	}
	return None
}

// Material is what documents are drawn from: sentences of stories, and facts of
// the lesson model's world ("The code of the red box is 4711."), which are plain
// English for other models too.
type Material struct {
	Tokens int     // that the document should have
	Depth  float64 // where what is asked for should stand

	src   *corpus.Source
	count func(text string) int
}

// Facts draws facts about different things, at most 10: their names, as "red
// box", and codes.
func (d *Material) Facts(n int) (names, codes []string) {
	for _, f := range d.src.Needles(min(n, 10), 0).Facts {
		names, codes = append(names, f.Key()), append(codes, f.Code)
	}
	return names, codes
}

// State is the sentence that states a fact, and Ask the question for it.
func (d *Material) State(name, code string) string {
	return "The code of the " + name + " is " + code + "."
}
func (d *Material) Ask(name string) string { return corpus.Ask(name) }

// Text is a document of Tokens tokens, or a little more, with sentences at
// certain depths, from 0, the beginning, to 1, the end.
func (d *Material) Text(sentences []string, depths []float64) string {
	size := 0
	for _, s := range sentences {
		size += d.count(" " + s)
	}
	var filler []string
	for size < d.Tokens {
		for _, s := range d.src.Filler(20) {
			if size >= d.Tokens {
				break
			}
			filler = append(filler, s)
			size += d.count(" " + s)
		}
	}
	order := make([]int, len(sentences))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return d.at(depths[a], filler) - d.at(depths[b], filler) })
	var said []string
	next := 0
	for i := 0; i <= len(filler); i++ {
		for next < len(order) && d.at(depths[order[next]], filler) <= i {
			said = append(said, sentences[order[next]])
			next++
		}
		if i < len(filler) {
			said = append(said, filler[i])
		}
	}
	return strings.Join(said, " ")
}

// at is how many sentences of filler stand before a depth.
func (d *Material) at(depth float64, filler []string) int {
	return int(min(max(depth, 0), 1)*float64(len(filler)) + 0.5)
}

// around spreads n things over a document, the first at Depth and the others in
// equal steps behind it, beginning anew at the end.
func (d *Material) around(n int) []float64 {
	depths := make([]float64, n)
	for i := range depths {
		x := d.Depth + float64(i)/float64(n)
		if i > 0 && x > 1 {
			x--
		}
		depths[i] = x
	}
	return depths
}

// facts states facts about n things and asks about the first of them.
func (d *Material) facts(n, asked int) (p Problem, names, codes []string) {
	names, codes = d.Facts(n)
	var said []string
	for i := range names {
		said = append(said, d.State(names[i], codes[i]))
	}
	p.Text = d.Text(said, d.around(n))
	for _, name := range names[:asked] {
		p.Questions = append(p.Questions, d.Ask(name))
	}
	return p, names, codes
}

// Needle asks for one fact of four (Kamradt, 2023, with facts that are alike
// about).
func Needle() Task {
	return Task{Name: "needle", Draw: func(d *Material) Problem {
		p, _, codes := d.facts(4, 1)
		p.Want = codes[:1]
		return p
	}}
}

// Needles asks for n facts of n and two more, at most 8 (RULER's multi-key and
// multi-query needles, Hsieh et al., 2024); each counts.
func Needles(n int) Task {
	n = min(max(n, 1), 8)
	return Task{Name: fmt.Sprintf("%d needles", n), Draw: func(d *Material) Problem {
		p, _, codes := d.facts(n+2, n)
		p.Want = codes[:n]
		return p
	}}
}

// Tracking gives a thing n codes in a row, at most 8, and asks for the last one,
// which stands at the depth; what comes before is spread over the text above it.
func Tracking(n int) Task {
	n = min(max(n, 1), 8)
	return Task{Name: fmt.Sprintf("tracking %d codes", n), Draw: func(d *Material) Problem {
		names, codes := d.Facts(n + 1)
		said := []string{d.State(names[n], codes[n])}
		depths := []float64{1 - d.Depth}
		for i := range n {
			said = append(said, d.State(names[0], codes[i]))
			depths = append(depths, d.Depth*float64(i+1)/float64(n))
		}
		return Problem{Text: d.Text(said, depths), Questions: []string{d.Ask(names[0])}, Want: codes[n-1 : n], Merge: Latest}
	}}
}

// Counting asks how many of n things have a code, at most 10, by asking for each;
// about half of them do.
func Counting(n int) Task {
	n = min(max(n, 2), 10)
	return Task{Name: fmt.Sprintf("counting %d things", n), Draw: func(d *Material) Problem {
		names, codes := d.Facts(n)
		there := n / 2
		var said []string
		for i := range there {
			said = append(said, d.State(names[i], codes[i]))
		}
		p := Problem{Text: d.Text(said, d.around(there)), Want: []string{strconv.Itoa(there)}}
		for _, name := range names {
			p.Questions = append(p.Questions, d.Ask(name))
		}
		p.Combine = func(answers []string) []string {
			have := 0
			for _, a := range answers {
				if a != None {
					have++
				}
			}
			return []string{strconv.Itoa(have)}
		}
		return p
	}}
}

// Aggregation asks for the sum of n codes, at most 8: every one must be right.
func Aggregation(n int) Task {
	n = min(max(n, 1), 8)
	return Task{Name: fmt.Sprintf("sum of %d codes", n), Draw: func(d *Material) Problem {
		p, _, codes := d.facts(n+1, n)
		p.Want = sum(codes[:n])
		p.Combine = sum
		return p
	}}
}

// sum is the sum of numbers; what is none counts 0.
func sum(numbers []string) []string {
	total := 0
	for _, s := range numbers {
		n, err := strconv.Atoi(s)
		if err == nil {
			total += n
		}
	}
	return []string{strconv.Itoa(total)}
}

// check fills in defaults and refuses what cannot be asked.
func (t Task) check() (Task, error) {
	if t.Draw == nil {
		return t, errors.New("experiment: Task.Draw is nil; give a task as experiment.Needle()")
	}
	if t.Lengths == nil {
		t.Lengths = []int{256, 512, 1024, 2048}
	}
	if t.Depths == nil {
		t.Depths = []float64{0, 0.5, 1}
	}
	if len(t.Lengths) == 0 {
		return t, errors.New("experiment: Task.Lengths is empty; give lengths in tokens, or nil for 256 to 2,048")
	}
	if len(t.Depths) == 0 {
		return t, errors.New("experiment: Task.Depths is empty; give depths from 0 to 1, or nil for 0, 0.5 and 1")
	}
	for i, n := range t.Lengths {
		if n < 1 || n > 1<<20 {
			return t, fmt.Errorf("experiment: Task.Lengths[%d] is %d; it may be from 1 to %d tokens", i, n, 1<<20)
		}
	}
	for i, x := range t.Depths {
		if !(x >= 0 && x <= 1) {
			return t, fmt.Errorf("experiment: Task.Depths[%d] is %g; it may be from 0, the beginning, to 1, the end", i, x)
		}
	}
	for _, x := range []struct {
		name string
		p    *int
		def  int
	}{{"Documents", &t.Documents, 2}, {"Piece", &t.Piece, 300}} {
		if *x.p < 0 {
			return t, fmt.Errorf("experiment: Task.%s is %d; it may be 1 or more, or 0 for %d", x.name, *x.p, x.def)
		}
		if *x.p == 0 {
			*x.p = x.def
		}
	}
	if err := t.Config.Check(); err != nil {
		return t, fmt.Errorf("experiment: Task.Config: %w", err)
	}
	if t.Config.MaxTokens == 0 {
		t.Config.MaxTokens = 24
	}
	for _, name := range []string{"{text}", "{question}"} {
		if t.Prompt != "" && !strings.Contains(t.Prompt, name) {
			return t, fmt.Errorf("experiment: Task.Prompt has no %s; write where it goes", name)
		}
	}
	return t, nil
}

// prompt is what a model is asked.
func (t Task) prompt(model string) string {
	switch {
	case t.Prompt != "":
		return t.Prompt
	case model == "lesson":
		return "{text}\n{question}"
	}
	return "{text}\n\nQuestion: {question} Answer with the four digits of the code, or with the word none."
}
