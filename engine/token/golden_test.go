package token_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loupe/engine/enginetest"
	"loupe/engine/token"
)

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
	seen := golden(t, open(t, enginetest.SmolLM2(t)), "smollm2", quirks)
	if len(seen) != len(quirks) {
		t.Errorf("of the quirks only %v occur in the cases", seen)
	}
}

// SentencePiece keeps every byte, so there are no quirks.
func TestGoldenGemma(t *testing.T) {
	path := enginetest.File(t, "gemma3-270m-q4_k_m.gguf", "get it with: loupe pull gemma3-270m")
	golden(t, open(t, path), "gemma3", nil)
}

// golden compares with the two sets of a model and returns the quirks that it met.
func golden(t *testing.T, tok *token.Tokenizer, model string, quirks map[string]string) map[string]bool {
	total, seen := 0, map[string]bool{}
	for _, file := range []string{model + "-tokenizer.json", "set2-" + model + "-tokenizer.json"} {
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
				seen[c.Hex] = true
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
			if !strings.HasPrefix(file, "set2-") {
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
	return seen
}

// The vectors that come with llama.cpp's vocabularies, all of them. Those of a kind
// that does not run are refused, by its name.
func TestVectors(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(enginetest.LlamaCpp(t, "models"), "ggml-vocab-*.gguf.inp"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d vocabularies with vectors, %v", len(files), err)
	}
	for _, inp := range files {
		path := strings.TrimSuffix(inp, ".inp")
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "ggml-vocab-"), ".gguf")
		t.Run(name, func(t *testing.T) {
			if name == "bert-bge" {
				var kind *token.UnknownModelError
				if _, err := fromFile(t, path); !errors.As(err, &kind) || !strings.Contains(err.Error(), "WordPiece") {
					t.Errorf("error %v", err)
				}
				return
			}
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
			if len(inputs) < 40 || len(outputs) < len(inputs) {
				t.Fatalf("%d inputs, %d outputs", len(inputs), len(outputs))
			}
			for i, in := range inputs {
				got := ""
				for _, id := range tok.Encode(in, token.EncodeOptions{}) {
					got += fmt.Sprintf(" %d", id)
				}
				if want := outputs[i]; strings.TrimSpace(got) != strings.TrimSpace(want) {
					t.Errorf("%q: %s, want %s", in, got, want)
				}
			}
		})
	}
}

// splits is testdata/splits.json; its header says what it holds.
type splits struct {
	What, Reference string

	BOS, EOS int
	EOG      []int
	Tokens   []string
	Types    []token.Kind
	Merges   []string
	Texts    []string // hex
	Groups   []struct {
		Names   []string
		AddBOS  bool    `json:"add_bos"`
		Plain   [][]int // by text
		Special [][]int `json:"special_and_bos"`
	}
}

func readSplits(t testing.TB) (s splits) {
	t.Helper()
	data, err := os.ReadFile("testdata/splits.json")
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *splits) vocab(pre string) token.Vocab {
	return token.Vocab{Model: "gpt2", Pre: pre, Tokens: s.Tokens, Kinds: s.Types, Merges: s.Merges, BOS: s.BOS, EOS: s.EOS, EOT: token.None, EOM: token.None}
}

// Every name of a pre-tokenizer that is accepted gives llama.cpp's ids. The
// vocabulary is made for this: its merges reach across every kind of boundary, so
// a word that is cut in the wrong place gives other ids.
func TestSplits(t *testing.T) {
	s := readSplits(t)
	if *splitsDir != "" {
		s.widen()
		_, err := token.New(s.vocab("unknown"))
		_, list, _ := strings.Cut(fmt.Sprint(err), "it runs: ")
		makeSplits(t, s, strings.Split(list, ", "))
		return
	}
	proven := []string{}
	for _, g := range s.Groups {
		for _, name := range g.Names {
			proven = append(proven, name)
			tok, err := token.New(s.vocab(name))
			if err != nil {
				t.Error(err)
				continue
			}
			for i, text := range s.Texts {
				b, err := hex.DecodeString(text)
				if err != nil {
					t.Fatal(err)
				}
				if got := tok.Encode(string(b), token.EncodeOptions{}); !slices.Equal(got, g.Plain[i]) {
					t.Errorf("%s: %q gave %v, want %v", name, b, got, g.Plain[i])
				}
				if got := tok.Encode(string(b), token.EncodeOptions{Special: true, BOS: true}); !slices.Equal(got, g.Special[i]) {
					t.Errorf("%s: %q with special tokens gave %v, want %v", name, b, got, g.Special[i])
				}
			}
			for id := range tok.Len() {
				if want := slices.Contains(s.EOG, id); tok.IsEOG(id) != want {
					t.Errorf("%s: IsEOG(%q) is %v", name, tok.Piece(id), !want)
				}
			}
		}
	}
	// The error for an unknown name lists the known ones.
	_, err := token.New(s.vocab("unknown"))
	_, list, _ := strings.Cut(fmt.Sprint(err), "it runs: ")
	slices.Sort(proven)
	if got := strings.Split(list, ", "); !slices.Equal(got, proven) {
		t.Errorf("names that run %v, of which llama.cpp's ids are known %v", got, proven)
	}
}
