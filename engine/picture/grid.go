package picture

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Grid is many heat maps on one scale, such as all heads of a layer. The scale
// is from the smallest to the largest value of all, or Min to Max; titles of
// the heats stand above them, their labels and scales are not used.
type Grid struct {
	Title     string
	Heats     []Heat
	Columns   int // side by side in an SVG; 0: as near to a square as it gets
	Diverging bool
	Min, Max  float32
}

// Check reports the first heat that cannot be shown.
func (g Grid) Check() error {
	for i, h := range g.Heats {
		if err := h.Check(); err != nil {
			return fmt.Errorf("picture: Grid %q: heat %d: %w", g.Title, i, err)
		}
	}
	if g.Columns < 0 {
		return fmt.Errorf("picture: Grid %q: Columns is %d; give 1 or more, or 0 to let it choose", g.Title, g.Columns)
	}
	return Heat{Title: g.Title, Min: g.Min, Max: g.Max}.Check()
}

func (g Grid) scale() scale {
	var all []float32
	for _, h := range g.Heats {
		all = append(all, h.Values...)
	}
	return scaleOf(all, g.Min, g.Max, g.Diverging)
}

// axes are those of the first heat.
func (g Grid) axes() string {
	if len(g.Heats) == 0 {
		return ""
	}
	return g.Heats[0].axes()
}

// numbered reports whether rows and columns have numbers and not texts: some then stand
// at the edges.
func (g Grid) numbered() bool {
	for _, h := range g.Heats {
		for _, labels := range [][]string{h.RowLabels, h.ColLabels} {
			for i, t := range labels {
				if t != strconv.Itoa(i) {
					return false
				}
			}
		}
	}
	return true
}

// tickStep is a round number of cells that take so many units at least.
func tickStep(size, least float64) int {
	for step := 1; ; step *= 10 {
		for _, n := range []int{step, 2 * step, 5 * step} {
			if float64(n)*size >= least {
				return n
			}
		}
	}
}

// ticks writes numbers of rows to the left and of columns below.
func (r reduced) ticks(c canvas, x, y, size float64) {
	down, right := float64(r.of.Rows)/float64(r.rows)/size, float64(r.of.Cols)/float64(r.cols)/size // cells to a unit
	for i, step := 0, tickStep(1/down, 14); i < r.of.Rows; i += step {
		c.text(x-4, y+(float64(i)+0.5)/down+4, strconv.Itoa(i), words{anchor: end, colour: dim})
	}
	for j, step := 0, tickStep(1/right, 16); j < r.of.Cols; j += step {
		c.text(x+(float64(j)+0.5)/right, y+size*float64(r.rows)+11, strconv.Itoa(j), words{anchor: middle, colour: dim})
	}
}

// String is g as plain text of 80 columns.
func (g Grid) String() string { return g.Terminal(80, 0) }

const (
	gridCols  = 24 // columns that a heat takes at most
	gridLines = 12 // and lines, where it does not fit as it is
	gridWhole = 32 // lines, where it does
)

