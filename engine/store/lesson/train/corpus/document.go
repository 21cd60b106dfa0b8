package corpus

import (
	"fmt"
	"slices"
	"strings"
)

// Control tokens of a document.
const (
	Begin     = "<|begin|>"
	End       = "<|end|>"
	User      = "<|user|>"
	Assistant = "<|assistant|>"
)

// Part is a stretch of a document that training weighs alike.
type Part struct {
	Text   string
	Weight float64 // of each token's loss; see the constants below
}

// How much a token's loss counts. Answers are few among the tokens, and would
// hardly count unweighted; what is random cannot be learned and only disturbs.
const (
	wText   = 1.0  // stories
	wFiller = 0.3  // the text that questions are asked about
	wRandom = 0.05 // digits of facts, first copies, questions
	wCopy   = 2.0  // later copies of a repeat
	wLine   = 2.5  // summaries
	wAnswer = 5.0  // answers about facts
)

// Document is one text of training.
type Document []Part

// turn is a question and its answer in the form of the chat template.
func turn(said []Part, answer string, weight float64) Document {
	d := Document{{User, wRandom}}
	d = append(d, said...)
	return append(d, Part{End, wRandom}, Part{Assistant, wRandom}, Part{answer, weight}, Part{End, weight})
}

// Mix is how a stage of the training mixes its documents.
type Mix struct {
	Facts       float64 // share of the rows with facts
	Questions   int     // at most, about the facts of a row
	PerQuestion int     // tokens of a row for each of them
	Anywhere    bool    // other documents may come before those facts
	Answer      float64 // weight of the answers
	Restate     bool    // an answer is the whole sentence that states the fact
}

// Mixes are the mixes by name. "first" teaches each form; "second", for the longest
// rows, asks more about a text and lets it begin anywhere in the row; "third" is
// nearly all about facts; in "last" the answers become whole sentences.
var Mixes = map[string]Mix{
	"first":  {Facts: 0.55, Questions: 4, PerQuestion: 64, Answer: wAnswer},
	"second": {Facts: 0.75, Questions: 10, PerQuestion: 40, Anywhere: true, Answer: wAnswer},
	"third":  {Facts: 1, Questions: 10, PerQuestion: 40, Anywhere: true, Answer: 2.4 * wAnswer},
	"last":   {Facts: 0.75, Questions: 10, PerQuestion: 40, Anywhere: true, Answer: wAnswer, Restate: true},
}

// place draws which document of a row may be the one with facts.
func (m Mix) place(s *Source) int {
	if !m.Anywhere {
		return 0
	}
	return max(0, s.Between(-2, 2))
}

// Draw draws a document for a row of so many tokens: the shorter it is the fewer
// facts and summaries there are. A document with facts fits into room.
func (s *Source) Draw(row, room int, mix Mix) Document {
	d := Document{{Begin, 0}}
	p := s.r.Float64()
	switch {
	case room >= 64 && p < mix.Facts:
		return append(d, s.recall(room, mix)...)
	case p < 0.30:
		return append(d, Part{s.Story().Text, wText}, Part{End, wText})
	case p < 0.40:
		return append(d, s.request()...)
	case p < 0.60:
		return append(d, s.summary()...)
	case p < 0.68:
		return append(d, s.question()...)
	case p < 0.80:
		return append(d, s.merge(row)...)
	}
	return append(d, s.repeat(row)...)
}

