package experiment

import (
	"context"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"loupe/engine"
	"loupe/engine/picture"
	"loupe/engine/tables"
	"loupe/stdlib/nb"
)

// CacheOnOff is the same text generated with the K/V cache and without.
type CacheOnOff struct {
	Model         string
	PromptTokens  int
	With, Without Generation
	Same          bool // both generated the same tokens
}

// Generation is one of the two.
type Generation struct {
	TokenPasses int             // tokens that went through the model
	Took        time.Duration   // from the call to the last token
	Each        []time.Duration // what each token took; the first is that of the prompt
	Text        string
}

// NoCache generates so many tokens twice, with the K/V cache and without it (every token
// reads all before it anew: engine.GenerateConfig.NoCache), and shows what a token takes
// at each position. Without a cache the work grows with the square of the tokens.
func NoCache(m *engine.Model, prompt string, tokens int) (*CacheOnOff, error) {
	return NoCacheContext(nb.Context(), m, prompt, tokens)
}

// NoCacheContext is NoCache under ctx.
func NoCacheContext(ctx context.Context, m *engine.Model, prompt string, tokens int) (*CacheOnOff, error) {
	if tokens < 2 {
		return nil, fmt.Errorf("experiment: NoCache of %d tokens; it takes 2 to see a second one", tokens)
	}
	x := &CacheOnOff{Model: m.Name()}
	ids := map[bool][]int{}
	for _, off := range []bool{false, true} {
		s := m.NewSession()
		r, err := s.GenerateContext(ctx, prompt, engine.GenerateConfig{MaxTokens: tokens, NoCache: off, OnText: func(string) {}})
		s.Close()
		if err != nil {
			return nil, err
		}
		if len(r.Times) < 2 {
			return nil, fmt.Errorf("experiment: NoCache: %s ends after %d token, %s; give another prompt", m.Name(), len(r.Times), r.Stats.StopReason)
		}
		g := Generation{TokenPasses: r.Stats.TokenPasses, Text: r.Text}
		for i, at := range r.Times {
			if i > 0 {
				at -= r.Times[i-1]
			}
			g.Each = append(g.Each, at)
			g.Took += at
		}
		x.PromptTokens, ids[off] = r.Stats.PromptTokens, r.IDs
		if off {
			x.Without = g
		} else {
			x.With = g
		}
	}
	x.Same = fmt.Sprint(ids[true]) == fmt.Sprint(ids[false])
	return x, nil
}

// Table is both in numbers.
func (x *CacheOnOff) Table() Shown { return shown(x.table()) }

func (x *CacheOnOff) table() *tables.Table {
	w := newTable()
	w.AppendHeader(table.Row{"K/V cache", "tokens read", "time", "a token, first quarter", "last quarter"})
	for _, g := range []struct {
		name string
		Generation
	}{{"on", x.With}, {"off", x.Without}} {
		first, last := g.quarters()
		w.AppendRow(table.Row{g.name, thousands(g.TokenPasses), seconds(g.Took.Seconds()), seconds(first), seconds(last)})
	}
	rightFrom(w, 2, 5)
	return w
}

// quarters is what a token takes in the mean in the first and the last quarter of those
// behind the first token, in seconds.
func (g Generation) quarters() (first, last float64) {
	each := g.Each[1:]
	n := max(len(each)/4, 1)
	for i := range n {
		first += each[i].Seconds() / float64(n)
		last += each[len(each)-1-i].Seconds() / float64(n)
	}
	return first, last
}

// Chart is milliseconds a token by position.
func (x *CacheOnOff) Chart() Shown {
	l := x.lines()
	return chart(l.String(), l.SVG())
}

func (x *CacheOnOff) lines() picture.Lines {
	l := picture.Lines{Title: "without a cache on " + x.Model, XName: "position", YName: "ms a token"}
	for _, g := range []struct {
		name string
		Generation
	}{{"cache on", x.With}, {"cache off", x.Without}} {
		curve := picture.Series{Name: g.name}
		for i, d := range g.Each[1:] {
			curve.X, curve.Y = append(curve.X, float64(x.PromptTokens+1+i)), append(curve.Y, 1e3*d.Seconds())
		}
		l.Series = append(l.Series, curve)
	}
	l.YMax = top(l.Series)
	return l
}

func (x *CacheOnOff) note() string {
	if x.Same {
		return "Both generated the same tokens."
	}
	return "They generated different tokens: tokens that are read together are rounded in another order than one by one."
}

func (x *CacheOnOff) all() Shown { return join(x.Table(), x.Chart(), lines("", []string{x.note()})) }

// String is the result as text.
func (x *CacheOnOff) String() string { return x.all().plain }

// Terminal is the same for a terminal of so many columns and colours.
func (x *CacheOnOff) Terminal(width, colors int) string {
	return inTerminal(x.table(), x.lines(), x.note(), width, colors)
}

// Display is the result as text, Markdown and HTML: a table and a chart.
func (x *CacheOnOff) Display() map[string]string { return x.all().Display() }
