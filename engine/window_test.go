package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loupe/engine/enginetest"
)

// windowed are two models of the same file, which has layers with a window of 70 cells:
// one that keeps the last cells there, and one that keeps all.
func windowed(t *testing.T, cfg LoadConfig) (m, full *Model) {
	t.Helper()
	gemma := func(c *enginetest.Tiny) { c.Layers, c.Window, c.Context = 3, 70, 1024 }
	m = tiny(t, cfg, gemma)
	cfg.SWAFull = On
	return m, tiny(t, cfg, gemma)
}

// someTokens are n tokens of a tiny model.
func someTokens(n int, seed uint64) []int {
	r := rand.New(rand.NewPCG(seed, 1))
	ids := make([]int, n)
	for i := range ids {
		ids[i] = r.IntN(250)
	}
	return ids
}

// same checks that two sessions predict the same, bit by bit, having read the same.
func same(t *testing.T, s, full *Session, ids ...int) {
	t.Helper()
	a, err := s.Eval(ids)
	if err != nil {
		t.Fatal(err)
	}
	b, err := full.Eval(ids)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a, b) {
		t.Fatalf("after %d tokens other logits than with SWAFull", s.Len())
	}
	if !slices.Equal(s.Tokens(), full.Tokens()) {
		t.Fatalf("other tokens than with SWAFull")
	}
}

// Without the cells that no query sees everything is as with them: reading, in batches
// of any size, generating, cutting back, forks, saving. Cut back further than the cells
// reach, a session is read anew by itself, and says so.
func TestWindowIsAsFull(t *testing.T) {
	for _, cfg := range []LoadConfig{
		{PhysicalBatchSize: 32},
		{PhysicalBatchSize: 100, EvalBatchSize: 150, KCacheType: Q8_0, VCacheType: Q4_0, Threads: 2},
		{PhysicalBatchSize: 64, KCacheType: Q4_0, VCacheType: Q8_0, CacheSinkTokens: 64, CacheResidualLength: 128},
		{PhysicalBatchSize: 48, FlashAttention: Off},
	} {
		t.Run(fmt.Sprintf("batch %d", cfg.PhysicalBatchSize), func(t *testing.T) {
			m, full := windowed(t, cfg)
			s, f := m.NewSession(), full.NewSession()
			ids := someTokens(600, 7)
			for n, from := 1, 0; from < len(ids); n = n*2 + 1 {
				to := min(from+n, len(ids))
				same(t, s, f, ids[from:to]...)
				from = to
			}
			c := s.Cache()
			if c.WindowLayers != 2 || c.Window != 70 || c.WindowFirst == 0 || c.WindowFirst > 600+1-70 {
				t.Errorf("%d layers with a window of %d have cells from %d on", c.WindowLayers, c.Window, c.WindowFirst)
			}
			if at := f.Cache(); at.WindowLayers != 0 || at.KBytes <= c.KBytes {
				t.Errorf("with SWAFull %d layers have a window, K takes %d bytes; without %d", at.WindowLayers, at.KBytes, c.KBytes)
			}
			for i := range 200 { // token by token, past pages
				same(t, s, f, someTokens(1, uint64(i))...)
			}

			fork, ffork := s.Fork(), f.Fork()
			same(t, fork, ffork, 5, 6, 7)
			same(t, s, f, 8)
			s.Rewind(s.Len() - 3)
			f.Rewind(f.Len() - 3)
			same(t, s, f, 9, 10)
			if s.reread != 0 {
				t.Errorf("cutting 3 tokens off read %d anew", s.reread)
			}
			// As one that never went further. (With CacheResidualLength what was stored in
			// fewer bits stays so in f.)
			s.Rewind(300)
			f = full.NewSession()
			if _, err := f.Eval(s.Tokens()); err != nil {
				t.Fatal(err)
			}
			same(t, s, f, 11, 12)
			if s.reread != 300 {
				t.Errorf("cut to 300 tokens %d were read anew", s.reread)
			}
			same(t, fork, ffork, 13)

			path := filepath.Join(t.TempDir(), "s.kv")
			if err := fork.Save(path); err != nil {
				t.Fatal(err)
			}
			back, err := m.Restore(path)
			if err != nil {
				t.Fatal(err)
			}
			same(t, back, ffork, 14, 15)
			if _, err := full.Restore(path); err == nil || !strings.Contains(err.Error(), "SWAFull") {
				t.Errorf("restored where every layer keeps all: %v", err)
			}
		})
	}
}

