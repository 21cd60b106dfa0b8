package engine

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
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

// layersOf adds up what each layer has of the cells.
func (s *Session) layersOf(cells []CacheCell) CacheLayers {
	c := s.seq.Store().Config()
	list := make(CacheLayers, c.Layers)
	for l := range list {
		x := &list[l]
		x.Layer, x.Window, x.First = l, s.model.net.Config.WindowOf(l), s.seq.First(l)
		x.Cells = len(cells) - x.First
		for _, cell := range cells[x.First:] {
			x.KBytes += int64(cell.KBytes / cell.Layers)
			x.VBytes += int64(cell.VBytes / cell.Layers)
		}
	}
	return list
}

func (t CacheLayers) build() table.Writer {
	w := newTable()
	w.AppendHeader(table.Row{"layer", "cells", "K", "V", "together", "share"})
	var columns []table.ColumnConfig
	for i := 3; i <= 6; i++ {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight, AlignFooter: text.AlignRight})
	}
	w.SetColumnConfigs(columns)
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

// Display is the table as text, Markdown and HTML.
func (t CacheLayers) Display() map[string]string {
	return map[string]string{
		"text/plain":    t.String(),
		"text/markdown": t.build().RenderMarkdown(),
		"text/html":     t.build().RenderHTML(),
	}
}
