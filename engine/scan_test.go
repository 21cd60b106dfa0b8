package engine

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// The lesson model copies: it has a head that looks at the token before and one that
// looks at what followed the last time. What the scan says of them is what Attention
// says, however the reading is cut up.
func TestScanHeads(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 2, FlashAttention: On})
	x, err := m.ScanHeads(0, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(x)
	if a, b := x.Previous.Top(1)[0], x.Induction.Top(1)[0]; a.Score <= 0.5 || b.Score <= 0.5 || a.Layer >= b.Layer {
		t.Errorf("previous token %v, induction %v", a, b)
	}
	if x.Repeated != scanBlock || x.Layers*x.Heads != len(x.Sink.Values) {
		t.Errorf("%+v", x)
	}
	again, err := lesson(t, LoadConfig{Threads: 1, FlashAttention: On, PhysicalBatchSize: 7}).ScanHeads(0, 1)
	if err != nil {
		t.Fatal(err)
	}
	other, err := m.ScanHeads(0, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range x.scores() {
		if d := furthest(s.Values, again.scores()[i].Values); d > 1e-3 {
			t.Errorf("%s: in pieces it differs by %v", s.Name, d)
		}
		if slices.Equal(s.Values, other.scores()[i].Values) {
			t.Errorf("%s: another seed gives the same", s.Name)
		}
	}
	for form, text := range x.Display() {
		if !strings.Contains(text, "induction") {
			t.Errorf("%s: %s", form, text)
		}
	}
	top := x.Induction.Top(1)[0]
	if x.Grid().Check() != nil || !strings.Contains(x.Table(), fmt.Sprintf("%d.%d: %.2f", top.Layer, top.Head, top.Score)) || !strings.HasPrefix(top.String(), "layer ") {
		t.Error(x.Table())
	}
}

// On a text, against the weights that Attention gives.
func TestScanOfAText(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1, KCacheType: Q8_0})
	s := m.NewSession()
	ids := m.Tokenize("The fox saw the owl. The fox fox saw the hen.")
	if _, err := s.Eval(ids); err != nil {
		t.Fatal(err)
	}
	x, err := s.ScanHeads()
	if err != nil {
		t.Fatal(err)
	}
	n := float64(len(ids) - 1)
	for layer := range x.Layers {
		all, err := s.AttentionLayer(layer)
		if err != nil {
			t.Fatal(err)
		}
		for head, a := range all.Heads {
			var sink, previous, duplicate, induction float64
			repeated := 0.0
			for q := 1; q < a.N; q++ {
				row := a.Row(q)
				sink += float64(row[0]) / n
				previous += float64(row[q-1]) / n
				if slices.Contains(ids[:q], ids[q]) {
					repeated++
				}
				for k := range q {
					if ids[k] == ids[q] {
						duplicate += float64(row[k])
						if k+1 < q {
							induction += float64(row[k+1])
						}
					}
				}
			}
			for got, want := range map[float64]float64{
				x.Sink.At(layer, head): sink, x.Previous.At(layer, head): previous,
				x.Duplicate.At(layer, head): duplicate / repeated, x.Induction.At(layer, head): induction / repeated,
			} {
				if math.Abs(got-want) > 1e-5 {
					t.Errorf("layer %d, head %d: %v, by hand %v", layer, head, got, want)
				}
			}
		}
	}
	if x.Sink.At(99, 0) != 0 || x.Sink.At(0, -1) != 0 || len(x.Sink.Top(1000)) != x.Layers*x.Heads || x.Sink.Top(-1) != nil {
		t.Error("scores of heads that there are not")
	}
}

func TestScanRefuses(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1, ContextLength: 64})
	for _, block := range []int{-1, 1, 32} {
		if _, err := m.ScanHeads(block, 0); err == nil || !strings.Contains(err.Error(), "from 2 to 31") {
			t.Errorf("%d: %v", block, err)
		}
	}
	if _, err := m.ScanHeads(31, 0); err != nil {
		t.Error(err)
	}
	if _, err := m.NewSession().ScanHeads(); err == nil || !strings.Contains(err.Error(), "takes 2") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.ScanHeadsContext(ctx, 5, 0); err != context.Canceled {
		t.Error(err)
	}
}
