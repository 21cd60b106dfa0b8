package token_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"loupe/engine/enginetest"
	"loupe/engine/token"
)

// Special tokens, the space in front and bytes outside the vocabulary, as
// llama.cpp reads them with its own SentencePiece vocabularies.
func TestSPMGolden(t *testing.T) {
	data, err := os.ReadFile("testdata/spm/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g struct {
		Vocabularies []struct {
			Name  string
			EOG   []int
			Cases []struct {
				Hex            string
				Plain, Special []int
			}
		}
	}
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	for _, v := range g.Vocabularies {
		t.Run(v.Name, func(t *testing.T) {
			tok := open(t, enginetest.LlamaCpp(t, "models/ggml-vocab-"+v.Name+".gguf"))
			for _, c := range v.Cases {
				text, err := hex.DecodeString(c.Hex)
				if err != nil {
					t.Fatal(err)
				}
				if got := tok.Encode(string(text), token.EncodeOptions{}); !slices.Equal(got, c.Plain) {
					t.Errorf("%q gave %v, want %v", text, got, c.Plain)
				}
				if got := tok.Encode(string(text), token.EncodeOptions{Special: true, BOS: true}); !slices.Equal(got, c.Special) {
					t.Errorf("%q with special tokens gave %v, want %v", text, got, c.Special)
				}
			}
			for id := range tok.Len() {
				if want := slices.Contains(v.EOG, id); tok.IsEOG(id) != want {
					t.Errorf("IsEOG(%q) is %v", tok.Piece(id), !want)
				}
			}
		})
	}
}

// tinySPM is a vocabulary of the bytes, some characters, and words of a and b with
// scores that compete.
func tinySPM(r *rand.Rand) token.Vocab {
	no := false
	v := token.Vocab{Model: "llama", BOS: 1, EOS: 2, EOT: token.None, EOM: token.None, SpacePrefix: &no}
	add := func(text string, kind token.Kind, score float32) {
		if !slices.Contains(v.Tokens, text) {
			v.Tokens, v.Kinds, v.Scores = append(v.Tokens, text), append(v.Kinds, kind), append(v.Scores, score)
		}
	}
	add("<unk>", token.Unknown, 0)
	add("<s>", token.Control, 0)
	add("</s>", token.Control, 0)
	for b := range 256 {
		add(fmt.Sprintf("<0x%02X>", b), token.Byte, 0)
	}
	for _, c := range "ab▁é" {
		add(string(c), token.Normal, -100)
	}
	for range 60 {
		var b strings.Builder
		for range 2 + r.IntN(4) {
			b.WriteString([]string{"a", "b", "▁", "é"}[r.IntN(4)])
		}
		add(b.String(), token.Normal, -float32(r.IntN(20)))
	}
	return v
}

// naiveSPM merges as the definition says: look at all neighbours, join the leftmost
// of the highest score, begin again.
func naiveSPM(v token.Vocab, text string) []int {
	parts := strings.Split(strings.ReplaceAll(text, " ", "▁"), "")
	for {
		best, at := float32(math.Inf(-1)), -1
		for i := 1; i < len(parts); i++ {
			if id := slices.Index(v.Tokens, parts[i-1]+parts[i]); id >= 0 && v.Scores[id] > best {
				best, at = v.Scores[id], i-1
			}
		}
		if at < 0 {
			break
		}
		parts[at] += parts[at+1]
		parts = slices.Delete(parts, at+1, at+2)
	}
	var ids []int
	for _, p := range parts {
		if id := slices.Index(v.Tokens, p); id >= 0 {
			ids = append(ids, id)
			continue
		}
		for _, b := range []byte(p) {
			ids = append(ids, 3+int(b))
		}
	}
	return ids
}

func TestScoresByDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	for range 40 {
		v := tinySPM(r)
		tok, err := token.New(v)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			var b strings.Builder
			for range 1 + r.IntN(40) {
				b.WriteString([]string{"a", "b", " ", "é", "z", "🚀"}[min(r.IntN(12), 5)])
			}
			text := b.String()
			ids := tok.Encode(text, token.EncodeOptions{})
			if want := naiveSPM(v, text); !slices.Equal(ids, want) {
				t.Fatalf("%q gave %v, want %v", text, ids, want)
			}
			roundTrip(t, tok, text)
		}
	}
}

// A space goes in front of the text and behind every special token, unless the
// file says no.
func TestSpacePrefix(t *testing.T) {
	v := tinySPM(rand.New(rand.NewPCG(1, 1)))
	for _, c := range []struct {
		prefix *bool
		want   string
	}{{nil, "<s> a</s> b"}, {v.SpacePrefix, "<s>a</s>b"}} {
		v.SpacePrefix = c.prefix
		tok, err := token.New(v)
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Decode(tok.Encode("a</s>b", token.EncodeOptions{Special: true, BOS: true})); got != c.want {
			t.Errorf("came back as %q, want %q", got, c.want)
		}
		if ids := tok.Encode("", token.EncodeOptions{BOS: true}); !slices.Equal(ids, []int{1}) {
			t.Errorf("no text gave %v", ids)
		}
	}
}

