package token_test

import (
	"slices"
	"testing"

	"loupe/engine/token"
)

// What ends a generation, and the company in which it does not.
func TestEndOfGeneration(t *testing.T) {
	for _, c := range []struct {
		name   string
		tokens []string // added as normal tokens
		edit   func(v *token.Vocab, first int)
		ends   []string
		normal []string // neither an end nor control
	}{
		{name: "by text", tokens: []string{"<|eot_id|>", "<|im_start|>x", "</s>"}, ends: []string{"<|eot_id|>", "</s>"}, normal: []string{"<|im_start|>x"}},
		{name: "by key", tokens: []string{"stop", "turn", "message", "end"},
			edit: func(v *token.Vocab, first int) { v.EOS, v.EOT, v.EOM = first, first+1, first+2 },
			ends: []string{"stop", "turn", "message"}, normal: []string{"end"}},
		{name: "fill-in-the-middle", tokens: []string{"<fim_pad>", "<|fim_repo|>", "<|file_sep|>", "<fim_x>"},
			ends: []string{"<fim_pad>", "<|fim_repo|>", "<|file_sep|>"}, normal: []string{"<fim_x>"}},
		{name: "fill-in-the-middle by key", tokens: []string{"pad", "[PAD]"},
			edit: func(v *token.Vocab, first int) { v.FIM = map[string]int{"pad": first} },
			ends: []string{"pad"}, normal: []string{"[PAD]"}},
		{name: "phi", tokens: []string{"<|end|>", "<|return|>"}, ends: []string{"<|end|>", "<|return|>"}},
		{name: "gpt-oss", tokens: []string{"<|end|>", "<|return|>", "<|call|>", "<|channel|>"},
			ends: []string{"<|return|>", "<|call|>"}, normal: []string{"<|end|>", "<|channel|>"}},
		{name: "solar", tokens: []string{"<|end|>", "<|flush|>", "<|calls|>"}, ends: []string{"<|flush|>", "<|calls|>"}, normal: []string{"<|end|>"}},
		{name: "gemma 4", tokens: []string{"</s>", "<|tool_response>"}, ends: []string{"<|tool_response>"}, normal: []string{"</s>"}},
		{name: "plamo", tokens: []string{"</s>", "<|plamo:eos|>"},
			edit: func(v *token.Vocab, first int) { v.EOS = first + 1 },
			ends: []string{"<|plamo:eos|>"}, normal: []string{"</s>"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok := tiny(t, func(v *token.Vocab) {
				v.Tokens, v.Kinds = slices.Clip(v.Tokens[:256]), slices.Clip(v.Kinds[:256])
				v.Merges, v.BOS, v.EOS = nil, token.None, token.None
				for _, s := range c.tokens {
					v.Tokens, v.Kinds = append(v.Tokens, s), append(v.Kinds, token.Normal)
				}
				if c.edit != nil {
					c.edit(v, 256)
				}
			})
			for i, s := range c.tokens {
				id := 256 + i
				if got, want := tok.IsEOG(id), slices.Contains(c.ends, s); got != want {
					t.Errorf("IsEOG(%q) is %v", s, got)
				}
				if slices.Contains(c.normal, s) && tok.IsControl(id) {
					t.Errorf("%q is control", s)
				}
			}
		})
	}
}

// A token that ends a generation is control whatever the file says: it is not
// read out of plain text, and gives none.
func TestEndIsControl(t *testing.T) {
	tok := tiny(t, func(v *token.Vocab) {
		v.Tokens, v.Kinds = append(slices.Clip(v.Tokens), "</s>"), append(slices.Clip(v.Kinds), token.UserDefined)
	})
	id := tok.Len() - 1
	if !tok.IsControl(id) {
		t.Error("</s> is not control")
	}
	if ids := tok.Encode("</s>", token.EncodeOptions{}); slices.Contains(ids, id) {
		t.Errorf("plain text gave %v", ids)
	}
	if ids := tok.Encode("</s>", token.EncodeOptions{Special: true}); !slices.Equal(ids, []int{id}) {
		t.Errorf("special tokens gave %v", ids)
	}
	if s := tok.NewStream().Push(id); s != "" {
		t.Errorf("the stream gave %q", s)
	}
}
