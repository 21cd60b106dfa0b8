package sample

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Stopper watches a text that comes in pieces for stop strings. It holds back
// what may be the beginning of one and passes on the rest at once. What it
// finds does not depend on how the text was cut into pieces: the stop string
// that is complete first, and of two that end together the longer.
type Stopper struct {
	stops []string
	held  string // the longest end of the text that begins a stop string
	found string // the stop string found, or ""
}

// NewStopper watches for stops; none is fine. An empty stop string, which would
// end every text before it began, and one that is not UTF-8 are errors.
func NewStopper(stops []string) (*Stopper, error) {
	for i, s := range stops {
		if s == "" {
			return nil, fmt.Errorf("sample: stop string %d of %d is empty: remove it", i+1, len(stops))
		}
		if !utf8.ValidString(s) {
			return nil, fmt.Errorf("sample: stop string %d of %d, %q, is not valid UTF-8: generated text never matches it", i+1, len(stops), s)
		}
	}
	return &Stopper{stops: append([]string(nil), stops...)}, nil
}

// Push takes the next piece of text. emit is what is safe to show. Once a stop
// string is complete, emit ends where it began, stopped is true and which names
// it; text after it is dropped, as is everything pushed later.
func (s *Stopper) Push(text string) (emit string, stopped bool, which string) {
	if s.found != "" {
		return "", true, s.found
	}
	all := s.held + text
	s.held = ""
	first := len(all) + 1
	for _, stop := range s.stops {
		i := strings.Index(all, stop)
		if i < 0 {
			continue
		}
		if end := i + len(stop); end < first || end == first && len(stop) > len(s.found) {
			first, s.found = end, stop
		}
	}
	if s.found != "" {
		return all[:first-len(s.found)], true, s.found
	}
	hold := 0
	for _, stop := range s.stops {
		for n := min(len(stop)-1, len(all)); n > hold; n-- {
			if strings.HasSuffix(all, stop[:n]) {
				hold = n
			}
		}
	}
	s.held = all[len(all)-hold:]
	return all[:len(all)-hold], false, ""
}

// Flush is the text still held back, at the end of a generation that no stop
// string ended.
func (s *Stopper) Flush() string {
	held := s.held
	s.held = ""
	return held
}
