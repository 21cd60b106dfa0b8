package picture

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"image"
	"image/png"
	"strings"
)

// drawing is a picture on a white ground of its own, in units of a 96th of an
// inch, that any canvas can take.
type drawing struct {
	w, h  float64
	title string // for those who do not see it
	draw  func(canvas)
}

type point struct{ x, y float64 }

// canvas takes the parts of a drawing. A tip is what the pointer is told, where
// there is a pointer.
type canvas interface {
	rect(x, y, w, h float64, fill rgb, tip string)
	path(points []point, s stroke)
	mark(kind int, at point, size float64, fill rgb, tip string)
	text(x, y float64, s string, w words)
	image(x, y, w, h float64, m *image.Paletted)
}

// stroke is how a path is drawn. dash is empty, or lengths of ink and gaps.
type stroke struct {
	colour rgb
	width  float64
	dash   []float64
}

// words is how a text is set: its place is its start, middle or end on the base
// line; up turns it a quarter to the left.
type words struct {
	anchor   anchor
	up, bold bool
	colour   rgb
}

type anchor int

const (
	start anchor = iota
	middle
	end
)

var (
	ink  = rgb{0x22, 0x22, 0x22}
	dim  = rgb{0x5c, 0x5c, 0x5c}
	rule = rgb{0xdd, 0xdd, 0xdd}
)

const (
	em       = 6.7  // columns of text in units, of 11 units high
	boldEm   = 7.5  // of a title, 12 units high
	textSize = 11.0 // units
	boldSize = 12.0
)

// svg is d as one element.
func (d drawing) svg() string {
	var b strings.Builder
	svgOpen(&b, d.w, d.h, d.title)
	d.draw(&svgCanvas{&b})
	b.WriteString("</svg>\n")
	return b.String()
}

func svgOpen(b *strings.Builder, w, h float64, title string) {
	fmt.Fprintf(b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"%s\" style=\"max-width:100%%;height:auto\" font-family=\"ui-monospace,Menlo,Consolas,monospace\" font-size=\"11\" fill=\"#222\">\n<rect width=\"100%%\" height=\"100%%\" rx=\"4\" fill=\"#fff\"/>\n",
		w, h, w, h, html.EscapeString(title))
}

// line1 is a picture of one line of text.
func line1(t string) drawing {
	t = clean1(t)
	return drawing{float64(columns.StringWidth(t))*7 + 20, 30, t, func(c canvas) { c.text(8, 19, t, words{colour: ink}) }}
}

type svgCanvas struct{ b *strings.Builder }

// close ends an element, with its tip.
func (c *svgCanvas) close(name, tip string) {
	if tip == "" {
		c.b.WriteString("/>\n")
		return
	}
	fmt.Fprintf(c.b, "><title>%s</title></%s>\n", html.EscapeString(tip), name)
}

func (c *svgCanvas) rect(x, y, w, h float64, fill rgb, tip string) {
	fmt.Fprintf(c.b, "<rect shape-rendering=\"crispEdges\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"", x, y, w, h, fill.hex())
	c.close("rect", tip)
}

func (c *svgCanvas) path(points []point, s stroke) {
	c.b.WriteString("<polyline points=\"")
	for i, p := range points {
		if i > 0 {
			c.b.WriteByte(' ')
		}
		fmt.Fprintf(c.b, "%.1f,%.1f", p.x, p.y)
	}
	fmt.Fprintf(c.b, "\" fill=\"none\" stroke=\"%s\" stroke-width=\"%g\" stroke-linejoin=\"round\"", s.colour.hex(), s.width)
	if len(s.dash) > 0 {
		fmt.Fprintf(c.b, " stroke-dasharray=\"%s\"", strings.Trim(fmt.Sprint(s.dash), "[]"))
	}
	c.b.WriteString("/>\n")
}

func (c *svgCanvas) mark(kind int, at point, size float64, fill rgb, tip string) {
	if kind == 0 {
		fmt.Fprintf(c.b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\"", at.x, at.y, size, fill.hex())
		c.close("circle", tip)
		return
	}
	c.b.WriteString("<polygon points=\"")
	for i, p := range marker(kind, at, size) {
		if i > 0 {
			c.b.WriteByte(' ')
		}
		fmt.Fprintf(c.b, "%.1f,%.1f", p.x, p.y)
	}
	fmt.Fprintf(c.b, "\" fill=\"%s\"", fill.hex())
	c.close("polygon", tip)
}

func (c *svgCanvas) text(x, y float64, s string, w words) {
	if w.up {
		fmt.Fprintf(c.b, "<text transform=\"translate(%.1f,%.1f) rotate(-90)\"", x, y)
	} else {
		fmt.Fprintf(c.b, "<text x=\"%.1f\" y=\"%.1f\"", x, y)
	}
	c.b.WriteString([]string{"", ` text-anchor="middle"`, ` text-anchor="end"`}[w.anchor])
	if w.bold {
		c.b.WriteString(` font-weight="bold" font-size="12"`)
	}
	if w.colour != ink {
		fmt.Fprintf(c.b, " fill=\"%s\"", w.colour.hex())
	}
	fmt.Fprintf(c.b, " xml:space=\"preserve\">%s</text>\n", html.EscapeString(s))
}

func (c *svgCanvas) image(x, y, w, h float64, m *image.Paletted) {
	fmt.Fprintf(c.b, "<image x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"data:image/png;base64,", x, y, w, h)
	var p bytes.Buffer
	_ = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&p, m) // a Buffer takes everything
	c.b.WriteString(base64.StdEncoding.EncodeToString(p.Bytes()) + "\"/>\n")
}

// markers is how many shapes of points there are; 0 is a circle.
const markers = 7

// marker is the outline of any other.
func marker(kind int, at point, size float64) []point {
	var unit []point
	switch kind {
	case 1: // square
		unit = []point{{-.85, -.85}, {.85, -.85}, {.85, .85}, {-.85, .85}}
	case 2: // triangle
		unit = []point{{0, -1.2}, {1.1, .8}, {-1.1, .8}}
	case 3: // diamond
		unit = []point{{0, -1.3}, {1.3, 0}, {0, 1.3}, {-1.3, 0}}
	case 4: // triangle on its head
		unit = []point{{0, 1.2}, {1.1, -.8}, {-1.1, -.8}}
	case 5: // plus
		unit = []point{{-.4, -1.2}, {.4, -1.2}, {.4, -.4}, {1.2, -.4}, {1.2, .4}, {.4, .4}, {.4, 1.2}, {-.4, 1.2}, {-.4, .4}, {-1.2, .4}, {-1.2, -.4}, {-.4, -.4}}
	case 6: // cross
		unit = []point{{-.6, -1.1}, {0, -.5}, {.6, -1.1}, {1.1, -.6}, {.5, 0}, {1.1, .6}, {.6, 1.1}, {0, .5}, {-.6, 1.1}, {-1.1, .6}, {-.5, 0}, {-1.1, -.6}}
	}
	out := make([]point, len(unit))
	for i, p := range unit {
		out[i] = point{at.x + p.x*size, at.y + p.y*size}
	}
	return out
}
