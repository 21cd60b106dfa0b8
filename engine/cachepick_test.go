package engine

import (
	"slices"
	"strings"
	"testing"
)

// What is picked of the table is what is picked of the matrices, and it adds up.
func TestCachePicks(t *testing.T) {
	m := lesson(t, LoadConfig{KCacheType: Q8_0, CacheSinkTokens: 64})
	s, ids := story(t, m)
	c := s.Cache()
	all, _ := s.K(1, 0)
	for name, x := range map[string]struct {
		cells CacheTable
		want  *Matrix
	}{
		"between": {c.Between(60, 70), all.Between(60, 70)},
		"tokens":  {c.Tokens("rabbit"), all.Tokens("rabbit")},
		"both":    {c.Tokens("rabbit").Between(20, 70), all.Tokens("rabbit").Between(20, 70)},
		"all":     {c, all},
		"none":    {c.Tokens("xyzzy"), all.Tokens("xyzzy")},
	} {
		k, err := x.cells.K(1, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(k.Values, x.want.Values) || !slices.Equal(k.Positions, x.want.Positions) || !slices.Equal(k.Types, x.want.Types) {
			t.Errorf("%s: %v, want %v", name, k.Positions, x.want.Positions)
		}
		var sum, layers int64
		for _, cell := range x.cells.Cells {
			sum += int64(cell.KBytes)
		}
		for _, l := range x.cells.ByLayer {
			layers += l.KBytes
			if l.Cells != len(x.cells.Cells) {
				t.Errorf("%s: layer %d has %d cells", name, l.Layer, l.Cells)
			}
		}
		if sum != x.cells.KBytes || layers != sum || x.cells.Used != len(ids) {
			t.Errorf("%s: %d bytes, %d by layer, %d by cell; %d in use", name, x.cells.KBytes, layers, sum, x.cells.Used)
		}
	}
	if text := c.Tokens("rabbit").String(); !strings.Contains(text, "20 of the "+count(len(ids))+" cells picked") {
		t.Error(text)
	}
	if c.KBytes != s.Cache().KBytes || len(c.ByLayer) != m.net.Config.Layers {
		t.Error("picking changed the table")
	}
	v, err := c.Between(3, 4).V(2, 1)
	whole, _ := s.V(2, 1)
	if err != nil || !slices.Equal(v.Values, whole.Row(3)) {
		t.Errorf("V: %v, %v", v, err)
	}
	raw, err := c.Between(3, 4).RawK(2, 1)
	whole, _ = s.RawK(2, 1)
	if err != nil || !slices.Equal(raw.Values, whole.Row(3)) {
		t.Errorf("RawK: %v, %v", raw, err)
	}
	cell, err := c.Stored(1, 70)
	same, _ := s.Stored(1, 70)
	if err != nil || cell.String() != same.String() {
		t.Errorf("%v, %v", cell, err)
	}
	// Positions are not numbers of cells.
	s, ids = story(t, lesson(t, LoadConfig{KCacheType: Q8_0}))
	if _, err := s.KeepSinks(4, 30); err != nil {
		t.Fatal(err)
	}
	late := len(ids) - 10
	cell, err = s.Cache().Stored(1, late)
	if err != nil || cell.Pos != late || cell.Cell != 4+20 {
		t.Errorf("%v, %v", cell, err)
	}
	if _, err := s.Cache().Stored(1, 50); err == nil || !strings.Contains(err.Error(), "none of the 34 cells stands at position 50") {
		t.Error(err)
	}
}

// A table outlives what the session adds, and says so when its cells are gone.
func TestCacheTableOutlives(t *testing.T) {
	m := lesson(t, LoadConfig{})
	s, ids := story(t, m)
	c := s.Cache()
	before, _ := c.K(0, 0)
	if _, err := s.Eval(ids[1:9]); err != nil {
		t.Fatal(err)
	}
	if after, err := c.K(0, 0); err != nil || !slices.Equal(before.Values, after.Values) {
		t.Errorf("the session went on: %v", err)
	}
	s.Rewind(50)
	if _, err := c.Between(0, 50).K(0, 0); err != nil {
		t.Error(err)
	}
	if _, err := c.K(0, 0); err == nil || !strings.Contains(err.Error(), "no longer has cell 50") {
		t.Error(err)
	}
	c = s.Cache()
	for range 2 { // edited twice, a cell is marked as before
		if _, err := s.Requantize(Q4_0, "", 0); err != nil {
			t.Fatal(err)
		}
		if _, err := c.V(0, 0); err == nil || !strings.Contains(err.Error(), "take its Cache anew") {
			t.Error(err)
		}
		c = s.Cache()
	}
	if _, err := (CacheTable{}).K(0, 0); err == nil {
		t.Error("a table of no session has keys")
	}
	if _, err := c.K(99, 0); err == nil || !strings.Contains(err.Error(), "there is no layer 99") {
		t.Error(err)
	}
	f := s.Fork()
	if n := f.Cache().Cells[0].Sequences; n != 2 {
		t.Errorf("a fork's cell is held by %d sessions", n)
	}
	f.Close()
	if n := s.Cache().Cells[0].Sequences; n != 1 {
		t.Errorf("the cell is held by %d sessions", n)
	}
}
