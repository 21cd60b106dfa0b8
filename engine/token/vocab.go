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

// Kinds of vocabularies, as tokenizer.ggml.model names them.
const (
	modelBPE    = "gpt2"
	modelSPM    = "llama"
	modelGemma4 = "gemma4"
)

// None is the id of a special token that the vocabulary does not have.
const None = -1

// Vocab is what a tokenizer is made of. The comments name the keys of a GGUF
// file. A special token that a file does not name is None. For byte-level BPE
// llama.cpp takes token 11 for BOS and EOS then, which only Falcon means; for
// SentencePiece it takes 1 and 2, and so does FromGGUF.
type Vocab struct {
	Model  string         // tokenizer.ggml.model: "gpt2" (byte-level BPE), "llama" (SentencePiece) or "gemma4" (BPE on characters)
	Name   string         // general.name
	Pre    string         // tokenizer.ggml.pre: "smollm"; BPE
	Tokens []string       // tokenizer.ggml.tokens, for BPE in its alphabet
	Kinds  []Kind         // tokenizer.ggml.token_type; nil: all Normal
	Merges []string       // tokenizer.ggml.merges: "left right", best first; BPE
	Scores []float32      // tokenizer.ggml.scores: the highest is merged first; SentencePiece
	BOS    int            // tokenizer.ggml.bos_token_id, or None
	EOS    int            // tokenizer.ggml.eos_token_id, or None
	EOT    int            // tokenizer.ggml.eot_token_id, or None: found by its text
	EOM    int            // tokenizer.ggml.eom_token_id, or None: found by its text
	FIM    map[string]int // tokenizer.ggml.fim_X_token_id by X: pre suf mid pad rep sep; others are found by their texts
	AddBOS *bool          // tokenizer.ggml.add_bos_token; nil: as the pre-tokenizer does
	AddEOS bool           // tokenizer.ggml.add_eos_token
	// SpacePrefix is tokenizer.ggml.add_space_prefix; nil: true. SentencePiece.
	SpacePrefix *bool
}

// FromGGUF makes the tokenizer that a file describes. The file may be closed
// afterwards. An error names the key.
func FromGGUF(f *gguf.File) (*Tokenizer, error) {
	r := keyReader{f: f}
	v := Vocab{Model: need(&r, "model", f.Text)}
	if r.err != nil {
		return nil, r.err
	}
	bos, eos := None, None
	switch v.Model {
	case modelBPE:
		v.Pre = need(&r, "pre", f.Text)
		v.Tokens = need(&r, "tokens", f.Texts)
		v.Merges = need(&r, "merges", f.Texts)
	case modelSPM:
		v.Tokens = need(&r, "tokens", f.Texts)
		v.Scores = need(&r, "scores", f.Floats)
		if prefix, ok := get(&r, "add_space_prefix", f.Bool); ok {
			v.SpacePrefix = &prefix
		}
		bos, eos = 1, 2
	case modelGemma4:
		v.Tokens = need(&r, "tokens", f.Texts)
		v.Merges = need(&r, "merges", f.Texts)
	default:
		return nil, &UnknownModelError{v.Model} // the other keys may well be missing
	}
	v.Name, _, _ = f.Text("general.name")
	if types, ok := get(&r, "token_type", f.Ints); ok {
		v.Kinds = make([]Kind, len(types))
		for i, k := range types {
			v.Kinds[i] = Kind(k)
		}
	}
	v.BOS, v.EOS = r.id("bos", bos), r.id("eos", eos)
	v.EOT, v.EOM = r.id("eot", None), r.id("eom", None)
	v.FIM = map[string]int{}
	for _, fim := range fimTexts {
		if id := r.id("fim_"+fim.name, None); id != None {
			v.FIM[fim.name] = id
		}
	}
	if add, ok := get(&r, "add_bos_token", f.Bool); ok {
		v.AddBOS = &add
	}
	v.AddEOS, _ = get(&r, "add_eos_token", f.Bool)
	if r.err != nil {
		return nil, r.err
	}
	return New(v)
}

// keyReader reads keys under tokenizer.ggml and keeps the first error.
type keyReader struct {
	f   *gguf.File
	err error
}

func (r *keyReader) fail(key string, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("token: %s: %w", key, err)
	}
}

// get reads a key that may be missing.
func get[T any](r *keyReader, name string, read func(key string) (T, bool, error)) (T, bool) {
	key := "tokenizer.ggml." + name
	x, ok, err := read(key)
	if err != nil {
		r.fail(key, err)
	}
	return x, ok && err == nil
}

// need reads a key that must be there.
func need[T any](r *keyReader, name string, read func(key string) (T, bool, error)) T {
	x, ok := get(r, name, read)
	if !ok {
		r.fail("tokenizer.ggml."+name, fmt.Errorf("the file has no such key; it was made without a whole vocabulary, so convert the model again with a current converter"))
	}
	return x
}

// id reads the id of a special token, or def.
func (r *keyReader) id(name string, def int) int {
	n, ok := get(r, name+"_token_id", r.f.Uint)
	if !ok {
		return def
	}
	return int(min(n, 1<<31-1)) // New says that it is too large
}
