package token

import (
	"fmt"

	"loupe/engine/gguf"
)

// Kind is the type of a token, as tokenizer.ggml.token_type has it.
type Kind int32

// The kinds.
const (
	Normal      Kind = 1
	Unknown     Kind = 2
	Control     Kind = 3
	UserDefined Kind = 4
	Unused      Kind = 5
	Byte        Kind = 6
)

// None is the id of a special token that the vocabulary does not have.
const None = -1

// Vocab is what a tokenizer is made of. The comments name the keys of a GGUF file.
type Vocab struct {
	Model  string   // tokenizer.ggml.model: "gpt2"
	Pre    string   // tokenizer.ggml.pre: "smollm"
	Tokens []string // tokenizer.ggml.tokens, in byte-level BPE's alphabet
	Kinds  []Kind   // tokenizer.ggml.token_type; nil: all Normal
	Merges []string // tokenizer.ggml.merges: "left right", best first
	BOS    int      // tokenizer.ggml.bos_token_id, or None
	EOS    int      // tokenizer.ggml.eos_token_id, or None
	EOT    int      // tokenizer.ggml.eot_token_id, or None: found by its text
	EOM    int      // tokenizer.ggml.eom_token_id, or None: found by its text
	AddBOS *bool    // tokenizer.ggml.add_bos_token; nil: as the pre-tokenizer does
	AddEOS bool     // tokenizer.ggml.add_eos_token
}

// FromGGUF makes the tokenizer that a file describes. The file may be closed
// afterwards.
func FromGGUF(f *gguf.File) (*Tokenizer, error) {
	v := Vocab{BOS: None, EOS: None, EOT: None, EOM: None}
	var err error
	keep := func(key string, e error) {
		if err == nil && e != nil {
			err = fmt.Errorf("token: %s: %w", key, e)
		}
	}
	text := func(key string) string {
		s, ok, e := f.Text(key)
		keep(key, e)
		if !ok && e == nil {
			keep(key, fmt.Errorf("the file has no such key; it holds no vocabulary, or was converted by something unknown"))
		}
		return s
	}
	id := func(key string) int {
		n, ok, e := f.Uint(key)
		keep(key, e)
		if !ok {
			return None
		}
		return int(min(n, 1<<31))
	}
	flag := func(key string) *bool {
		b, ok, e := f.Bool(key)
		keep(key, e)
		if !ok {
			return nil
		}
		return &b
	}
	if v.Model = text("tokenizer.ggml.model"); err != nil {
		return nil, err
	}
	if v.Model != "gpt2" {
		return nil, &UnknownModelError{v.Model}
	}
	if v.Pre = text("tokenizer.ggml.pre"); err != nil {
		return nil, err
	}
	var ok bool
	var e error
	if v.Tokens, ok, e = f.Texts("tokenizer.ggml.tokens"); !ok || e != nil {
		text("tokenizer.ggml.tokens") // says why
		return nil, err
	}
	if v.Merges, ok, e = f.Texts("tokenizer.ggml.merges"); !ok || e != nil {
		text("tokenizer.ggml.merges")
		return nil, err
	}
	kinds, ok, e := f.Ints("tokenizer.ggml.token_type")
	keep("tokenizer.ggml.token_type", e)
	if ok {
		v.Kinds = make([]Kind, len(kinds))
		for i, k := range kinds {
			v.Kinds[i] = Kind(k)
		}
	}
	v.BOS, v.EOS = id("tokenizer.ggml.bos_token_id"), id("tokenizer.ggml.eos_token_id")
	v.EOT, v.EOM = id("tokenizer.ggml.eot_token_id"), id("tokenizer.ggml.eom_token_id")
	v.AddBOS = flag("tokenizer.ggml.add_bos_token")
	if b := flag("tokenizer.ggml.add_eos_token"); b != nil {
		v.AddEOS = *b
	}
	if err != nil {
		return nil, err
	}
	return New(v)
}
