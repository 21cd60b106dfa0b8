package engine

import (
	"fmt"
	"strings"

	"loupe/engine/picture"
	"loupe/engine/tables"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Channels is the loss of each channel as a picture, RMS: a row for each layer and K/V
// head.
func (p *PartError) Channels() picture.Heat {
	return p.channels("loss of each channel of %s in %s, RMS", func(h HeadError) []float32 { return h.ChannelRMS })
}

// Sizes is how large the elements of each channel are, RMS: outlier channels stand out.
func (p *PartError) Sizes() picture.Heat {
	return p.channels("size of each channel of %s before it is stored in %s, RMS", func(h HeadError) []float32 { return h.ChannelSize })
}

func (p *PartError) channels(title string, of func(HeadError) []float32) picture.Heat {
	x := picture.Heat{Title: fmt.Sprintf(title, p.Name, p.Type), Rows: len(p.Heads), RowName: "layer.head", ColName: "channel"}
	for _, h := range p.Heads {
		x.Cols = len(of(h))
		x.Values = append(x.Values, of(h)...)
		x.RowLabels = append(x.RowLabels, fmt.Sprintf("%d.%d", h.Layer, h.Head))
	}
	return x
}

// outliers is how many channels are, and of how many.
func (p *PartError) outliers() (n, of int) {
	for _, h := range p.Heads {
		n, of = n+len(h.Outliers), of+len(h.ChannelSize)
	}
	return n, of
}

// lossPercent is percent, with digits where that has none: what f16 loses is small.
func lossPercent(x float64) string {
	if x > 0 && x < 0.001 {
		return fmt.Sprintf("%.2g %%", 100*x)
	}
	return percent(x)
}

// worst is the head that lost most, relatively.
func worst(heads []HeadError) HeadError {
	w := heads[0]
	for _, h := range heads {
		if h.Relative > w.Relative {
			w = h
		}
	}
	return w
}

// layers is the loss by layer.
func (x *CacheError) layers() *tables.Table {
	w := tables.New()
	n, of := x.K.outliers()
	w.SetTitle("loss of storing K in %s and V in %s; worst: the head; outliers: %s of %s channels of K are above %d times the median of their head", x.KType, x.VType, count(n), count(of), outlierTimes)
	w.AppendHeader(table.Row{"layer", "K", "K max", "worst", "outliers", "V", "V max", "worst"})
	heads := 0
	for heads < len(x.K.Heads) && x.K.Heads[heads].Layer == 0 {
		heads++
	}
	for at := 0; at < len(x.K.Heads); at += heads {
		k, v := x.K.Heads[at:at+heads], x.V.Heads[at:at+heads]
		out := 0
		for _, h := range k {
			out += len(h.Outliers)
		}
		a, b := worst(k), worst(v)
		w.AppendRow(table.Row{
			k[0].Layer, lossPercent(meanRelative(k)), fmt.Sprintf("%.3g", maxOf(k)), fmt.Sprintf("%d: %s", a.Head, lossPercent(a.Relative)), out,
			lossPercent(meanRelative(v)), fmt.Sprintf("%.3g", maxOf(v)), fmt.Sprintf("%d: %s", b.Head, lossPercent(b.Relative)),
		})
	}
	w.AppendFooter(table.Row{"all", lossPercent(x.K.Relative), fmt.Sprintf("%.3g", x.K.Max), "", n, lossPercent(x.V.Relative), fmt.Sprintf("%.3g", x.V.Max), ""})
	return w
}

// meanRelative is the mean over heads of the loss relative to their size.
func meanRelative(heads []HeadError) (sum float64) {
	for _, h := range heads {
		sum += h.Relative
	}
	return sum / float64(len(heads))
}

func maxOf(heads []HeadError) (top float64) {
	for _, h := range heads {
		top = max(top, h.Max)
	}
	return top
}

// effects is what predictions lose.
func (x *CacheError) effects() *tables.Table {
	w := tables.New()
	w.SetTitle("predictions over %s tokens against K and V in f16; KL: the mean a token", count(len(x.Tokens)))
	w.AppendHeader(table.Row{"K", "V", "KL, nats", "worst", "after", "same top", "differs after"})
	for _, e := range x.Effects {
		differs := "never"
		if e.Differs >= 0 {
			differs = x.token(e.Differs)
		}
		w.AppendRow(table.Row{e.K, e.V, fmt.Sprintf("%.4g", e.MeanKL), fmt.Sprintf("%.3g", e.MaxKL), x.token(e.MaxAt), percent(e.SameTop), differs})
	}
	return w
}

func (x *CacheError) token(i int) string { return fmt.Sprintf("%d %q", i, x.Tokens[i]) }

// Verdict says which of K and V costs more, in a sentence; what mere rounding does is
// not blamed on either.
func (x *CacheError) Verdict() string {
	var k, v, floor float64
	found := 0
	for _, e := range x.Effects {
		switch {
		case e.K == F32 && e.V == F32:
			floor = e.MeanKL
		case e.K == x.KType && e.V == F16:
			k, found = e.MeanKL, found|1
		case e.K == F16 && e.V == x.VType:
			v, found = e.MeanKL, found|2
		}
	}
	switch {
	case found == 0:
		return "Neither K nor V is stored in fewer bits than f16."
	case found == 1:
		return fmt.Sprintf("K in %s costs %.4g nats a token; V is in f16. Rounding alone makes %.4g.", x.KType, k, floor)
	case found == 2:
		return fmt.Sprintf("V in %s costs %.4g nats a token; K is in f16. Rounding alone makes %.4g.", x.VType, v, floor)
	case max(k, v) < 1.5*floor:
		return fmt.Sprintf("K costs %.4g nats a token and V %.4g; rounding alone makes %.4g, so neither is to be told from it.", k, v, floor)
	case k > v:
		return fmt.Sprintf("K hurts more: %.4g nats a token, V %.4g. Rounding alone makes %.4g.", k, v, floor)
	}
	return fmt.Sprintf("V hurts more: %.4g nats a token, K %.4g. Rounding alone makes %.4g.", v, k, floor)
}

// String is the tables and the verdict.
func (x *CacheError) String() string {
	return strings.Join([]string{x.layers().Render(), x.effects().Render(), x.Verdict()}, "\n")
}

// Terminal is the same for a terminal of so many columns.
func (x *CacheError) Terminal(width, _ int) string {
	return strings.Join([]string{x.layers().Within(width), x.effects().Within(width), tables.Wrapped(x.Verdict(), width)}, "\n")
}

// Display is the tables as text, Markdown and HTML.
func (x *CacheError) Display() map[string]string {
	return map[string]string{
		"text/plain":    x.String(),
		"text/markdown": strings.Join([]string{x.layers().RenderMarkdown(), x.effects().RenderMarkdown(), x.Verdict()}, "\n\n"),
		"text/html":     x.layers().RenderHTML() + x.effects().RenderHTML() + "<p>" + x.Verdict() + "</p>",
	}
}
