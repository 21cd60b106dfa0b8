package corpus

import (
	"regexp"
	"slices"
	"strings"

	"loupe/engine/token"
)

const (
	vocabSeed    = 1 << 31 // no row of training has it
	vocabSamples = 4000    // documents that merges are counted in
)

// control are the tokens 0 to 3.
var control = []string{Begin, End, User, Assistant}

// NewVocab trains the tokenizer: byte-level BPE (Sennrich et al., 2016) over
// documents of the corpus. The same code gives the same vocabulary, always.
func NewVocab() token.Vocab {
	v := token.Vocab{Model: "gpt2", Pre: "smollm", EOT: token.None, EOM: token.None, BOS: 0, EOS: 1, AddBOS: new(bool)}
	*v.AddBOS = true
	for _, c := range control {
		v.Tokens, v.Kinds = append(v.Tokens, c), append(v.Kinds, token.Control)
	}
	for b := range 256 {
		v.Tokens, v.Kinds = append(v.Tokens, string(letter(byte(b)))), append(v.Kinds, token.Normal)
	}
	for _, m := range merges() {
		v.Merges = append(v.Merges, m[0]+" "+m[1])
		v.Tokens, v.Kinds = append(v.Tokens, m[0]+m[1]), append(v.Kinds, token.Normal)
	}
	return v
}

// pieces cuts English of the corpus as the pre-tokenizer "smollm" does.
var pieces = regexp.MustCompile(`'s| ?[A-Za-z]+| ?[^\sA-Za-z0-9]+|[0-9]|\s`)

// merges finds merges until each word of the samples is one token: always the pair
// that is there most often, of equals the first in order of the alphabet.
func merges() [][2]string {
	counts := map[string]int{}
	src := New(vocabSeed)
	for i := range vocabSamples {
		room := 0
		if i%4 == 0 {
			room = 512
		}
		for _, part := range src.Draw(512, room, Mixes["first"]) {
			if !slices.Contains(control, part.Text) {
				for _, w := range pieces.FindAllString(part.Text, -1) {
					counts[w]++
				}
			}
		}
	}
	type word struct {
		parts []string
		count int
	}
	var words []word
	for text, count := range counts {
		w := word{count: count}
		for _, b := range []byte(text) {
			w.parts = append(w.parts, string(letter(b)))
		}
		words = append(words, w)
	}
	var found [][2]string
	for {
		pairs := map[[2]string]int{}
		for _, w := range words {
			for i := 1; i < len(w.parts); i++ {
				pairs[[2]string{w.parts[i-1], w.parts[i]}] += w.count
			}
		}
		if len(pairs) == 0 {
			return found
		}
		var best [2]string
		for p, c := range pairs {
			if c > pairs[best] || c == pairs[best] && strings.Compare(p[0]+" "+p[1], best[0]+" "+best[1]) < 0 {
				best = p
			}
		}
		found = append(found, best)
		for i := range words {
			words[i].parts = merge(words[i].parts, best)
		}
	}
}

// merge joins a pair wherever it stands.
func merge(parts []string, pair [2]string) []string {
	out := parts[:0]
	for i := 0; i < len(parts); i++ {
		if i+1 < len(parts) && parts[i] == pair[0] && parts[i+1] == pair[1] {
			out = append(out, pair[0]+pair[1])
			i++
			continue
		}
		out = append(out, parts[i])
	}
	return out
}

// letter is byte-level BPE's printable stand-in for a byte (Radford et al., 2019).
func letter(b byte) rune {
	printable := func(b int) bool { return b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE }
	if printable(int(b)) {
		return rune(b)
	}
	n := rune(256)
	for i := range int(b) {
		if !printable(i) {
			n++
		}
	}
	return n
}
