package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"loupe/engine"
	"loupe/engine/chat"
)

func ExampleSession_Generate() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := m.NewSession()
	r := must(s.Generate("Once upon a", engine.GenerateConfig{
		MaxTokens: 5, OnText: func(text string) { fmt.Print(text) }, // as it comes
	}))
	fmt.Println()
	fmt.Println(r.Stats.PromptTokens, "tokens read,", r.Stats.GeneratedTokens, "generated,", r.Stats.StopReason)
	fmt.Println(r.Stats.PromptRate() > 0, r.Stats.GenRate() > 0) // tokens a second
	// Output:
	//  time there was a brave
	// 4 tokens read, 5 generated, maxPredictedTokensReached
	// true true
}

func ExampleGenerateConfig() {
	cfg := engine.GenerateConfig{Temperature: 0.7, TopP: 0.9, Seed: 7, MaxTokens: 20}
	fmt.Println(cfg.Check())
	cfg.MaxTokens = -1
	err := cfg.Check()
	var wrong *engine.SettingError
	fmt.Println(errors.As(err, &wrong), wrong.Name, wrong.Value)
	// Output:
	// <nil>
	// true MaxTokens -1
}

// The same seed gives the same text; temperature 0, the default, always does.
func ExampleGenerateConfig_seed() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	text := func(cfg engine.GenerateConfig) string {
		cfg.MaxTokens = 20
		return must(m.NewSession().Generate("Once there was", cfg)).Text
	}
	once, again := text(engine.GenerateConfig{}), text(engine.GenerateConfig{})
	fmt.Println(once == again)
	seven := engine.GenerateConfig{Temperature: 1, Seed: 7}
	once, again = text(seven), text(seven)
	fmt.Println(once == again)
	// Output:
	// true
	// true
}

// Why a generation ended.
func ExampleStopReason() {
	m := must(engine.Load("lesson", engine.LoadConfig{ContextLength: 48}))
	defer m.Close()
	end := m.Tokenize("<|end|>")[1] // the token behind the one in front
	question := []chat.Message{{Role: "user", Content: "The code of the red box is 4711.\nWhat is the code of the red box?"}}
	for _, cfg := range []engine.GenerateConfig{{}, {MaxTokens: 3}, {Stop: []string{" is"}}, {LogitBias: map[int]float64{end: math.Inf(-1)}}} {
		r, err := m.NewSession().Send(question, cfg)
		if err != nil {
			fmt.Println(err)
			continue
		}
		switch r.Stats.StopReason {
		case engine.EOSFound:
			fmt.Println("the model ended it")
		case engine.MaxPredictedTokensReached:
			fmt.Println("it had MaxTokens tokens")
		case engine.StopStringFound:
			fmt.Printf("%q came\n", r.Stats.StopString)
		case engine.ContextLengthReached:
			fmt.Println("the context is full")
		case engine.UserStopped:
			fmt.Println("the context of the call ended")
		}
	}
	// Output:
	// the model ended it
	// it had MaxTokens tokens
	// " is" came
	// the context is full
}

// What the model offered at each step, before anything was chosen.
func ExampleStep() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	r := must(m.NewSession().Chat("The code of the red box is 4711.\nWhat is the code of the red box?", engine.GenerateConfig{TopLogits: 3}))
	for _, step := range r.Steps[5:7] {
		var best engine.TokenLogit = step.Top[0]
		p := math.Exp(float64(best.Logit) - step.LogSumExp)
		fmt.Printf("%q more than 99 %% sure: %t\n", m.TokenText(step.ID), p > 0.99)
	}
	// Output:
	// " box" more than 99 % sure: true
	// " is" more than 99 % sure: true
}

// Ctrl-C, a deadline, anything that ends a context ends a generation. What came until
// then comes back beside the error.
func ExampleSession_GenerateContext() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	ctx, cancel := context.WithCancel(context.Background())
	words := 0
	r, err := m.NewSession().GenerateContext(ctx, "Once upon a time", engine.GenerateConfig{OnText: func(string) {
		if words++; words == 5 {
			cancel()
		}
	}})
	fmt.Println(err, r.Stats.StopReason, len(r.Text) > 0)
	// Output: context canceled userStopped true
}

func ExampleSession_GenerateIDs() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s, ids := m.NewSession(), m.Tokenize("The code of the red box is 4711. The code of the red")
	r := must(s.GenerateIDs(context.Background(), ids, engine.GenerateConfig{MaxTokens: 2}))
	fmt.Println(m.Detokenize(r.IDs))
	// Generate again from a token before the last: the cache has the rest.
	r = must(s.GenerateIDs(context.Background(), ids[:len(ids)-1], engine.GenerateConfig{MaxTokens: 1}))
	fmt.Println(r.Stats.ReusedTokens, "of", r.Stats.PromptTokens, "reused")
	// Output:
	//  box is
	// 17 of 18 reused
}

func ExampleSession_Send() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := m.NewSession()
	for _, thing := range []string{"red box", "blue jar"} {
		r := must(s.SendContext(context.Background(), []chat.Message{
			{Role: "user", Content: "The code of the red box is 4711. The code of the blue jar is 2093.\nWhat is the code of the " + thing + "?"},
		}))
		fmt.Println(r.Text, r.Stats.ReusedTokens, "reused") // the facts are read once
	}
	fmt.Println(len(s.Messages), "messages kept") // Chat keeps them, Send does not
	must(s.ChatContext(context.Background(), "Tell me a story."))
	fmt.Println(len(s.Messages), "messages kept")
	// Output:
	// The code of the red box is 4711. 0 reused
	// The code of the blue jar is 2093. 35 reused
	// 0 messages kept
	// 2 messages kept
}

