package engine

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"loupe/engine/observe"
)

// tap keeps what flows at some points of every layer.
type tap struct {
	points []observe.Point
	seen   map[observe.Point]map[int][]float32 // [layer] of all tokens
}

func (w *tap) Wants(_ int, p observe.Point) bool { return slices.Contains(w.points, p) }

func (w *tap) Observe(e observe.Event) {
	if w.seen == nil {
		w.seen = map[observe.Point]map[int][]float32{}
	}
	if w.seen[e.Point] == nil {
		w.seen[e.Point] = map[int][]float32{}
	}
	w.seen[e.Point][e.Layer] = append(w.seen[e.Point][e.Layer], e.X...)
}

func furthest(a, b []float32) (d float64) {
	for i := range a {
		d = max(d, math.Abs(float64(a[i])-float64(b[i])))
	}
	return d
}

// What is stored is what flowed: K after RoPE, V, over pages and batches, in types
// of their own, with rotation and without.
func TestStoredKeysAndValues(t *testing.T) {
	for _, c := range []struct {
		cfg   LoadConfig
		limit float64 // of the largest element
	}{
		{LoadConfig{KCacheType: F32, VCacheType: F32}, 0},
		{LoadConfig{KCacheType: F32, VCacheType: F32, KRotation: On, VRotation: On}, 1e-6},
		{LoadConfig{KCacheType: F16, VCacheType: BF16}, 1.0 / 256},
		{LoadConfig{KCacheType: Q8_0, VCacheType: Q8_0, CacheSinkTokens: 64}, 1.0 / 127},
	} {
		c.cfg.Threads, c.cfg.PhysicalBatchSize = 2, 48
		m := lesson(t, c.cfg)
		s := m.NewSession()
		w := &tap{points: []observe.Point{observe.KRot, observe.V}}
		s.Observe(w)
		ids := m.Tokenize(strings.Repeat("Once there was a rabbit. ", 24))
		if _, err := s.Eval(ids); err != nil {
			t.Fatal(err)
		}
		g := m.net.Config
		for _, part := range []struct {
			name  string
			of    func(layer, head int) (*Matrix, error)
			point observe.Point
			width int
		}{{"K", s.K, observe.KRot, g.HeadK}, {"V", s.V, observe.V, g.HeadV}} {
			for layer := range g.Layers {
				flowed := w.seen[part.point][layer]
				for head := range g.KVHeads {
					x, err := part.of(layer, head)
					if err != nil || x.Rows != len(ids) || x.Cols != part.width || x.Labels[1] != m.TokenText(ids[1]) {
						t.Fatalf("%s %d %d: %+v, %v", part.name, layer, head, x, err)
					}
					for i := range ids {
						want := flowed[(i*g.KVHeads+head)*part.width:][:part.width]
						most := 0.0
						for _, v := range want {
							most = max(most, math.Abs(float64(v)))
						}
						if d := furthest(x.Row(i), want); d > c.limit*most {
							t.Fatalf("%+v: %s layer %d head %d cell %d: %g from what flowed, of %g", c.cfg, part.name, layer, head, i, d, most)
						}
					}
				}
			}
		}
		if x, _ := s.K(0, 0); c.cfg.CacheSinkTokens > 0 && (x.Types[0] != F16 || x.Types[64] != Q8_0) {
			t.Errorf("rows are of types %v", x.Types)
		}
	}
}

