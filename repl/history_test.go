package repl

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func openHistory(t *testing.T, path string) *History {
	t.Helper()
	h, err := OpenHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHistoryKeepsWholeCells(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "history.jsonl")
	cells := []string{"x := 1", "for {\n\tx++\n\n\tif x > 3 {\n\t\tbreak\n\t}\n}", "s := \"<&>\u2028日本\"", "`raw\n  text`"}
	h := openHistory(t, path)
	for _, c := range cells {
		if err := h.Add(c); err != nil {
			t.Fatal(err)
		}
		if err := h.Add(c); err != nil { // the same again is one entry
			t.Fatal(err)
		}
	}
	if got := openHistory(t, path).Cells(); !slices.Equal(got, cells) {
		t.Errorf("read back %q, want %q", got, cells)
	}
	data, _ := os.ReadFile(path)
	if n := strings.Count(string(data), "\n"); n != len(cells) {
		t.Errorf("%d lines for %d cells:\n%s", n, len(cells), data)
	}
}

func TestHistoryLeavesOutDamagedLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	text := "{\"cell\":\"a\"}\nnot json\n{\"cell\":\"\"}\n\n{\"cell\":\"b\"}\n{\"cell\":\"torn"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	h := openHistory(t, path)
	if got := h.Cells(); !slices.Equal(got, []string{"a", "b"}) || h.Skipped() != 3 {
		t.Fatalf("cells %q, skipped %d; want [a b], 3", got, h.Skipped())
	}
	// The next cell must not be glued to the torn line.
	if err := h.Add("c"); err != nil {
		t.Fatal(err)
	}
	if got := openHistory(t, path).Cells(); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("after Add: %q", got)
	}
}

func TestHistoryOfTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	a, b := openHistory(t, path), openHistory(t, path)
	for _, step := range []struct {
		h    *History
		cell string
	}{{a, "1"}, {b, "2"}, {a, "3"}} {
		if err := step.h.Add(step.cell); err != nil {
			t.Fatal(err)
		}
	}
	if got := openHistory(t, path).Cells(); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("%q", got)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	var b strings.Builder
	const n = historyLimit + historyLimit/5 + 1
	for i := range n {
		fmt.Fprintf(&b, "{\"cell\":\"c%d\"}\n", i)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	openHistory(t, path)
	cells := openHistory(t, path).Cells()
	if len(cells) != historyLimit || cells[len(cells)-1] != fmt.Sprintf("c%d", n-1) {
		t.Errorf("%d cells, last %q", len(cells), cells[len(cells)-1])
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestHistoryErrors(t *testing.T) {
	dir := t.TempDir()
	h, err := OpenHistory(dir) // a folder is no file
	if err == nil || !strings.HasPrefix(err.Error(), "repl: history: ") {
		t.Errorf("error %v", err)
	}
	if h == nil || len(h.Cells()) != 0 {
		t.Errorf("history %v", h)
	}
	if err := h.Add("x"); err == nil {
		t.Error("Add to a folder succeeded")
	}
	if !slices.Equal(h.Cells(), []string{"x"}) {
		t.Error("a cell that cannot be written is lost from memory too")
	}
}

func TestHistoryPath(t *testing.T) {
	t.Setenv("LOUPE_HISTORY", "")
	t.Setenv("XDG_STATE_HOME", "/state")
	if p, err := HistoryPath(); err != nil || p != filepath.Join("/state", "loupe", "history.jsonl") {
		t.Errorf("%q, %v", p, err)
	}
	t.Setenv("LOUPE_HISTORY", "/elsewhere")
	if p, err := HistoryPath(); err != nil || p != "/elsewhere" {
		t.Errorf("%q, %v", p, err)
	}
}
