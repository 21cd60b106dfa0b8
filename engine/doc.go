// Package engine runs quantised GGUF language models on the CPU and lets the
// caller set, see and measure what they do.
//
//	m, err := engine.Load("smollm2", engine.LoadConfig{ContextLength: 4096})
//	s := m.NewSession()
//	reply, err := s.Generate("Once upon a time", engine.GenerateConfig{MaxTokens: 64})
//	fmt.Println(reply.Text, reply.Stats)
//
// A Model is the weights with their settings; a Session is one sequence of
// tokens with its keys and values; a Reply is what one call produced, with an
// account of every token sent, reused and generated. Nothing is dropped,
// truncated or changed silently: what does not fit is an error that names the
// numbers and the remedies.
//
// The parts lie in the folders below: gguf (the file), token (text to ids),
// chat (messages to a prompt), model and ops (the arithmetic), kvcache (keys
// and values), sample (logits to an id), grammar (what the ids may spell), observe (named points of the pass),
// measure (perplexity), store (names to files).
package engine
