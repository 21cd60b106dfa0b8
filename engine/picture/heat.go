package picture

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Heat is a matrix shown as colours: rows downwards, columns to the right.
type Heat struct {
	Title string
	// RowLabels and ColLabels name the rows and columns, mostly with the text
	// of tokens. They are empty (then numbers are shown), or as many as there are.
	RowLabels, ColLabels []string
	RowNotes             []string  // what stands behind each row, such as its sum; empty, or as many as there are
	RowName, ColName     string    // what the axes are: "query", "key"
	Values               []float32 // [Rows, Cols]
	Rows, Cols           int
	Diverging            bool    // colours part at 0, which is in the middle
	Triangle             bool    // right of the diagonal there is nothing: a query sees no later key
	Min, Max             float32 // the ends of the scale; both 0: those of the data
}

// Check reports what keeps h from being shown: counts that do not fit.
func (h Heat) Check() error {
	switch {
	case h.Rows < 0 || h.Cols < 0 || (h.Cols > 0 && h.Rows > math.MaxInt/h.Cols) || h.Rows*h.Cols != len(h.Values):
		return fmt.Errorf("picture: Heat %q: Rows %d x Cols %d do not fit %d Values; give one value a cell, row by row", h.Title, h.Rows, h.Cols, len(h.Values))
	case len(h.RowLabels) != 0 && len(h.RowLabels) != h.Rows:
		return fmt.Errorf("picture: Heat %q: %d RowLabels for %d rows; give one a row or none", h.Title, len(h.RowLabels), h.Rows)
	case len(h.ColLabels) != 0 && len(h.ColLabels) != h.Cols:
		return fmt.Errorf("picture: Heat %q: %d ColLabels for %d columns; give one a column or none", h.Title, len(h.ColLabels), h.Cols)
	case len(h.RowNotes) != 0 && len(h.RowNotes) != h.Rows:
		return fmt.Errorf("picture: Heat %q: %d RowNotes for %d rows; give one a row or none", h.Title, len(h.RowNotes), h.Rows)
	case !(h.Min <= h.Max) || math.IsInf(float64(h.Min), 0) || math.IsInf(float64(h.Max), 0):
		return fmt.Errorf("picture: Heat %q: the scale from Min %v to Max %v is empty or endless; give finite Min < Max, or 0 and 0 for the data's own", h.Title, h.Min, h.Max)
	}
	return nil
}

func (h Heat) scale() scale { return scaleOf(h.Values, h.Min, h.Max, h.Diverging) }

// String is h as plain text of 80 columns: the denser the character, the larger the value.
func (h Heat) String() string { return h.Terminal(80, 0) }

// Display is h as text/plain, image/svg+xml and text/html.
func (h Heat) Display() map[string]string {
	if err := h.Check(); err != nil {
		return map[string]string{"text/plain": err.Error()}
	}
	svg := h.SVG()
	return map[string]string{"text/plain": h.String(), "image/svg+xml": svg, "text/html": svg}
}

// reduced is h with at most rows x cols cells: a cell is the mean of its block,
// or what is not finite in it, so that no NaN is averaged away. Of a Triangle it is the
// greatest: a query's weights sum to 1, and in the mean of many nothing is seen.
type reduced struct {
	rows, cols int
	values     []float32 // [rows, cols]
	of         Heat
}

func (h Heat) reduce(rows, cols int) reduced {
	r := reduced{min(h.Rows, rows), min(h.Cols, cols), h.Values, h}
	if r.rows == h.Rows && r.cols == h.Cols {
		return r
	}
	r.values = make([]float32, r.rows*r.cols)
	for i := range r.rows {
		for j := range r.cols {
			var sum float64
			n, most := 0, float32(math.Inf(-1))
			for y := i * h.Rows / r.rows; y < (i+1)*h.Rows/r.rows; y++ {
				for x := j * h.Cols / r.cols; x < (j+1)*h.Cols/r.cols && !(h.Triangle && x > y); x++ {
					v := h.Values[y*h.Cols+x]
					sum += float64(v)
					most = max(most, v) // NaN, where there is one
					n++
				}
			}
			switch {
			case n == 0: // no cell
			case h.Triangle:
				r.values[i*r.cols+j] = most
			default:
				r.values[i*r.cols+j] = float32(sum / float64(n))
			}
		}
	}
	return r
}

// is reports whether there is a cell.
func (r *reduced) is(i, j int) bool {
	return !r.of.Triangle || j*r.of.Cols/r.cols < (i+1)*r.of.Rows/r.rows
}

// level is that of a cell, levelNone where there is none.
func (r *reduced) level(s scale, i, j int) int {
	if !r.is(i, j) {
		return levelNone
	}
	return s.level(r.values[i*r.cols+j])
}

// row and col are the label of a cell's row or column: that of its block's first.
func (r reduced) row(i int) string { return label(r.of.RowLabels, i*r.of.Rows/r.rows) }
func (r reduced) col(j int) string { return label(r.of.ColLabels, j*r.of.Cols/r.cols) }

// behind is what stands behind a row: "" where rows were averaged.
func (r reduced) behind(i int) string {
	if len(r.of.RowNotes) == 0 || r.rows != r.of.Rows {
		return ""
	}
	return clean1(r.of.RowNotes[i])
}

// noteWidth is the columns of the widest note behind a row.
func (h Heat) noteWidth() int {
	n := 0
	for _, t := range h.RowNotes {
		n = max(n, columns.StringWidth(clean1(t)))
	}
	return min(n, maxRowNote)
}

func label(list []string, i int) string {
	if len(list) == 0 {
		return strconv.Itoa(i)
	}
	return clean(list[i])
}

// note says that r is not the whole, or "".
func (r reduced) note() string {
	if r.rows == r.of.Rows && r.cols == r.of.Cols {
		return ""
	}
	if r.of.Triangle {
		return fmt.Sprintf("%d x %d: maxima of %d x %d blocks", r.of.Rows, r.of.Cols, r.rows, r.cols)
	}
	return fmt.Sprintf("%d x %d averaged to %d x %d", r.of.Rows, r.of.Cols, r.rows, r.cols)
}

// axes names what goes down and what goes right, or is "".
func (h Heat) axes() string {
	var list []string
	if h.RowName != "" {
		list = append(list, "down: "+clean1(h.RowName))
	}
	if h.ColName != "" {
		list = append(list, "right: "+clean1(h.ColName))
	}
	return strings.Join(list, ", ")
}

// clean is text for one line: a space is seen, and what does not print is
// written as in Go, so that a token cannot command the terminal.
func clean(s string) string { return strings.ReplaceAll(clean1(s), " ", "␣") }

// clean1 is clean with spaces as they are.
func clean1(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '\n':
			b.WriteRune('⏎')
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i]) // a byte of a character that another token ends
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			q := strconv.QuoteRune(r)
			b.WriteString(q[1 : len(q)-1])
		}
	}
	return b.String()
}
