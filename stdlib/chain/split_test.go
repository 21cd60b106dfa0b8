package chain

import (
	"strings"
	"testing"
	"unicode/utf8"

	"loupe/engine"
	"loupe/engine/store/lesson/train/corpus"
)

func load(t testing.TB, cfg engine.LoadConfig) *engine.Model {
	t.Helper()
	m, err := engine.Load("lesson", cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// checkPieces holds what must be so for any document and splitter.
func checkPieces(t *testing.T, m *engine.Model, d Document, sp Splitter, pieces []Piece) {
	t.Helper()
	if got := Join(pieces); got != d.Text {
		t.Fatalf("pieces join to %q, the document is %q", got, d.Text)
	}
	all := m.TokenizePlain(d.Text)
	before := 0
	for i, p := range pieces {
		if p.Text != d.Text[p.Start:p.End] || p.Fresh != before || p.Start > p.Fresh || p.End <= p.Fresh || p.Index != i {
			t.Fatalf("piece %d has offsets %d, %d, %d after %d and text %q", i, p.Start, p.Fresh, p.End, before, p.Text)
		}
		before = p.End
		if n := len(m.TokenizePlain(p.Text)); n > sp.Tokens || n != p.Tokens {
			t.Fatalf("piece %d of at most %d tokens has %d and says %d: %q", i, sp.Tokens, n, p.Tokens, p.Text)
		}
		if i > 0 && pieces[i-1].TokenEnd-p.TokenStart > sp.Overlap {
			t.Fatalf("piece %d begins %d tokens before the end of the last, asked for %d", i, pieces[i-1].TokenEnd-p.TokenStart, sp.Overlap)
		}
		if !utf8.ValidString(p.Text) {
			t.Fatalf("piece %d is cut inside a character: %q", i, p.Text)
		}
		from, to := len(m.Detokenize(all[:p.TokenStart])), len(m.Detokenize(all[:p.TokenEnd]))
		if from > p.Start || p.TokenStart < len(all) && len(m.Detokenize(all[:p.TokenStart+1])) <= p.Start {
			t.Fatalf("piece %d from byte %d says token %d, which begins at %d", i, p.Start, p.TokenStart, from)
		}
		if to > p.End || p.TokenEnd < len(all) && len(m.Detokenize(all[:p.TokenEnd+1])) <= p.End {
			t.Fatalf("piece %d to byte %d says token %d, which begins at %d", i, p.End, p.TokenEnd, to)
		}
	}
}

func FuzzSplit(f *testing.F) {
	src := corpus.New(corpus.TestSeeds)
	for _, text := range []string{
		src.Needles(3, 20).Text,
		src.Story().Text + "\n\n" + src.Story().Text + "\r\n\r\n  " + src.Story().Text,
		"# Head\n\ntext. More text!\n\n```go\nfunc f() {\n\n\treturn\n}\n```\n\n## Next\n- a\n- b\n",
		"package x\n\nfunc f() {\n\ta()\n\n\tb()\n}\n\n// g does.\nfunc g() {}\n",
		"häßlich 漢字かな交じり文。次の文です。 👩‍👩‍👧‍👦👩‍👩‍👧‍👦 e\u0301e\u0301\u0301\u0301\u0301\u0301\u0301",
		strings.Repeat("x", 300), "a\n\n\n\n\n\n\n\n\n\n\n\n b", " \n ", "<|user|> a <|end|>", "a b",
	} {
		f.Add(text, 7, 2, "")
		f.Add(text, 40, 10, "markdown")
		f.Add(text, 3, 0, "code")
	}
	m := load(f, engine.LoadConfig{})
	f.Fuzz(func(t *testing.T, text string, tokens, overlap int, format string) {
		if len(text) > 3000 {
			return
		}
		d := Document{Text: text, Format: Format(format)}
		sp := Splitter{Tokens: tokens, Overlap: overlap}
		pieces, err := sp.Split(m, d)
		if err != nil {
			if pieces != nil {
				t.Fatal("pieces beside an error")
			}
			// Four bytes are at most four tokens of a byte-level vocabulary.
			if d.check(0) == nil && tokens >= 4 && overlap >= 0 && overlap < tokens {
				t.Fatal(err)
			}
			return
		}
		checkPieces(t, m, d, sp, pieces)
	})
}

// Where a piece ends: the best kind of place in the upper half of what fits.
func TestCuts(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	for _, c := range []struct {
		name   string
		format Format
		text   string
		want   []string
	}{
		{"paragraph before sentence", Plain, "The fox ran. The owl sang.\n\nThe bear was shy. The goat ate pie.",
			[]string{"The fox ran. The owl sang.\n\n", "The bear was shy. The goat ate pie."}},
		{"sentence before word", Plain, "The fox ran to the mill. The owl sang. The bear was shy.",
			[]string{"The fox ran to the mill. The owl sang. ", "The bear was shy."}},
		{"wrapped lines end no sentence", Plain, "The fox ran to\nthe mill. The owl\nsang at the pond.",
			[]string{"The fox ran to\nthe mill. ", "The owl\nsang at the pond."}},
		{"word", Plain, "The fox the owl Pip the goat", []string{"The fox the owl ", "Pip the goat"}},
		{"heading before paragraph", Markdown, "The fox ran.\n\n# The owl\n\nThe owl sang.",
			[]string{"The fox ran.\n\n", "# The owl\n\nThe owl sang."}},
		{"no heading in a fence", Markdown, "```\na\n\n# b\n```\n\nThe owl sang.",
			[]string{"```\na\n\n# b\n```\n\n", "The owl sang."}},
		{"declaration before block", Code, "func a() {\n\tb()\n\n\tc()\n}\n\nfunc d() {\n\n\te()\n}\n",
			[]string{"func a() {\n\tb()\n\n\tc()\n}\n\n", "func d() {\n\n\te()\n}\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := Document{Text: c.text, Format: c.format}
			sp := Splitter{}
			for _, w := range c.want {
				sp.Tokens = max(sp.Tokens, len(m.TokenizePlain(w)))
			}
			pieces, err := sp.Split(m, d)
			if err != nil {
				t.Fatal(err)
			}
			checkPieces(t, m, d, sp, pieces)
			var got []string
			for _, p := range pieces {
				got = append(got, p.Text)
			}
			if strings.Join(got, "|") != strings.Join(c.want, "|") {
				t.Errorf("cut into %q, want %q", got, c.want)
			}
		})
	}
}

// An overlap repeats whole sentences if it is long enough for one.
func TestOverlap(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	d := Document{Text: strings.Repeat("The fox ran to the mill. The owl sang. ", 12)}
	sp := Splitter{Tokens: 40, Overlap: 12}
	pieces, err := sp.Split(m, d)
	if err != nil {
		t.Fatal(err)
	}
	checkPieces(t, m, d, sp, pieces)
	for _, p := range pieces[1:] {
		if p.Start == p.Fresh || !strings.HasPrefix(p.Text, "The ") {
			t.Errorf("piece %d begins at %d with new text at %d: %q", p.Index, p.Start, p.Fresh, p.Text)
		}
	}
}

func TestSplitRefuses(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	for _, c := range []struct {
		d    Document
		sp   Splitter
		want string
	}{
		{Document{Text: " \n"}, Splitter{Tokens: 5}, "chain: document 1 is empty"},
		{Document{Name: "a", Text: "ab\xff"}, Splitter{Tokens: 5}, `chain: document "a" is not UTF-8 text: byte 0xff at offset 2`},
		{Document{Text: "ab\x00"}, Splitter{Tokens: 5}, "zero byte at offset 2"},
		{Document{Text: "ab", Format: "latex"}, Splitter{Tokens: 5}, `Format "latex"`},
		{Document{Text: "ab"}, Splitter{}, "Splitter.Tokens is 0"},
		{Document{Text: "ab"}, Splitter{Tokens: 5, Overlap: 5}, "Splitter.Overlap is 5"},
		{Document{Text: "ab"}, Splitter{Tokens: 5, Overlap: -1}, "Splitter.Overlap is -1"},
		{Document{Text: "\U0001F469"}, Splitter{Tokens: 1}, "not one character fits"},
	} {
		pieces, err := c.sp.Split(m, c.d)
		if err == nil || !strings.Contains(err.Error(), c.want) || pieces != nil {
			t.Errorf("%+v of %q: %v, want %q", c.sp, c.d.Text, err, c.want)
		}
	}
}
