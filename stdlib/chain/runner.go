package chain

import (
	"context"
	"time"

	"loupe/engine"
	"loupe/engine/chat"
)

// Runner draws the answers of a chain's steps. A model in this process is one, by
// way of Chain.Model; package stdlib/chain/openai has one for servers.
type Runner interface {
	// About says what answers, before anything is asked.
	About(ctx context.Context) (About, error)
	// Draw draws an answer for each of some requests, none of which needs that of
	// another, and tells on. It returns when all have ended.
	Draw(ctx context.Context, requests []Request, on Listener)
}

// About is what a chain knows of a Runner.
type About struct {
	Model string // the model's name
	// Key tells apart what answers differently, for a Journal: the model's name and
	// where it runs, if nothing better is known.
	Key           string
	ContextLength int    // n_ctx; 0: not known
	Reader        Reader // nil: nobody knows what the model reads, and plans cannot count it
}

// Reader knows how a model reads text.
type Reader interface {
	Tokenizer
	// Prompt is a conversation as the model reads it: as text, rendered by its
	// template, and as tokens. A raw one has one message, whose text is the prompt.
	Prompt(messages []chat.Message, raw bool) (text string, ids []int, err error)
}

// Request asks for one answer.
type Request struct {
	Messages []chat.Message
	Raw      bool                  // the text of the one message is the prompt, without a template
	IDs      []int                 // what Reader.Prompt says of it; nil without a Reader
	Config   engine.GenerateConfig // MaxTokens is set, OnText is not used
	Timeout  time.Duration         // from when it is begun; 0: none
}

// Listener hears of requests by their numbers. All calls of it come on the goroutine
// that called Draw, one at a time.
type Listener struct {
	Begun func(i int)              // it is about to be worked on
	Text  func(i int, text string) // its answer goes on; nil: nobody wants it piece by piece
	// Done comes once for each: with a reply, with an error, or with what there was of
	// a reply and the error that ended it. What a reply has no figures for is 0.
	Done func(i int, reply *engine.Reply, err error)
}
