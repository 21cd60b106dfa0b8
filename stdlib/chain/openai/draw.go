package openai

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"loupe/engine"
	"loupe/stdlib/chain"
)

// event is what a worker has to tell.
type event struct {
	i     int
	begun bool
	text  string
	reply *engine.Reply
	err   error
}

// Draw sends the requests, Concurrency at a time.
func (s *Server) Draw(ctx context.Context, requests []chain.Request, on chain.Listener) {
	events, jobs := make(chan event), make(chan int)
	n := s.Concurrency
	if n == 0 {
		n = defaultConcurrency
	}
	var workers sync.WaitGroup
	for range min(n, len(requests)) {
		workers.Go(func() {
			for i := range jobs {
				events <- event{i: i, begun: true}
				var hear func(string)
				if on.Text != nil {
					hear = func(text string) { events <- event{i: i, text: text} }
				}
				reply, err := s.answer(ctx, requests[i], hear)
				events <- event{i: i, reply: reply, err: err}
			}
		})
	}
	go func() {
		for i := range requests {
			select {
			case jobs <- i:
			case <-ctx.Done():
			}
			if ctx.Err() != nil {
				break
			}
		}
		close(jobs)
		workers.Wait()
		close(events)
	}()
	for e := range events {
		switch {
		case e.begun:
			on.Begun(e.i)
		case e.reply == nil && e.err == nil:
			on.Text(e.i, e.text)
		default:
			on.Done(e.i, e.reply, e.err)
		}
	}
}

// answer draws one answer; hear gets its text as it comes, if there is one.
func (s *Server) answer(ctx context.Context, q chain.Request, hear func(string)) (*engine.Reply, error) {
	if err := s.connect(); err != nil {
		return nil, err
	}
	opts, err := s.settings(q.Config)
	if err != nil {
		return nil, err
	}
	limit := q.Timeout
	if limit == 0 {
		if limit = s.Timeout; limit == 0 {
			limit = defaultTimeout
		}
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	a := &answer{server: s, hear: hear, start: time.Now()}
	if q.Raw {
		err = a.complete(ctx, q.Messages[0].Content, opts)
	} else {
		err = a.chat(ctx, q, opts)
	}
	if err == nil {
		err = a.ended()
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && q.Timeout == 0:
		return nil, fmt.Errorf("openai: %s gave no answer within %v (Server.Timeout): %w", s.URL, limit, ctx.Err())
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, err
	}
	return a.reply(q), nil
}

// sent are the settings that the protocol has a field for; OnText is the chain's own.
var sent = map[string]bool{
	"MaxTokens": true, "Stop": true, "Temperature": true, "TopP": true, "Seed": true, "FrequencyPenalty": true, "PresencePenalty": true,
	"LogitBias": true, "JSONSchema": true, "OnText": true,
}

// neutral are those that 1 leaves off, as 0 does.
var neutral = map[string]bool{"Typical": true, "TailFree": true, "RepeatPenalty": true}

// settings are a GenerateConfig as fields of a request. What the protocol has no field
// for is refused.
func (s *Server) settings(cfg engine.GenerateConfig) ([]option.RequestOption, error) {
	all := reflect.ValueOf(cfg)
	for i := range all.NumField() {
		name := all.Type().Field(i).Name
		if !sent[name] && !all.Field(i).IsZero() && !(neutral[name] && all.Field(i).Float() == 1) {
			return nil, fmt.Errorf("openai: %s is set, which OpenAI's protocol has no field for; leave it out, or run the step on a model in this process", name)
		}
	}
	set := map[string]any{"max_tokens": cfg.MaxTokens, "temperature": cfg.Temperature, "seed": cfg.Seed & math.MaxInt64}
	if strings.HasPrefix(s.URL, defaultURL) { // whose newer models know only the newer name
		delete(set, "max_tokens")
		set["max_completion_tokens"] = cfg.MaxTokens
	}
	if len(cfg.Stop) > 0 {
		set["stop"] = cfg.Stop
	}
	if cfg.TopP != 0 {
		set["top_p"] = cfg.TopP
	}
	if cfg.FrequencyPenalty != 0 {
		set["frequency_penalty"] = cfg.FrequencyPenalty
	}
	if cfg.PresencePenalty != 0 {
		set["presence_penalty"] = cfg.PresencePenalty
	}
	if len(cfg.LogitBias) > 0 {
		bias := map[string]int{}
		for id, x := range cfg.LogitBias {
			if x = max(x, -100); x != math.Trunc(x) || x > 100 {
				return nil, fmt.Errorf("openai: LogitBias of token %d is %g; OpenAI's protocol has whole numbers from -100, which forbids, to 100", id, x)
			}
			bias[fmt.Sprint(id)] = int(x)
		}
		set["logit_bias"] = bias
	}
	if cfg.JSONSchema != "" {
		var schema any
		if err := decode(cfg.JSONSchema, &schema); err != nil {
			return nil, fmt.Errorf("openai: JSONSchema: %w", err)
		}
		set["response_format"] = map[string]any{"type": "json_schema", "json_schema": map[string]any{"name": "answer", "schema": schema, "strict": true}}
	}
	var opts []option.RequestOption
	for name, value := range set {
		opts = append(opts, option.WithJSONSet(name, value))
	}
	return opts, nil
}

// answer is one on its way.
type answer struct {
	server *Server
	hear   func(string)
	start  time.Time
	first  time.Time // when its first text came, of a stream
	text   strings.Builder
	finish string
	usage  openai.CompletionUsage
}

// stream says what streams bring beside text.
var stream = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}

