package engine

import (
	"fmt"
	"strconv"

	"loupe/engine/tables"

	"github.com/jedib0t/go-pretty/v6/table"
)

// CacheTable is what a session's cache held at one moment, or the cells of it that
// Between and Tokens have picked:
//
//	s.Cache().Tokens(" rabbit").K(3, 1)
type CacheTable struct {
	Cells         []CacheCell
	Used          int // cells in use, picked or not
	ContextLength int
	Layers        int
	KVHeads       int
	HeadDim       int // of K
	KType, VType  CacheType
	KBytes        int64 // of all cells and layers
	VBytes        int64
	ByLayer       CacheLayers // [Layers] the same, layer by layer
	SharedCells   int         // leading cells whose memory is that of a fork too
	// Of Layers, so many have a sliding window of Window cells, and have only the cells
	// from number WindowFirst on. 0 without such layers, and with SWAFull.
	WindowLayers, Window, WindowFirst int

	session *Session // that K, V and Stored read
	changes int      // of it, when the table was made
}

// CacheCell is one cell over all layers.
type CacheCell struct {
	Cell   int    // its number, oldest first, from 0
	Pos    int    // position, as RoPE sees it
	ID     int    // token id
	Text   string // the token's text; it may be part of a character
	Layers int    // layers that have the cell
	KBytes int    // bytes of K in these
	VBytes int
	// KType and VType are how the cell is stored: in f16 as long as CacheSinkTokens,
	// CacheResidualLength or CacheQuantizedStart keep it so.
	KType, VType CacheType
	// Edited says that the keys and values are not what reading the tokens makes: they
	// were changed (Shift, Drop and the like), or read under an observer that wrote.
	Edited bool
	// Sequences is how many sessions hold the cell's memory: this one and its forks. A
	// session is one sequence.
	Sequences int
}

// Cache is a table of what the session's cache holds: which token sits in
// which cell, and what it costs.
func (s *Session) Cache() CacheTable {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, c := s.model, s.seq.Store().Config()
	t := CacheTable{
		ContextLength: c.Context, Layers: c.Layers, KVHeads: c.KVHeads, HeadDim: c.HeadK,
		KType: m.cfg.KCacheType, VType: m.cfg.VCacheType, SharedCells: s.seq.Shared(), Used: s.seq.Len(),
		session: s, changes: s.changes,
	}
	if c.Window > 0 {
		for l := range c.Layers {
			if c.Local[l] {
				t.WindowLayers, t.Window, t.WindowFirst = t.WindowLayers+1, c.Window, s.seq.First(l)
			}
		}
	}
	for i, cell := range s.seq.Cells() {
		k, v := s.seq.Types(i)
		n := s.seq.Layers(i)
		t.Cells = append(t.Cells, CacheCell{
			Cell: i, Sequences: s.seq.Holders(i), Pos: cell.Pos, ID: cell.Token, Text: m.TokenText(cell.Token),
			Layers: n, KBytes: n * k.RowBytes(c.KRow()), VBytes: n * v.RowBytes(c.VRow()),
			KType: CacheType(k.String()), VType: CacheType(v.String()), Edited: cell.Edited,
		})
		t.KBytes += int64(t.Cells[i].KBytes)
		t.VBytes += int64(t.Cells[i].VBytes)
	}
	t.ByLayer = make(CacheLayers, c.Layers)
	for l := range t.ByLayer {
		t.ByLayer[l] = CacheLayer{Layer: l, Window: m.net.Config.WindowOf(l), First: s.seq.First(l)}
	}
	t.ByLayer.count(t.Cells)
	return t
}

// tableRows is how many cells a table shows at most; the rest is counted.
const tableRows = 40

// build lays the table out: the first and the last cells when there are many.
func (t CacheTable) build() *tables.Table {
	w := tables.New()
	w.AppendHeader(table.Row{"pos", "id", "token", "K " + string(t.KType), "V " + string(t.VType)})
	w.SetColumnConfigs(tables.Right(4, 5))
	row := func(c CacheCell) {
		bytes := func(n int, typ, usual CacheType) any {
			if typ == usual {
				return n
			}
			return fmt.Sprintf("%s %d", typ, n)
		}
		w.AppendRow(table.Row{c.Pos, c.ID, strconv.Quote(c.Text), bytes(c.KBytes, c.KType, t.KType), bytes(c.VBytes, c.VType, t.VType)})
	}
	if n := len(t.Cells); n <= tableRows {
		for _, c := range t.Cells {
			row(c)
		}
	} else {
		for _, c := range t.Cells[:tableRows/2] {
			row(c)
		}
		w.AppendRow(table.Row{"", "", fmt.Sprintf("... %s more ...", count(n-tableRows)), "", ""})
		for _, c := range t.Cells[n-tableRows/2:] {
			row(c)
		}
	}
	w.AppendFooter(table.Row{"", "", t.summary(), Size(t.KBytes), Size(t.VBytes)})
	return w
}

func (t CacheTable) summary() string {
	s := fmt.Sprintf("%s of %s cells, %d layers x %d K/V heads x %d", count(len(t.Cells)), count(t.ContextLength), t.Layers, t.KVHeads, t.HeadDim)
	if len(t.Cells) < t.Used {
		s = fmt.Sprintf("%s of the %s cells picked, %d layers x %d K/V heads x %d", count(len(t.Cells)), count(t.Used), t.Layers, t.KVHeads, t.HeadDim)
	}
	if t.WindowLayers > 0 {
		s += fmt.Sprintf("; %d layers with a window of %s have cells %s to %s", t.WindowLayers, count(t.Window), count(t.WindowFirst), count(t.Used-1))
	}
	if t.SharedCells > 0 {
		s += fmt.Sprintf(", %s shared", count(t.SharedCells))
	}
	edited := 0
	for _, c := range t.Cells {
		if c.Edited {
			edited++
		}
	}
	if edited > 0 {
		s += fmt.Sprintf(", %s changed", count(edited))
	}
	return s
}

// String is the table as text.
func (t CacheTable) String() string { return t.build().Render() }

// Terminal is the table for a terminal of so many columns.
func (t CacheTable) Terminal(width, _ int) string { return t.build().Within(width) }

// Display is the table as text, Markdown and HTML.
func (t CacheTable) Display() map[string]string {
	return map[string]string{
		"text/plain":    t.String(),
		"text/markdown": t.build().RenderMarkdown(),
		"text/html":     t.build().RenderHTML(),
	}
}
