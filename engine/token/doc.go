// Package token turns text into the token ids of a model and back.
//
// It implements the byte-level BPE of GPT-2 (Radford et al., 2019; Sennrich et
// al., 2016), which GGUF files call the tokenizer model "gpt2", with the
// pre-tokenizers gpt-2, smollm (also starcoder, refact, command-r), llama-bpe
// and qwen2. What a file asks for beyond that is refused by name.
//
//	text -special-> pieces of text and special ids -pre-tokenize-> words -bytes, merges-> ids
//
// A Tokenizer is read only and safe for concurrent use; a Stream decodes one
// generation and is not.
package token
