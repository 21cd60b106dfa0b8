package token_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"loupe/engine/enginetest"
	"loupe/engine/gguf"
	"loupe/engine/token"
)

// open makes the tokenizer of a file.
func open(t testing.TB, path string) *token.Tokenizer {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tok, err := token.FromGGUF(f)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// tiny is a vocabulary of bytes and a few merges.
func tiny(t testing.TB, edit ...func(*token.Vocab)) *token.Tokenizer {
	t.Helper()
	tokens, merges, types := enginetest.DefaultTiny().Vocab()
	v := token.Vocab{Model: "gpt2", Pre: "smollm", Tokens: tokens, Merges: merges, BOS: len(tokens) - 2, EOS: len(tokens) - 1, EOT: token.None, EOM: token.None}
	for _, k := range types {
		v.Kinds = append(v.Kinds, token.Kind(k))
	}
	for _, e := range edit {
		e(&v)
	}
	tok, err := token.New(v)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

type goldenCase struct {
	Name        string  `json:"name"`
	Text        *string `json:"text"`
	Hex         string  `json:"hex"`
	IDs         []int   `json:"ids"`
	IDsSpecial  []int   `json:"ids_special"`       // first set: special tokens parsed, BOS added
	IDsParse    []int   `json:"ids_parse_special"` // second set
	IDsAdd      []int   `json:"ids_add_and_parse"`
	PiecesHex   string  `json:"pieces_hex"`
	DetokHex    string  `json:"detok_hex"`
	DetokParse  string  `json:"detok_parse_hex"`
	DetokPlain  string  `json:"detok_parse_plain_hex"`
	PeerFailure string  `json:"llama_cpp_error"`
}

// quirks are inputs that are not UTF-8 and that llama.cpp reads in a way not
// worth following: here each bad byte is U+FFFD, as everywhere.
var quirks = map[string]string{
	"c0af":     "an overlong form: llama.cpp reads it as a slash",
	"f4908080": "beyond U+10FFFF: llama.cpp throws",
}

func TestGolden(t *testing.T) {
	tok := open(t, enginetest.SmolLM2(t))
	total := 0
	for _, file := range []string{"smollm2-tokenizer.json", "set2-smollm2-tokenizer.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		var set struct{ Cases []goldenCase }
		if err := json.Unmarshal(data, &set); err != nil {
			t.Fatal(err)
		}
		for _, c := range set.Cases {
			input, err := hex.DecodeString(c.Hex)
			if err != nil {
				t.Fatal(err)
			}
			text := string(input)
			if c.Text != nil && c.Hex == "" {
				text = *c.Text
			}
			if _, ok := quirks[c.Hex]; ok {
				want := tok.Encode(strings.Repeat("\uFFFD", len(text)), token.EncodeOptions{})
				if got := tok.Encode(text, token.EncodeOptions{}); !slices.Equal(got, want) {
					t.Errorf("%q: %v, want U+FFFD for each byte: %v", text, got, want)
				}
				continue
			}
			check := func(what string, o token.EncodeOptions, want []int) {
				t.Helper()
				if got := tok.Encode(text, o); !slices.Equal(got, want) {
					t.Errorf("%s %q, %s: %v, want %v", file, text, what, got, want)
				}
			}
			bytes := func(what string, ids []int, want string) {
				t.Helper()
				if got := hex.EncodeToString([]byte(tok.Decode(ids))); got != want {
					t.Errorf("%s %q, %s: decoded %s, want %s", file, text, what, got, want)
				}
			}
			check("plain", token.EncodeOptions{}, c.IDs)
			if file == "smollm2-tokenizer.json" {
				check("special", token.EncodeOptions{Special: true, BOS: true}, c.IDsSpecial)
				bytes("special", c.IDsSpecial, c.PiecesHex)
			} else {
				check("special", token.EncodeOptions{Special: true}, c.IDsParse)
				check("special and BOS", token.EncodeOptions{Special: true, BOS: true}, c.IDsAdd)
				bytes("plain", c.IDs, c.DetokHex)
				bytes("special", c.IDsParse, c.DetokParse)
				plain := slices.DeleteFunc(slices.Clone(c.IDsParse), tok.IsControl)
				bytes("without control tokens", plain, c.DetokPlain)
			}
			total++
		}
	}
	if total < 200 {
		t.Errorf("only %d cases were compared", total)
	}
}

// The vectors that come with llama.cpp's vocabularies.
func TestVectors(t *testing.T) {
	for _, name := range []string{"starcoder", "refact", "gpt-2", "llama-bpe", "qwen2", "command-r"} {
		t.Run(name, func(t *testing.T) {
			path := enginetest.LlamaCpp(t, "models/ggml-vocab-"+name+".gguf")
			tok := open(t, path)
			read := func(suffix string) string {
				data, err := os.ReadFile(path + suffix)
				if err != nil {
					t.Fatal(err)
				}
				return string(data)
			}
			inputs := strings.Split(read(".inp"), "\n__ggml_vocab_test__\n")
			outputs := strings.Split(read(".out"), "\n")
			n := 0
			for i, in := range inputs {
				if i >= len(outputs) {
					t.Fatalf("%d inputs, %d outputs", len(inputs), len(outputs))
				}
				got := ""
				for _, id := range tok.Encode(in, token.EncodeOptions{}) {
					got += fmt.Sprintf(" %d", id)
				}
				if want := outputs[i]; strings.TrimSpace(got) != strings.TrimSpace(want) {
					t.Errorf("%q: %s, want %s", in, got, want)
				}
				n++
			}
			if n < 40 {
				t.Errorf("only %d inputs", n)
			}
		})
	}
}

// Whatever the words, the bytes come back; and no word of one rule gets past
// another's. Every pre-tokenizer.
func roundTrip(t *testing.T, tok *token.Tokenizer, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		return
	}
	ids := tok.Encode(text, token.EncodeOptions{})
	if got := tok.Decode(ids); got != text {
		t.Fatalf("%q came back as %q", text, got)
	}
	s := tok.NewStream()
	streamed := ""
	for _, id := range ids {
		part := s.Push(id)
		if !utf8.ValidString(part) {
			t.Fatalf("%q: the stream gave %q", text, part)
		}
		streamed += part
	}
	if rest := s.Flush(); streamed+rest != text {
		t.Fatalf("%q streamed as %q and %q", text, streamed, rest)
	}
}

var samples = []string{
	"", " ", "  ", "\n", "\t \t", "a", "the man and the hen", "don't DON'T we'LL 'S", "3.14159 12345 ½ Ⅷ ٣",
	"Äpfel 🚀🚀🚀 日本語 नमस्ते", "x\r\ny\n\n  z  \n", "   leading", "trailing   ", "a\u00a0b\u2003c", "\u200d\u200b", "é vs e\u0301",
	"!!! ... ?!\n\n\nnext", "=== {}\n\t\tif (a) {", strings.Repeat("a", 300), strings.Repeat(" ", 100) + "x", "\x00\x01\x7f",
}

func TestRoundTrip(t *testing.T) {
	for _, pre := range []string{"gpt-2", "smollm", "llama-bpe", "qwen2"} {
		tok := tiny(t, func(v *token.Vocab) { v.Pre = pre })
		for _, s := range samples {
			roundTrip(t, tok, s)
		}
		r := rand.New(rand.NewPCG(3, 4))
		for range 300 {
			var b strings.Builder
			for range r.IntN(40) {
				switch r.IntN(4) {
				case 0:
					b.WriteRune(rune(r.IntN(128)))
				case 1:
					b.WriteRune(rune(r.IntN(0x3000)))
				case 2:
					b.WriteString([]string{" ", "\n", "'s", "  ", "12", "the", "\r\n", "!"}[r.IntN(8)])
				default:
					b.WriteRune(rune(0x1F300 + r.IntN(0x300)))
				}
			}
			roundTrip(t, tok, strings.ToValidUTF8(b.String(), ""))
		}
	}
}

// A stream gives the same text however the bytes fall into tokens, and what is
// cut off in the end is said.
func TestStreamOfBytes(t *testing.T) {
	tok := tiny(t, func(v *token.Vocab) { v.Merges = nil }) // every byte its own token
	for _, s := range samples {
		roundTrip(t, tok, s)
	}
	ids := tok.Encode("aé🚀", token.EncodeOptions{})
	s := tok.NewStream()
	var parts []string
	for _, id := range ids {
		parts = append(parts, s.Push(id))
	}
	if want := []string{"a", "", "é", "", "", "", "🚀"}; !slices.Equal(parts, want) {
		t.Errorf("parts %q, want %q", parts, want)
	}
	s = tok.NewStream()
	for _, id := range ids[:len(ids)-1] {
		s.Push(id)
	}
	if got := s.Flush(); got != "\uFFFD\uFFFD\uFFFD" {
		t.Errorf("three bytes of a character cut off come out as %q", got)
	}
	s = tok.NewStream()
	if got := s.Push(ids[1]) + s.Push(ids[0]); got != "\uFFFDa" {
		t.Errorf("a broken character and a letter come out as %q", got)
	}
}

func TestSpecialTokens(t *testing.T) {
	tok := tiny(t)
	im, _ := tok.ID("<|im_start|>")
	end, _ := tok.ID("<|im_end|>")
	text := "<|im_start|>the<|im_end|>"
	ids := tok.Encode(text, token.EncodeOptions{Special: true})
	if len(ids) != 3 || ids[0] != im || ids[2] != end {
		t.Errorf("special tokens in %q: %v", text, ids)
	}
	plain := tok.Encode(text, token.EncodeOptions{})
	if slices.Contains(plain, im) || tok.Decode(plain) != text {
		t.Errorf("unparsed: %v", plain)
	}
	if !tok.IsEOG(end) || tok.IsEOG(im) || !tok.IsControl(im) || tok.IsControl(int('a')) {
		t.Error("kinds of special tokens are wrong")
	}
	if s := tok.NewStream(); s.Push(im)+s.Push(int('a')) != string(tok.Piece(int('a'))) {
		t.Error("a control token came out as text")
	}
	if got := tok.Piece(1 << 30); len(got) != 0 || tok.Piece(-1) != nil {
		t.Errorf("an id outside the vocabulary stands for %q", got)
	}
}

func TestBOS(t *testing.T) {
	yes, no := true, false
	with := tiny(t, func(v *token.Vocab) { v.AddBOS = &yes; v.AddEOS = true })
	bos, _ := with.BOS()
	eos, _ := with.EOS()
	if ids := with.Encode("a", token.EncodeOptions{BOS: true}); len(ids) != 3 || ids[0] != bos || ids[2] != eos {
		t.Errorf("with BOS and EOS: %v", ids)
	}
	if ids := with.Encode("a", token.EncodeOptions{}); len(ids) != 1 {
		t.Errorf("not asked for: %v", ids)
	}
	// llama-bpe adds one unless the file says no; the others do not.
	for pre, adds := range map[string]bool{"llama-bpe": true, "smollm": false, "qwen2": false} {
		if ids := tiny(t, func(v *token.Vocab) { v.Pre = pre }).Encode("a", token.EncodeOptions{BOS: true}); (len(ids) == 2) != adds {
			t.Errorf("%s: %v", pre, ids)
		}
	}
	if ids := tiny(t, func(v *token.Vocab) { v.Pre = "llama-bpe"; v.AddBOS = &no }).Encode("a", token.EncodeOptions{BOS: true}); len(ids) != 1 {
		t.Errorf("llama-bpe with add_bos_token false: %v", ids)
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	tokens, merges, _ := enginetest.DefaultTiny().Vocab()
	good := token.Vocab{Model: "gpt2", Pre: "smollm", Tokens: tokens, Merges: merges, BOS: token.None, EOS: token.None, EOT: token.None, EOM: token.None}
	for _, bad := range []struct {
		edit func(*token.Vocab)
		want string
	}{
		{func(v *token.Vocab) { v.Model = "llama" }, `tokenizer.ggml.model is "llama" (SentencePiece)`},
		{func(v *token.Vocab) { v.Model = "bert" }, "(WordPiece)"},
		{func(v *token.Vocab) { v.Pre = "tekken" }, `tokenizer.ggml.pre is "tekken"`},
		{func(v *token.Vocab) { v.Pre = "default" }, `tokenizer.ggml.pre is "default"`},
		{func(v *token.Vocab) { v.Tokens = tokens[200:] }, "no byte-level vocabulary"},
		{func(v *token.Vocab) { v.Kinds = make([]token.Kind, 3) }, "3 token types"},
		{func(v *token.Vocab) { v.Merges = []string{"ab"} }, `merges[0] is "ab"`},
		{func(v *token.Vocab) { v.Merges = []string{""} }, `merges[0] is ""`},
		{func(v *token.Vocab) { v.EOS = 100000 }, "eos_token_id is 100000"},
		{func(v *token.Vocab) { yes := true; v.AddBOS = &yes }, "names none"},
	} {
		v := good
		bad.edit(&v)
		if _, err := token.New(v); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("error %v does not say %q", err, bad.want)
		}
	}
	for _, key := range []string{"tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.ggml.tokens", "tokenizer.ggml.merges"} {
		c := enginetest.DefaultTiny()
		c.Meta = map[string]any{key: nil}
		f, err := gguf.Open(c.Write(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := token.FromGGUF(f); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("without %s: %v", key, err)
		}
		f.Close()
	}
}

// One long word must not take quadratic time: a hundred times the length may
// take far less than ten thousand times the steps. Counted in merges, not in
// seconds: the test ends at all only if the work is near linear.
func TestLongWord(t *testing.T) {
	tok := tiny(t)
	word := strings.Repeat("the", 300_000)
	ids := tok.Encode(word, token.EncodeOptions{})
	if got := tok.Decode(ids); got != word {
		t.Error("a word of 900,000 letters did not come back")
	}
	blanks := strings.Repeat(" \n", 300_000)
	if got := tok.Decode(tok.Encode(blanks, token.EncodeOptions{})); got != blanks {
		t.Error("600,000 blanks did not come back")
	}
}

func TestConcurrentUse(t *testing.T) {
	tok := tiny(t)
	want := tok.Encode(samples[9], token.EncodeOptions{Special: true})
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 50 {
				if got := tok.Encode(samples[9], token.EncodeOptions{Special: true}); !slices.Equal(got, want) {
					t.Errorf("%v, want %v", got, want)
				}
			}
		}()
	}
	wg.Wait()
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range samples {
		f.Add(s)
	}
	var toks []*token.Tokenizer
	for _, pre := range []string{"gpt-2", "smollm", "llama-bpe", "qwen2"} {
		toks = append(toks, tiny(f, func(v *token.Vocab) { v.Pre = pre }))
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, tok := range toks {
			roundTrip(t, tok, s)
			tok.Encode(s, token.EncodeOptions{Special: true, BOS: true}) // any bytes: no panic
		}
	})
}
