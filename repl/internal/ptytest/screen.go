package ptytest

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// Screen is a terminal's screen: enough of xterm for a line editor. Rows that
// scroll off are kept.
type Screen struct {
	width, height int
	above         []string // rows that scrolled off
	rows          [][]rune // 0 stands for the right half of a wide rune
	x, y          int
	wrap          bool   // the cursor hangs behind the last column
	part          []byte // an unfinished sequence or rune
}

// NewScreen is an empty screen.
func NewScreen(width, height int) *Screen {
	s := &Screen{width: width, height: height}
	for range height {
		s.rows = append(s.rows, s.blank())
	}
	return s
}

func (s *Screen) blank() []rune { return []rune(strings.Repeat(" ", s.width)) }

// Resize cuts or pads the rows; it does not wrap them anew, as xterm does not.
func (s *Screen) Resize(width, height int) {
	s.width = width
	for i, r := range s.rows {
		s.rows[i] = append(r, s.blank()...)[:width]
	}
	for len(s.rows) < height {
		s.rows = append(s.rows, s.blank())
	}
	for len(s.rows) > height {
		if s.y < height { // empty rows below the cursor go first
			s.rows = s.rows[:len(s.rows)-1]
			continue
		}
		s.scroll()
		s.rows = s.rows[:len(s.rows)-1]
		s.y--
	}
	s.height = height
	s.x, s.wrap = min(s.x, width-1), false
}

// Rows are all rows, oldest first, without blanks at their ends and without
// empty rows at the end.
func (s *Screen) Rows() []string {
	out := append([]string(nil), s.above...)
	for _, r := range s.rows {
		out = append(out, text(r))
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

// CursorRow is the text of the cursor's row; Column is where the cursor is.
func (s *Screen) CursorRow() string { return text(s.rows[s.y]) }
func (s *Screen) Column() int       { return s.x }

func text(r []rune) string {
	var b strings.Builder
	for _, c := range r {
		if c != 0 {
			b.WriteRune(c)
		}
	}
	return strings.TrimRight(b.String(), " ")
}

func (s *Screen) Write(p []byte) (int, error) {
	s.part = append(s.part, p...)
	for len(s.part) > 0 {
		n := s.step(s.part)
		if n == 0 {
			break
		}
		s.part = s.part[n:]
	}
	return len(p), nil
}

// step handles one control or rune and returns its length, 0 if it is not whole.
func (s *Screen) step(p []byte) int {
	switch c := p[0]; {
	case c == 0x1b:
		return s.escape(p)
	case c == '\r':
		s.x, s.wrap = 0, false
	case c == '\n':
		s.down()
		s.wrap = false
	case c == '\b':
		s.x, s.wrap = max(s.x-1, 0), false
	case c == '\t':
		s.x = min((s.x/8+1)*8, s.width-1)
	case c < 0x20 || c == 0x7f:
	default:
		if !utf8.FullRune(p) {
			return 0
		}
		r, n := utf8.DecodeRune(p)
		s.put(r)
		return n
	}
	return 1
}

func (s *Screen) put(r rune) {
	w := runewidth.RuneWidth(r)
	if w == 0 {
		return
	}
	if s.wrap || s.x+w > s.width {
		s.x, s.wrap = 0, false
		s.down()
	}
	s.rows[s.y][s.x] = r
	if w == 2 && s.x+1 < s.width {
		s.rows[s.y][s.x+1] = 0
	}
	s.x += w
	if s.x >= s.width {
		s.x, s.wrap = s.width-1, true
	}
}

func (s *Screen) down() {
	if s.y+1 < s.height {
		s.y++
		return
	}
	s.scroll()
}

func (s *Screen) scroll() {
	s.above = append(s.above, text(s.rows[0]))
	s.rows = append(s.rows[1:], s.blank())
}

func (s *Screen) escape(p []byte) int {
	if len(p) < 2 {
		return 0
	}
	if p[1] != '[' {
		return 2
	}
	end := 2
	for end < len(p) && (p[end] < 0x40 || p[end] > 0x7e) {
		end++
	}
	if end == len(p) {
		return 0
	}
	params := string(p[2:end])
	n := 1
	if v, err := strconv.Atoi(params); err == nil && v > 0 {
		n = v
	}
	switch p[end] {
	case 'A':
		s.y, s.wrap = max(s.y-n, 0), false
	case 'B':
		s.y, s.wrap = min(s.y+n, s.height-1), false
	case 'C':
		s.x, s.wrap = min(s.x+n, s.width-1), false
	case 'D':
		s.x, s.wrap = max(s.x-n, 0), false
	case 'H':
		s.x, s.y, s.wrap = 0, 0, false
	case 'J':
		s.clear(s.rows[s.y], s.x, s.width)
		for _, r := range s.rows[s.y+1:] {
			s.clear(r, 0, s.width)
		}
	case 'K':
		from := s.x
		if params == "2" {
			from = 0
		}
		s.clear(s.rows[s.y], from, s.width)
	}
	return end + 1
}

func (s *Screen) clear(row []rune, from, to int) {
	for i := from; i < to; i++ {
		row[i] = ' '
	}
}
