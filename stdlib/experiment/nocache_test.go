package experiment

import (
	"strings"
	"testing"

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
	if _, err := NoCache(m, "Once", 1); err == nil {
		t.Error("one token")
	}
}
