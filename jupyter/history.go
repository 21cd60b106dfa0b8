package jupyter

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const (
	historyLimit  = 10000   // cells that the file keeps
	historyOutput = 4 << 10 // bytes of a cell's result that are kept
)

// history is the file of cells that were run, one JSON object a line. Several
// kernels may append to one file; each has a session number of its own.
type history struct {
	path    string // "": in memory only
	session int
	list    []entry
	skipped int // lines that were not read
}

// entry is one cell; Line counts within its session. The first entry of a
// session has Line 0 and no cell: it takes the number.
type entry struct {
	Session int    `json:"session"`
	Line    int    `json:"line"`
	Cell    string `json:"cell"`
	Output  string `json:"output,omitempty"`
}

// openHistory reads the file at path and begins a session in it. With an error
// the history is usable, and kept in memory only.
func openHistory(path string) (*history, error) {
	h := &history{session: 1}
	if path == "" {
		return h, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return h, fmt.Errorf("jupyter: history: %w; this session keeps its cells in memory", err)
	}
	for line := range bytes.Lines(data) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var e entry
		if json.Unmarshal(line, &e) != nil || e.Session < 1 || e.Line < 0 {
			h.skipped++
			continue
		}
		h.session = max(h.session, e.Session+1)
		if e.Line > 0 {
			h.list = append(h.list, e)
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return h, fmt.Errorf("jupyter: history: %w; this session keeps its cells in memory", err)
	}
	h.path = path
	// Rewriting is rare: only when a fifth too many have gathered.
	if len(h.list) > historyLimit+historyLimit/5 {
		h.list = h.list[len(h.list)-historyLimit:]
		err = h.rewrite()
	} else if len(data) > 0 && data[len(data)-1] != '\n' {
		err = h.write([]byte("\n")) // a writer was killed within a line
	}
	if err == nil {
		err = h.append(entry{Session: h.session})
	}
	if err != nil {
		h.path = ""
		return h, fmt.Errorf("jupyter: history: %w; this session keeps its cells in memory", err)
	}
	return h, nil
}

// rewrite replaces the file by what the list holds.
func (h *history) rewrite() error {
	f, err := os.CreateTemp(filepath.Dir(h.path), ".jupyter-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	w := bufio.NewWriter(f)
	for _, e := range h.list {
		w.Write(append(encodeJSON(e), '\n'))
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), h.path)
}

// add appends a cell of this session.
func (h *history) add(line int, cell, output string) error {
	if len(output) > historyOutput {
		output = strings.ToValidUTF8(output[:historyOutput], "")
	}
	e := entry{Session: h.session, Line: line, Cell: cell, Output: output}
	h.list = append(h.list, e)
	if h.path == "" {
		return nil
	}
	if err := h.append(e); err != nil {
		h.path = ""
		return fmt.Errorf("jupyter: history: %w; this session keeps its cells in memory", err)
	}
	return nil
}

// append writes one entry in one call, so that lines of several kernels do not
// mix.
func (h *history) append(e entry) error { return h.write(append(encodeJSON(e), '\n')) }

func (h *history) write(line []byte) error {
	f, err := os.OpenFile(h.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(line)
	return errors.Join(err, f.Close())
}

// historyRequest is the content of a history_request.
type historyRequest struct {
	Output  bool   `json:"output"`
	Access  string `json:"hist_access_type"`
	Session int    `json:"session"` // 0: this one; -1: the one before
	Start   int    `json:"start"`
	Stop    *int   `json:"stop"` // exclusive
	N       *int   `json:"n"`
	Pattern string `json:"pattern"`
	Unique  bool   `json:"unique"`
}

// find answers a request: the entries, oldest first.
func (h *history) find(r historyRequest) ([]entry, error) {
	var list []entry
	switch r.Access {
	case "tail":
		list = h.list
	case "range":
		session := r.Session
		if session <= 0 {
			session += h.session
		}
		for _, e := range h.list {
			if e.Session == session && e.Line >= r.Start && (r.Stop == nil || e.Line < *r.Stop) {
				list = append(list, e)
			}
		}
		return list, nil
	case "search":
		match, err := glob(r.Pattern)
		if err != nil {
			return nil, err
		}
		for _, e := range h.list {
			if match.MatchString(e.Cell) {
				list = append(list, e)
			}
		}
		if r.Unique {
			list = newest(list)
		}
	default:
		return nil, fmt.Errorf(`hist_access_type %q is none of "range", "tail" and "search"`, r.Access)
	}
	if r.N != nil && *r.N >= 0 && *r.N < len(list) {
		list = list[len(list)-*r.N:]
	}
	return list, nil
}

// newest keeps the newest of the entries with one cell.
func newest(list []entry) []entry {
	last := map[string]int{}
	for i, e := range list {
		last[e.Cell] = i
	}
	var kept []entry
	for i, e := range list {
		if last[e.Cell] == i {
			kept = append(kept, e)
		}
	}
	return kept
}

// glob turns a pattern with * and ? and [sets], as SQLite's GLOB has them, into
// a regular expression that matches the whole cell. No pattern is "*".
func glob(pattern string) (*regexp.Regexp, error) {
	if pattern == "" {
		pattern = "*"
	}
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		case '[':
			end := strings.IndexByte(pattern[min(i+2, len(pattern)):], ']')
			if end < 0 {
				b.WriteString(`\[`)
				continue
			}
			end += i + 2
			set := pattern[i+1 : end]
			if strings.HasPrefix(set, "^") || strings.HasPrefix(set, "!") {
				b.WriteString("[^" + escapeSet(set[1:]) + "]")
			} else {
				b.WriteString("[" + escapeSet(set) + "]")
			}
			i = end
		default:
			end := i + 1 // what needs no thought, in one piece: it may be UTF-8
			for end < len(pattern) && !strings.ContainsRune("*?[", rune(pattern[end])) {
				end++
			}
			b.WriteString(regexp.QuoteMeta(pattern[i:end]))
			i = end - 1
		}
	}
	b.WriteString(`\z`)
	re, err := regexp.Compile(b.String())
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return re, nil
}

func escapeSet(s string) string {
	return strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `^`, `\^`).Replace(s)
}
