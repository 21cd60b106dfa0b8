package openai

import (
	"errors"
	"fmt"
	"strings"

	"github.com/openai/openai-go/v3"
)

// Error is what a server answered in place of an answer.
type Error struct {
	Status  int    // of HTTP; 0: none came
	Message string // the server's own, if it has one
	Doing   string
}

func (e *Error) Error() string {
	text := "openai: " + e.Doing + ": "
	if e.Status == 0 {
		return text + e.Message
	}
	text += fmt.Sprintf("the server answers %d", e.Status)
	if e.Message != "" {
		text += ": " + e.Message
	}
	switch e.Status {
	case 401, 403:
		text += "; set the environment variable OPENAI_API_KEY to a key of this server"
	case 404:
		text += "; check Server.URL, which ends in /v1 for most servers, and Server.Model"
	case 429:
		text += ", also after waiting; lower Server.Concurrency, or come back later"
	}
	return text
}

// status is the HTTP status of an error, 0 if it has none.
func status(err error) int {
	var api *openai.Error
	if errors.As(err, &api) {
		return api.StatusCode
	}
	return 0
}

// failure words an error. What the client knows of the request, the key too, is not
// part of it.
func (s *Server) failure(doing string, err error) error {
	e := &Error{Status: status(err), Doing: doing}
	var api *openai.Error
	if errors.As(err, &api) {
		e.Message = api.Message
	} else {
		e.Message = err.Error()
	}
	e.Message = s.redact(e.Message)
	return e
}

// redact takes the key out of what a server says.
func (s *Server) redact(text string) string {
	if s.key == "" {
		return text
	}
	return strings.ReplaceAll(text, s.key, "(OPENAI_API_KEY)")
}
