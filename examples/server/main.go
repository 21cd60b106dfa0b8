// Server answers over HTTP: POST a prompt to /generate and read the text as it
// comes. One model serves all requests, each in a session of its own; a client
// that hangs up ends its generation.
//
//	go run ./examples/server -addr localhost:8080
//	curl -N localhost:8080/generate -d 'Once there was a rabbit'
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"loupe/engine"
)

func main() {
	model := flag.String("m", "lesson", "path of a GGUF file or name of a model")
	addr := flag.String("addr", "localhost:8080", "address to listen on; port 0 takes a free one")
	n := flag.Int("n", 120, "most tokens of an answer")
	flag.Parse()
	if err := run(*model, *addr, *n); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

func run(model, addr string, n int) error {
	m, err := engine.Load(model, engine.LoadConfig{})
	if err != nil {
		return err
	}
	defer m.Close()

	mux := http.NewServeMux()
	mux.HandleFunc("POST /generate", func(w http.ResponseWriter, r *http.Request) { generate(w, r, m, n) })
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		server.Shutdown(context.Background()) // what is being answered is answered whole
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func generate(w http.ResponseWriter, r *http.Request, m *engine.Model, n int) {
	prompt, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	s := m.NewSession()
	defer s.Close() // the cache is free for the next request at once
	sent := false
	reply, err := s.GenerateContext(r.Context(), string(prompt), engine.GenerateConfig{
		MaxTokens: n,
		OnText: func(text string) {
			sent = true
			io.WriteString(w, text)
			http.NewResponseController(w).Flush()
		},
	})
	switch {
	case err != nil && !sent:
		http.Error(w, err.Error(), http.StatusBadRequest)
	case err != nil:
		fmt.Fprintln(os.Stderr, "server:", r.RemoteAddr, err)
	default:
		fmt.Fprintln(os.Stderr, "server:", r.RemoteAddr, reply.Stats)
	}
}
