// Sampler chooses the tokens itself: Eval gives the logits, anything may pick
// from them. This one writes without a letter, like the novel "Gadsby", which
// has no e: of all tokens without it that did not come just before, it takes
// the likeliest.
//
//	go run ./examples/sampler -without e "Once there was a rabbit"
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"loupe/engine"
)

func main() {
	model := flag.String("m", "lesson", "path of a GGUF file or name of a model")
	without := flag.String("without", "e", "a text that no token may hold")
	n := flag.Int("n", 40, "most tokens to generate")
	flag.Parse()
	if flag.NArg() == 0 || *without == "" {
		fmt.Fprintln(os.Stderr, "usage: sampler [-m MODEL] [-without TEXT] [-n N] PROMPT")
		os.Exit(2)
	}
	if err := run(*model, strings.Join(flag.Args(), " "), *without, *n); err != nil {
		fmt.Fprintln(os.Stderr, "sampler:", err)
		os.Exit(1)
	}
}

func run(model, prompt, without string, n int) error {
	m, err := engine.Load(model, engine.LoadConfig{})
	if err != nil {
		return err
	}
	defer m.Close()

	// Which tokens may come is the same at every step. Tokens without a text of
	// their own, such as the end of the text, are left out too.
	allowed := make([]bool, m.Vocabulary())
	for id := range allowed {
		text := m.Detokenize([]int{id})
		allowed[id] = text != "" && !strings.Contains(strings.ToLower(text), strings.ToLower(without))
	}

	s := m.NewSession()
	ids := m.Tokenize(prompt)
	logits, err := s.Eval(ids)
	start := len(ids)
	for ; err == nil && len(ids) < start+n; logits, err = s.Eval(ids[len(ids)-1:]) {
		ids = append(ids, best(logits, allowed, ids[max(start, len(ids)-8):]))
	}
	fmt.Println(prompt + m.Detokenize(ids[start:]))
	return err
}

// best is the likeliest of the allowed tokens that are not recent.
func best(logits []float32, allowed []bool, recent []int) int {
	id, most := 0, float32(math.Inf(-1))
	for i, x := range logits {
		if x > most && allowed[i] && !slices.Contains(recent, i) {
			id, most = i, x
		}
	}
	return id
}
