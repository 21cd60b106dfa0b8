package repl

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// columns measures text as a terminal shows it, whatever the locale says about
// ambiguous characters.
var columns = &runewidth.Condition{}

const caretIndent = 4

// caretLines are the source line of an error and the line with a caret under
// column col, which counts bytes from 1. Tabs are shown as spaces. A line that
// is wider than width shows a window around the caret. Both are "" when there
// is no place to point at.
func caretLines(source string, col, width int) (text, caret string) {
	if strings.TrimSpace(source) == "" || col < 1 {
		return "", ""
	}
	source = strings.TrimRight(source, "\r\n")
	at := min(col-1, len(source))
	before, after := expandTabs(source[:at], 0)
	rest, _ := expandTabs(source[at:], after)

	room := width - caretIndent - 1
	if room < 20 {
		room = 20
	}
	if after+columns.StringWidth(rest) > room {
		if after > room*2/3 {
			cut := after - room/2
			before = "…" + columns.TruncateLeft(before, cut, "")
			after = columns.StringWidth(before)
		}
		rest = columns.Truncate(rest, room-after, "…")
	}
	pad := strings.Repeat(" ", caretIndent)
	return pad + before + rest, pad + strings.Repeat(" ", after) + "^"
}

// expandTabs replaces tabs by spaces to the next stop and control characters
// by a visible one. start is the column at which s begins; end is where it ends.
func expandTabs(s string, start int) (text string, end int) {
	var b strings.Builder
	end = start
	for _, r := range s {
		switch {
		case r == '\t':
			n := tabWidth - end%tabWidth
			b.WriteString(strings.Repeat(" ", n))
			end += n
		case r < 0x20 || r == 0x7f:
			b.WriteRune('·')
			end++
		default:
			b.WriteRune(r)
			end += columns.RuneWidth(r)
		}
	}
	return b.String(), end
}
