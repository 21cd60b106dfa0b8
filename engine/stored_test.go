package engine

import (
	"strings"
	"testing"

	"loupe/engine/observe"
)

// K turned back by its position is K before RoPE, as it flowed.
func TestRawK(t *testing.T) {
	for _, cfg := range []LoadConfig{
		{KCacheType: F32, VCacheType: F32},
		{KCacheType: F32, VCacheType: F32, KRotation: On},
		{KCacheType: F32, VCacheType: F32, RopeScaling: RopeYarn, RopeFrequencyScale: 0.25, ContextLength: 1024},
		{KCacheType: F32, VCacheType: F32, RopeFrequencyBase: 500},
	} {
		cfg.Threads = 1
		m := lesson(t, cfg)
		s := m.NewSession()
		w := &tap{points: []observe.Point{observe.K}}
		s.Observe(w)
		ids := m.Tokenize(strings.Repeat("Once there was a rabbit. ", 20))
		if _, err := s.Eval(ids); err != nil {
			t.Fatal(err)
		}
		c := m.net.Config
		for layer := range c.Layers {
			for head := range c.KVHeads {
				raw, err := s.RawK(layer, head)
				if err != nil {
					t.Fatal(err)
				}
				for i := range ids {
					if d := furthest(raw.Row(i), w.seen[observe.K][layer][(i*c.KVHeads+head)*c.HeadK:][:c.HeadK]); d > 1e-4 {
						t.Fatalf("layer %d, head %d, cell %d: %v from what flowed", layer, head, i, d)
					}
				}
			}
		}
	}
}

func TestStored(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1, KCacheType: Q4_0, VCacheType: F16})
	s, ids := story(t, m)
	x, err := s.Stored(2, 70)
	if err != nil || x.ID != ids[70] || x.Pos != 70 || len(x.K) != m.net.Config.KVHeads {
		t.Fatalf("%+v, %v", x, err)
	}
	for h := range x.K {
		k, _ := s.K(2, h)
		v, _ := s.V(2, h)
		if furthest(k.Row(70), x.K[h].Values) != 0 || furthest(v.Row(70), x.V[h].Values) != 0 {
			t.Errorf("head %d: other values", h)
		}
		if len(x.K[h].Bytes) != Q4_0.dtype().RowBytes(m.net.Config.HeadK) || len(x.V[h].Blocks) != 0 {
			t.Errorf("head %d: %d bytes of K, %d blocks of V", h, len(x.K[h].Bytes), len(x.V[h].Blocks))
		}
		for b, block := range x.K[h].Blocks {
			for i, q := range block.Quants {
				if got := float32(block.Scale*float32(q)) + block.Offset; got != k.Row(70)[32*b+i] {
					t.Fatalf("head %d, element %d: %v", h, 32*b+i, got)
				}
			}
		}
	}
	if text := x.String(); !strings.Contains(text, "cell 70, position 70") || !strings.Contains(text, "K q4_0") {
		t.Error(text)
	}
	for _, c := range [][2]int{{-1, 0}, {99, 0}, {0, len(ids)}} {
		if _, err := s.Stored(c[0], c[1]); err == nil || !strings.Contains(err.Error(), "there is no") {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestSelections(t *testing.T) {
	s, _ := story(t, lesson(t, LoadConfig{Threads: 1}))
	k, _ := s.K(0, 0)
	some := k.Between(10, 15)
	if some.Rows != 5 || some.Positions[0] != 10 || furthest(some.Row(4), k.Row(14)) != 0 {
		t.Errorf("%+v", some)
	}
	named := k.Tokens("rabbit")
	if named.Rows != 20 || !strings.Contains(named.Labels[0], "rabbit") {
		t.Errorf("%d rows: %q", named.Rows, named.Labels)
	}
	if none := k.Tokens("xyzzy"); none.Rows != 0 || none.String() == "" {
		t.Errorf("%+v", none)
	}
}
