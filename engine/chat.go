package engine

import (
	"context"
	"fmt"
	"strings"

	"loupe/engine/chat"
	"loupe/engine/token"
)

// ChatTemplate renders messages into the prompt that the model was trained on,
// by its own template, with the opening of the assistant's answer at the end.
func (m *Model) ChatTemplate(messages []chat.Message) (string, error) {
	if m.template == nil {
		return "", m.templateErr
	}
	o := chat.Options{AddGenerationPrompt: true}
	if id, ok := m.tok.BOS(); ok {
		o.BOS = m.TokenText(id)
	}
	if id, ok := m.tok.EOS(); ok {
		o.EOS = m.TokenText(id)
	}
	return m.template.Render(messages, o)
}

// Chat says text to the model as the user and returns its answer. Both join
// s.Messages; the whole conversation is sent each time, and what the cache
// holds of it is reused. After an error s.Messages is as it was before.
func (s *Session) Chat(text string, cfg ...GenerateConfig) (*Reply, error) {
	return s.ChatContext(hostContext(), text, cfg...)
}

// ChatContext is Chat under ctx.
func (s *Session) ChatContext(ctx context.Context, text string, cfg ...GenerateConfig) (*Reply, error) {
	if err := s.mu.LockContext(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	messages := append(s.Messages[:len(s.Messages):len(s.Messages)], chat.Message{Role: "user", Content: text})
	r, err := s.send(ctx, messages, cfg)
	if err != nil {
		return r, err
	}
	s.Messages = append(messages, chat.Message{Role: "assistant", Content: r.Text})
	return r, nil
}

// Send answers a conversation. It neither reads nor changes s.Messages.
func (s *Session) Send(messages []chat.Message, cfg ...GenerateConfig) (*Reply, error) {
	return s.SendContext(hostContext(), messages, cfg...)
}

// SendContext is Send under ctx.
func (s *Session) SendContext(ctx context.Context, messages []chat.Message, cfg ...GenerateConfig) (*Reply, error) {
	if err := s.mu.LockContext(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	return s.send(ctx, messages, cfg)
}

// send is SendContext in a locked session.
func (s *Session) send(ctx context.Context, messages []chat.Message, cfg []GenerateConfig) (*Reply, error) {
	for i, msg := range messages {
		if at := invalidUTF8(msg.Content); at >= 0 {
			return nil, fmt.Errorf("%w (in message %d)", &Utf8Error{at}, i)
		}
	}
	prompt, err := s.model.ChatTemplate(messages)
	if err != nil {
		return nil, err
	}
	return s.generate(ctx, s.model.tokenizeChat(prompt), cfg, false)
}

// tokenizeChat is Tokenize, but for a template that writes the beginning-of-
// sequence token itself: then it is not added again.
func (m *Model) tokenizeChat(prompt string) []int {
	bos := true
	if id, ok := m.tok.BOS(); ok && strings.HasPrefix(prompt, m.TokenText(id)) {
		bos = false
	}
	return m.tok.Encode(prompt, token.EncodeOptions{Special: true, BOS: bos})
}
