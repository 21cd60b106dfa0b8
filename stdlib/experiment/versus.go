package experiment

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"loupe/engine"
	"loupe/engine/chat"
	"loupe/engine/store/lesson/train/corpus"
	"loupe/stdlib/chain"
	"loupe/stdlib/nb"
)

// overlap is how many tokens of a piece were in the one before.
const overlap = 24

// Versus is what LongVsChain measured.
type Versus struct {
	Model          string
	Task           Task // with its defaults filled in
	TrainedContext int
	ContextLength  int
	Rows           []VersusRow // by length, then by depth
	Stopped        bool        // before all documents were asked about
}

// VersusRow is the documents of one length and depth.
type VersusRow struct {
	Length      int // asked for
	Depth       float64
	Documents   int // that both ways were asked about
	Tokens      int // of the documents together
	Long, Chain Way
}

// Way is what one way took for the documents of a row, together.
type Way struct {
	Right, Wanted   int
	Seconds         Figure // for a document
	Read, Generated int    // tokens
	PeakBytes       int64  // most that cells of the cache took at once
	Err             error  // of the first document that failed; it counts as wrong
}

// Share is how much of what was wanted was right.
func (w Way) Share() float64 { return float64(w.Right) / float64(max(w.Wanted, 1)) }

// LongVsChain asks the same questions about the same documents in two ways, in
// turns: about the whole document in one prompt, and about one piece after the
// other by package chain, the answers of which Go code puts together. Both use
// one loaded model with room for the longest document, and both read a text once
// for all questions about it.
//
// The context is the notebook cell's: Ctrl-C ends it, what was measured so far
// is shown, and comes back beside the context's error.
func LongVsChain(model string, task Task) (*Versus, error) {
	v, err := LongVsChainContext(nb.Context(), model, task)
	if err != nil && v != nil && v.Stopped {
		nb.Show(v) // an interrupted cell gets no further than this call
	}
	return v, err
}

// LongVsChainContext is LongVsChain under ctx. It shows nothing.
func LongVsChainContext(ctx context.Context, model string, task Task) (*Versus, error) {
	task, err := task.check()
	if err != nil {
		return nil, err
	}
	cfg := task.Load
	if cfg.ContextLength == 0 {
		// Sentences end behind the length; the template, the question and the answer come on top.
		cfg.ContextLength = slices.Max(append([]int{task.Piece}, task.Lengths...)) + task.Config.MaxTokens + 256
	}
	m, err := engine.Load(model, cfg)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	set := m.Settings()
	v := &versus{Versus: &Versus{Model: model, Task: task, TrainedContext: set.TrainedContext, ContextLength: set.ContextLength}, ctx: ctx, m: m}
	v.ask = chain.Step{Name: "ask", Prompt: task.prompt(m.Name()), Config: task.Config}
	// The threads wake before anything is timed.
	if _, err := v.long(v.problem(min(64, task.Lengths[0]), 0, 1<<20)); ctx.Err() != nil {
		v.Stopped = true
		return v.Versus, ctx.Err()
	} else if err != nil {
		return nil, err
	}
	total := int64(len(task.Lengths) * len(task.Depths) * task.Documents)
	for _, length := range task.Lengths {
		for _, depth := range task.Depths {
			v.Rows = append(v.Rows, VersusRow{Length: length, Depth: depth})
			row := &v.Rows[len(v.Rows)-1]
			var seconds [2][]float64
			for n := range task.Documents {
				p := v.problem(length, depth, n)
				for i, way := range []struct {
					run func(p Problem) (outcome, error)
					sum *Way
				}{{v.long, &row.Long}, {v.chain, &row.Chain}} {
					start := time.Now()
					out, err := way.run(p)
					if ctx.Err() != nil {
						if row.Documents == 0 {
							v.Rows = v.Rows[:len(v.Rows)-1]
						}
						v.Stopped = true
						return v.Versus, ctx.Err()
					}
					seconds[i] = append(seconds[i], time.Since(start).Seconds())
					way.sum.add(p, out, err)
					way.sum.Seconds = figure(seconds[i])
				}
				row.Documents++
				row.Tokens += len(m.TokenizePlain(p.Text))
				nb.Progress("long against chain", int64(len(v.Rows)-1)*int64(task.Documents)+int64(n+1), total, "documents")
			}
		}
	}
	return v.Versus, nil
}

// versus is a LongVsChain at work.
type versus struct {
	*Versus
	ctx context.Context
	m   *engine.Model
	ask chain.Step
}

// problem draws document n of a length and depth: the same one whatever else is
// measured.
func (v *versus) problem(length int, depth float64, n int) Problem {
	seed := corpus.TestSeeds + v.Task.Seed<<40 + uint64(length)<<20 + uint64(depth*1000)<<10 + uint64(n)
	return v.Task.Draw(&Material{Tokens: length, Depth: depth, src: corpus.New(seed), count: func(s string) int { return len(v.m.TokenizePlain(s)) }})
}

