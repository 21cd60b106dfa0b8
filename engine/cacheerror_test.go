package engine

import (
	"math"
	"strings"
	"testing"
)

func TestCacheError(t *testing.T) {
	run := func(k, v CacheType, rotate Switch) *CacheError {
		m := lesson(t, LoadConfig{Threads: 1, KCacheType: k, VCacheType: v, KRotation: rotate, VRotation: rotate})
		s, ids := story(t, m)
		before := m.cells.MappedBytes()
		x, err := s.CacheError()
		if err != nil {
			t.Fatal(err)
		}
		if len(x.K.Cells) != len(ids) || len(x.K.Heads) != m.net.Config.Layers*m.net.Config.KVHeads {
			t.Fatalf("%d cells, %d heads", len(x.K.Cells), len(x.K.Heads))
		}
		if s.Len() != len(ids) || m.cells.MappedBytes() > 3*before {
			t.Errorf("the session has %d cells, its store %d bytes", s.Len(), m.cells.MappedBytes())
		}
		for _, text := range []string{x.String(), x.Display()["text/markdown"]} {
			if !strings.Contains(text, "same top") {
				t.Error(text)
			}
		}
		return x
	}
	if x := run(F32, F32, Off); x.K.Max != 0 || x.V.RMS != 0 {
		t.Errorf("f32 loses %v, %v", x.K.Max, x.V.RMS)
	}
	f16, q8, q4 := run(F16, F16, Off), run(Q8_0, Q8_0, Off), run(Q4_0, Q4_0, Off)
	if !(f16.K.Relative > 0 && f16.K.Relative < 1.0/2048 && f16.K.Relative < q8.K.Relative && q8.K.Relative < q4.K.Relative && q4.K.Relative < 0.3) {
		t.Errorf("K: f16 %v, q8_0 %v, q4_0 %v", f16.K.Relative, q8.K.Relative, q4.K.Relative)
	}
	if len(f16.Effects) != 1 || len(q4.Effects) != 4 || f16.Verdict() != "Neither K nor V is stored in fewer bits than f16." {
		t.Errorf("%+v, %+v: %s", f16.Effects, q4.Effects, f16.Verdict())
	}
	both, floor := q4.Effects[0], q4.Effects[3]
	if both.MeanKL <= floor.MeanKL || both.MeanKL <= q8.Effects[0].MeanKL || both.SameTop > 1 || both.MaxKL < both.MeanKL {
		t.Errorf("%+v", q4.Effects)
	}
	if !strings.Contains(q4.Verdict(), "hurts more") {
		t.Error(q4.Verdict())
	}
	// A block's loss is bounded by half a step: the largest element by 127, or by 8.
	for _, h := range q8.K.Heads {
		top := 0.0
		for _, x := range h.ChannelSize {
			top = max(top, float64(x))
		}
		if h.Max > 0.5*top*math.Sqrt(200)/127 {
			t.Errorf("layer %d, head %d: loses %v, its channels are up to %v", h.Layer, h.Head, h.Max, top)
		}
	}
	if turned := run(Q4_0, Q4_0, On); turned.K.Relative > q4.K.Relative*1.2 || turned.K.Relative == q4.K.Relative {
		t.Errorf("turned: %v, as they are: %v", turned.K.Relative, q4.K.Relative)
	}
	if heat := q4.K.Channels(); heat.Check() != nil || heat.Rows != len(q4.K.Heads) {
		t.Error(heat.Check())
	}
	if _, err := lesson(t, LoadConfig{}).NewSession().CacheError(); err == nil {
		t.Error("of nothing")
	}
	if got := outliers([]float32{1, 1, 2, 1, 9, 1}); len(got) != 1 || got[0] != 4 {
		t.Error(got)
	}
}
