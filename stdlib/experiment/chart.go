package experiment

import (
	"fmt"
	"math"
	"strings"

	"github.com/mattn/go-runewidth"
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

// Chart draws a measure, a line for each setting: as text a bar that is solid up
// to the least measurement and shaded up to the greatest, as SVG the median with
// an error bar. A setting without a measurement has none. An unknown measure has
// none at all.
func (c *Comparison) Chart(m Measure) Shown {
	var bars []bar
	for i := range c.Rows {
		bars = append(bars, bar{c.label(i), m.of(&c.Rows[i])})
	}
	return barChart(string(m), bars)
}

// bar is a labelled figure of a chart.
type bar struct {
	label string
	Figure
}

const barCells = 40

// barChart is a chart of bars; all figures are 0 or more.
func barChart(title string, bars []bar) Shown {
	top, wide := 0.0, 0
	for _, b := range bars {
		top = max(top, b.High)
		wide = max(wide, runewidth.StringWidth(b.label))
	}
	var s strings.Builder
	s.WriteString(title)
	for _, b := range bars {
		fmt.Fprintf(&s, "\n%s  ", runewidth.FillRight(b.label, wide))
		if b.N == 0 {
			s.WriteString("-")
			continue
		}
		cells := func(x float64) int {
			if top == 0 {
				return 0
			}
			return int(math.Round(x / top * barCells))
		}
		low, high := cells(b.Low), cells(b.High)
		fmt.Fprintf(&s, "%s%s%s %s", strings.Repeat("█", low), strings.Repeat("▒", high-low), strings.Repeat(" ", barCells-high), value(b.Median))
	}
	picture := barSVG(title, bars)
	return Shown{plain: s.String(), markdown: fenced(s.String()), html: figureHTML(picture), svg: picture}
}

// value writes a figure of a chart.
func value(x float64) string {
	if x >= 1000 {
		return thousands(int(x + 0.5))
	}
	return small(x)
}

func fenced(s string) string { return "```\n" + s + "\n```" }

func figureHTML(svg string) string { return "<figure>" + svg + "</figure>" }
