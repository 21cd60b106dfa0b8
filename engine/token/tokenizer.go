package token

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Tokenizer turns text into ids and back.
type Tokenizer struct {
	tokens  []string       // as in the file
	kinds   []Kind         // one for each token
	ids     map[string]int // of tokens
	spm     *spm           // nil: byte-level BPE, which has the next four
	pre     preTokenizer
	ranks   map[pair]rank
	byteIDs [256]int32 // what each byte is before merging
	spelled [][]int    // what merging gives that is no token, by its number past the tokens
	// characters: BPE begins with characters, as in Gemma 4, not with bytes; extra are
	// the numbers of those that are no tokens.
	characters bool
	extra      map[string]int32
	special    []specialToken
	eog        map[int]bool
	bos        int
	eos        int
	addBOS     bool
	addEOS     bool
}

// EncodeOptions say how a text is read.
type EncodeOptions struct {
	Special bool // recognise special tokens in the text
	BOS     bool // add the beginning-of-sequence token (and the end) where the model asks for one
}

// New makes a tokenizer. It fails when the vocabulary is of an unknown kind or
// does not fit together.
func New(v Vocab) (*Tokenizer, error) {
	pre := preTokenizer{addBOS: true} // of SentencePiece
	switch v.Model {
	case modelBPE:
		var ok bool
		if pre, ok = preTokenizers[v.Pre]; !ok {
			return nil, &UnknownPreError{v.Pre}
		}
	case modelSPM:
	case modelGemma4:
		pre.split = splitLines
		v.AddBOS = nil // files have it wrong, so it is added always, as in llama.cpp
	default:
		return nil, &UnknownModelError{v.Model}
	}
	if v.Kinds != nil && len(v.Kinds) != len(v.Tokens) {
		return nil, fmt.Errorf("token: %d token types for %d tokens: the file is damaged", len(v.Kinds), len(v.Tokens))
	}
	t := &Tokenizer{
		pre: pre, tokens: v.Tokens, kinds: slices.Clone(v.Kinds), bos: v.BOS, eos: v.EOS,
		addBOS: pre.addBOS, addEOS: v.AddEOS,
		ids: make(map[string]int, len(v.Tokens)),
	}
	if v.AddBOS != nil {
		t.addBOS = *v.AddBOS
	}
	if t.kinds == nil {
		t.kinds = make([]Kind, len(v.Tokens))
		for i := range t.kinds {
			t.kinds[i] = Normal
		}
	}
	for i, k := range t.kinds {
		if k < 0 || k > Byte {
			return nil, fmt.Errorf("token: tokenizer.ggml.token_type[%d] is %d, of the token %q; types are %d (normal) to %d (byte): the file is damaged", i, k, v.Tokens[i], Normal, Byte)
		}
	}
	for i, s := range v.Tokens {
		if first, twice := t.ids[s]; twice && s != "" {
			return nil, fmt.Errorf("token: tokens %d and %d are both %q: the file is damaged; convert the model again", first, i, s)
		}
		t.ids[s] = i
	}
	if err := v.checkIDs(); err != nil {
		return nil, err
	}
	if t.addBOS && t.bos == None {
		return nil, fmt.Errorf("token: the model adds a beginning-of-sequence token, but the file names none (tokenizer.ggml.bos_token_id)")
	}
	if t.addEOS && t.eos == None {
		return nil, fmt.Errorf("token: the model adds an end-of-sequence token, but the file names none (tokenizer.ggml.eos_token_id)")
	}
	t.characters = v.Model == modelGemma4
	var err error
	if v.Model == modelSPM {
		t.spm, err = newSPM(v, t.ids)
	} else {
		err = t.readMerges(v.Merges)
	}
	if err != nil {
		return nil, err
	}
	t.findEOG(v)
	t.findSpecial(v) // after findEOG, which corrects kinds
	return t, nil
}

// checkIDs looks for special tokens outside the vocabulary.
func (v *Vocab) checkIDs() error {
	check := func(name string, id int) error {
		if id != None && (id < 0 || id >= len(v.Tokens)) {
			return fmt.Errorf("token: tokenizer.ggml.%s_token_id is %d, the vocabulary has %d tokens: the file is damaged; download it again", name, id, len(v.Tokens))
		}
		return nil
	}
	err := cmp.Or(check("bos", v.BOS), check("eos", v.EOS), check("eot", v.EOT), check("eom", v.EOM))
	for _, f := range fimTexts {
		if id, ok := v.FIM[f.name]; ok {
			err = cmp.Or(err, check("fim_"+f.name, id))
		}
	}
	return err
}

