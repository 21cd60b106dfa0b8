package main

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"loupe/engine/store"
	"loupe/engine/token"
)

func newTokenizeCmd() *cobra.Command {
	var (
		model                    string
		asJSON, noSpecial, noBOS bool
	)
	cmd := &cobra.Command{
		Use:   "tokenize -m MODEL < TEXT",
		Short: "Turn text on standard input into token ids",
		Long: `Turn the text on standard input into token ids, one a line with its text. Special
tokens in the text are recognised and a beginning-of-sequence token is added where
the model asks for one, as for a prompt, unless switched off.`,
		Example: `  echo -n "Once upon a time" | loupe tokenize -m smollm2
  loupe tokenize -m smollm2 --json --no-special < README.md`,
		Args: noArguments("the text comes on standard input"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			tok, err := openTokenizer(model)
			if err != nil {
				return err
			}
			text, err := readText(cmd, "-")
			if err != nil {
				return err
			}
			if clean := strings.ToValidUTF8(text, ""); clean != text {
				fmt.Fprintf(cmd.ErrOrStderr(), "loupe: %d bytes of the text are not UTF-8 and stand as U+FFFD\n", len(text)-len(clean))
			}
			ids := tok.Encode(text, token.EncodeOptions{Special: !noSpecial, BOS: !noBOS})
			return printTokens(cmd, tok, ids, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&model, "model", "m", store.Default, "path of a GGUF file or name of a pulled model; a vocabulary alone will do")
	f.BoolVar(&asJSON, "json", false, `print {"ids": [..], "pieces": [..]}`)
	f.BoolVar(&noSpecial, "no-special", false, "do not recognise special tokens in the text")
	f.BoolVar(&noBOS, "no-bos", false, "do not add a beginning-of-sequence token")
	if err := cmd.RegisterFlagCompletionFunc("model", completeModels); err != nil {
		panic(err)
	}
	return cmd
}

// openTokenizer reads the tokenizer of a model without loading the model.
func openTokenizer(model string) (*token.Tokenizer, error) {
	f, err := store.Open(model)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return token.FromGGUF(f)
}

func printTokens(cmd *cobra.Command, tok *token.Tokenizer, ids []int, asJSON bool) error {
	out := cmd.OutOrStdout()
	if !asJSON {
		for _, id := range ids {
			if _, err := fmt.Fprintf(out, "%d\t%s\n", id, strconv.Quote(string(tok.Piece(id)))); err != nil {
				return err
			}
		}
		return nil
	}
	pieces, partial := make([]string, len(ids)), false
	for i, id := range ids {
		pieces[i] = string(tok.Piece(id))
		partial = partial || !utf8.ValidString(pieces[i])
	}
	var hexed []string
	if partial {
		for _, p := range pieces {
			hexed = append(hexed, hex.EncodeToString([]byte(p)))
		}
	}
	return writeJSON(out, struct {
		IDs    []int    `json:"ids"`
		Pieces []string `json:"pieces"`
		// JSON holds text alone: a token that is part of a character stands as
		// U+FFFD in pieces, and then all of them stand here byte for byte.
		Hex []string `json:"pieces_hex,omitempty"`
	}{append([]int{}, ids...), pieces, hexed})
}
