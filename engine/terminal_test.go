package engine

import (
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
)

// What looks into a model fits a terminal of 40 columns, with colours and without.
func TestValuesFitTheTerminal(t *testing.T) {
	m := lesson(t, LoadConfig{KCacheType: Q4_0, VCacheType: Q8_0})
	s := m.NewSession()
	if _, err := s.Eval(m.Tokenize("Once there was a rabbit who lived under the old mill. Once there was a rabbit.")); err != nil {
		t.Fatal(err)
	}
	type shower interface {
		Terminal(width, colors int) string
	}
	var values []shower
	add := func(x shower, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, x)
	}
	add(s.Cache(), nil)
	add(s.Cache().ByLayer, nil)
	add(s.K(1, 0))
	add(s.Stored(1, 3))
	add(s.CacheError())
	add(s.Attention(1, 2))
	add(s.AttentionLayer(1))
	add(s.AttentionRow(1, 2, 5))
	add(s.Neurons(1, 2, 5))
	add(s.Effect(Ablate(1, 2)))
	add(s.LogitLens(0))
	add(s.ScanHeads())
	add(s.Fork().KeepSinks(4, 4))
	for _, x := range values {
		for _, width := range []int{40, 80, 200} {
			for _, colors := range []int{0, 16, 256, 1 << 24} {
				got := x.Terminal(width, colors)
				if n := text.LongestLineLen(got); n > width {
					t.Errorf("%T: %d columns, not %d:\n%s", x, n, width, got)
				}
				if colors == 0 && strings.Contains(got, "\x1b") {
					t.Errorf("%T: colours where there are none", x)
				}
			}
		}
	}
}
