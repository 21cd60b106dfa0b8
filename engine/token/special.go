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
}

// findSpecial lists the special tokens, the longest text first, so that a token
// whose text holds another's is found whole.
func (t *Tokenizer) findSpecial() {
	for id, k := range t.kinds {
		if (k == Control || k == UserDefined || k == Unknown) && t.tokens[id] != "" {
			t.special = append(t.special, specialToken{id, t.tokens[id], k})
		}
	}
	slices.SortStableFunc(t.special, func(a, b specialToken) int { return cmp.Compare(len(b.text), len(a.text)) })
}

// partition cuts text at special tokens and hands the parts on in order. User-
// defined tokens are found always, control tokens only when special is set. Of
// two that overlap the longer one wins, wherever it begins, as in llama.cpp.
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
		}
	}
	if text != "" {
		part(text)
	}
}

// Texts of tokens that end a generation, as llama.cpp lists them.
var eogTexts = map[string]bool{
	"<|eot_id|>": true, "<|im_end|>": true, "<|end|>": true, "<|return|>": true, "<|call|>": true,
	"<|flush|>": true, "<|calls|>": true, "<end_of_turn>": true, "<|endoftext|>": true, "</s>": true,
	"<|eom_id|>": true, "<EOT>": true, "_<EOT>": true, "[EOT]": true, "[EOS]": true,
	"<|end_of_text|>": true, "<end_of_utterance>": true, "<eos>": true, "<turn|>": true,
	"<|tool_response>": true, "<｜end▁of▁sentence｜>": true, "[e~[": true,
	// Fill-in-the-middle tokens that open another file: nothing useful follows.
	"<|fim_pad|>": true, "<fim-pad>": true, "<fim_pad>": true, "<PAD>": true, "[PAD]": true,
	"<|fim_repo|>": true, "<|repo_name|>": true, "<fim-repo>": true, "<REPO>": true, "<reponame>": true,
	"<|file_sep|>": true,
}

// findEOG collects the tokens that end a generation.
func (t *Tokenizer) findEOG(v Vocab) {
	t.eog = map[int]bool{}
	for _, id := range []int{v.EOS, v.EOT, v.EOM} {
		if id != None {
			t.eog[id] = true
		}
	}
	for text := range eogTexts {
		if id, ok := t.ids[text]; ok {
			t.eog[id] = true
		}
	}
}
