package experiment

import (
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"

	"loupe/engine"
)

func TestNoCache(t *testing.T) {
	m, err := engine.Load("lesson", engine.LoadConfig{Threads: 1, Exact: true})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	x, err := NoCache(m, "Once there was a rabbit", 20)
	if err != nil {
		t.Fatal(err)
	}
	p, n := x.PromptTokens, len(x.With.Each)
	if x.With.TokenPasses != p+n-1 || x.Without.TokenPasses != p*n+n*(n-1)/2 || !x.Same || x.With.Text != x.Without.Text {
		t.Errorf("%+v", x)
	}
	for form, text := range x.Display() {
		if !strings.Contains(text, "cache off") || !strings.Contains(text, "off") {
			t.Errorf("%s: %s", form, text)
		}
	}
	for _, width := range []int{40, 80, 120} {
		for _, colors := range []int{0, 256} {
			if got := x.Terminal(width, colors); text.LongestLineLen(got) > width || !strings.Contains(got, "cache off") {
				t.Errorf("in %d columns:\n%s", width, got)
			}
		}
	}
	if _, err := NoCache(m, "Once", 1); err == nil {
		t.Error("one token")
	}
}
