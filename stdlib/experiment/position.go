package experiment

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"loupe/engine"
	"loupe/engine/picture"
	"loupe/engine/tables"
	"loupe/stdlib/nb"
)

// PositionLoss is how well a model predicts a text by how far into it a token stands,
// under several settings.
type PositionLoss struct {
	Model          string
	TrainedContext int
	Length, Width  int // tokens of a piece of the text, and of a stretch
	Pieces         int
	Curves         []PositionCurve
}

// PositionCurve is that under one setting.
type PositionCurve struct {
	Name   string    // what was set: "yarn 0.5"
	Loss   []float64 // mean negative log-likelihood of each stretch, nats a token
	Tokens []int     // predictions in each stretch
}

// Perplexity is the exponential of Loss.
func (c PositionCurve) Perplexity() []float64 {
	var ppl []float64
	for _, x := range c.Loss {
		ppl = append(ppl, math.Exp(x))
	}
	return ppl
}

// PerplexityByPosition reads a text under each of the settings and says how well its
// tokens are predicted by their position: that shows up to where a model can read, and
// what a RoPE base, a scale or YaRN makes of it. The text is cut into pieces of length
// tokens, each read on its own (the first token is replaced by the model's
// beginning-of-sequence token where it asks for one), the loss is the mean over stretches
// of width positions and all pieces; what is left over behind the last piece is not read.
// The context is as long as a piece, whatever the settings say. No settings are the
// model's own. Models are loaded one after another.
func PerplexityByPosition(model, text string, length, width int, settings ...engine.LoadConfig) (*PositionLoss, error) {
	return PerplexityByPositionContext(nb.Context(), model, text, length, width, settings...)
}

// PerplexityByPositionContext is PerplexityByPosition under ctx.
func PerplexityByPositionContext(ctx context.Context, model, text string, length, width int, settings ...engine.LoadConfig) (*PositionLoss, error) {
	if width < 1 || length < 2 || width > length {
		return nil, fmt.Errorf("experiment: PerplexityByPosition: stretches of %d in pieces of %d tokens; a piece has 2 or more, a stretch from 1 to as many", width, length)
	}
	if len(settings) == 0 {
		settings = []engine.LoadConfig{{}}
	}
	x := &PositionLoss{Length: length, Width: width}
	for i, cfg := range settings {
		curve, err := x.read(ctx, model, text, cfg, i, len(settings))
		if err != nil {
			return nil, err
		}
		x.Curves = append(x.Curves, curve)
	}
	return x, nil
}

// read makes the curve of one of so many settings.
func (x *PositionLoss) read(ctx context.Context, model, text string, cfg engine.LoadConfig, number, of int) (PositionCurve, error) {
	c := PositionCurve{Name: settingName(cfg)}
	cfg.ContextLength = x.Length
	m, err := engine.Load(model, cfg)
	if err != nil {
		return c, err
	}
	defer m.Close()
	ids := m.Tokenize(text)
	x.Model, x.TrainedContext, x.Pieces = m.Name(), m.Settings().TrainedContext, len(ids)/x.Length
	if x.Pieces == 0 {
		return c, fmt.Errorf("experiment: PerplexityByPosition: the text has %s tokens, fewer than one piece of %s; give a longer text or a shorter length", thousands(len(ids)), thousands(x.Length))
	}
	stretches := (x.Length + x.Width - 1) / x.Width
	c.Loss, c.Tokens = make([]float64, stretches), make([]int, stretches)
	s := m.NewSession()
	defer s.Close()
	for p := range x.Pieces {
		piece := append([]int(nil), ids[p*x.Length:(p+1)*x.Length]...)
		if bos, added := m.BOS(); added {
			piece[0] = bos
		}
		s.Rewind(0)
		// In parts, so that progress is seen.
		const part = 512
		for from := 0; from < x.Length; from += part {
			done := (number*x.Pieces+p)*x.Length + from
			nb.Progress("perplexity by position", int64(done), int64(of*x.Pieces*x.Length), "tokens")
			err := s.EvalEach(ctx, piece[from:min(from+part, x.Length)], func(i int, row []float32) {
				if at := from + i + 1; at < x.Length {
					c.Loss[at/x.Width] += engine.LogSumExp(row) - float64(row[piece[at]])
					c.Tokens[at/x.Width]++
				}
			}, 0)
			if err != nil {
				return c, err
			}
		}
	}
	for i, n := range c.Tokens {
		c.Loss[i] /= float64(max(n, 1))
	}
	return c, nil
}

