package token_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loupe/engine/gguf"
	"loupe/engine/token"
)

var splitsDir = flag.String("splits", "", "folder to make testdata/splits.json in, with testdata/splits/llama.cpp")

// camelText is the n-th text on cases, marks and scripts that splitters tell apart.
func camelText(n int) string {
	parts := []string{"a", "b", "A", "B", "'s", "'LL", "/", "1", "234", " ", "  ", "!", "\n", "\r\n", "é", "É", "e\u0301", "\u0301", "क्षि", "一", "あア", "가",
		"！", "。", "‘", "_", "$", "`", "€", "ǅ", "ª", "\u3000", "\t", "iPhone", "HTTPServer", "xY", "{}", "٣", "Ⅷ"}
	r := rand.New(rand.NewPCG(12, uint64(n)))
	var b strings.Builder
	for range 2 + r.IntN(9) {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String()
}

// makeSplits writes models with the vocabulary of s under every name, or, once
// llama.cpp has read them, splits.json.
func makeSplits(t *testing.T, s splits, names []string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	groups, err := os.ReadFile(filepath.Join(*splitsDir, "groups"))
	if errors.Is(err, fs.ErrNotExist) {
		var texts strings.Builder
		for _, text := range s.Texts {
			fmt.Fprintln(&texts, text)
		}
		must(os.WriteFile(filepath.Join(*splitsDir, "texts"), []byte(texts.String()), 0o644))
		must(os.WriteFile(filepath.Join(*splitsDir, "names"), []byte(strings.Join(names, "\n")+"\n"), 0o644))
		types := make([]int32, len(s.Types))
		for i, k := range s.Types {
			types[i] = int32(k)
		}
		for _, name := range names {
			w := gguf.NewWriter()
			for _, kv := range []struct {
				key   string
				value any
			}{
				{"general.architecture", "llama"}, {"tokenizer.ggml.model", "gpt2"}, {"tokenizer.ggml.pre", name}, {"tokenizer.ggml.tokens", s.Tokens},
				{"tokenizer.ggml.token_type", types}, {"tokenizer.ggml.merges", s.Merges},
				{"tokenizer.ggml.bos_token_id", uint32(s.BOS)}, {"tokenizer.ggml.eos_token_id", uint32(s.EOS)},
			} {
				must(w.Set(kv.key, kv.value))
			}
			must(w.WriteFile(filepath.Join(*splitsDir, name+".gguf")))
		}
		return
	}
	must(err)
	type answer struct {
		Name    string
		AddBOS  bool    `json:"add_bos"`
		Plain   [][]int `json:"plain"`
		Special [][]int `json:"special_and_bos"`
	}
	type group struct {
		Names   []string `json:"names"`
		AddBOS  bool     `json:"add_bos"`
		Plain   [][]int  `json:"plain"`
		Special [][]int  `json:"special_and_bos"`
	}
	var all []group
	lines := bufio.NewScanner(bytes.NewReader(groups))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var a answer
		must(json.Unmarshal(lines.Bytes(), &a))
		same := slices.IndexFunc(all, func(g group) bool {
			return g.AddBOS == a.AddBOS && fmt.Sprint(g.Plain, g.Special) == fmt.Sprint(a.Plain, a.Special)
		})
		if same < 0 {
			all = append(all, group{nil, a.AddBOS, a.Plain, a.Special})
			same = len(all) - 1
		}
		all[same].Names = append(all[same].Names, a.Name)
	}
	data, err := json.Marshal(struct {
		What      string       `json:"what"`
		Reference string       `json:"reference"`
		BOS       int          `json:"bos"`
		EOS       int          `json:"eos"`
		EOG       []int        `json:"eog"`
		Tokens    []string     `json:"tokens"`
		Types     []token.Kind `json:"types"`
		Merges    []string     `json:"merges"`
		Texts     []string     `json:"texts"`
		Groups    []group      `json:"groups"`
	}{s.What, s.Reference, s.BOS, s.EOS, s.EOG, s.Tokens, s.Types, s.Merges, s.Texts, all})
	must(err)
	must(os.WriteFile("testdata/splits.json", append(data, '\n'), 0o644))
}

// widen adds to the vocabulary and the texts what the splitters that know cases and
// marks differ by, unless it is there.
func (s *splits) widen() {
	const first = "a B"
	if slices.Contains(s.Merges, first) {
		return
	}
	alphabet := []string{"a", "b", "A", "B", "'", "/", "1", "Ġ", "!", "Ċ", "s", "Ì", "Ã", "ģ", "_", "$", "`", "ä", "ã", "ï", "ê"}
	for _, left := range alphabet {
		for _, right := range alphabet {
			if m := left + " " + right; !slices.Contains(s.Merges, m) {
				s.Merges = append(s.Merges, m)
			}
			if !slices.Contains(s.Tokens, left+right) {
				s.Tokens, s.Types = append(s.Tokens, left+right), append(s.Types, token.Normal)
			}
		}
	}
	for n := range 160 {
		s.Texts = append(s.Texts, hex.EncodeToString([]byte(camelText(n))))
	}
}
