package tables

import (
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// However narrow the terminal, a table fits it and loses nothing that it holds.
func TestTablesFit(t *testing.T) {
	w := New()
	w.SetTitle("a title of %d words", 5)
	w.AppendHeader(table.Row{"layer", "first", "second", "a list of numbers", "last"})
	w.SetColumnConfigs(Right(5))
	w.AppendRow(table.Row{0, "abc", "de f", "1111 2222 3333 4444 5555 6666 7777 8888 9999", "x"})
	w.AppendRow(table.Row{1, "日本", "├──┼──┤", "0 1 2 3", "yy"})
	w.AppendFooter(table.Row{"all", "", "", "sum", "z"})
	all := w.Render()
	for width := 24; width < 120; width++ {
		got := w.Within(width)
		for _, line := range strings.Split(got, "\n") {
			if n := text.StringWidthWithoutEscSequences(line); n > width {
				t.Fatalf("within %d: a line of %d columns:\n%s", width, n, got)
			}
		}
		for _, word := range strings.FieldsFunc(all, func(r rune) bool { return strings.ContainsRune(" │\n", r) }) {
			if !strings.Contains(word, "─") && !strings.Contains(got, word) {
				t.Fatalf("within %d: %q is lost:\n%s", width, word, got)
			}
		}
		if n := strings.Count(got, "title"); n != 1 {
			t.Fatalf("within %d: the title stands there %d times:\n%s", width, n, got)
		}
	}
	if w.Within(200) != all || w.Render() != all {
		t.Error("Within changed the table")
	}
}
