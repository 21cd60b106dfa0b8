package engine

import (
	"fmt"

	"loupe/engine/tables"

	"github.com/jedib0t/go-pretty/v6/table"
)

// CacheLayer is what one layer's keys and values take.
type CacheLayer struct {
	Layer          int
	Window         int // of cells that it attends to; 0: all
	First          int // the first cell that it has: 0, but where the window has left some behind
	Cells          int
	KBytes, VBytes int64
}

// CacheLayers are those of a session's cache, one for each layer.
type CacheLayers []CacheLayer

// count adds up what each layer has of the cells.
func (t CacheLayers) count(cells []CacheCell) {
	for l := range t {
		x := &t[l]
		x.Cells, x.KBytes, x.VBytes = 0, 0, 0
		for _, cell := range cells {
			if cell.Cell >= x.First {
				x.Cells++
				x.KBytes += int64(cell.KBytes / cell.Layers)
				x.VBytes += int64(cell.VBytes / cell.Layers)
			}
		}
	}
}

func (t CacheLayers) build() *tables.Table {
	w := tables.New()
	w.AppendHeader(table.Row{"layer", "cells", "K", "V", "together", "share"})
	w.SetColumnConfigs(tables.Right(3, 4, 5, 6))
	var k, v int64
	for _, x := range t {
		k, v = k+x.KBytes, v+x.VBytes
	}
	for _, x := range t {
		cells := count(x.Cells)
		if x.Window > 0 {
			cells += fmt.Sprintf(" from %s on, window of %s", count(x.First), count(x.Window))
		}
		n := x.KBytes + x.VBytes
		w.AppendRow(table.Row{x.Layer, cells, Size(x.KBytes), Size(x.VBytes), Size(n), fmt.Sprintf("%.1f %%", 100*float64(n)/float64(max(k+v, 1)))})
	}
	w.AppendFooter(table.Row{"all", "", Size(k), Size(v), Size(k + v), ""})
	return w
}

// String is the table as text.
func (t CacheLayers) String() string { return t.build().Render() }

// Terminal is the table for a terminal of so many columns.
func (t CacheLayers) Terminal(width, _ int) string { return t.build().Within(width) }

// Display is the table as text, Markdown and HTML.
func (t CacheLayers) Display() map[string]string {
	return map[string]string{
		"text/plain":    t.String(),
		"text/markdown": t.build().RenderMarkdown(),
		"text/html":     t.build().RenderHTML(),
	}
}
