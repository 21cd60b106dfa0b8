package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"loupe/engine/chat"
)

// reader asks a llama-server how it reads. (Its own endpoints, beside OpenAI's:
// /props, /apply-template and /tokenize, in llama.cpp's tools/server/README.md.)
type reader struct {
	server *Server
	mu     sync.Mutex
	pieces map[int]string
	failed error // the first failure: Tokenizer has no errors, so Prompt gives it
}

const maxBody = 64 << 20

// reader finds out whether the server is a llama-server; else nil. context is its n_ctx.
func (s *Server) reader(ctx context.Context) (r *reader, context int) {
	var props struct {
		Settings struct {
			Context int `json:"n_ctx"`
		} `json:"default_generation_settings"`
	}
	if s.ask(ctx, "GET", "/props", nil, &props) != nil || props.Settings.Context == 0 {
		return nil, 0
	}
	r = &reader{server: s, pieces: map[int]string{}}
	if _, _, err := r.prompt(ctx, []chat.Message{{Role: "user", Content: "a"}}, false); err != nil {
		return nil, 0
	}
	return r, props.Settings.Context
}

// ask calls one of the server's own endpoints.
func (s *Server) ask(ctx context.Context, method, path string, body, into any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	q, err := http.NewRequestWithContext(ctx, method, s.root+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	q.Header.Set("Content-Type", "application/json")
	if s.key != "" {
		q.Header.Set("Authorization", "Bearer "+s.key)
	}
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return s.failure("asking "+s.root+path, err)
	}
	defer a.Body.Close()
	data, err = io.ReadAll(io.LimitReader(a.Body, maxBody))
	if err == nil && a.StatusCode != http.StatusOK {
		return &Error{Status: a.StatusCode, Message: s.redact(firstLine(string(data))), Doing: "asking " + s.root + path}
	}
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return s.failure("reading the answer of "+s.root+path, err)
	}
	return nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line[:min(len(line), 200)]
}

func decode(text string, into any) error { return json.Unmarshal([]byte(text), into) }

// Prompt is a conversation by the server's template.
func (r *reader) Prompt(messages []chat.Message, raw bool) (string, []int, error) {
	r.mu.Lock()
	failed := r.failed
	r.mu.Unlock()
	if failed != nil {
		return "", nil, failed
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	return r.prompt(ctx, messages, raw)
}

func (r *reader) prompt(ctx context.Context, messages []chat.Message, raw bool) (string, []int, error) {
	text := messages[0].Content
	if !raw {
		type message struct {
			Role    string `json:"role"`
			Content string `json:"content"`
		}
		var body struct {
			Messages []message `json:"messages"`
		}
		for _, m := range messages {
			body.Messages = append(body.Messages, message{m.Role, m.Content})
		}
		var said struct {
			Prompt string `json:"prompt"`
		}
		if err := r.server.ask(ctx, "POST", "/apply-template", body, &said); err != nil {
			return "", nil, err
		}
		text = said.Prompt
	}
	ids, err := r.tokenize(ctx, text, true)
	return text, ids, err
}

// tokenize has text tokenized: as a prompt, or as text and nothing else.
func (r *reader) tokenize(ctx context.Context, text string, prompt bool) ([]int, error) {
	var said struct {
		Tokens []struct {
			ID    int             `json:"id"`
			Piece json.RawMessage `json:"piece"` // a string, or bytes that are none
		} `json:"tokens"`
	}
	body := map[string]any{"content": text, "add_special": prompt, "parse_special": prompt, "with_pieces": true}
	if err := r.server.ask(ctx, "POST", "/tokenize", body, &said); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := make([]int, len(said.Tokens))
	for i, t := range said.Tokens {
		ids[i] = t.ID
		if _, ok := r.pieces[t.ID]; ok {
			continue
		}
		var s string
		var b []int
		if json.Unmarshal(t.Piece, &s) == nil {
			r.pieces[t.ID] = s
		} else if err := json.Unmarshal(t.Piece, &b); err == nil {
			raw := make([]byte, len(b))
			for j, x := range b {
				raw[j] = byte(x)
			}
			r.pieces[t.ID] = string(raw)
		} else {
			return nil, fmt.Errorf("openai: %s/tokenize: token %d is %.40s, neither text nor bytes", r.server.root, t.ID, t.Piece)
		}
	}
	return ids, nil
}

// TokenizePlain is text as the server's tokens, without any that are not of it.
func (r *reader) TokenizePlain(text string) []int {
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	ids, err := r.tokenize(ctx, text, false)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.failed == nil {
			r.failed = err
		}
	}
	return ids
}

// TokenText is the text of a token that TokenizePlain or Prompt gave.
func (r *reader) TokenText(id int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pieces[id]
}
