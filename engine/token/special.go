package token

import (
	"cmp"
	"slices"
	"strings"
)

// specialToken is a token that is found in a text before anything else.
type specialToken struct {
	id   int
	text string
	kind Kind
	trim bool // blanks that follow are dropped
}

// findSpecial lists the special tokens, the longest text first, so that a token
// whose text holds another's is found whole.
//
// After those of Phi-3 blanks are dropped. No key of a file says so: the model's
// name does, as in llama.cpp.
func (t *Tokenizer) findSpecial(v Vocab) {
	name := strings.ToLower(v.Name)
	phi := strings.Contains(name, "phi-3") || strings.Contains(name, "phi3")
	keeps := []string{"<unk>", "<s>", "<|endoftext|>"}
	for id, k := range t.kinds {
		if text := t.tokens[id]; (k == Control || k == UserDefined || k == Unknown) && text != "" {
			t.special = append(t.special, specialToken{id, text, k, phi && !slices.Contains(keeps, text)})
		}
	}
	slices.SortStableFunc(t.special, func(a, b specialToken) int { return cmp.Compare(len(b.text), len(a.text)) })
}

// partition cuts text at special tokens and hands the parts on in order. User-
// defined tokens are found always, the others only when special is set. Of two
// that overlap the longer one wins, wherever it begins, as in llama.cpp.
func (t *Tokenizer) partition(text string, special bool, part func(string), token func(int)) {
	t.cut(text, 0, special, part, token)
}

// cut handles text with the special tokens from number first on.
func (t *Tokenizer) cut(text string, first int, special bool, part func(string), token func(int)) {
	for i := first; i < len(t.special) && text != ""; i++ {
		s := t.special[i]
		if !special && s.kind != UserDefined {
			continue
		}
		for {
			at := strings.Index(text, s.text)
			if at < 0 {
				break
			}
			t.cut(text[:at], i+1, special, part, token)
			token(s.id)
			text = text[at+len(s.text):]
			if s.trim {
				text = strings.TrimLeft(text, " \t\n\v\f\r")
			}
		}
	}
	if text != "" {
		part(text)
	}
}
