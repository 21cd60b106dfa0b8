// Chat is a conversation in a terminal: a line in, an answer out, and the whole
// of it is sent each time. What the cache holds of it is not read again, which
// the line under each answer shows.
//
//	go run ./examples/chat
//	go run ./examples/chat -m smollm2 -n 100
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"loupe/engine"
)

func main() {
	model := flag.String("m", "lesson", "path of a GGUF file or name of a model")
	n := flag.Int("n", 120, "most tokens of an answer")
	flag.Parse()
	if err := run(*model, *n); err != nil {
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}

func run(model string, n int) error {
	m, err := engine.Load(model, engine.LoadConfig{})
	if err != nil {
		return err
	}
	defer m.Close()
	s := m.NewSession()
	cfg := engine.GenerateConfig{MaxTokens: n, OnText: func(text string) { fmt.Print(text) }}

	for lines := bufio.NewScanner(os.Stdin); ; {
		fmt.Print("> ")
		if !lines.Scan() {
			fmt.Println()
			return lines.Err()
		}
		// Ctrl-C ends the answer. The conversation is then as before the question.
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		reply, err := s.ChatContext(ctx, lines.Text(), cfg)
		stop()
		fmt.Println()
		var full *engine.ContextError
		switch {
		case errors.As(err, &full):
			fmt.Fprintln(os.Stderr, err)
			s.Messages = nil
			fmt.Fprintln(os.Stderr, "the conversation begins anew")
		case err != nil && ctx.Err() == nil && !errors.Is(err, context.Canceled):
			return err
		case err == nil:
			fmt.Fprintln(os.Stderr, reply.Stats)
		}
	}
}