func TestLookedAtWrongly(t *testing.T) {
	m := lesson(t, LoadConfig{})
	s := m.NewSession()
	for want, f := range map[string]func() error{
		"K: there is no layer 99":              func() error { _, err := s.K(99, 0); return err },
		"V: there is no K/V head -1":           func() error { _, err := s.V(0, -1); return err },
		"Attention: there is no head 99":       func() error { _, err := s.Attention(0, 99); return err },
		"Attention: there is no layer -1":      func() error { _, err := s.AttentionLayer(-1); return err },
		"Attention: the session has read noth": func() error { _, err := s.Attention(0, 0); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if x, err := s.K(0, 0); err != nil || x.Rows != 0 || x.String() == "" {
		t.Errorf("an empty cache: %v, %v", x, err)
	}
}

// The weights are the softmax of the queries that flow and the keys that are stored.
func TestAttentionOfSession(t *testing.T) {
	for _, flash := range []Switch{On, Off} {
		m := lesson(t, LoadConfig{FlashAttention: flash, KCacheType: Q8_0, Threads: 2, PhysicalBatchSize: 16})
		s := m.NewSession()
		w := &tap{points: []observe.Point{observe.QRot}}
		s.Observe(w)
		ids := m.Tokenize("Once there was a rabbit who lived under the old mill. Once there was a rabbit who lived near the pond.")
		if _, err := s.Eval(ids); err != nil {
			t.Fatal(err)
		}
		g := m.net.Config
		for layer := range g.Layers {
			all, err := s.AttentionLayer(layer)
			if err != nil || len(all.Heads) != g.Heads {
				t.Fatal(all, err)
			}
			for head, a := range all.Heads {
				k, err := s.K(layer, head*g.KVHeads/g.Heads)
				if err != nil {
					t.Fatal(err)
				}
				for q := range ids {
					query := w.seen[observe.QRot][layer][(q*g.Heads+head)*g.HeadK:][:g.HeadK]
					want, sum := make([]float64, q+1), 0.0
					for i := range want {
						dot := 0.0
						for j, x := range k.Row(i) {
							dot += float64(x) * float64(query[j])
						}
						want[i] = math.Exp(dot / math.Sqrt(float64(g.HeadK)))
						sum += want[i]
					}
					for i, x := range a.Row(q) {
						if i > q && x != 0 {
							t.Fatalf("token %d looks ahead", q)
						}
						// Queries are rounded to 8 bits beside keys in q8_0.
						if i <= q && math.Abs(float64(x)-want[i]/sum) > 0.02 {
							t.Fatalf("flash %v, layer %d head %d, %d to %d: %g, want %g", flash, layer, head, q, i, x, want[i]/sum)
						}
					}
				}
			}
		}
		one, err := s.Attention(1, 2)
		all, _ := s.AttentionLayer(1)
		if err != nil || !slices.Equal(one.Weights, all.Heads[2].Weights) {
			t.Errorf("one head is not that of all: %v", err)
		}
		for _, text := range []string{one.String(), all.String(), one.Terminal(100, 256), all.Terminal(100, 0), all.Display()["image/svg+xml"]} {
			if text == "" {
				t.Error("nothing to show")
			}
		}
	}
}

func TestMatrixFiles(t *testing.T) {
	m := &Matrix{Name: "K", Rows: 2, Cols: 3, Values: []float32{1, -2.5, 3e-9, 4, 5, 6}, Labels: []string{"a,\"", "\n"}, Positions: []int{0, 1}, Types: []CacheType{F16, F16}}
	dir := t.TempDir()
	if err := m.WriteNPY(filepath.Join(dir, "k.npy")); err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile(filepath.Join(dir, "k.npy"))
	size := 10 + int(binary.LittleEndian.Uint16(data[8:]))
	if !bytes.HasPrefix(data, []byte("\x93NUMPY\x01\x00")) || size%64 != 0 || data[size-1] != '\n' || !strings.Contains(string(data[:size]), "'shape': (2, 3)") {
		t.Errorf("%q", data)
	}
	for i, want := range m.Values {
		if got := math.Float32frombits(binary.LittleEndian.Uint32(data[size+4*i:])); got != want {
			t.Errorf("value %d is %g", i, got)
		}
	}
	if err := m.WriteCSV(filepath.Join(dir, "k.csv")); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "k.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][2] != m.Labels[0] || rows[2][2] != m.Labels[1] {
		t.Fatal(rows, err)
	}
	if x, err := strconv.ParseFloat(rows[1][5], 32); err != nil || float32(x) != m.Values[2] {
		t.Error(rows[1])
	}
	if err := m.WriteCSV(filepath.Join(dir, "gone", "k.csv")); err == nil {
		t.Error("wrote into a folder that is not there")
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("left behind: %v", left)
	}
}

// All layers in one pass are the layers one by one.
func TestHeadViewOfSession(t *testing.T) {
	m := lesson(t, LoadConfig{})
	s := m.NewSession()
	if _, err := s.Eval(m.Tokenize("Once there was a rabbit who lived under the old mill.")); err != nil {
		t.Fatal(err)
	}
	v, err := s.HeadView()
	if err != nil || len(v.Layers) != m.net.Config.Layers {
		t.Fatal(len(v.Layers), err)
	}
	for i, l := range v.Layers {
		one, err := s.AttentionLayer(i)
		if err != nil {
			t.Fatal(err)
		}
		for h, w := range l.Heads {
			if !slices.Equal(w.Weights, one.Heads[h].Weights) {
				t.Errorf("layer %d, head %d differs", i, h)
			}
		}
		if page := one.Display()["text/html"]; !strings.Contains(page, "loupe-headview") {
			t.Errorf("a layer shows itself as %.200s", page)
		}
	}
	two, err := s.HeadView(1, 0)
	if err != nil || two.Layers[0].Name != "layer 1" || !slices.Equal(two.Layers[1].Heads[2].Weights, v.Layers[0].Heads[2].Weights) {
		t.Errorf("layers 1 and 0: %v", err)
	}
	if _, err := s.HeadView(0, 99); err == nil || !strings.Contains(err.Error(), "no layer 99") {
		t.Error(err)
	}
}

// What reads a long text tells the host how far it is, from nothing to all.
func TestLookingTellsProgress(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1, EvalBatchSize: 8, PhysicalBatchSize: 8})
	s := m.NewSession()
	ids := m.Tokenize(strings.Repeat("Once there was a rabbit. ", 30))
	for what, do := range map[string]func() error{
		"prompt":      func() error { _, err := m.NewSession().Eval(ids); return err },
		"attention":   func() error { _, err := s.Attention(1, 0); return err },
		"head scan":   func() error { _, err := s.ScanHeads(); return err },
		"reading":     func() error { _, err := s.LogitLens(0); return err },
		"logit lens":  func() error { _, err := s.LogitLens(20); return err },
		"effect":      func() error { _, err := s.Effect(Ablate(0)); return err },
		"cache error": func() error { _, err := s.CacheError(); return err },
	} {
		if s.Len() == 0 {
			if _, err := s.Eval(ids); err != nil {
				t.Fatal(err)
			}
		}
		var heard []int
		total := 0
		restore := SetHost(&Host{Progress: func(label string, done, of int64, _ string) {
			if label == what {
				heard, total = append(heard, int(done)), int(of)
			}
		}})
		err := do()
		restore()
		if err != nil || len(heard) < 3 || heard[0] != 0 || heard[len(heard)-1] != total || !slices.IsSorted(heard) {
			t.Errorf("%s: heard %v of %d, %v", what, heard, total, err)
		}
	}
}
