package picture

import (
	"fmt"
	"image"
	"strings"
)

const (
	maxPixels  = 1024 // cells on a side of an image
	maxHovered = 4096 // cells with a title each
)

// image has one pixel a cell.
func (r reduced) image(s scale) *image.Paletted {
	m := image.NewPaletted(image.Rect(0, 0, r.cols, r.rows), palette(s.colours))
	for i := range r.rows {
		row := m.Pix[i*m.Stride:][:r.cols]
		for j, v := range r.values[i*r.cols:][:r.cols] {
			if row[j] = levelNone; r.is(i, j) {
				row[j] = uint8(s.level(v))
			}
		}
	}
	return m
}

// CellsPNG is the cells alone, each a square of pixels, without labels.
func (h Heat) CellsPNG() ([]byte, error) {
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
	return encodePNG(m)
}

// SVG is h on a white ground of its own, so that it reads on any page. Cells
// say their value under the pointer where they are not too many.
func (h Heat) SVG() string {
	if err := h.Check(); err != nil {
		return line1(err.Error()).svg()
	}
	return h.drawing().svg()
}

// PNG is what [Heat.SVG] shows, with two pixels to its unit.
func (h Heat) PNG() ([]byte, error) {
	if err := h.Check(); err != nil {
		return nil, err
	}
	return h.drawing().png()
}

func (h Heat) drawing() drawing {
	if len(h.Values) == 0 {
		return line1(fmt.Sprintf("%s: %d x %d, no values", h.Title, h.Rows, h.Cols))
	}
	s, r := h.scale(), h.reduce(maxPixels, maxPixels)
	size := min(max(480/float64(max(r.rows, r.cols)), 0.5), 22)
	// Few rows of many columns, or the other way, are drawn so that each has its label.
	dx, dy := size, size
	if r.cols*12 <= 480 {
		dx = max(size, 12)
	}
	if r.rows*12 <= 480 {
		dy = max(size, 12)
	}
	cw, ch := dx*float64(r.cols), dy*float64(r.rows)
	rowStep, colStep := labelStep(dy), labelStep(dx)
	left, head := 1, 1
	for i := 0; i < r.rows; i += rowStep {
		left = max(left, columns.StringWidth(cut(r.row(i))))
	}
	for j := 0; j < r.cols; j += colStep {
		head = max(head, columns.StringWidth(cut(r.col(j))))
	}
	x0, y0 := float64(left)*em+14, float64(head)*em+14
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
	behind := h.noteWidth()
	if behind > 0 && (rowStep > 1 || r.rows != h.Rows) {
		behind = 0 // no room
	}
	w := max(x0+cw+12+float64(behind)*em, float64(columns.StringWidth(title))*boldEm+20, float64(columns.StringWidth(notes))*em+20, x0+190)
	ht := y0 + ch + 46
	if notes != "" {
		ht += 16
	}
	return drawing{w, ht, title, func(c canvas) {
		if title != "" {
			c.text(8, 18, title, words{bold: true, colour: ink})
		}
		if h.ColName != "" {
			y := 16.0
			if title != "" {
				y = 34
			}
			c.text(x0, y, clean1(h.ColName)+" →", words{colour: dim})
		}
		if h.RowName != "" {
			c.text(14, y0, "← "+clean1(h.RowName), words{up: true, anchor: end, colour: dim})
		}
		for i := 0; i < r.rows; i += rowStep {
			c.text(x0-4, y0+(float64(i)+0.5)*dy+4, cut(r.row(i)), words{anchor: end, colour: ink})
			if behind > 0 {
				c.text(x0+cw+6+float64(behind)*em, y0+(float64(i)+0.5)*dy+4, columns.Truncate(r.behind(i), behind, "…"), words{anchor: end, colour: ink})
			}
		}
		for j := 0; j < r.cols; j += colStep {
			c.text(x0+(float64(j)+0.5)*dx+4, y0-4, cut(r.col(j)), words{up: true, colour: ink})
		}
		r.cells(c, s, x0, y0, dx, dy)
		s.legend(c, x0, y0+ch+12)
		if notes != "" {
			c.text(8, ht-8, notes, words{colour: dim})
		}
	}}
}

// labelStep is how many cells of a size share a label, which needs 12 units.
func labelStep(size float64) int {
	step := 1
	for float64(step)*size < 12 {
		step++
	}
	return step
}

// cells draws the matrix: squares with titles, or one image.
func (r reduced) cells(c canvas, s scale, x0, y0, dx, dy float64) {
	if len(r.values) > maxHovered {
		r.picture(c, s, x0, y0, dx, dy)
		return
	}
	for i := range r.rows {
		for j := range r.cols {
			v, level := r.values[i*r.cols+j], r.level(s, i, j)
			if level == levelNone {
				continue
			}
			c.rect(x0+float64(j)*dx, y0+float64(i)*dy, dx, dy, s.colours[level], fmt.Sprintf("%s → %s: %s", r.row(i), r.col(j), number(v)))
		}
	}
}

// picture draws the matrix as one image.
func (r reduced) picture(c canvas, s scale, x0, y0, dx, dy float64) {
	c.image(x0, y0, dx*float64(r.cols), dy*float64(r.rows), r.image(s))
}

// legend draws the scale with its numbers.
func (s scale) legend(c canvas, x, y float64) {
	for i := range 40 {
		c.rect(x+float64(i)*4, y, 4, 10, s.colours[i*(levels-1)/39], "")
	}
	c.text(x, y+22, number(s.lo), words{colour: ink})
	c.text(x+160, y+22, number(s.hi), words{anchor: end, colour: ink})
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
func (h Heat) WriteSVG(path string) error { return writeChecked(path, h.Check(), h.SVG) }

// WritePNG makes or replaces a file with [Heat.PNG]; on an error the old file stays.
func (h Heat) WritePNG(path string) error { return writePNG(path, h.PNG) }
