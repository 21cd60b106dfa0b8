// Package token turns text into the token ids of a model and back.
//
// It implements the byte-level BPE of GPT-2 (Radford et al., 2019; Sennrich et
// al., 2016), which GGUF files call the tokenizer model "gpt2", with the
// pre-tokenizers gpt-2, smollm (also starcoder, refact, command-r), llama-bpe,
// qwen2, qwen35, tekken, gpt-4o, falcon, those of DeepSeek, default, and those that
// llama.cpp treats the same; and the BPE of
// SentencePiece (Kudo and Richardson, 2018), which they call "llama": Llama 2,
// Mistral, Phi-3, Gemma to the third. Gemma 4's "gemma4" is BPE on characters. What a
// file asks for beyond that (WordPiece, another pre-tokenizer) is refused by name.
//
// The ids are those of llama.cpp, with exceptions where it loses text or
// guesses. In BPE bytes that are not UTF-8 are U+FFFD one by one, also where llama.cpp
// accepts an overlong form or throws. A merge whose result is no token is
// spelled with all its bytes. A file without BOS and EOS has none. And in
// SentencePiece a space behind a character that was cut off stays a space.
//
//	text -special-> pieces of text and special ids -pre-tokenize-> words -bytes, merges-> ids
//	text -special-> pieces of text and special ids -characters, scores or merges-> ids, of bytes where there is no token
//
// A Tokenizer is read only and safe for concurrent use; a Stream decodes one
// generation and is not.
package token
