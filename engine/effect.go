package engine

import (
	"context"
	"fmt"
	"math"

	"loupe/engine/observe"
	"loupe/engine/picture"
	"loupe/engine/tables"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Effect is what an observer that intervenes does to predictions.
type Effect struct {
	What          string   // "without layer 1, head 2"
	Tokens        []string // [N] the text that was read
	KL            []float32
	Before, After []Guess // the likeliest tokens behind the text, best first
	// KLDivergence is how far the prediction behind the text is from what it is without
	// the observer, in nats, as KL, [N], is for that behind each token. SameTop says
	// that the likeliest token stays.
	KLDivergence, MeanKL float64
	SameTop              bool
}

// Guess is a token that a model may go on with.
type Guess struct {
	ID          int
	Text        string
	Probability float64
}

// String is the token and its probability: `" rabbit" 34.0 %`.
func (g Guess) String() string { return fmt.Sprintf("%q %s", g.Text, percent(g.Probability)) }

// guesses are the n likeliest tokens.
func (m *Model) guesses(logits []float32, n int) []Guess {
	step := newStep(0, logits, n)
	var list []Guess
	for _, t := range step.Top {
		list = append(list, Guess{t.ID, m.TokenText(t.ID), math.Exp(float64(t.Logit) - step.LogSumExp)})
	}
	return list
}

// probability is that of a token.
func probability(logits []float32, id int) float64 {
	return math.Exp(float64(logits[id]) - LogSumExp(logits))
}

// shownGuesses is how many guesses are kept.
const shownGuesses = 5

// Effect measures what an observer that writes does to predictions: the session's
// tokens are read anew beside it, without o and with it, from the first one on. It takes
// as long as reading them twice and changes nothing here; what Observe has set, and what
// surgery has changed, is not in it.
func (s *Session) Effect(o observe.Observer) (*Effect, error) {
	return s.EffectContext(hostContext(), o)
}

// EffectContext is Effect under ctx.
func (s *Session) EffectContext(ctx context.Context, o observe.Observer) (*Effect, error) {
	m, ids := s.model, s.Tokens()
	n := len(ids)
	if n == 0 {
		return nil, fmt.Errorf("engine: Effect: the session has read nothing yet; Generate or Eval first")
	}
	if o == nil {
		return nil, fmt.Errorf("engine: Effect: there is no observer to measure")
	}
	x := &Effect{What: observerName(o)}
	for _, id := range ids {
		x.Tokens = append(x.Tokens, m.TokenText(id))
	}
	without, with := m.NewSession(), m.NewSession()
	defer without.Close()
	defer with.Close()
	with.Observe(o)
	var logits [compareStep][]float32
	for from := 0; from < n; from += compareStep {
		some := ids[from:min(from+compareStep, n)]
		hostProgress("effect", from, n)
		err := without.EvalEach(ctx, some, func(i int, row []float32) { logits[i] = append(logits[i][:0], row...) }, 0)
		if err != nil {
			return nil, err
		}
		err = with.EvalEach(ctx, some, func(i int, row []float32) {
			x.KLDivergence = klDivergence(logits[i], row)
			x.KL = append(x.KL, float32(x.KLDivergence))
			x.MeanKL += x.KLDivergence / float64(n)
			if from+i == n-1 {
				x.Before, x.After = m.guesses(logits[i], shownGuesses), m.guesses(row, shownGuesses)
			}
		}, 0)
		if err != nil {
			return nil, err
		}
	}
	hostProgress("effect", n, n)
	x.SameTop = x.Before[0].ID == x.After[0].ID
	return x, nil
}

func (x *Effect) table() *tables.Table {
	w := tables.New()
	w.SetTitle("%s", x.What)
	w.AppendHeader(table.Row{"next token", "without it", "with it"})
	for i := range x.Before {
		w.AppendRow(table.Row{i + 1, x.Before[i], x.After[i]})
	}
	return w
}

func (x *Effect) summary() string {
	return fmt.Sprintf("KL divergence %.4g nats behind the text, %.4g in the mean over %s tokens", x.KLDivergence, x.MeanKL, count(len(x.KL)))
}

// Spark is the KL divergence behind each token.
func (x *Effect) Spark() picture.Spark {
	return picture.Spark{Name: "KL divergence by token", Values: x.KL}
}

// String is the likeliest tokens with and without, and the KL divergence.
func (x *Effect) String() string { return x.table().Render() + "\n" + x.summary() }

// Terminal is the same for a terminal of so many columns.
func (x *Effect) Terminal(width, _ int) string {
	return x.table().Within(width) + "\n" + tables.Wrapped(x.summary(), width)
}

// Display is the same as text, Markdown and HTML.
func (x *Effect) Display() map[string]string {
	return map[string]string{
		"text/plain":    x.String(),
		"text/markdown": x.table().RenderMarkdown() + "\n\n" + x.summary(),
		"text/html":     x.table().RenderHTML() + "<p>" + x.summary() + "</p>",
	}
}

// Direction is the difference of what two texts leave in the residual stream behind a
// layer, [Embd]: the mean over the tokens of one less that of the other. The first token
// is left out of both, since models keep there what has nothing to do with the text
// (attention sinks). Steer adds it.
func (m *Model) Direction(layer int, toward, away string) ([]float32, error) {
	return m.DirectionContext(hostContext(), layer, toward, away)
}

// DirectionContext is Direction under ctx.
func (m *Model) DirectionContext(ctx context.Context, layer int, toward, away string) ([]float32, error) {
	if err := within("Direction", "layer", layer, m.net.Config.Layers); err != nil {
		return nil, err
	}
	var means [2][]float32
	for i, text := range []string{toward, away} {
		ids := m.Tokenize(text)
		if len(ids) < 2 {
			return nil, fmt.Errorf("engine: Direction: %q has fewer than two tokens; the first one does not count", text)
		}
		s, r := m.NewSession(), Record(observe.ResidPost).Layers(layer)
		s.Observe(r)
		err := s.EvalEach(ctx, ids, func(int, []float32) {}, len(ids))
		s.Close()
		if err != nil {
			return nil, err
		}
		means[i] = r.Mean(layer, observe.ResidPost, 1)
	}
	for i := range means[0] {
		means[0][i] -= means[1][i]
	}
	return means[0], nil
}
