package chain

import (
	"context"
	"strings"

	"loupe/engine"
	"loupe/engine/chat"
)

// reader reads as a loaded model does.
type reader struct{ *engine.Model }

// Prompt is a conversation as Session.Send has it.
func (m reader) Prompt(messages []chat.Message, raw bool) (string, []int, error) {
	if raw {
		return messages[0].Content, m.Tokenize(messages[0].Content), nil
	}
	text, err := m.ChatTemplate(messages)
	if err != nil {
		return "", nil, err
	}
	if id, added := m.BOS(); added { // a template may write it itself
		return text, m.Tokenize(strings.TrimPrefix(text, m.TokenText(id))), nil
	}
	return text, m.Tokenize(text), nil
}

// native is the Runner of a model in this process, for one run. Requests that come
// together are decoded together, a wave after the other.
type native struct {
	model *engine.Model
	*waves
}

func aboutModel(m *engine.Model) About {
	return About{Model: m.Name(), ContextLength: m.Settings().ContextLength, Reader: reader{m}}
}

// About says what Chain knows of the model already.
func (n *native) About(context.Context) (About, error) { return aboutModel(n.model), nil }

// Draw reads the prompts of a wave one after another, each from the longest beginning
// that the cache or one before it in the wave has of it, and then decodes the answers
// together.
func (n *native) Draw(ctx context.Context, requests []Request, on Listener) {
	for from := 0; from < len(requests) && ctx.Err() == nil; {
		size := n.next(requests[from:])
		if size == 1 {
			n.one(ctx, requests[from], from, on)
		} else {
			n.together(ctx, requests[from:from+size], from, on)
		}
		from += size
	}
}

// config are a request's settings, with its text going to the listener.
func config(q Request, i int, on Listener) engine.GenerateConfig {
	cfg := q.Config
	cfg.OnText = func(text string) {
		if on.Text != nil {
			on.Text(i, text)
		}
	}
	return cfg
}

// limit is ctx with a request's Timeout.
func (q Request) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if q.Timeout > 0 {
		return context.WithTimeout(ctx, q.Timeout)
	}
	return ctx, func() {}
}

// one draws an answer by itself.
func (n *native) one(ctx context.Context, q Request, i int, on Listener) {
	on.Begun(i)
	ctx, cancel := q.limit(ctx)
	defer cancel()
	seq := n.cache.take(q.IDs)
	reply, err := seq.session.GenerateIDs(ctx, q.IDs, config(q, i, on))
	if err != nil {
		n.cache.drop(seq)
	} else {
		n.cache.put([]*sequence{seq}, [][]int{seq.session.Tokens()})
	}
	on.Done(i, reply, err)
}

// together draws the answers of a wave; its first request has number from.
func (n *native) together(ctx context.Context, wave []Request, from int, on Listener) {
	b := n.model.NewBatch()
	var seqs []*sequence // those in the batch, and their numbers
	var numbers []int
	for i, q := range wave {
		i += from
		on.Begun(i)
		limited, cancel := q.limit(ctx)
		defer cancel()
		seq := n.cache.take(q.IDs)
		if err := b.Add(limited, seq.session, q.IDs, config(q, i, on)); err != nil {
			n.cache.drop(seq)
			on.Done(i, nil, err)
			continue
		}
		n.cache.hold(seq, q.IDs)
		seqs, numbers = append(seqs, seq), append(numbers, i)
	}
	failed := make([]bool, len(seqs))
	b.Run(ctx, func(j int, reply *engine.Reply, err error) {
		failed[j] = err != nil
		on.Done(numbers[j], reply, err)
	})
	n.cache.active = nil
	var kept []*sequence
	var ids [][]int
	for j, seq := range seqs {
		if failed[j] {
			n.cache.drop(seq)
		} else {
			kept, ids = append(kept, seq), append(ids, seq.session.Tokens())
		}
	}
	n.cache.put(kept, ids)
}
