package repl

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"loupe/kernel"
)

// completer answers Tab. It inserts what all candidates share and prints the
// candidates above the line, as bash does; it never opens the editor's own
// grid, which divides by zero in a terminal narrower than a candidate.
type completer struct {
	candidates func(src string, cursor int) (from int, list []kernel.Candidate)
	print      func(string)
	width      func() int

	asked string // the line up to the cursor at the last Tab that listed
}

const (
	detailLimit = 12 // so many candidates are listed with their types at once
	listLimit   = 20 // rows of a list
)

// Do returns the one text to insert at pos, or nothing.
func (c *completer) Do(line []rune, pos int) (insert [][]rune, shared int) {
	left := string(line[:pos])
	row := left
	if i := strings.LastIndex(left, string(foldNewline)); i >= 0 {
		row = left[i+len(string(foldNewline)):]
	}
	if blank(unfold(row)) {
		return [][]rune{[]rune(foldedTabGroup)}, 0
	}
	src, cursor := unfold(string(line)), len(unfold(left))
	from, all := c.candidates(src, cursor)
	if from < 0 || from > cursor || len(all) == 0 {
		return nil, 0
	}
	typed := src[from:cursor]
	var match []kernel.Candidate
	for _, cand := range all {
		if strings.HasPrefix(cand.Text, typed) {
			match = append(match, cand)
		}
	}
	if len(match) == 0 {
		match = all // other cases of letters: shown, not inserted
	} else if more := commonPrefix(match)[len(typed):]; more != "" {
		c.asked = ""
		return [][]rune{[]rune(more)}, utf8.RuneCountInString(typed)
	}
	again := c.asked == left
	c.asked = left
	c.print(c.list(match, again || len(match) <= detailLimit))
	return nil, 0
}

func commonPrefix(list []kernel.Candidate) string {
	p := list[0].Text
	for _, c := range list[1:] {
		n := 0
		for n < len(p) && n < len(c.Text) && p[n] == c.Text[n] {
			n++
		}
		p = p[:n]
	}
	for !utf8.ValidString(p) {
		p = p[:len(p)-1]
	}
	return p
}

// list lays the candidates out: names in columns, or a line each with the type.
func (c *completer) list(list []kernel.Candidate, detail bool) string {
	width := c.width() - 1
	longest := 0
	for _, cand := range list {
		longest = max(longest, columns.StringWidth(cand.Text))
	}
	perRow := 1
	if !detail {
		perRow = max(width/(longest+2), 1)
	}
	rows := (len(list) + perRow - 1) / perRow
	limit := listLimit
	if detail && len(list) > detailLimit {
		limit = 2 * listLimit
	}
	shown := min(rows, limit)
	var b strings.Builder
	for row := range shown {
		var line strings.Builder
		for col := range perRow {
			i := col*rows + row // down the columns, as ls does
			if i >= len(list) {
				break
			}
			name := list[i].Text
			if detail {
				fmt.Fprintf(&line, "  %s  %s", columns.FillRight(name, min(longest, 28, max(width/2, 8))), list[i].Detail)
				if d := list[i].Doc; d != "" {
					line.WriteString("  // " + d)
				}
				break
			}
			line.WriteString(columns.FillRight(name, longest+2))
		}
		b.WriteString(columns.Truncate(strings.TrimRight(line.String(), " "), width, "…") + "\n")
	}
	if rows > shown {
		hidden := 0
		for i := range list {
			if i%rows >= shown {
				hidden++
			}
		}
		b.WriteString(columns.Truncate(fmt.Sprintf("… %d more", hidden), width, "…") + "\n")
	}
	return b.String()
}
