package experiment

import (
	"fmt"
	"html"
	"strconv"
	"strings"
)

// How many tokens of a text stand before and behind the place where it parts
// from the reference.
const (
	tokensBefore = 6
	tokensBehind = 10
)

// variant is a text with the rows that gave it.
type variant struct {
	rows []int
	ids  []int
}

// variants are the different texts, the reference's first.
func (c *Comparison) variants() []variant {
	if c.Reference < 0 {
		return nil
	}
	all := []variant{{ids: c.Rows[c.Reference].IDs}}
	for i := range c.Rows {
		if !c.Rows[i].ran() {
			continue
		}
		at := -1
		for j := range all {
			if firstDifference(all[j].ids, c.Rows[i].IDs) < 0 {
				at = j
			}
		}
		if at < 0 {
			at = len(all)
			all = append(all, variant{ids: c.Rows[i].IDs})
		}
		all[at].rows = append(all[at].rows, i)
	}
	return all
}

func (c *Comparison) labels(rows []int) string {
	var s []string
	for _, i := range rows {
		s = append(s, c.label(i))
	}
	return strings.Join(s, ", ")
}

// Texts says which settings gave the same text, and shows where the others part
// from the reference's; in HTML with the whole texts side by side.
func (c *Comparison) Texts() Shown {
	all := c.variants()
	if len(all) == 0 {
		return Shown{}
	}
	ref := all[0]
	notes := []string{"the reference's text: " + c.labels(ref.rows)}
	var page strings.Builder
	page.WriteString("<details><summary>whole texts</summary><table><tr>")
	for _, v := range all {
		page.WriteString("<th>" + html.EscapeString(c.labels(v.rows)) + "</th>")
	}
	page.WriteString("</tr><tr>")
	for n, v := range all {
		at := len(v.ids)
		if n > 0 {
			at = firstDifference(ref.ids, v.ids)
			notes = append(notes, fmt.Sprintf("%s: parts at token %s, after %s\n  reference: %s\n  here:      %s", c.labels(v.rows), thousands(at+1),
				c.quote(ref.ids, at-tokensBefore, at), c.quote(ref.ids, at, at+tokensBehind), c.quote(v.ids, at, at+tokensBehind)))
		}
		fmt.Fprintf(&page, `<td style="vertical-align:top;text-align:left;white-space:pre-wrap">%s<b>%s</b></td>`,
			html.EscapeString(c.tokens(v.ids[:at])), html.EscapeString(c.tokens(v.ids[at:])))
	}
	page.WriteString("</tr></table></details>")
	s := lines("texts", notes)
	s.html += page.String()
	return s
}

// quote is some of a text, quoted.
func (c *Comparison) quote(ids []int, from, to int) string {
	from, to = max(from, 0), min(to, len(ids))
	if from >= to {
		if to == len(ids) {
			return "(the end)"
		}
		return "(the beginning)"
	}
	return strconv.Quote(strings.ToValidUTF8(c.tokens(ids[from:to]), "\uFFFD"))
}
