// Package openai runs chains on servers that speak OpenAI's protocol: llama-server,
// llama-cpp-python's, vLLM (alone, or as a deployment on a Ray cluster), LM Studio,
// Ollama, and OpenAI itself.
//
//	c := &chain.Chain{Runner: &openai.Server{URL: "http://127.0.0.1:8080/v1", Model: "smollm2"}, Do: work}
//
// Requests go through the official Go client, several at a time, and are sent again
// after 429, 5xx and lost connections, as Retry-After says or with growing pauses. A key
// comes from the environment variable OPENAI_API_KEY and stands in no error and no
// journal. Tokens are those of the server's usage.
//
// llama-server also says how long its context is, and tokenizes, so that plans count
// and Run.Split cuts; vLLM says the former. Of others a plan says what it cannot know,
// and Chain.Tokenizer counts for Split.
//
// Of engine.GenerateConfig the protocol has MaxTokens, Stop, Temperature, TopP, Seed,
// FrequencyPenalty, PresencePenalty, LogitBias and JSONSchema. The others are refused,
// not dropped.
//
// To test against a real server:
//
//	pip install 'llama-cpp-python[server]'
//	python -m llama_cpp.server --model smollm2.gguf --model_alias smollm2 --port 8177 --interrupt_requests false
//	LOUPE_OPENAI_URL=http://127.0.0.1:8177/v1 go test ./stdlib/chain/openai -long
//
// (By itself that server cuts a stream off when another request comes, which fails the
// step; Concurrency 1 is the other way round it. Its streams carry no token counts: a
// chain without OnEvent does not stream.) Any other server will do as well:
//
//	llama-server -m smollm2.gguf --alias smollm2 --port 8177
package openai
