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

const (
	maxPixels  = 1024 // cells on a side of an image
	maxHovered = 4096 // cells with a title each
)

const svgFont = `font-family="ui-monospace,Menlo,Consolas,monospace" font-size="11" fill="#222"`

// image has one pixel a cell.
func (r reduced) image(s scale) *image.Paletted {
	m := image.NewPaletted(image.Rect(0, 0, r.cols, r.rows), palette(s.colours))
	for i, v := range r.values {
		m.Pix[i] = uint8(s.level(v))
	}
	return m
}

// PNG is the cells alone, each a square of pixels, without labels.
func (h Heat) PNG() ([]byte, error) {
	if err := h.Check(); err != nil {
		return nil, err
	}
	if len(h.Values) == 0 {
		return nil, fmt.Errorf("picture: Heat %q has no values: a PNG needs one cell at least", h.Title)
	}
	r := h.reduce(maxPixels, maxPixels)
	small, size := r.image(h.scale()), max(1, 512/max(r.rows, r.cols))
	m := image.NewPaletted(image.Rect(0, 0, r.cols*size, r.rows*size), small.Palette)
	for y := range r.rows * size {
		for x := range r.cols * size {
			m.Pix[y*m.Stride+x] = small.Pix[y/size*small.Stride+x/size]
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, m); err != nil {
		return nil, fmt.Errorf("picture: Heat %q: %w", h.Title, err)
	}
	return b.Bytes(), nil
}

// SVG is h on a white ground of its own, so that it reads on any page. Cells
// say their value under the pointer where they are not too many.
func (h Heat) SVG() string {
	if err := h.Check(); err != nil {
		return svgText(err.Error())
	}
	if len(h.Values) == 0 {
		return svgText(fmt.Sprintf("%s: %d x %d, no values", h.Title, h.Rows, h.Cols))
	}
	s, r := h.scale(), h.reduce(maxPixels, maxPixels)
	size := min(max(480/float64(max(r.rows, r.cols)), 0.5), 22)
	cw, ch := size*float64(r.cols), size*float64(r.rows)
	step := 1 // rows to a label: they need 12 units
	for float64(step)*size < 12 {
		step++
	}
	left, head := 1, 1
	for i := 0; i < r.rows; i += step {
		left = max(left, columns.StringWidth(cut(r.row(i))))
	}
	for j := 0; j < r.cols; j += step {
		head = max(head, columns.StringWidth(cut(r.col(j))))
	}
	x0, y0 := float64(left)*6.7+14, float64(head)*6.7+14
	if h.Title != "" {
		y0 += 18
	}
	if h.ColName != "" {
		y0 += 14
	}
	if h.RowName != "" {
		x0 += 16
	}
	notes := flowSVG(s.beside(), r.note())
	title := clean1(h.Title)
	w := max(x0+cw+12, float64(columns.StringWidth(title))*7.5+20, float64(columns.StringWidth(notes))*6.7+20, x0+190)
	ht := y0 + ch + 46
	if notes != "" {
		ht += 16
	}
	var b strings.Builder
	svgOpen(&b, w, ht, title)
	if title != "" {
		fmt.Fprintf(&b, "<text x=\"8\" y=\"18\" font-weight=\"bold\" font-size=\"12\">%s</text>\n", html.EscapeString(title))
	}
	if h.ColName != "" {
		y := 16.0
		if title != "" {
			y = 34
		}
		fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%.1f\" fill=\"#666\">%s →</text>\n", x0, y, html.EscapeString(clean1(h.ColName)))
	}
	if h.RowName != "" {
		fmt.Fprintf(&b, "<text transform=\"translate(14,%.1f) rotate(-90)\" text-anchor=\"end\" fill=\"#666\">← %s</text>\n", y0, html.EscapeString(clean1(h.RowName)))
	}
	for i := 0; i < r.rows; i += step {
		fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", x0-4, y0+(float64(i)+0.5)*size+4, html.EscapeString(cut(r.row(i))))
	}
	for j := 0; j < r.cols; j += step {
		fmt.Fprintf(&b, "<text transform=\"translate(%.1f,%.1f) rotate(-90)\">%s</text>\n", x0+(float64(j)+0.5)*size+4, y0-4, html.EscapeString(cut(r.col(j))))
	}
	r.cells(&b, s, x0, y0, size)
	s.legend(&b, x0, y0+ch+12)
	if notes != "" {
		fmt.Fprintf(&b, "<text x=\"8\" y=\"%.1f\" fill=\"#666\">%s</text>\n", ht-8, html.EscapeString(notes))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// cells draws the matrix: squares with titles, or one image.
func (r reduced) cells(b *strings.Builder, s scale, x0, y0, size float64) {
	if len(r.values) <= maxHovered {
		b.WriteString("<g shape-rendering=\"crispEdges\">\n")
		for i := range r.rows {
			for j := range r.cols {
				v := r.values[i*r.cols+j]
				fmt.Fprintf(b, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"><title>%s → %s: %s</title></rect>\n",
					x0+float64(j)*size, y0+float64(i)*size, size, size, s.colours[s.level(v)].hex(), html.EscapeString(r.row(i)), html.EscapeString(r.col(j)), number(v))
			}
		}
		b.WriteString("</g>\n")
		return
	}
	r.picture(b, s, x0, y0, size)
}

// picture draws the matrix as one image.
func (r reduced) picture(b *strings.Builder, s scale, x0, y0, size float64) {
	fmt.Fprintf(b, "<image x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"data:image/png;base64,",
		x0, y0, size*float64(r.cols), size*float64(r.rows))
	var p bytes.Buffer
	_ = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&p, r.image(s)) // a Buffer takes everything
	b.WriteString(base64.StdEncoding.EncodeToString(p.Bytes()) + "\"/>\n")
}

// legend draws the scale with its numbers.
func (s scale) legend(b *strings.Builder, x, y float64) {
	for i := range 40 {
		fmt.Fprintf(b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"4.3\" height=\"10\" fill=\"%s\"/>", x+float64(i)*4, y, s.colours[i*(levels-1)/39].hex())
	}
	fmt.Fprintf(b, "\n<text x=\"%.1f\" y=\"%.1f\">%s</text><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", x, y+22, number(s.lo), x+160, y+22, number(s.hi))
}

func svgOpen(b *strings.Builder, w, h float64, title string) {
	fmt.Fprintf(b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"%s\" style=\"max-width:100%%;height:auto\" %s>\n<rect width=\"100%%\" height=\"100%%\" rx=\"4\" fill=\"#fff\"/>\n",
		w, h, w, h, html.EscapeString(title), svgFont)
}

// svgText is a picture of one line of text.
func svgText(t string) string {
	var b strings.Builder
	svgOpen(&b, float64(columns.StringWidth(t))*7+20, 30, t)
	return b.String() + `<text x="8" y="19">` + html.EscapeString(clean1(t)) + "</text>\n</svg>\n"
}

func flowSVG(notes ...string) string {
	var list []string
	for _, n := range notes {
		if n != "" {
			list = append(list, n)
		}
	}
	return strings.Join(list, " · ")
}

func cut(label string) string { return columns.Truncate(label, maxRowLabel, "…") }

// WriteSVG makes or replaces a file with h as SVG; on an error the old file stays.
func (h Heat) WriteSVG(path string) error {
	if err := h.Check(); err != nil {
		return err
	}
	return writeFile(path, h.SVG())
}

// WritePNG makes or replaces a file with [Heat.PNG]; on an error the old file stays.
func (h Heat) WritePNG(path string) error {
	data, err := h.PNG()
	if err != nil {
		return err
	}
	return writeFile(path, string(data))
}