// outcome is what a way made of a document.
type outcome struct {
	answers         []string // to each question, read
	read, generated int
	peak            int64
}

// read applies Problem.Read.
func (p Problem) read(answer string) string {
	if p.Read == nil {
		return Code(answer)
	}
	return p.Read(answer)
}

// right is how many of Want the answers to all questions give.
func (p Problem) right(answers []string) int {
	if p.Combine != nil {
		answers = p.Combine(answers)
	}
	n := 0
	for i, want := range p.Want {
		if i < len(answers) && answers[i] == want {
			n++
		}
	}
	return n
}

func (w *Way) add(p Problem, out outcome, err error) {
	w.Wanted += len(p.Want)
	w.Read, w.Generated = w.Read+out.read, w.Generated+out.generated
	w.PeakBytes = max(w.PeakBytes, out.peak)
	if err == nil {
		w.Right += p.right(out.answers)
	} else if w.Err == nil {
		w.Err = err
	}
}

// long asks about the whole document.
func (v *versus) long(p Problem) (outcome, error) {
	var out outcome
	s := v.m.NewSession()
	defer s.Close()
	for _, q := range p.Questions {
		step := v.ask.With("text", p.Text, "question", q)
		reply, err := s.SendContext(v.ctx, []chat.Message{{Role: "user", Content: step.Prompt}}, v.config())
		if err != nil {
			return out, err
		}
		out.answers = append(out.answers, p.read(reply.Text))
		out.read += reply.Stats.EvaluatedTokens
		out.generated += reply.Stats.GeneratedTokens
		out.peak = max(out.peak, reply.Stats.CacheBytes)
	}
	return out, nil
}

// config is how answers are generated: nobody hears them, they are many.
func (v *versus) config() engine.GenerateConfig {
	cfg := v.Task.Config
	cfg.OnText = func(string) {}
	return cfg
}

// chain asks about piece after piece.
func (v *versus) chain(p Problem) (outcome, error) {
	var out outcome
	step := v.ask
	step.Config.TopLogits = max(step.Config.TopLogits, 1)
	// One step after the other: what a piece takes of the cache is one of the figures.
	c := &chain.Chain{Model: v.m, KeepTokens: 1, Together: 1, Split: chain.Splitter{Tokens: v.Task.Piece, Overlap: min(overlap, v.Task.Piece/2)}}
	if len(p.Questions) > 1 {
		c.KeepTokens = v.Task.Piece + 128 // a piece with its question
	}
	c.Do = func(r *chain.Run) error {
		longest := slices.MaxFunc(p.Questions, func(a, b string) int { return len(a) - len(b) })
		pieces, err := r.Split(step.With("question", longest), r.Docs...)
		if err != nil {
			return err
		}
		answers, err := r.Ask(step, p.Questions, pieces)
		if err != nil {
			return err
		}
		for _, of := range answers {
			var given []Answer
			for _, x := range of {
				given = append(given, Answer{Text: p.read(x.Text), Sure: sure(x.Reply())})
			}
			merge := p.Merge
			if merge == nil {
				merge = Surest
			}
			out.answers = append(out.answers, merge(given))
		}
		return nil
	}
	run, err := c.RunContext(v.ctx, chain.Document{Text: p.Text})
	a := run.Account()
	out.read = int(a.Total.PromptTokens.High - a.Total.ReusedTokens.High)
	out.generated = int(a.Total.GeneratedTokens.High)
	out.peak = int64(a.PeakBytes.High)
	return out, err
}

// sure is how probable the least probable token of a reply was. A model that copies
// a code is sure of every digit, one that makes it up is not.
func sure(reply *engine.Reply) float64 {
	least := 1.0
	for _, step := range reply.Steps {
		p := 0.0 // of a drawn token that is not among the likeliest
		for _, top := range step.Top {
			if top.ID == step.ID {
				p = math.Exp(float64(top.Logit) - step.LogSumExp)
			}
		}
		least = min(least, p)
	}
	return least
}

// title says what was asked of what.
func (v *Versus) title() string {
	return fmt.Sprintf("%s on %s · trained on %s tokens, context %s · pieces of %s", v.Task.Name, v.Model,
		thousands(v.TrainedContext), thousands(v.ContextLength), thousands(v.Task.Piece))
}

func (v *Versus) notes() []string {
	var notes []string
	if v.Stopped {
		done := 0
		for _, r := range v.Rows {
			done += r.Documents
		}
		notes = append(notes, fmt.Sprintf("stopped after %d of %d documents", done, len(v.Task.Lengths)*len(v.Task.Depths)*v.Task.Documents))
	}
	said := map[string]bool{}
	for _, r := range v.Rows {
		for _, w := range []struct {
			name string
			err  error
		}{{"long", r.Long.Err}, {"chain", r.Chain.Err}} {
			if w.err == nil {
				continue
			}
			if note := fmt.Sprintf("%s, %s tokens: %v", w.name, thousands(r.Length), w.err); !said[note] {
				said[note] = true
				notes = append(notes, strings.TrimSpace(note))
			}
		}
	}
	return notes
}
