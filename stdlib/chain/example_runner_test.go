package chain_test

import (
	"context"
	"fmt"
	"strings"

	"loupe/engine"
	"loupe/engine/chat"
	"loupe/stdlib/chain"
)

// echo is a runner that answers with the last line of what it is asked, in capitals. A
// real one asks a server: package stdlib/chain/openai.
type echo struct{}

func (echo) About(context.Context) (chain.About, error) {
	return chain.About{Model: "echo", ContextLength: 100, Reader: words{}}, nil
}

func (echo) Draw(_ context.Context, requests []chain.Request, on chain.Listener) {
	for i, r := range requests {
		on.Begun(i)
		lines := strings.Split(r.Messages[len(r.Messages)-1].Content, "\n")
		text := strings.ToUpper(lines[len(lines)-1])
		if on.Text != nil {
			on.Text(i, text)
		}
		on.Done(i, &engine.Reply{Text: text, PromptIDs: r.IDs}, nil)
	}
}

// words reads by words: it says how long texts are, so that they are split and planned.
type words struct{}

func (words) TokenizePlain(text string) []int { return make([]int, len(strings.Fields(text))) }

func (words) TokenText(id int) string { return "" }

func (w words) Prompt(messages []chat.Message, raw bool) (string, []int, error) {
	text := messages[0].Content
	return text, w.TokenizePlain(text), nil
}

// A chain runs on anything that draws answers.
func ExampleRunner() {
	var r chain.Runner = echo{}
	var reads chain.Reader = words{}
	c := &chain.Chain{Runner: r, Do: func(r *chain.Run) error {
		_, err := r.Do(chain.Step{Name: "shout", Prompt: "Say this:\n{text}"}.With("text", "hello there"))
		return err
	}}
	fmt.Println(must(c.Run()).Answer(), len(reads.TokenizePlain("three short words")))
	plan := must(c.PlanContext(context.Background()))
	fmt.Println(plan.Total.Calls.High, "call planned")
	// Output:
	// HELLO THERE 3
	// 1 call planned
}