// recall is facts among filler, and questions about them.
func (s *Source) recall(row int, mix Mix) Document {
	facts := s.Between(1, min(7, row/48))
	questions := s.Between(1, min(mix.Questions, max(1, row/mix.PerQuestion)))
	const perSentence, perFact, perQuestion = 14, 14, 20
	room := row - 10 - facts*perFact - questions*perQuestion
	n := s.NeedlesAlike(facts, s.Between(0, max(room/perSentence, 0)))
	again := s.chance(0.2) // a fact stated again, without a question
	if again {
		n.factFirst()
	}
	var said []Part
	for _, sentence := range strings.SplitAfter(n.Text, ".") {
		if !strings.Contains(sentence, "The code of the ") {
			said = append(said, Part{sentence, wFiller})
			continue
		}
		digits := len(sentence) - len("4711.")
		said = append(said, Part{sentence[:digits], wFiller}, Part{sentence[digits : len(sentence)-1], wRandom}, Part{".", wFiller})
	}
	if again {
		f := n.Facts[s.r.IntN(facts)]
		return append(said, Part{" The code of the " + f.Colour, wRandom}, Part{" " + f.Container, wText},
			Part{" is", wText}, Part{" " + f.Code + ".", mix.Answer}, Part{End, wText})
	}
	var d Document
	var asked []string
	for i := range questions {
		key := n.Facts[s.r.IntN(facts)].Key()
		if s.chance(0.35) {
			key = n.Absent(s)
		}
		if mix.Anywhere && slices.Contains(asked, key) {
			continue // its answer stands above already
		}
		asked = append(asked, key)
		ask := Part{Ask(key), wRandom}
		switch {
		case i > 0:
			d = append(d, turn([]Part{ask}, n.answer(key, mix.Restate), mix.Answer)...)
		case s.chance(0.1): // the question first
			d = append(d, turn(append([]Part{ask, {"\n", wRandom}}, said...), n.answer(key, mix.Restate), mix.Answer)...)
		default:
			d = append(d, turn(append(said, Part{s.gap(), wFiller}, ask), n.answer(key, mix.Restate), mix.Answer)...)
		}
	}
	return d
}

// gap is what stands between a text and the question about it.
func (s *Source) gap() string {
	switch p := s.r.Float64(); {
	case p < 0.6:
		return "\n"
	case p < 0.8:
		return "\n\n"
	}
	return " "
}

// Requests for a story; %s is an animal with its article.
var Requests = []string{"Tell me a story about %s.", "Write a story about %s.", "Tell a tale of %s.", "Write an essay about %s.", "A story about %s, please."}

// Summarise asks for a story's line, and Together for the line that joins lines.
const (
	Summarise = "Summarise the story."
	Together  = "Put the lines together."
)

func (s *Source) request() Document {
	t := s.Story()
	ask := fmt.Sprintf(s.pick(Requests), an(t.Animal))
	if s.chance(0.1) { // outside of its world: still a story
		ask = strings.TrimSpace(s.Repeat(s.Between(1, 12)))
		if s.chance(0.5) {
			ask += s.one("?", ".", "!")
		}
	}
	d := turn([]Part{{ask, wRandom}}, t.Text, wText)
	switch p := s.r.Float64(); { // and what one may ask then
	case p < 0.25:
		d = append(d, turn([]Part{{Summarise, wRandom}}, t.Summary(), wLine)...)
	case p < 0.4:
		ask, answer := s.AskAbout(t)
		d = append(d, turn([]Part{{ask, wRandom}}, answer, wLine)...)
	}
	return d
}

func (s *Source) summary() Document {
	t := s.Story()
	return turn([]Part{{t.Text, wText}, {s.gap() + Summarise, wRandom}}, t.Summary(), wLine)
}

func (s *Source) question() Document {
	t := s.Story()
	ask, answer := s.AskAbout(t)
	return turn([]Part{{t.Text, wText}, {s.gap() + ask, wRandom}}, answer, wLine)
}

// AskAbout draws a question for one part of the summary, and gives its answer.
func (s *Source) AskAbout(t Story) (ask, answer string) {
	switch s.r.IntN(3) {
	case 0:
		ask, answer = "Who found the "+t.Thing+"?", t.Who()
	case 1:
		ask, answer = "What did "+t.Name+" find?", t.What()
	default:
		ask, answer = "Where was the "+t.Thing+"?", t.Where()
	}
	return ask, capital(answer) + "."
}

func (s *Source) merge(row int) Document {
	m := s.Merge(s.Between(1, min(5, row/50)))
	return turn([]Part{{strings.Join(m.Lines, "\n"), wRandom}, {s.gap() + Together, wRandom}}, m.Answer, wLine)
}

func (s *Source) repeat(row int) Document {
	n := s.Between(4, max(8, row/5))
	block := s.Repeat(n)
	d := Document{{block, wRandom}}
	for range s.Between(1, 3) {
		d = append(d, Part{block, wCopy})
	}
	return d
}