// Terminal is g as text that fits width columns; see [Heat.Terminal]. Each heat
// has 24 columns at most, two for a cell where they fit.
func (g Grid) Terminal(width, colors int) string {
	if err := g.Check(); err != nil {
		return err.Error()
	}
	var b strings.Builder
	if g.Title != "" {
		b.WriteString(columns.Truncate(clean1(g.Title), width, "…") + "\n")
	}
	s := g.scale()
	each, left := max(min(gridCols, width), 1), 0 // left is for numbers of rows
	if g.numbered() && each > 8 {
		left = 4
	}
	room := each - left
	across := max((width+2)/(each+2), 1)
	note := ""
	for from := 0; from < len(g.Heats); from += across {
		row := g.Heats[from:min(from+across, len(g.Heats))]
		var blocks [][]string
		high := 0
		for _, h := range row {
			fold, cell := 1, 1
			switch {
			case 2*h.Cols <= room && h.Rows <= gridLines:
				cell = 2
			case colors > 0:
				fold = 2
			}
			most := gridLines
			if h.Cols <= room && h.Rows <= gridWhole*fold {
				most = gridWhole
			}
			r := h.reduce(most*fold, room/cell)
			if n := r.note(); n != "" {
				note = n
			}
			block := append([]string{columns.FillRight(columns.Truncate(clean1(h.Title), each, "…"), each)}, r.lines(s, colors, fold, cell)...)
			for i := 1; i < len(block); i++ {
				number := ""
				if left > 0 && (i-1)%5 == 0 {
					number = strconv.Itoa((i-1)*fold*h.Rows/r.rows) + " "
				}
				block[i] = fmt.Sprintf("%*s", left, number) + block[i] + strings.Repeat(" ", room-r.cols*cell)
			}
			blocks = append(blocks, block)
			high = max(high, len(block))
		}
		for y := range high {
			line := ""
			for k, block := range blocks {
				if k > 0 {
					line += "  "
				}
				if y < len(block) {
					line += block[y]
				} else {
					line += strings.Repeat(" ", each)
				}
			}
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	notes := []string{s.bar(colors, min(20, width/3))}
	for _, n := range []string{s.beside(), g.axes(), note} {
		if n != "" {
			notes = append(notes, n)
		}
	}
	return b.String() + flow(notes, width)
}

// lines are the cells so many columns wide and 1/fold of a line high.
func (r reduced) lines(s scale, colors, fold, cell int) []string {
	var out []string
	for i := 0; i < r.rows; i += fold {
		var b strings.Builder
		for j := range r.cols {
			level, below := r.level(s, i, j), -1
			if colors == 0 {
				b.WriteString(strings.Repeat(s.density(level), cell))
				continue
			}
			if fold == 2 {
				below = levelNone
				if i+1 < r.rows {
					below = r.level(s, i+1, j)
				}
			}
			code, char := s.cell(level, below, colors)
			b.WriteString("\x1b[" + code + "m" + strings.Repeat(char, cell))
		}
		if colors > 0 {
			b.WriteString("\x1b[0m")
		}
		out = append(out, b.String())
	}
	return out
}

// Display is g as text/plain, image/svg+xml and text/html.
func (g Grid) Display() map[string]string {
	if err := g.Check(); err != nil {
		return map[string]string{"text/plain": err.Error()}
	}
	svg := g.SVG()
	return map[string]string{"text/plain": g.String(), "image/svg+xml": svg, "text/html": svg}
}

// SVG is g with one legend.
func (g Grid) SVG() string {
	if err := g.Check(); err != nil {
		return line1(err.Error()).svg()
	}
	return g.drawing().svg()
}

// PNG is what [Grid.SVG] shows, with two pixels to its unit.
func (g Grid) PNG() ([]byte, error) {
	if err := g.Check(); err != nil {
		return nil, err
	}
	return g.drawing().png()
}

func (g Grid) drawing() drawing {
	if len(g.Heats) == 0 {
		return line1(g.Title + ": no heats")
	}
	const side = 130.0
	gap := 14.0
	if g.numbered() {
		gap = 26
	}
	s := g.scale()
	across := g.Columns
	if across == 0 {
		across = min(int(math.Ceil(math.Sqrt(float64(len(g.Heats))))), 6)
	}
	across = min(across, len(g.Heats))
	down := (len(g.Heats) + across - 1) / across
	parts, note := make([]reduced, len(g.Heats)), ""
	for i, h := range g.Heats {
		if len(h.Values) == 0 {
			continue
		}
		parts[i] = h.reduce(256, 256)
		if n := parts[i].note(); n != "" {
			note = n
		}
	}
	title, notes := clean1(g.Title), flowSVG(g.axes(), s.beside(), note)
	w := max(float64(across)*(side+gap)+gap, 200, float64(columns.StringWidth(title))*boldEm+20, float64(columns.StringWidth(notes))*em+2*gap)
	ht := 26 + float64(down)*(side+gap+14) + 50
	return drawing{w, ht, title, func(c canvas) {
		c.text(8, 18, title, words{bold: true, colour: ink})
		for i, h := range g.Heats {
			x, y := gap+float64(i%across)*(side+gap), 40+float64(i/across)*(side+gap+14)
			c.text(x, y-3, columns.Truncate(clean1(h.Title), 19, "…"), words{colour: ink})
			if r := parts[i]; len(r.values) > 0 {
				size := side / float64(max(r.rows, r.cols))
				r.picture(c, s, x, y, size, size)
				if g.numbered() {
					r.ticks(c, x, y, size)
				}
			}
		}
		s.legend(c, gap, ht-42)
		if notes != "" {
			c.text(gap, ht-6, notes, words{colour: dim})
		}
	}}
}

// WriteSVG makes or replaces a file with g as SVG; on an error the old file stays.
func (g Grid) WriteSVG(path string) error { return writeChecked(path, g.Check(), g.SVG) }

// WritePNG makes or replaces a file with [Grid.PNG]; on an error the old file stays.
func (g Grid) WritePNG(path string) error { return writePNG(path, g.PNG) }
