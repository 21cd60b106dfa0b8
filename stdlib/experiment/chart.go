package experiment

import (
	"math"

	"loupe/engine/picture"
)

// Measure names what a chart of a comparison shows.
type Measure string

// The measures.
const (
	PromptRate Measure = "prompt, tokens/s"
	GenRate    Measure = "generation, tokens/s"
	TTFT       Measure = "time to first token, s"
	Memory     Measure = "K, V and scores, MiB"
	Divergence Measure = "KL divergence from the reference, nats"
	SameTop    Measure = "predictions with the same likeliest token, %"
)

// Measures lists them.
func Measures() []Measure { return []Measure{PromptRate, GenRate, TTFT, Memory, Divergence, SameTop} }

// of is the measure of a row.
func (m Measure) of(r *Row) Figure {
	one := func(x float64) Figure { return Figure{x, x, x, 1} }
	if !r.ran() {
		return Figure{}
	}
	switch m {
	case PromptRate:
		return r.PromptRate
	case GenRate:
		return r.GenRate
	case TTFT:
		return r.TTFT
	case Memory:
		return one(float64(r.KBytes+r.VBytes+r.ScoreBytes) / (1 << 20))
	case Divergence, SameTop:
		if r.Predictions == 0 {
			return Figure{}
		}
		if m == SameTop {
			return one(100 * r.SameTop)
		}
		return one(r.KLD)
	}
	return Figure{}
}

// Chart draws a measure, a bar for each setting, solid up to the least measurement
// and shaded up to the greatest; in a page the bar is the median, with a line from
// the one to the other. A setting without a measurement has none. An unknown measure
// has none at all.
func (c *Comparison) Chart(m Measure) Shown {
	bars := picture.Bars{Title: string(m)}
	for i := range c.Rows {
		addBar(&bars, c.label(i), m.of(&c.Rows[i]))
	}
	return chart(bars.String(), bars.SVG())
}

// addBar adds a figure to a chart.
func addBar(b *picture.Bars, label string, f Figure) {
	median, low, high := f.Median, f.Low, f.High
	if f.N == 0 {
		median, low, high = math.NaN(), 0, 0
	}
	b.Labels, b.Values = append(b.Labels, label), append(b.Values, median)
	b.Low, b.High = append(b.Low, low), append(b.High, high)
}

// chart is a picture, and what it is as text.
func chart(plain, svg string) Shown {
	return Shown{plain: plain, markdown: fenced(plain), html: figureHTML(svg), svg: svg}
}

// value writes a figure of a table.
func value(x float64) string {
	if x >= 1000 {
		return thousands(int(x + 0.5))
	}
	return small(x)
}

func fenced(s string) string { return "```\n" + s + "\n```" }

func figureHTML(svg string) string { return "<figure>" + svg + "</figure>" }
