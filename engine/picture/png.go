package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// zoom is pixels to a unit, so that text is sharp on screens with small pixels.
const zoom = 2

// png is d as an image file.
func (d drawing) png() ([]byte, error) {
	m := image.NewRGBA(image.Rect(0, 0, int(math.Ceil(d.w*zoom)), int(math.Ceil(d.h*zoom))))
	draw.Draw(m, m.Bounds(), image.White, image.Point{}, draw.Src)
	faces, err := typefaces()
	if err != nil {
		return nil, fmt.Errorf("picture: %q: typeface: %w", d.title, err)
	}
	d.draw(&pngCanvas{m, faces})
	return encodePNG(m)
}

func encodePNG(m image.Image) ([]byte, error) {
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, m); err != nil {
		return nil, fmt.Errorf("picture: PNG: %w", err)
	}
	return b.Bytes(), nil
}

// typefaces are the fonts of the Go project, plain and bold (parsed once).
var typefaces = sync.OnceValues(func() (t [2]*sfnt.Font, err error) {
	for i, data := range [][]byte{gomono.TTF, gomonobold.TTF} {
		if t[i], err = opentype.Parse(data); err != nil {
			return t, err
		}
	}
	return t, nil
})

type pngCanvas struct {
	m     *image.RGBA
	fonts [2]*sfnt.Font
}

func (c rgb) opaque() color.RGBA { return color.RGBA{c.r, c.g, c.b, 255} }

func pixel(x float64) int { return int(math.Round(x * zoom)) }

func (c *pngCanvas) rect(x, y, w, h float64, fill rgb, _ string) {
	draw.Draw(c.m, image.Rect(pixel(x), pixel(y), pixel(x+w), pixel(y+h)), image.NewUniform(fill.opaque()), image.Point{}, draw.Src)
}

func (c *pngCanvas) image(x, y, w, h float64, m *image.Paletted) {
	to := image.Rect(pixel(x), pixel(y), pixel(x+w), pixel(y+h))
	size := m.Bounds()
	var colours [256]color.RGBA
	for i, p := range m.Palette {
		r, g, b, a := p.RGBA()
		colours[i] = color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), uint8(a >> 8)}
	}
	for py := to.Min.Y; py < to.Max.Y; py++ {
		row := m.Pix[(py-to.Min.Y)*size.Dy()/to.Dy()*m.Stride:]
		for px := to.Min.X; px < to.Max.X; px++ {
			if p := colours[row[(px-to.Min.X)*size.Dx()/to.Dx()]]; p.A > 0 {
				c.m.SetRGBA(px, py, p)
			}
		}
	}
}

// fill paints outlines that all turn the same way.
func (c *pngCanvas) fill(outlines [][]point, colour rgb) {
	box := image.Rectangle{}
	for _, o := range outlines {
		for _, p := range o {
			x, y := int(math.Floor(p.x*zoom)), int(math.Floor(p.y*zoom))
			box = box.Union(image.Rect(x, y, x+2, y+2))
		}
	}
	box = box.Intersect(c.m.Bounds())
	if box.Empty() {
		return
	}
	z := vector.NewRasterizer(box.Dx(), box.Dy())
	at := func(p point) (x, y float32) {
		return float32(p.x*zoom) - float32(box.Min.X), float32(p.y*zoom) - float32(box.Min.Y)
	}
	for _, o := range outlines {
		z.MoveTo(at(o[0]))
		for _, p := range o[1:] {
			z.LineTo(at(p))
		}
		z.ClosePath()
	}
	z.Draw(c.m, box, image.NewUniform(colour.opaque()), image.Point{})
}

func (c *pngCanvas) mark(kind int, at point, size float64, fill rgb, _ string) {
	if kind == 0 {
		c.fill([][]point{circle(at, size)}, fill)
		return
	}
	c.fill([][]point{marker(kind, at, size)}, fill)
}

// circle turns the way that the sides of segment do.
func circle(at point, r float64) []point {
	const n = 20
	var out []point
	for i := range n {
		sin, cos := math.Sincos(-2 * math.Pi * float64(i) / n)
		out = append(out, point{at.x + r*cos, at.y + r*sin})
	}
	return out
}

func segment(a, b point, width float64) []point {
	l := math.Hypot(b.x-a.x, b.y-a.y)
	if l == 0 {
		return circle(a, width/2)
	}
	nx, ny := -(b.y-a.y)/l*width/2, (b.x-a.x)/l*width/2
	return []point{{a.x + nx, a.y + ny}, {b.x + nx, b.y + ny}, {b.x - nx, b.y - ny}, {a.x - nx, a.y - ny}}
}

