// Generate is the smallest program that embeds the engine: it loads a model,
// streams a continuation of its arguments, and prints the account of the call.
//
//	go run ./examples/generate "Once there was a rabbit"
//	go run ./examples/generate -m smollm2 "Once upon a time"
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"loupe/engine"
)

func main() {
	model := flag.String("m", "lesson", "path of a GGUF file or name of a model")
	n := flag.Int("n", 64, "most tokens to generate")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: generate [-m MODEL] [-n N] PROMPT")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*model, strings.Join(flag.Args(), " "), *n); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(model, prompt string, n int) error {
	// Ctrl-C ends the loading or the generation, not the program: what was generated
	// so far comes back with the context's error.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	m, err := engine.LoadContext(ctx, model, engine.LoadConfig{})
	if err != nil {
		return err
	}
	defer m.Close()

	fmt.Print(prompt)
	reply, err := m.NewSession().GenerateContext(ctx, prompt, engine.GenerateConfig{
		MaxTokens: n,
		OnText:    func(s string) { fmt.Print(s) },
	})
	fmt.Println()
	if reply != nil {
		fmt.Fprintln(os.Stderr, reply.Stats)
	}
	return err
}