// Bytes that are not UTF-8 come back as they were.
func TestSPMKeepsBytes(t *testing.T) {
	tok, err := token.New(tinySPM(rand.New(rand.NewPCG(2, 1))))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(2, 2))
	for range 500 {
		b := make([]byte, r.IntN(12))
		for i := range b {
			b[i] = byte(r.IntN(256))
		}
		if got := tok.Decode(tok.Encode(string(b), token.EncodeOptions{})); got != string(b) {
			t.Fatalf("%q came back as %q", b, got)
		}
	}
	long := strings.Repeat("ab é", 200_000)
	if got := tok.Decode(tok.Encode(long, token.EncodeOptions{})); got != long {
		t.Error("a text of a megabyte did not come back")
	}
}

func TestBadSPMIsRefused(t *testing.T) {
	good := tinySPM(rand.New(rand.NewPCG(1, 1)))
	for _, bad := range []struct {
		edit func(*token.Vocab)
		want string
	}{
		{func(v *token.Vocab) { v.Scores = nil }, "tokenizer.ggml.scores has 0 scores for"},
		{func(v *token.Vocab) { v.Scores = v.Scores[1:] }, "scores for"},
		{func(v *token.Vocab) { v.Scores[5] = float32(math.NaN()) }, `tokenizer.ggml.scores[5] is NaN, of the token "<0x02>"`},
		{func(v *token.Vocab) { v.Tokens[5] = "two" }, "1 of the 256 bytes have no token"},
		{func(v *token.Vocab) { v.Tokens[5] = "a" }, `are both "a"`},
		{func(v *token.Vocab) { v.BOS = token.None }, "tokenizer.ggml.bos_token_id"},
		{func(v *token.Vocab) { v.BOS = 1 << 20 }, "bos_token_id is 1048576"},
	} {
		v := good
		v.Tokens, v.Scores = slices.Clone(v.Tokens), slices.Clone(v.Scores)
		bad.edit(&v)
		if _, err := token.New(v); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("error %v does not say %q", err, bad.want)
		}
	}
}

// A vocabulary is foreign input: whatever it holds, it is refused or it works.
func FuzzSPM(f *testing.F) {
	f.Add("abc\nbc", "abcbc", byte(1), float32(1))
	f.Add("<|end|>\n▁", " \xff<|end|>", byte(4), float32(-1))
	f.Fuzz(func(t *testing.T, more, text string, kind byte, score float32) {
		v := tinySPM(rand.New(rand.NewPCG(1, 1)))
		for i, s := range strings.Split(more, "\n") {
			v.Tokens, v.Kinds, v.Scores = append(v.Tokens, s), append(v.Kinds, token.Kind(kind)), append(v.Scores, score*float32(i))
		}
		tok, err := token.New(v)
		if err != nil {
			return
		}
		ids := tok.Encode(text, token.EncodeOptions{Special: true})
		for _, id := range ids {
			if id < 0 || id >= tok.Len() {
				t.Fatalf("%q gave token %d of %d", text, id, tok.Len())
			}
		}
		if !strings.Contains(text, "▁") && token.Kind(kind) == token.Normal && utf8.ValidString(more) && tok.Decode(ids) != text {
			t.Fatalf("%q came back as %q", text, tok.Decode(ids))
		}
	})
}

// BPE on characters: merges within lines, bytes for what is no token, text that comes
// back whole.
func TestCharacters(t *testing.T) {
	v := token.Vocab{Model: "gemma4", BOS: 0, EOS: token.None, EOT: token.None, EOM: token.None}
	add := func(text string, kind token.Kind) {
		v.Tokens, v.Kinds = append(v.Tokens, text), append(v.Kinds, kind)
	}
	add("<bos>", token.Control)
	for b := range 256 {
		add(fmt.Sprintf("<0x%02X>", b), token.Byte)
	}
	for _, s := range []string{"▁", "a", "b", "é", "\n", "\n\n", "ab", "▁ab", "éa"} {
		add(s, token.Normal)
	}
	v.Merges = []string{"a b", "▁ ab", "é a", "x y", "xy z"} // x, y, z and what they make are no tokens
	tok, err := token.New(v)
	if err != nil {
		t.Fatal(err)
	}
	id := func(s string) int { return slices.Index(v.Tokens, s) }
	for text, want := range map[string][]int{
		" abéa":  {id("▁ab"), id("éa")},
		"a\n\nb": {id("a"), id("\n\n"), id("b")},
		"\n\n\n": {id("\n"), id("\n"), id("\n")},
		"xyz":    {id("<0x78>"), id("<0x79>"), id("<0x7A>")},
		"日a日b":   {1 + 0xE6, 1 + 0x97, 1 + 0xA5, id("a"), 1 + 0xE6, 1 + 0x97, 1 + 0xA5, id("b")},
	} {
		if got := tok.Encode(text, token.EncodeOptions{}); !slices.Equal(got, want) {
			t.Errorf("%q gave %v, want %v", text, got, want)
		}
	}
	for _, s := range samples {
		roundTrip(t, tok, s)
	}
	no := false
	v.AddBOS = &no
	if tok, err = token.New(v); err != nil {
		t.Fatal(err)
	}
	if got := tok.Encode("a", token.EncodeOptions{BOS: true}); !slices.Equal(got, []int{0, id("a")}) {
		t.Errorf("BOS is added whatever the file says: %v", got)
	}
	v.Tokens = slices.Clone(v.Tokens)
	v.Tokens[7] = "seven"
	if _, err = token.New(v); err == nil || !strings.Contains(err.Error(), "1 of the 256 bytes have no token") {
		t.Errorf("a byte is missing: %v", err)
	}
}
