package experiment

import (
	"bytes"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Colours that can be told apart without seeing red and green (Okabe and Ito).
var palette = []color.Color{color.RGBA{0, 114, 178, 255}, color.RGBA{213, 94, 0, 255}, color.RGBA{0, 158, 115, 255}, color.RGBA{204, 121, 167, 255}}

// newPlot is an empty plot in a typeface that every browser has a stand-in for.
func newPlot(title string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	for _, s := range []*draw.TextStyle{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle} {
		s.Font.Variant = "Sans"
	}
	p.X.Tick.Marker = plot.TickerFunc(ticks)
	return p
}

// ticks are the usual ones, labelled without needless digits.
func ticks(low, high float64) []plot.Tick {
	all := plot.DefaultTicks{}.Ticks(low, high)
	for i := range all {
		if all[i].Label != "" {
			all[i].Label = value(all[i].Value)
		}
	}
	return all
}

// svgOf draws a plot, as an element to stand in a page.
func svgOf(p *plot.Plot, width, height vg.Length) string {
	canvas := vgsvg.New(width, height)
	p.Draw(draw.Crop(draw.New(canvas), 0, -vg.Points(24), 0, 0)) // the last label reaches beyond its axis
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "" // a bytes.Buffer takes everything
	}
	s := b.String()
	s = s[max(strings.Index(s, "<svg"), 0):]
	return strings.ReplaceAll(s, "Liberation Sans", "Liberation Sans,Arial,Helvetica,sans-serif")
}

// errorPoints are medians with their range, one below another.
type errorPoints struct {
	plotter.XYs
	plotter.XErrors
}

// barSVG draws figures as points with error bars.
func barSVG(title string, bars []bar) string {
	p := newPlot(title)
	var pts errorPoints
	names := make([]string, len(bars))
	top := 0.0
	for i, b := range bars {
		at := len(bars) - 1 - i // the first one on top
		names[at] = b.label
		if b.N == 0 {
			continue
		}
		top = max(top, b.High)
		pts.XYs = append(pts.XYs, plotter.XY{X: b.Median, Y: float64(at)})
		pts.XErrors = append(pts.XErrors, struct{ Low, High float64 }{b.Median - b.Low, b.High - b.Median})
	}
	grid := plotter.NewGrid()
	grid.Horizontal.Color = nil
	p.Add(grid)
	if len(pts.XYs) > 0 {
		dots, err := plotter.NewScatter(pts)
		if err == nil {
			dots.GlyphStyle = draw.GlyphStyle{Color: palette[0], Radius: vg.Points(4), Shape: draw.CircleGlyph{}}
			p.Add(dots)
		}
		if errs, err := plotter.NewXErrorBars(pts); err == nil {
			errs.LineStyle.Color, errs.LineStyle.Width = palette[0], vg.Points(1.5)
			p.Add(errs)
		}
	}
	p.NominalY(names...)
	p.X.Min, p.X.Max = 0, 1.05*top
	if top == 0 {
		p.X.Max = 1
	}
	p.Y.Min, p.Y.Max = -0.5, math.Max(float64(len(bars))-0.5, 0.5)
	return svgOf(p, 6*vg.Inch, vg.Length(1.1+0.26*float64(len(bars)))*vg.Inch)
}

// line is a named sequence of points.
type line struct {
	name string
	x, y []float64
}

// lineSVG draws curves over a common axis, from 0 up; shares are in percent.
func lineSVG(title, x, y string, all []line, shares bool) string {
	p := newPlot(title)
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.Add(plotter.NewGrid())
	for i, l := range all {
		xys := make(plotter.XYs, len(l.x))
		for j := range l.x {
			xys[j] = plotter.XY{X: l.x[j], Y: l.y[j]}
		}
		ln, dots, err := plotter.NewLinePoints(xys)
		if err != nil {
			continue // no points
		}
		c := palette[i%len(palette)]
		ln.Color, ln.Width = c, vg.Points(2)
		dots.Color, dots.Shape, dots.Radius = c, draw.CircleGlyph{}, vg.Points(3)
		p.Add(ln, dots)
		p.Legend.Add(l.name, ln, dots)
	}
	p.Y.Min, p.Legend.Top = 0, true
	p.Y.Max *= 1.3 // the legend stands above the lines
	if shares {
		p.X.Min, p.Y.Max = 0, 130
		p.Y.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0"}, {Value: 50, Label: "50"}, {Value: 100, Label: "100"}}
	}
	return svgOf(p, 6*vg.Inch, 3.2*vg.Inch)
}
