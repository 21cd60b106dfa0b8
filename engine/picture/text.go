package picture

import (
	"fmt"
	"strings"

	"github.com/mattn/go-runewidth"
)

// columns measures text as a terminal shows it, whatever the locale.
var columns = &runewidth.Condition{}

const (
	maxTextRows = 64 // lines of cells: what a screen or two hold
	maxRowLabel = 14
	maxColLabel = 7
	maxRowNote  = 24
	ramp        = " .:-=+*#%@"
	rampBelow   = " ,~oO&" // of a diverging scale, from 0 downwards
	rampAbove   = " .+*#@"
)

// density is the character of a level without colour.
func (s scale) density(level int) string {
	switch level {
	case levelNone:
		return " "
	case levelNaN:
		return "?"
	case levelPos:
		return "^"
	case levelNeg:
		return "v"
	}
	if !s.diverging {
		return string(ramp[level*len(ramp)/levels])
	}
	mid := levels / 2
	if level < mid {
		return string(rampBelow[(mid-level)*(len(rampBelow)-1)/mid])
	}
	return string(rampAbove[(level-mid)*(len(rampAbove)-1)/mid])
}

// Terminal is h as text that fits width columns, with colors colours: 1<<24,
// 256, 16, or 0 for characters by density. A cell is two columns wide where
// that fits, and half a character high where it does not.
func (h Heat) Terminal(width, colors int) string {
	if err := h.Check(); err != nil {
		return err.Error()
	}
	s := h.scale()
	var b strings.Builder
	if h.Title != "" {
		b.WriteString(columns.Truncate(clean1(h.Title), width, "…") + "\n")
	}
	if len(h.Values) == 0 {
		return b.String() + fmt.Sprintf("(%d x %d: no values)", h.Rows, h.Cols)
	}
	left := 1
	for i := range h.Rows {
		left = max(left, min(columns.StringWidth(label(h.RowLabels, i)), maxRowLabel))
	}
	left = min(left, max(width/4, 1))
	room, behind := max(width-left-1, 2), h.noteWidth()
	if behind > 0 && room-behind-1 < width/3 {
		behind = 0 // no room
	}
	if behind > 0 {
		room -= behind + 1
	}
	cell, high := 2, 1
	if 2*h.Cols > room || h.Rows > maxTextRows {
		cell = 1
		if colors > 0 && (h.Rows > maxTextRows || len(h.RowNotes) == 0) {
			high = 2
		}
	}
	r := h.reduce(maxTextRows*high, room/cell)
	r.colLabels(&b, left, cell)
	for i := 0; i < r.rows; i += high {
		b.WriteString(columns.FillLeft(columns.Truncate(r.row(i), left, "…"), left) + " ")
		was := ""
		for j := range r.cols {
			level, below := r.level(s, i, j), -1
			if colors == 0 {
				b.WriteString(strings.Repeat(s.density(level), cell))
				continue
			}
			if high == 2 {
				below = levelNone
				if i+1 < r.rows {
					below = r.level(s, i+1, j)
				}
			}
			code, char := s.cell(level, below, colors)
			if code != was {
				b.WriteString("\x1b[" + code + "m")
				was = code
			}
			b.WriteString(strings.Repeat(char, cell))
		}
		if colors > 0 {
			b.WriteString("\x1b[0m")
		}
		if t := r.behind(i); t != "" && behind > 0 && high == 1 {
			b.WriteString(" " + columns.FillLeft(columns.Truncate(t, behind, "…"), behind))
		}
		b.WriteString("\n")
	}
	notes := []string{s.bar(colors, min(20, width/3))}
	for _, n := range []string{s.beside(), h.axes(), r.note()} {
		if n != "" {
			notes = append(notes, n)
		}
	}
	b.WriteString(flow(notes, width))
	return b.String()
}

// cell is the escape sequence parameters and the character of a level, or, with below
// from 0 on, of one above another.
func (s scale) cell(level, below, colors int) (code, char string) {
	switch {
	case level == levelNone && (below < 0 || below == levelNone):
		return "0", " "
	case below < 0:
		return "0;" + s.paint(level, colors, false), " "
	case below == levelNone:
		return "0;" + s.paint(level, colors, true), "▀"
	case level == levelNone:
		return "0;" + s.paint(below, colors, true), "▄"
	}
	// The upper half is the character's colour, the lower the background.
	return "0;" + s.paint(level, colors, true) + ";" + s.paint(below, colors, false), "▀"
}

// flow puts notes on lines of at most width columns.
func flow(notes []string, width int) string {
	var b strings.Builder
	at := 0
	for i, n := range notes {
		w := columns.StringWidth(plain(n))
		switch {
		case i > 0 && at+3+w <= width:
			b.WriteString(" · ")
			at += 3
		case i > 0:
			b.WriteString("\n")
			at = 0
		}
		if w > width {
			n = columns.Truncate(plain(n), width, "…")
			w = width
		}
		b.WriteString(n)
		at += w
	}
	return b.String()
}

// plain is text without its colours.
func plain(s string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "\x1b[")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		_, s, _ = strings.Cut(rest, "m")
	}
}

// bar is the scale with its numbers.
func (s scale) bar(colors, n int) string {
	var b strings.Builder
	b.WriteString(number(s.lo) + " ")
	for i := range n {
		level := i * (levels - 1) / max(n-1, 1)
		if colors == 0 {
			b.WriteString(s.density(level))
		} else {
			b.WriteString("\x1b[" + s.paint(level, colors, false) + "m ")
		}
	}
	if colors > 0 {
		b.WriteString("\x1b[0m")
	}
	b.WriteString(" " + number(s.hi))
	if s.nan+s.pos+s.neg > 0 && colors == 0 {
		b.WriteString(" (? NaN, ^ +Inf, v -Inf)")
	}
	return b.String()
}

// colLabels writes the labels of columns downwards, above them.
func (r reduced) colLabels(b *strings.Builder, left, cell int) {
	var list [][]rune
	high := 0
	for j := range r.cols {
		t := []rune(r.col(j))
		if len(t) > maxColLabel {
			t = append(t[:maxColLabel-1:maxColLabel-1], '…')
		}
		list = append(list, t)
		high = max(high, len(t))
	}
	for y := range high {
		line := strings.Repeat(" ", left+1)
		for _, t := range list {
			char := ""
			if k := y - (high - len(t)); k >= 0 { // they stand on the cells
				char = string(t[k])
			}
			if columns.StringWidth(char) > cell {
				char = "+" // no room for a wide character
			}
			line += columns.FillRight(char, cell)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}