// Generations that reuse a prefix, that go past the context and roll, and such as run
// side by side are as with SWAFull, and Stats say what was read anew.
func TestWindowGenerates(t *testing.T) {
	m, full := windowed(t, LoadConfig{PhysicalBatchSize: 64, ContextLength: 512})
	s, f := m.NewSession(), full.NewSession()
	both := func(name string, ids []int, cfg GenerateConfig) (a, b *Reply) {
		t.Helper()
		a, err := s.GenerateIDs(context.Background(), ids, cfg)
		if err != nil {
			t.Fatal(name, err)
		}
		b, err = f.GenerateIDs(context.Background(), ids, cfg)
		if err != nil {
			t.Fatal(name, err)
		}
		if !slices.Equal(a.IDs, b.IDs) || !slices.Equal(s.Tokens(), f.Tokens()) {
			t.Fatalf("%s: %v, with SWAFull %v", name, a.IDs, b.IDs)
		}
		return a, b
	}
	ids := someTokens(400, 3)
	both("first", ids, GenerateConfig{MaxTokens: 20})

	a, b := both("the same again", ids, GenerateConfig{MaxTokens: 20})
	if a.Stats.ReusedTokens != 399 || b.Stats.ReusedTokens != 399 {
		t.Errorf("the same prompt reused %d, with SWAFull %d", a.Stats.ReusedTokens, b.Stats.ReusedTokens)
	}
	a, b = both("a short start", append(slices.Clone(ids[:200]), 1, 2, 3), GenerateConfig{MaxTokens: 5})
	if a.Stats.ReusedTokens != 0 || a.Stats.WindowTokens != 200 || b.Stats.ReusedTokens != 200 || b.Stats.WindowTokens != 0 {
		t.Errorf("reused %d, of the window %d; with SWAFull %d, %d", a.Stats.ReusedTokens, a.Stats.WindowTokens, b.Stats.ReusedTokens, b.Stats.WindowTokens)
	}
	if text := a.Stats.String(); !strings.Contains(text, "200 more were past the sliding window; SWAFull keeps them") {
		t.Error(text)
	}

	a, b = both("rolling", ids, GenerateConfig{MaxTokens: 400, ContextOverflowPolicy: RollingWindow})
	if a.Stats.Shifts == 0 || a.Stats.Shifts != b.Stats.Shifts {
		t.Errorf("%d shifts, with SWAFull %d", a.Stats.Shifts, b.Stats.Shifts)
	}
}

// The inspector says which cells a layer has, and does not invent the others.
func TestWindowIsSeen(t *testing.T) {
	m, full := windowed(t, LoadConfig{PhysicalBatchSize: 32})
	s, f := m.NewSession(), full.NewSession()
	same(t, s, f, someTokens(500, 9)...)
	first := s.Cache().WindowFirst
	for layer, from := range []int{first, first, 0} {
		a, err := s.K(layer, 1)
		if err != nil {
			t.Fatal(err)
		}
		b, err := f.K(layer, 1)
		if err != nil {
			t.Fatal(err)
		}
		if a.Rows != 500-from || a.Positions[0] != from || !slices.Equal(a.Values, b.Values[from*b.Cols:]) {
			t.Errorf("layer %d: %d rows from position %d on, want those from %d on", layer, a.Rows, a.Positions[0], from)
		}
	}
	if _, err := s.Stored(0, first-1); err == nil || !strings.Contains(err.Error(), "SWAFull") {
		t.Errorf("a cell that layer 0 has no longer: %v", err)
	}
	if _, err := s.Stored(2, first-1); err != nil {
		t.Error(err)
	}
	c := s.Cache()
	cells, k, v := c.Cells, int64(0), int64(0)
	for _, x := range c.ByLayer {
		k, v = k+x.KBytes, v+x.VBytes
		if want := map[bool]int{true: first}[x.Layer < 2]; x.First != want || x.Cells != 500-want {
			t.Errorf("layer %d has %d cells from %d on", x.Layer, x.Cells, x.First)
		}
	}
	if k != c.KBytes || v != c.VBytes || k+v != s.seq.UsedBytes() {
		t.Errorf("the layers have %d and %d bytes, the cells %d and %d, together %d", k, v, c.KBytes, c.VBytes, s.seq.UsedBytes())
	}
	if text := c.ByLayer.String(); !strings.Contains(text, "from 384 on, window of 70") {
		t.Error(text)
	}
	if cells[0].Layers != 1 || cells[499].Layers != 3 || 3*cells[0].KBytes != cells[499].KBytes {
		t.Errorf("the first cell is in %d layers, the last in %d", cells[0].Layers, cells[499].Layers)
	}

	// What was changed by hand cannot be read anew.
	if _, err := s.Remove(100, 110); err != nil {
		t.Fatal(err)
	}
	s.Rewind(200)
	if _, err := s.Eval([]int{1}); err == nil || !strings.Contains(err.Error(), "SWAFull") {
		t.Errorf("a cut session with cells taken out went on: %v", err)
	}
}

// A model as it is used: Gemma 3 270M reads past its window of 512 and goes on as with
// all cells.
func TestWindowOfGemma3(t *testing.T) {
	m, full := gemma3(t, LoadConfig{ContextLength: 2048, PhysicalBatchSize: 256}), gemma3(t, LoadConfig{ContextLength: 2048, PhysicalBatchSize: 256, SWAFull: On})
	s, f := m.NewSession(), full.NewSession()
	ids := m.Tokenize(strings.Repeat("The rabbit went into the garden and ate all of the green lettuces that grew there. ", 60))
	same(t, s, f, ids[:900]...)
	for i := 900; i < 910; i++ {
		same(t, s, f, ids[i])
	}
	if a, b := m.cells.MappedBytes(), full.cells.MappedBytes(); a >= b {
		t.Errorf("the windows' cache takes %s, all cells %s", Size(a), Size(b))
	} else {
		t.Logf("%s instead of %s", Size(a), Size(b))
	}
}