// Where prompt and cache part, and what that costs.
func ExampleDifference() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := m.NewSession()
	must(s.Generate("The red box is at the mill. They ate pie and soup.", engine.GenerateConfig{MaxTokens: 1}))
	r := must(s.Generate("The blue box is at the mill. They ate pie and soup.", engine.GenerateConfig{MaxTokens: 1}))
	d := r.Stats.Differs
	fmt.Printf("%q in the cache, %q in the prompt: %d tokens read again\n", d.Cached, d.Prompt, d.Lost)
	// Output: " red" in the cache, " blue" in the prompt: 12 tokens read again
}

func ExamplePromptProgress() {
	m := must(engine.Load("lesson", engine.LoadConfig{PhysicalBatchSize: 64}))
	defer m.Close()
	prompt := strings.Repeat("They ate pie and soup at the mill. ", 22)
	must(m.NewSession().Generate(prompt, engine.GenerateConfig{MaxTokens: 1, OnPromptProgress: func(p engine.PromptProgress) {
		fmt.Print(p.Unread(), " ")
	}}))
	fmt.Println("left")
	// Output: 201 137 73 9 0 left
}

// Several generations decode together, one pass over the weights for a token of each.
func ExampleBatch() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	b := m.NewBatch()
	texts := make([]string, 2)
	for _, box := range []string{"red", "blue"} {
		prompt := must(m.ChatTemplate([]chat.Message{{Role: "user", Content: "The code of the " + box + " box is 4711.\nWhat is the code of the " + box + " box?"}}))
		done(b.Add(context.Background(), m.NewSession(), m.Tokenize(prompt), engine.GenerateConfig{MaxTokens: 20}))
	}
	fmt.Println(b.Len(), "together")
	share := time.Duration(0)
	b.Run(context.Background(), func(i int, r *engine.Reply, err error) {
		texts[i] = must(r, err).Text
		share += r.Stats.GenShare() // shares add up to the time on the clock
	})
	fmt.Println(strings.Join(texts, "\n"))
	fmt.Println(share > 0)
	// Output:
	// 2 together
	// The code of the red box is 4711.
	// The code of the blue box is 4711.
	// true
}

// What does not fit is refused, with its numbers, or handled as asked.
func ExampleContextOverflowPolicy() {
	m := must(engine.Load("lesson", engine.LoadConfig{ContextLength: 64}))
	defer m.Close()
	prompt := strings.Repeat("They ate pie and soup at the mill. ", 12)
	for _, policy := range []engine.ContextOverflowPolicy{engine.OverflowError, engine.StopAtLimit, engine.TruncateMiddle, engine.RollingWindow} {
		r, err := m.NewSession().Generate(prompt, engine.GenerateConfig{MaxTokens: 8, ContextOverflowPolicy: policy})
		var full *engine.ContextError
		if errors.As(err, &full) {
			fmt.Println("refused:", full.PromptTokens, "tokens,", full.ContextLength, "cells,", full.Over(), "too many")
			continue
		}
		fmt.Printf("%s: dropped %d, generated %d, %s\n", policy, r.Stats.DroppedTokens, r.Stats.GeneratedTokens, r.Stats.StopReason)
	}
	// Output:
	// refused: 111 tokens, 64 cells, 48 too many
	// stopAtLimit: dropped 0, generated 0, contextLengthReached
	// truncateMiddle: dropped 55, generated 8, maxPredictedTokensReached
	// rollingWindow: dropped 55, generated 8, maxPredictedTokensReached
}

// Eval is the plainest use: tokens in, logits out, and anything may choose.
func ExampleSession_Eval() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := m.NewSession()
	logits := must(s.EvalContext(context.Background(), m.Tokenize("Once upon a")))
	best := 0
	for id, x := range logits {
		if x > logits[best] {
			best = id
		}
	}
	p := math.Exp(float64(logits[best]) - engine.LogSumExp(logits))
	fmt.Printf("%q, more than nine tenths sure: %t\n", m.TokenText(best), p > 0.9)
	// Output: " time", more than nine tenths sure: true
}

// How surprising each token of a text is.
func ExampleSession_EvalEach() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	ids := m.Tokenize("Once upon a time there was a rabbit")
	most, at := 0.0, 0
	done(m.NewSession().EvalEach(context.Background(), ids, func(i int, row []float32) {
		if i+1 < len(ids) {
			if loss := engine.LogSumExp(row) - float64(row[ids[i+1]]); loss > most {
				most, at = loss, i+1
			}
		}
	}, 1)) // from the token after the first on
	fmt.Printf("%q\n", m.TokenText(ids[at]))
	// Output: " rabbit"
}

// The baseline that a cache is measured against: all tokens anew for each one.
func ExampleGenerateConfig_noCache() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	for _, off := range []bool{false, true} {
		r := must(m.NewSession().Generate("Once upon a time", engine.GenerateConfig{MaxTokens: 16, NoCache: off}))
		fmt.Println(r.Stats.TokenPasses, "tokens through the model")
	}
	// Output:
	// 20 tokens through the model
	// 200 tokens through the model
}

func ExampleErrClosed() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	s := m.NewSession()
	_, err := s.GenerateIDs(context.Background(), nil)
	fmt.Println(errors.Is(err, engine.ErrEmptyPrompt))
	_, err = s.Generate("Once \xff")
	var text *engine.Utf8Error
	fmt.Println(errors.As(err, &text), text.Offset) // what is no UTF-8, and where
	done(m.Close())
	_, err = s.Generate("Once")
	fmt.Println(errors.Is(err, engine.ErrClosed))
	// Output:
	// true
	// true 5
	// true
}
