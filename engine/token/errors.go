package token

import (
	"fmt"
	"strings"
)

// UnknownModelError says that a vocabulary is of a kind that does not run here.
type UnknownModelError struct{ Model string }

func (e *UnknownModelError) Error() string {
	what := map[string]string{
		"bert": " (WordPiece)", "t5": " (Unigram)", "rwkv": " (RWKV)", "plamo2": " (PLaMo-2)",
	}[e.Model]
	return fmt.Sprintf("token: tokenizer.ggml.model is %q%s, which does not run in this build; it runs: gpt2 (byte-level BPE), llama (SentencePiece) and gemma4 (BPE on characters)", e.Model, what)
}

// UnknownPreError says that a vocabulary names a pre-tokenizer that does not
// run here. Using another one would split words wrongly without a sign.
type UnknownPreError struct{ Pre string }

func (e *UnknownPreError) Error() string {
	return fmt.Sprintf("token: tokenizer.ggml.pre is %q, which does not run in this build, and another one would split words wrongly; it runs: %s", e.Pre, strings.Join(preNames(), ", "))
}