func (a *answer) chat(ctx context.Context, q chain.Request, opts []option.RequestOption) error {
	p := openai.ChatCompletionNewParams{Model: a.server.Model}
	for _, m := range q.Messages {
		switch m.Role {
		case "system":
			p.Messages = append(p.Messages, openai.SystemMessage(m.Content))
		case "assistant":
			p.Messages = append(p.Messages, openai.AssistantMessage(m.Content))
		default:
			p.Messages = append(p.Messages, openai.UserMessage(m.Content))
		}
	}
	if a.hear == nil {
		r, err := a.server.client.Chat.Completions.New(ctx, p, opts...)
		if err != nil {
			return a.failure(err)
		}
		if len(r.Choices) > 0 {
			a.add(r.Choices[0].Message.Content, r.Choices[0].FinishReason, r.Usage)
		}
		return a.of(r.Model)
	}
	p.StreamOptions = stream
	s := a.server.client.Chat.Completions.NewStreaming(ctx, p, opts...)
	defer s.Close()
	for s.Next() {
		c := s.Current()
		if err := a.of(c.Model); err != nil {
			return err
		}
		if len(c.Choices) > 0 {
			a.add(c.Choices[0].Delta.Content, c.Choices[0].FinishReason, c.Usage)
		} else {
			a.add("", "", c.Usage)
		}
	}
	return a.failure(s.Err())
}

func (a *answer) complete(ctx context.Context, prompt string, opts []option.RequestOption) error {
	p := openai.CompletionNewParams{Model: openai.CompletionNewParamsModel(a.server.Model), Prompt: openai.CompletionNewParamsPromptUnion{OfString: openai.String(prompt)}}
	if a.hear == nil {
		r, err := a.server.client.Completions.New(ctx, p, opts...)
		if err != nil {
			return a.failure(err)
		}
		if len(r.Choices) > 0 {
			a.add(r.Choices[0].Text, string(r.Choices[0].FinishReason), r.Usage)
		}
		return a.of(r.Model)
	}
	p.StreamOptions = stream
	s := a.server.client.Completions.NewStreaming(ctx, p, opts...)
	defer s.Close()
	for s.Next() {
		c := s.Current()
		if err := a.of(c.Model); err != nil {
			return err
		}
		if len(c.Choices) > 0 {
			a.add(c.Choices[0].Text, string(c.Choices[0].FinishReason), c.Usage)
		} else {
			a.add("", "", c.Usage)
		}
	}
	return a.failure(s.Err())
}

// add takes a part of the answer.
func (a *answer) add(text, finish string, usage openai.CompletionUsage) {
	if finish != "" {
		a.finish = finish
	}
	if usage.PromptTokens > 0 {
		a.usage = usage
	}
	if text == "" {
		return
	}
	a.text.WriteString(text)
	if a.hear != nil {
		if a.first.IsZero() {
			a.first = time.Now()
		}
		a.hear(text)
	}
}

// of refuses an answer of another model than the one asked for.
func (a *answer) of(model string) error {
	if asked := a.server.Model; model != "" && !same(asked, model) {
		return fmt.Errorf("openai: %s was asked for model %q and its answer says that it is of %q; ask for that one, or have the server load the other", a.server.URL, asked, model)
	}
	return nil
}

// same reports whether two names are of one model: servers answer with a file's path
// for its name, and with a dated version for a name without.
func same(asked, got string) bool {
	short := func(name string) string {
		name = name[strings.LastIndexAny(name, `/\`)+1:]
		return strings.TrimSuffix(strings.ToLower(name), ".gguf")
	}
	asked, got = short(asked), short(got)
	if len(asked) > len(got) {
		asked, got = got, asked
	}
	return asked != "" && strings.HasPrefix(got, asked) && (len(got) == len(asked) || strings.ContainsRune("-_.:@", rune(got[len(asked)])))
}

func (a *answer) failure(err error) error {
	if err == nil {
		return nil
	}
	doing := "asking " + a.server.URL
	if n := a.text.Len(); n > 0 {
		doing = fmt.Sprintf("%s broke off after %d bytes of an answer", a.server.URL, n)
	}
	return a.server.failure(doing, err)
}

// ended refuses an answer that was not finished.
func (a *answer) ended() error {
	switch a.finish {
	case "stop", "length":
		return nil
	case "":
		return fmt.Errorf("openai: %s ended an answer after %d bytes without a finish_reason: it died, or something between cut it off; ask again", a.server.URL, a.text.Len())
	}
	return fmt.Errorf("openai: %s ended an answer with finish_reason %q, which is no text to go on with", a.server.URL, a.finish)
}

// reply is the answer with what the server and the clock say of it.
func (a *answer) reply(q chain.Request) *engine.Reply {
	st := engine.Stats{
		PromptTokens: int(a.usage.PromptTokens), ReusedTokens: int(a.usage.PromptTokensDetails.CachedTokens), GeneratedTokens: int(a.usage.CompletionTokens),
		StopReason: engine.EOSFound, GenTime: time.Since(a.start),
	}
	st.EvaluatedTokens = st.PromptTokens - st.ReusedTokens
	if a.finish == "length" {
		st.StopReason = engine.MaxPredictedTokensReached
	}
	if !a.first.IsZero() {
		st.TTFT = a.first.Sub(a.start)
		st.PromptTime, st.GenTime = st.TTFT, time.Since(a.first)
	}
	return &engine.Reply{Text: a.text.String(), PromptIDs: q.IDs, Stats: st}
}
