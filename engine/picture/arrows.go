package picture

import (
	"fmt"
	"html"
	"sort"
	"strings"
)

// Arrows is a view of one head: two columns of tokens, and a line from each
// query to what it looks at, the stronger the larger the weight.
type Arrows struct {
	Title    string
	From, To []string  // the text of the queries and of the keys
	Weights  []float32 // [len(From), len(To)], each from 0 to 1
}

const (
	maxArrowTokens = 256
	minArrow       = 0.01 // weaker ones are not drawn, which is said
)

// Check reports weights that do not fit.
func (a Arrows) Check() error {
	if len(a.From)*len(a.To) != len(a.Weights) {
		return fmt.Errorf("picture: Arrows %q: %d Weights for %d From and %d To; give one for each pair, query by query", a.Title, len(a.Weights), len(a.From), len(a.To))
	}
	if len(a.From) > maxArrowTokens || len(a.To) > maxArrowTokens {
		return fmt.Errorf("picture: Arrows %q: %d From and %d To are more than the %d that can be told apart; cut a range, or use a Heat", a.Title, len(a.From), len(a.To), maxArrowTokens)
	}
	for i, w := range a.Weights {
		if !(w >= 0 && w <= 1) {
			return fmt.Errorf("picture: Arrows %q: the weight of From %d, To %d is %v; give weights from 0 to 1", a.Title, i/len(a.To), i%len(a.To), w)
		}
	}
	return nil
}

// String lists for each query the three keys of most weight.
func (a Arrows) String() string {
	if err := a.Check(); err != nil {
		return err.Error()
	}
	var b strings.Builder
	if a.Title != "" {
		b.WriteString(clean1(a.Title) + "\n")
	}
	for i, from := range a.From {
		b.WriteString(columns.FillLeft(cut(clean(from)), maxRowLabel) + " →")
		order := make([]int, len(a.To))
		for j := range order {
			order[j] = j
		}
		row := a.Weights[i*len(a.To) : (i+1)*len(a.To)]
		sort.SliceStable(order, func(x, y int) bool { return row[order[x]] > row[order[y]] })
		for _, j := range order[:min(3, len(order))] {
			if row[j] >= minArrow {
				fmt.Fprintf(&b, " %s %.2f", cut(clean(a.To[j])), row[j])
			}
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Display is a as text/plain, image/svg+xml and text/html.
func (a Arrows) Display() map[string]string {
	if err := a.Check(); err != nil {
		return map[string]string{"text/plain": err.Error()}
	}
	svg := a.SVG()
	return map[string]string{"text/plain": a.String(), "image/svg+xml": svg, "text/html": svg}
}

// SVG is a with a group of lines for each query. The pointer on a query, or the
// Tab key, shows its lines alone where the page is live; there is no script.
func (a Arrows) SVG() string {
	if err := a.Check(); err != nil {
		return line1(err.Error()).svg()
	}
	const line, left, right, wide = 17.0, 120.0, 300.0, 420.0
	ht := 56 + line*float64(max(len(a.From), len(a.To)))
	y := func(i int) float64 { return 44 + line*float64(i) }
	var b strings.Builder
	svgOpen(&b, max(wide, float64(columns.StringWidth(a.Title))*7.5+20), ht, clean1(a.Title))
	b.WriteString("<style>.loupe-arrows:hover .loupe-q:not(:hover),.loupe-arrows:focus-within .loupe-q:not(:focus){opacity:.08}.loupe-q:hover,.loupe-q:focus{font-weight:bold;outline:none}</style>\n")
	fmt.Fprintf(&b, "<text x=\"8\" y=\"18\" font-weight=\"bold\" font-size=\"12\">%s</text>\n", html.EscapeString(clean1(a.Title)))
	for j, to := range a.To {
		fmt.Fprintf(&b, "<text x=\"%.0f\" y=\"%.1f\">%s</text>\n", right+6, y(j)+4, html.EscapeString(cut(clean(to))))
	}
	b.WriteString("<g class=\"loupe-arrows\">\n")
	weak := 0
	for i, from := range a.From {
		fmt.Fprintf(&b, "<g class=\"loupe-q\" tabindex=\"0\"><text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%s</text>", left-6, y(i)+4, html.EscapeString(cut(clean(from))))
		for j, to := range a.To {
			w := a.Weights[i*len(a.To)+j]
			if w < minArrow {
				if w > 0 {
					weak++
				}
				continue
			}
			fmt.Fprintf(&b, "<line x1=\"%.0f\" y1=\"%.1f\" x2=\"%.0f\" y2=\"%.1f\" stroke=\"#1f5fae\" stroke-width=\"2\" stroke-opacity=\"%.3f\"><title>%s → %s: %s</title></line>",
				left, y(i), right, y(j), w, html.EscapeString(clean(from)), html.EscapeString(clean(to)), number(w))
		}
		b.WriteString("</g>\n")
	}
	b.WriteString("</g>\n")
	if weak > 0 {
		fmt.Fprintf(&b, "<text x=\"8\" y=\"%.1f\" fill=\"#666\">%d weights below %g are not drawn</text>\n", ht-8, weak, minArrow)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// WriteSVG makes or replaces a file with a as SVG; on an error the old file stays.
func (a Arrows) WriteSVG(path string) error { return writeChecked(path, a.Check(), a.SVG) }
