package openai_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"loupe/engine"
	"loupe/engine/chat"
	"loupe/stdlib/chain"
	"loupe/stdlib/chain/openai"
)

// small is a server that speaks as much of the protocol as a chain needs. A real one is
// llama-server, vLLM, LM Studio, Ollama or OpenAI's.
func small() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"object": "list", "data": [{"id": "small", "object": "model"}]}`)
	})
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"id": "1", "object": "chat.completion", "model": "small", "choices": [{"index": 0, "finish_reason": "stop",
			"message": {"role": "assistant", "content": "A fox found a kite."}}], "usage": {"prompt_tokens": 12, "completion_tokens": 6, "total_tokens": 18}}`)
	})
	return httptest.NewServer(mux)
}

func ExampleServer() {
	srv := small()
	defer srv.Close()
	server := &openai.Server{URL: srv.URL + "/v1", Retries: 1}
	about, err := server.About(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(about.Model)

	line := chain.Step{Name: "line", Prompt: "{text}\nSay it in one sentence."}
	c := &chain.Chain{Runner: server, Do: func(r *chain.Run) error {
		_, err := r.Do(line.With("text", "Mia the fox found a red kite at the mill."))
		return err
	}}
	run, err := c.Run()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(run.Answer(), run.Account().Total.PromptTokens.High, "tokens read")
	// Output:
	// small
	// A fox found a kite. 12 tokens read
}

// Without a chain: requests in, answers out, several at a time.
func ExampleServer_Draw() {
	srv := small()
	defer srv.Close()
	requests := []chain.Request{{Messages: []chat.Message{{Role: "user", Content: "What did the fox find?"}}}}
	for _, url := range []string{"/v1", "/nowhere"} {
		server := &openai.Server{URL: srv.URL + url, Model: "small", Retries: 1}
		server.Draw(context.Background(), requests, chain.Listener{
			Begun: func(i int) {},
			Done: func(i int, reply *engine.Reply, err error) {
				var refused *openai.Error
				if errors.As(err, &refused) {
					fmt.Println("status", refused.Status)
					return
				}
				fmt.Println(i, reply.Text, reply.Stats.GeneratedTokens, "tokens")
			},
		})
	}
	// Output:
	// 0 A fox found a kite. 6 tokens
	// status 404
}
