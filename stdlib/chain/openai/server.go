package openai

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"loupe/stdlib/chain"
)

// Server is a chain.Runner: a server that speaks OpenAI's protocol. Its fields are to be
// set before use.
type Server struct {
	URL   string // up to the version, as "http://127.0.0.1:8080/v1"; "": OPENAI_BASE_URL, or OpenAI's
	Model string // as the server lists it; "": the only one that it lists
	// Concurrency is how many requests are under way at a time, at most; 0 is 4.
	Concurrency int
	// Retries is how often a request is sent again, at most, before its step fails; 0 is 4.
	Retries int
	// Timeout is for each answer, all attempts together, where Step.Timeout sets none; 0
	// is 10 minutes.
	Timeout       time.Duration
	ContextLength int // n_ctx; 0: what the server says, if it does

	client *openai.Client
	root   string // URL without the version
	key    string
}

const (
	defaultURL         = "https://api.openai.com/v1"
	defaultConcurrency = 4
	defaultRetries     = 4
	defaultTimeout     = 10 * time.Minute
	maxRetryDelay      = 2 * time.Minute
	probeTimeout       = 20 * time.Second
)

// connect checks the settings and makes the client.
func (s *Server) connect() error {
	if s.client != nil {
		return nil
	}
	switch {
	case s.Concurrency < 0:
		return fmt.Errorf("openai: Server.Concurrency is %d; it must be 1 or more, or 0 for %d", s.Concurrency, defaultConcurrency)
	case s.Retries < 0:
		return fmt.Errorf("openai: Server.Retries is %d; it must be 1 or more, or 0 for %d", s.Retries, defaultRetries)
	case s.Timeout < 0:
		return fmt.Errorf("openai: Server.Timeout is %v; it must be above 0, or 0 for %v", s.Timeout, defaultTimeout)
	case s.ContextLength < 0:
		return fmt.Errorf("openai: Server.ContextLength is %d; it must be 1 or more, or 0 for what the server says", s.ContextLength)
	}
	if s.URL == "" {
		if s.URL = os.Getenv("OPENAI_BASE_URL"); s.URL == "" {
			s.URL = defaultURL
		}
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("openai: Server.URL is no address of a server; give one like http://127.0.0.1:8080/v1")
	}
	if u.User != nil || u.RawQuery != "" {
		return fmt.Errorf("openai: Server.URL of %s holds a name, a password or a query; give the key in the environment variable OPENAI_API_KEY", u.Host)
	}
	s.URL = strings.TrimSuffix(s.URL, "/")
	s.root = strings.TrimSuffix(s.URL, "/v1")
	s.key = os.Getenv("OPENAI_API_KEY")
	retries := s.Retries
	if retries == 0 {
		retries = defaultRetries
	}
	c := openai.NewClient(option.WithBaseURL(s.URL+"/"), option.WithMaxRetries(retries), option.WithMaxRetryDelay(maxRetryDelay))
	s.client = &c
	return nil
}

// About asks the server for its models, and a llama-server or a vLLM for more.
func (s *Server) About(ctx context.Context) (chain.About, error) {
	if err := s.connect(); err != nil {
		return chain.About{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	page, err := s.client.Models.List(ctx)
	if err != nil && status(err) != 404 {
		return chain.About{}, s.failure("asking "+s.URL+" for its models", err)
	}
	about := chain.About{ContextLength: s.ContextLength}
	if err == nil {
		var names []string
		listed := false
		for _, m := range page.Data {
			names = append(names, m.ID)
			if m.ID == s.Model || s.Model == "" {
				listed = true
				var more struct {
					Max int `json:"max_model_len"` // vLLM's
				}
				if decode(m.RawJSON(), &more) == nil && about.ContextLength == 0 {
					about.ContextLength = more.Max
				}
			}
		}
		switch {
		case s.Model == "" && len(names) == 1:
			s.Model = names[0]
		case s.Model == "":
			return about, fmt.Errorf("openai: Server.Model is empty and %s has %d models; give one of: %s", s.URL, len(names), strings.Join(names, ", "))
		case !listed:
			return about, fmt.Errorf("openai: %s has no model %q; it has: %s", s.URL, s.Model, strings.Join(names, ", "))
		}
	} else if s.Model == "" {
		return about, fmt.Errorf("openai: Server.Model is empty and %s does not list its models; give a name", s.URL)
	}
	about.Model, about.Key = s.Model, s.URL+" "+s.Model
	if r, context := s.reader(ctx); r != nil {
		about.Reader = r
		if about.ContextLength == 0 {
			about.ContextLength = context
		}
	}
	return about, nil
}
