package token_test

import (
	"math/rand/v2"
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
	tok, err := fromFile(t, path)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func fromFile(t testing.TB, path string) (*token.Tokenizer, error) {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return token.FromGGUF(f)
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

// roundTrip checks that the bytes of text come back, at once and streamed.
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
	for _, pre := range []string{"gpt-2", "smollm", "llama-bpe", "qwen2", "deepseek-llm", "deepseek-coder", "deepseek-v3", "qwen35", "tekken", "gpt-4o", "falcon"} {
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
		{func(v *token.Vocab) { v.Model = "t5" }, `tokenizer.ggml.model is "t5" (Unigram)`},
		{func(v *token.Vocab) { v.Model = "bert" }, "(WordPiece)"},
		{func(v *token.Vocab) { v.Pre = "bloom" }, `tokenizer.ggml.pre is "bloom"`},
		{func(v *token.Vocab) { v.Pre = "bloom" }, "it runs: a.x-4.0, chatglm-bpe"},
		{func(v *token.Vocab) { v.Pre = "" }, `tokenizer.ggml.pre is ""`},
		{func(v *token.Vocab) { v.Tokens = tokens[200:] }, "no byte-level vocabulary"},
		{func(v *token.Vocab) { v.Kinds = make([]token.Kind, 3) }, "3 token types"},
		{func(v *token.Vocab) { v.Kinds = make([]token.Kind, len(tokens)); v.Kinds[7] = 77 }, "tokenizer.ggml.token_type[7] is 77"},
		{func(v *token.Vocab) { v.Merges = []string{"ab"} }, `merges[0] is "ab"`},
		{func(v *token.Vocab) { v.Merges = []string{""} }, `merges[0] is ""`},
		{func(v *token.Vocab) { v.EOS = 100000 }, "eos_token_id is 100000"},
		{func(v *token.Vocab) { yes := true; v.AddBOS = &yes }, "tokenizer.ggml.bos_token_id"},
		{func(v *token.Vocab) { v.AddEOS = true }, "tokenizer.ggml.eos_token_id"},
		{func(v *token.Vocab) { v.FIM = map[string]int{"sep": -2} }, "fim_sep_token_id is -2"},
		{func(v *token.Vocab) { v.Tokens = append(slices.Clip(v.Tokens), "the") }, `are both "the"`},
	} {
		v := good
		bad.edit(&v)
		if _, err := token.New(v); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("error %v does not say %q", err, bad.want)
		}
	}
}

// A key that is missing, or holds another kind of value, is named.
func TestKeys(t *testing.T) {
	refused := func(key string, value any, want string) {
		t.Helper()
		c := enginetest.DefaultTiny()
		c.Meta = map[string]any{key: value}
		f, err := gguf.Open(c.Write(t))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		tok, err := token.FromGGUF(f)
		if err == nil || tok != nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "token: ") {
			t.Errorf("%s = %v: error %v, want %q", key, value, err, want)
		}
	}
	for _, key := range []string{"model", "pre", "tokens", "merges"} {
		key = "tokenizer.ggml." + key
		refused(key, nil, key+": the file has no such key")
	}
	for key, wrong := range map[string]any{
		"model": uint32(1), "pre": true, "tokens": "text", "merges": "text", "token_type": []string{"x"},
		"bos_token_id": "1", "fim_pad_token_id": "1", "add_bos_token": "yes", "add_eos_token": uint32(1),
	} {
		key = "tokenizer.ggml." + key
		refused(key, wrong, key)
	}
	refused("tokenizer.ggml.eot_token_id", uint32(1<<32-1), "eot_token_id is ")
	refused("tokenizer.ggml.model", "bert", `is "bert" (WordPiece)`)
	refused("tokenizer.ggml.model", "llama", "tokenizer.ggml.scores: the file has no such key")
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
	for _, pre := range []string{"smollm", "deepseek-llm", "deepseek-coder", "deepseek-v3", "tekken", "qwen35"} {
		tok := tiny(t, func(v *token.Vocab) { v.Pre = pre })
		for _, unit := range []string{" \n", "  ", "A", "\u0301", "!", "1"} {
			long := strings.Repeat(unit, 100_000)
			if got := tok.Decode(tok.Encode(long, token.EncodeOptions{})); got != long {
				t.Errorf("%s: 100,000 times %q did not come back", pre, unit)
			}
		}
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

// A vocabulary is foreign input: whatever it holds, it is refused or it works.
func FuzzVocab(f *testing.F) {
	tokens, merges, _ := enginetest.DefaultTiny().Vocab()
	f.Add("", "h e", "he", byte(1))
	f.Add("<|end|>\n</s>", "a b\nab c\nq \n  x", "abc<|end|>\x00", byte(3))
	f.Add("abcd", "a b\nab cd", "abcd", byte(4))
	f.Fuzz(func(t *testing.T, more, some, text string, kind byte) {
		v := token.Vocab{Model: "gpt2", Pre: "llama-bpe", Tokens: slices.Clone(tokens), Merges: slices.Clone(merges), BOS: 0, EOS: 1, EOT: token.None, EOM: token.None}
		v.Tokens = append(v.Tokens, strings.Split(more, "\n")...)
		v.Merges = append(strings.Split(some, "\n"), v.Merges...)
		for i := range v.Tokens {
			v.Kinds = append(v.Kinds, token.Normal)
			if i >= len(tokens) {
				v.Kinds[i] = token.Kind(kind)
			}
		}
		tok, err := token.New(v)
		if err != nil {
			return
		}
		ids := tok.Encode(text, token.EncodeOptions{})
		for _, id := range ids {
			if id < 0 || id >= tok.Len() {
				t.Fatalf("%q gave token %d of %d", text, id, tok.Len())
			}
		}
		if token.Kind(kind) == token.Normal && utf8.ValidString(text) && utf8.ValidString(more) && tok.Decode(ids) != text {
			t.Fatalf("%q came back as %q", text, tok.Decode(ids))
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range samples {
		f.Add(s)
	}
	var toks []*token.Tokenizer
	for _, pre := range []string{"gpt-2", "smollm", "llama-bpe", "qwen2", "deepseek-llm", "deepseek-v3", "tekken"} {
		toks = append(toks, tiny(f, func(v *token.Vocab) { v.Pre = pre }))
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, tok := range toks {
			roundTrip(t, tok, s)
			tok.Encode(s, token.EncodeOptions{Special: true, BOS: true}) // any bytes: no panic
		}
	})
}
