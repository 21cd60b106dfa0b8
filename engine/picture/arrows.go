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

// String is a as text of 80 columns.
func (a Arrows) String() string { return a.Terminal(80, 0) }

// Terminal lists for each query the keys of most weight, three or what fits width
// columns.
func (a Arrows) Terminal(width, _ int) string {
	if err := a.Check(); err != nil {
		return err.Error()
	}
	var b strings.Builder
	if a.Title != "" {
		b.WriteString(columns.Truncate(clean1(a.Title), width, "…") + "\n")
	}
	for i, from := range a.From {
		line := columns.FillLeft(cut(clean(from)), maxRowLabel) + " →"
		order := make([]int, len(a.To))
		for j := range order {
			order[j] = j
		}
		row := a.Weights[i*len(a.To) : (i+1)*len(a.To)]
		sort.SliceStable(order, func(x, y int) bool { return row[order[x]] > row[order[y]] })
		for _, j := range order[:min(3, len(order))] {
			part := fmt.Sprintf(" %s %.2f", cut(clean(a.To[j])), row[j])
			if row[j] < minArrow || columns.StringWidth(line+part) > width {
				break
			}
			line += part
		}
		b.WriteString(columns.Truncate(line, width, "…") + "\n")
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
	const left, right = arrowsLeft, arrowsRight
	wide, ht := a.size()
	y := arrowsAt
	var b strings.Builder
	svgOpen(&b, wide, ht, clean1(a.Title))
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

const arrowsLine, arrowsLeft, arrowsRight, arrowsWide = 17.0, 120.0, 300.0, 420.0

func (a Arrows) size() (w, h float64) {
	return max(arrowsWide, float64(columns.StringWidth(clean1(a.Title)))*boldEm+20), 56 + arrowsLine*float64(max(len(a.From), len(a.To)))
}

// arrowsAt is the middle of a line of tokens.
func arrowsAt(i int) float64 { return 44 + arrowsLine*float64(i) }

// PNG is what [Arrows.SVG] shows before a token is picked, with two pixels to its unit.
func (a Arrows) PNG() ([]byte, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	w, h := a.size()
	return drawing{w, h, clean1(a.Title), func(c canvas) {
		c.text(8, 18, clean1(a.Title), words{bold: true, colour: ink})
		order, weak := make([]int, 0, len(a.Weights)), 0
		for i, x := range a.Weights {
			if x >= minArrow {
				order = append(order, i)
			} else if x > 0 {
				weak++
			}
		}
		// The strongest lie on top.
		sort.SliceStable(order, func(x, y int) bool { return a.Weights[order[x]] < a.Weights[order[y]] })
		for _, i := range order {
			c.path([]point{{arrowsLeft, arrowsAt(i / len(a.To))}, {arrowsRight, arrowsAt(i % len(a.To))}}, stroke{mixed(rgb{0x1f, 0x5f, 0xae}, a.Weights[i]), 2, nil})
		}
		for i, t := range a.From {
			c.text(arrowsLeft-6, arrowsAt(i)+4, cut(clean(t)), words{anchor: end, colour: ink})
		}
		for i, t := range a.To {
			c.text(arrowsRight+6, arrowsAt(i)+4, cut(clean(t)), words{colour: ink})
		}
		if weak > 0 {
			c.text(8, h-8, fmt.Sprintf("%d weights below %g are not drawn", weak, minArrow), words{colour: dim})
		}
	}}.png()
}

// mixed is a colour over white.
func mixed(c rgb, share float32) rgb {
	mix := func(v uint8) uint8 { return uint8(255 - (255-float32(v))*share + 0.5) }
	return rgb{mix(c.r), mix(c.g), mix(c.b)}
}

// WritePNG makes or replaces a file with [Arrows.PNG]; on an error the old file stays.
func (a Arrows) WritePNG(path string) error { return writePNG(path, a.PNG) }

// WriteSVG makes or replaces a file with a as SVG; on an error the old file stays.
func (a Arrows) WriteSVG(path string) error { return writeChecked(path, a.Check(), a.SVG) }