func (c *pngCanvas) path(points []point, s stroke) {
	var all [][]point
	for _, part := range dashes(points, s.dash) {
		for i := 1; i < len(part); i++ {
			all = append(all, segment(part[i-1], part[i], s.width))
			if i > 1 {
				all = append(all, circle(part[i-1], s.width/2))
			}
		}
	}
	if len(all) > 0 {
		c.fill(all, s.colour)
	}
}

// dashes cuts a path into its parts with ink.
func dashes(points []point, dash []float64) [][]point {
	if len(dash) == 0 || len(points) < 2 {
		return [][]point{points}
	}
	var out [][]point
	part, k, left := []point{points[0]}, 0, dash[0]
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		for {
			l := math.Hypot(b.x-a.x, b.y-a.y)
			if l <= left {
				left -= l
				part = append(part, b)
				break
			}
			a = point{a.x + (b.x-a.x)*left/l, a.y + (b.y-a.y)*left/l}
			if k%2 == 0 {
				out = append(out, append(part, a))
			}
			part = []point{a}
			k++
			left = dash[k%len(dash)]
		}
	}
	if k%2 == 0 && len(part) > 1 {
		out = append(out, part)
	}
	return out
}

// text is set in Go Mono. What that has no sign for is an empty box of the same width.
func (c *pngCanvas) text(x, y float64, s string, w words) {
	f, size := c.fonts[0], textSize
	if w.bold {
		f, size = c.fonts[1], boldSize
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size * zoom, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return // sizes are constants that it takes
	}
	defer face.Close()
	t := typeset(f, face, s)
	before := 0
	switch w.anchor {
	case middle:
		before = t.long / 2
	case end:
		before = t.long
	}
	src := image.NewUniform(w.colour.opaque())
	if !w.up {
		t.draw(c.m, src, face, pixel(x)-before, pixel(y))
		return
	}
	const above, below = 28, 10 // of the base line, in pixels
	line := image.NewAlpha(image.Rect(0, 0, max(t.long, 1), above+below))
	t.draw(line, image.Opaque, face, 0, above)
	up := image.NewAlpha(image.Rect(0, 0, above+below, max(t.long, 1)))
	for i := range t.long {
		for j := range above + below {
			up.SetAlpha(j, t.long-1-i, line.AlphaAt(i, j))
		}
	}
	at := image.Pt(pixel(x)-above, pixel(y)-t.long+before)
	draw.DrawMask(c.m, up.Bounds().Add(at), src, image.Point{}, up, image.Point{}, draw.Over)
}

// typesetting is a text with the places of its signs, in pixels.
type typesetting struct {
	signs []sign
	long  int
}

// sign is a rune; where the font has it not, it is drawn.
type sign struct {
	r     rune
	x, w  int
	drawn bool
}

func typeset(f *sfnt.Font, face font.Face, s string) (t typesetting) {
	var buf sfnt.Buffer
	one, _ := face.GlyphAdvance('x')
	for _, r := range s {
		if r == '⏎' {
			r = '¶' // which the font has
		}
		n, err := f.GlyphIndex(&buf, r)
		g := sign{r: r, x: t.long, w: columns.RuneWidth(r) * one.Round(), drawn: err != nil || n == 0}
		t.signs = append(t.signs, g)
		t.long += g.w
	}
	return t
}

// draw sets the text with its base line at y.
func (t typesetting) draw(to draw.Image, src image.Image, face font.Face, x, y int) {
	d := font.Drawer{Dst: to, Src: src, Face: face}
	for _, g := range t.signs {
		if !g.drawn {
			d.Dot = fixed.P(x+g.x, y)
			d.DrawString(string(g.r))
			continue
		}
		left, right, top, bottom := x+g.x+2, x+g.x+g.w-2, y-14, y+2
		bar := func(x0, y0, x1, y1 int) { draw.Draw(to, image.Rect(x0, y0, x1, y1), src, image.Point{}, draw.Over) }
		if g.r == '␣' { // a low box without its lid
			top, bottom = y-2, y+4
		} else {
			bar(left, top, right, top+1)
		}
		bar(left, bottom-2, right, bottom)
		bar(left, top, left+2, bottom)
		bar(right-2, top, right, bottom)
	}
}