// settingName says what of a setting reaches into predictions.
func settingName(cfg engine.LoadConfig) string {
	var parts []string
	add := func(set bool, format string, values ...any) {
		if set {
			parts = append(parts, fmt.Sprintf(format, values...))
		}
	}
	add(cfg.RopeFrequencyBase != 0, "RoPE base %s", value(cfg.RopeFrequencyBase))
	scaling := string(cfg.RopeScaling)
	if scaling == "" {
		scaling = "RoPE scale"
	}
	switch {
	case cfg.RopeFrequencyScale != 0:
		add(true, "%s %g", scaling, cfg.RopeFrequencyScale)
	case cfg.RopeScaling != "":
		add(true, "%s", scaling)
	}
	add(cfg.YarnOrigContext != 0, "of %s", thousands(cfg.YarnOrigContext))
	add(cfg.KCacheType != "", "K %s", cfg.KCacheType)
	add(cfg.VCacheType != "", "V %s", cfg.VCacheType)
	if len(parts) == 0 {
		return "as it is"
	}
	return strings.Join(parts, ", ")
}

// stretch names a stretch by its positions.
func (x *PositionLoss) stretch(i int) string {
	return fmt.Sprintf("%s-%s", thousands(i*x.Width), thousands(min((i+1)*x.Width, x.Length)-1))
}

// Table is perplexity by stretch, a column for each setting.
func (x *PositionLoss) Table() Shown { return shown(x.table()) }

func (x *PositionLoss) table() *tables.Table {
	w := newTable()
	head := table.Row{"positions"}
	for _, c := range x.Curves {
		head = append(head, c.Name)
	}
	w.AppendHeader(head)
	for i := range x.Curves[0].Loss {
		row := table.Row{x.stretch(i)}
		for _, c := range x.Curves {
			row = append(row, value(math.Exp(c.Loss[i])))
		}
		w.AppendRow(row)
	}
	rightFrom(w, 2, len(head))
	return w
}

// Chart is perplexity against position.
func (x *PositionLoss) Chart() Shown {
	l := x.lines()
	return chart(l.String(), l.SVG())
}

func (x *PositionLoss) lines() picture.Lines {
	l := picture.Lines{Title: "perplexity of " + x.Model, XName: "position", YName: "perplexity"}
	for _, c := range x.Curves {
		curve := picture.Series{Name: c.Name, Y: c.Perplexity()}
		for j := range curve.Y {
			curve.X = append(curve.X, (float64(j)+0.5)*float64(x.Width))
		}
		l.Series = append(l.Series, curve)
	}
	l.YMax = top(l.Series)
	return l
}

// top is the end of an axis from 0 on that has room for all values.
func top(series []picture.Series) float64 {
	high := 0.0
	for _, s := range series {
		for _, y := range s.Y {
			if !math.IsInf(y, 0) {
				high = max(high, y)
			}
		}
	}
	return min(1.05*high, math.MaxFloat64)
}

func (x *PositionLoss) note() string {
	note := fmt.Sprintf("%s, trained on %s tokens; %d text of %s tokens.", x.Model, thousands(x.TrainedContext), x.Pieces, thousands(x.Length))
	if x.Pieces > 1 {
		note = strings.Replace(note, " text of", " texts of", 1)
	}
	return note
}

func (x *PositionLoss) all() Shown { return join(x.Table(), x.Chart(), lines("", []string{x.note()})) }

// String is the result as text.
func (x *PositionLoss) String() string { return x.all().plain }

// Terminal is the same for a terminal of so many columns and colours.
func (x *PositionLoss) Terminal(width, colors int) string {
	return inTerminal(x.table(), x.lines(), x.note(), width, colors)
}

// Display is the result as text, Markdown and HTML: a table and a chart.
func (x *PositionLoss) Display() map[string]string { return x.all().Display() }
