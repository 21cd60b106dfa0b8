package repl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// historyLimit is how many cells the history keeps.
const historyLimit = 10000

// History is the file of cells that were run: one JSON object a line, so that
// a cell of many lines is one entry and keeps its indentation. Several
// processes may append to one file.
type History struct {
	path    string
	cells   []string
	last    string // the newest one that was written
	skipped int    // lines that were not read
	torn    bool   // the file does not end with a newline
}

type historyEntry struct {
	Cell string `json:"cell"`
}

// HistoryPath is LOUPE_HISTORY, or loupe/history.jsonl in the user's state
// folder: XDG_STATE_HOME, ~/.local/state, or the configuration folder where
// the system has none for state.
func HistoryPath() (string, error) {
	if p := os.Getenv("LOUPE_HISTORY"); p != "" {
		return p, nil
	}
	dir := os.Getenv("XDG_STATE_HOME")
	if dir == "" {
		switch runtime.GOOS {
		case "windows", "darwin":
			d, err := os.UserConfigDir()
			if err != nil {
				return "", fmt.Errorf("repl: no folder for the history: %w; set LOUPE_HISTORY", err)
			}
			dir = d
		default:
			home, err := os.UserHomeDir()
			if err != nil {
				return "", fmt.Errorf("repl: no folder for the history: %w; set LOUPE_HISTORY", err)
			}
			dir = filepath.Join(home, ".local", "state")
		}
	}
	return filepath.Join(dir, "loupe", "history.jsonl"), nil
}

// OpenHistory reads the history at path; "" keeps it in memory only. A missing
// file is an empty history. Lines that are no entry are left out and counted
// in Skipped. On an error the history can be used and is empty.
func OpenHistory(path string) (*History, error) {
	h := &History{path: path}
	if path == "" {
		return h, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return h, fmt.Errorf("repl: history: %w", err)
	}
	h.torn = len(data) > 0 && data[len(data)-1] != '\n'
	for line := range bytes.Lines(data) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var e historyEntry
		if json.Unmarshal(line, &e) != nil || e.Cell == "" {
			h.skipped++
			continue
		}
		h.cells = append(h.cells, e.Cell)
		h.last = e.Cell
	}
	// Rewriting is rare: only when a fifth too many have gathered.
	if len(h.cells) > historyLimit+historyLimit/5 {
		h.cells = h.cells[len(h.cells)-historyLimit:]
		if err := h.rewrite(); err != nil {
			return h, err
		}
	}
	return h, nil
}

// Skipped is how many lines of the file were no entry.
func (h *History) Skipped() int { return h.skipped }

// Cells are the entries, oldest first.
func (h *History) Cells() []string { return h.cells }

// Add appends a cell, but not the same one twice running.
func (h *History) Add(cell string) error {
	if cell == "" || cell == h.last {
		return nil
	}
	h.last = cell
	h.Keep(cell)
	if h.path == "" {
		return nil
	}
	line, err := encodeEntry(cell)
	if err != nil {
		return fmt.Errorf("repl: history: %w", err)
	}
	if h.torn {
		line = append([]byte{'\n'}, line...)
	}
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return fmt.Errorf("repl: history: %w", err)
	}
	// Opened for each cell: another process may have replaced the file.
	f, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("repl: history: %w", err)
	}
	_, err = f.Write(line)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("repl: history: %w", err)
	}
	h.torn = false
	return nil
}

// Keep adds a cell for this session alone: one that was dropped, not run.
func (h *History) Keep(cell string) {
	if cell == "" || len(h.cells) > 0 && h.cells[len(h.cells)-1] == cell {
		return
	}
	h.cells = append(h.cells, cell)
	if len(h.cells) > historyLimit {
		h.cells = h.cells[1:]
	}
}

// rewrite replaces the file by the cells that are kept, all or nothing.
func (h *History) rewrite() error {
	var buf bytes.Buffer
	for _, c := range h.cells {
		line, err := encodeEntry(c)
		if err != nil {
			return fmt.Errorf("repl: history: %w", err)
		}
		buf.Write(line)
	}
	f, err := os.CreateTemp(filepath.Dir(h.path), filepath.Base(h.path)+".*")
	if err != nil {
		return fmt.Errorf("repl: history: %w", err)
	}
	_, err = f.Write(buf.Bytes())
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), h.path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("repl: history: %w", err)
	}
	h.torn = false
	return nil
}

func encodeEntry(cell string) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // <, > and & are common in Go
	err := enc.Encode(historyEntry{Cell: cell})
	return buf.Bytes(), err
}