// Len is the number of tokens.
func (t *Tokenizer) Len() int { return len(t.tokens) }

// BOS is the beginning-of-sequence token, if there is one.
func (t *Tokenizer) BOS() (id int, ok bool) { return t.bos, t.bos != None }

// EOS is the end-of-sequence token, if there is one.
func (t *Tokenizer) EOS() (id int, ok bool) { return t.eos, t.eos != None }

// IsEOG reports whether id ends a generation: the end of sequence, of turn or of
// message, as llama.cpp decides (llama-vocab.cpp, by the tokens' texts).
func (t *Tokenizer) IsEOG(id int) bool { return t.eog[id] }

// IsControl reports whether id is a control token, or the one for what is unknown:
// it stands for no text.
func (t *Tokenizer) IsControl(id int) bool {
	return id >= 0 && id < len(t.kinds) && (t.kinds[id] == Control || t.kinds[id] == Unknown)
}

// ID is the token whose text is exactly text: special tokens by their name.
func (t *Tokenizer) ID(text string) (int, bool) {
	if id, ok := t.ids[text]; ok && t.kinds[id] != Normal {
		return id, true
	}
	if t.spm != nil || t.characters {
		id, ok := t.ids[strings.ReplaceAll(text, " ", spaceMark)]
		return id, ok
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		b.WriteRune(byteRunes[text[i]])
	}
	id, ok := t.ids[b.String()]
	return id, ok
}

// Encode turns text into ids. SentencePiece keeps bytes that are not UTF-8, and
// many of its models put a space before the text and after each special token.
// Byte-level BPE reads such bytes as U+FFFD, one for each, and bytes that have no
// token (SmolLM2 lacks a few control bytes) give none, as in llama.cpp:
// Decode(Encode(text)) shows what is lost.
func (t *Tokenizer) Encode(text string, o EncodeOptions) []int {
	var ids []int
	if o.BOS && t.addBOS {
		ids = append(ids, t.bos)
	}
	if t.spm != nil {
		e, afterSpecial := spmEncoder{t: t}, true
		t.partition(text, o.Special, func(part string) {
			if afterSpecial && t.spm.spacePrefix {
				part = " " + part
			}
			ids, afterSpecial = e.encode(ids, part), false
		}, func(id int) {
			ids, afterSpecial = append(ids, id), true
		})
	} else {
		e := encoder{t: t}
		if !utf8.ValidString(text) {
			text = replaceInvalid(text)
		}
		t.partition(text, o.Special, func(part string) {
			if t.characters {
				part = strings.ReplaceAll(part, " ", spaceMark)
			}
			ids = e.encode(ids, part)
		}, func(id int) {
			ids = append(ids, id)
		})
	}
	if o.BOS && t.addEOS {
		ids = append(ids, t.eos)
	}
	return ids
}

// replaceInvalid puts U+FFFD for every byte that is not part of a character.
func replaceInvalid(s string) string {
	var b strings.Builder
	for _, r := range s { // ranging gives U+FFFD for each bad byte
		b.WriteRune(r)
	}
	return b.String()
}

// Piece is the bytes that id stands for; of a special token its text. It is
// empty for an id outside the vocabulary.
func (t *Tokenizer) Piece(id int) []byte { return t.appendPiece(nil, id) }

func (t *Tokenizer) appendPiece(dst []byte, id int) []byte {
	if id < 0 || id >= len(t.tokens) {
		return dst
	}
	if k := t.kinds[id]; k != Normal && k != Byte && k != Unused {
		return append(dst, t.tokens[id]...)
	}
	if t.spm != nil || t.characters {
		return appendSPM(dst, t.tokens[id], t.kinds[id])
	}
	for _, r := range t.tokens[id] {
		if b, ok := runeBytes[r]; ok {
			dst = append(dst, b)
		} else {
			dst = utf8.AppendRune(dst, r) // not of the alphabet: a token added as text
		}
	}
	return dst
}

// Decode is the bytes of ids, special tokens as their text. A space that Encode put
// in front stays: ids may come from the middle of a text.
func (t *Tokenizer) Decode(ids []int) string {
	var b []byte
	for _, id := range ids {
		b = t.appendPiece(b, id)
	}
	return string(b)
}
