// Cache on, cache off: what the keys and values that a model keeps save, counted
// in tokens and in time. Run it with
//
//	go run ./repl/loupe run notebooks/cache/cache.go
//	go run ./notebooks/cache
//
// Both print the same, but for the times. "-p model=smollm2" behind run takes
// another model (a minute).
package main

import (
	"fmt"
	"log"
	"slices"
	"strings"
	"time"

	"loupe/engine"
	"loupe/engine/chat"
	"loupe/engine/picture"
	"loupe/stdlib/nb"
)

// must ends the notebook when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// question is a conversation of one message.
func question(text string) []chat.Message {
	return []chat.Message{{Role: "user", Content: text}}
}

// ms writes a time.
func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", 1e3*d.Seconds()) }

func main() {
	// %% [markdown]
	// # Cache on, cache off
	//
	// To choose the next token a model looks at all tokens before it, through a key
	// and a value that each of them has in every layer. They never change, so they can
	// be kept: this is the K/V cache. Here it is switched off first.

	// %% parameters
	model, prompt, n := "lesson", 128, 64

	// %% Two models, one that forgets
	m, err := engine.Load(model, engine.LoadConfig{Threads: 2})
	must(err)
	forgetful, err := engine.Load(model, engine.LoadConfig{Threads: 2, ReusePrefix: engine.Off})
	must(err)
	story := strings.Repeat("Mia the fox was brave and Tom the owl was quiet. They ate pie and soup at the mill. ", 40)
	ids := m.Tokenize(story)[:prompt]
	fmt.Printf("a prompt of %d tokens, %d tokens to generate\n", len(ids), n)

	// %% Without a cache
	// Each token is a call of its own, which reads everything from the first token.
	off := forgetful.NewSession()
	now := slices.Clone(ids)
	readOff := 0
	var each []time.Duration
	start := time.Now()
	for i := 0; i < n; i++ {
		r, err := off.GenerateIDs(nb.Context(), now, engine.GenerateConfig{MaxTokens: 1})
		must(err)
		readOff += r.Stats.EvaluatedTokens
		each = append(each, r.Stats.TTFT)
		now = append(now, r.IDs...)
	}
	timeOff := time.Since(start)
	fmt.Printf("%d tokens read for %d generated, in %s\n", readOff, n, ms(timeOff))

	// %% With the cache
	// The same calls. What was read before is still there.
	on := m.NewSession()
	now2 := slices.Clone(ids)
	readOn := 0
	var eachOn []time.Duration
	start = time.Now()
	for i := 0; i < n; i++ {
		r, err := on.GenerateIDs(nb.Context(), now2, engine.GenerateConfig{MaxTokens: 1})
		must(err)
		readOn += r.Stats.EvaluatedTokens
		eachOn = append(eachOn, r.Stats.TTFT)
		now2 = append(now2, r.IDs...)
	}
	timeOn := time.Since(start)
	fmt.Printf("%d tokens read for %d generated, in %s\n", readOn, n, ms(timeOn))

	// %% What was counted, and what should be
	p := len(ids)
	fmt.Printf("without: p n + n(n-1)/2 = %d, counted %d\n", p*n+n*(n-1)/2, readOff)
	fmt.Printf("with:    p + n - 1      = %d, counted %d\n", p+n-1, readOn)
	fmt.Println("the same tokens came out:", slices.Equal(now, now2))

	// %% [markdown]
	// The number of tokens read grows with the square of n without the cache, and
	// with n alone with it.

	// %% In time
	//nb:mask numbers
	fmt.Printf("%.0f times as many tokens, %.1f times as long\n",
		float64(readOff)/float64(readOn), float64(timeOff)/float64(timeOn))

	// %% [markdown]
	// The two numbers differ, for tokens that are read together cost less each than
	// one by one (the lesson on batch size measures that).
	//
	// Does a token take longer, the more there are before it? Without the cache it
	// should. Each point is the median of an eighth of the calls.

	// %% Time for a token, by position
	//nb:mask (?s).+
	curve := func(name string, each []time.Duration) picture.Series {
		c := picture.Series{Name: name}
		for i := 0; i < 8; i++ {
			part := slices.Clone(each[i*n/8 : (i+1)*n/8])
			slices.Sort(part)
			c.X = append(c.X, float64(p+i*n/8))
			c.Y = append(c.Y, 1e3*part[len(part)/2].Seconds())
		}
		return c
	}
	off8, on8 := curve("without the cache", each), curve("with it", eachOn)
	nb.Show(picture.Lines{
		Title: "time for a token", XName: "position", YName: "ms", Series: []picture.Series{off8, on8},
	})

	// %% The last eighth against the first
	//nb:mask [\d.]+ times
	fmt.Printf("without the cache a token takes %.1f times as long in the end\n", off8.Y[7]/off8.Y[0])
	fmt.Printf("with the cache %.1f times\n", on8.Y[7]/on8.Y[1]) // the first call reads the prompt

	// %% [markdown]
	// ## Between calls
	//
	// The cache is worth most where prompts begin alike: two questions about one
	// document. What a prompt shares with what the cache holds is not read again, up
	// to the first token that differs.

	// %% The document first
	document := story[:800]
	s := m.NewSession()
	_, err = s.Send(question(document+"\nWhat is the code of the red box?"), engine.GenerateConfig{MaxTokens: 8})
	must(err)
	good, err := s.Send(question(document+"\nWhat is the code of the blue jar?"), engine.GenerateConfig{MaxTokens: 8})
	must(err)
	fmt.Printf("%d of %d prompt tokens reused, %d read\n",
		good.Stats.ReusedTokens, good.Stats.PromptTokens, good.Stats.EvaluatedTokens)

	// %% The question first
	s = m.NewSession()
	_, err = s.Send(question("What is the code of the red box?\n"+document), engine.GenerateConfig{MaxTokens: 8})
	must(err)
	bad, err := s.Send(question("What is the code of the blue jar?\n"+document), engine.GenerateConfig{MaxTokens: 8})
	must(err)
	fmt.Printf("%d of %d prompt tokens reused, %d read\n",
		bad.Stats.ReusedTokens, bad.Stats.PromptTokens, bad.Stats.EvaluatedTokens)
	fmt.Println("why:", bad.Stats.Differs)

	// %% What the order costs
	fmt.Printf("first token after %s with the document first, %s with the question first\n",
		ms(good.Stats.TTFT), ms(bad.Stats.TTFT))
	fmt.Printf("the question first reads %d tokens for each one that the document first reads\n",
		bad.Stats.EvaluatedTokens/good.Stats.EvaluatedTokens)

	// %% [markdown]
	// ## What it costs
	//
	// Nothing is free: what is kept takes memory, the same for every token.

	// %% Bytes
	table := on.Cache()
	fmt.Printf("%d cells, %s of K and %s of V: %d bytes a token\n",
		len(table.Cells), engine.Size(table.KBytes), engine.Size(table.VBytes), m.Settings().CellBytes)

	// %% Two that share
	fork := on.Fork()
	fmt.Printf("a fork of it has %d cells, of which %d are shared and cost nothing\n",
		fork.Len(), fork.Cache().SharedCells)
	must(forgetful.Close())
	must(m.Close())

	// %% [markdown]
	// ## A question for you
	//
	// From how many generated tokens on does the model without a cache read a hundred
	// tokens for every one that the other reads? Change `n` in the cell "parameters"
	// (`loupe run -p n=300 ...` does it from outside; prompt and n together must fit
	// the context), and check your answer against the formula.
}
