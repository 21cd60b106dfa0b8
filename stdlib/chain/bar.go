package chain

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const barCells = 24

// Bar is a Chain.OnEvent for a terminal: one line, drawn anew, with a bar, the
// step that runs, its answer's end and the time left. Refused answers and
// failed steps get lines of their own, which stay.
func Bar(w io.Writer) func(e Event) {
	answers, width := map[*Result]string{}, 0 // of steps at work
	line := func(s string) {
		n := utf8.RuneCountInString(s)
		fmt.Fprintf(w, "\r%s%s", s, strings.Repeat(" ", max(width-n, 0)))
		width = n
	}
	stay := func(s string) {
		line(s)
		fmt.Fprintln(w)
		width = 0
	}
	return func(e Event) {
		switch e.Kind {
		case Texted:
			answers[e.Result] += e.Text
		case Refused:
			stay(fmt.Sprintf("%s refused: %s", e.Result.Step, oneLine(e.Text)))
			delete(answers, e.Result)
		case Failed:
			stay(oneLine(e.Result.Err.Error()))
		}
		total := max(e.Total, e.Steps, 1)
		full := barCells * e.Steps / total
		s := fmt.Sprintf("[%s%s] %d/%d %s", strings.Repeat("#", full), strings.Repeat(".", barCells-full), e.Steps, total, e.Result.Step)
		if about := e.Result.about(); about != "" {
			s += ", " + about
		}
		if e.Left > 0 {
			s += " · " + duration(e.Left.Seconds()) + " left"
		}
		if tail := []rune(oneLine(answers[e.Result])); len(tail) > 0 {
			s += " · " + string(tail[max(len(tail)-20, 0):])
		}
		line(s)
		if e.Kind == Done || e.Kind == Failed {
			delete(answers, e.Result)
		}
		if e.Kind != Started && e.Kind != Texted && e.Steps == total {
			fmt.Fprintln(w)
			width = 0
		}
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
