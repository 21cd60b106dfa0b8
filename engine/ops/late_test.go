package ops

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"loupe/engine/kvcache"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// Pages of several types in one cache, changing in the middle of blocks: both ways
// agree with float64, and with one another to the rounding of weights.
func TestAttentionOverPagesOfTwoTypes(t *testing.T) {
	each(t, func(t *testing.T, c *CPU) {
		r := rand.New(rand.NewPCG(7, 3))
		for i, types := range [][2]tensor.DType{{tensor.Q8_0, tensor.Q8_0}, {tensor.Q4_0, tensor.F16}, {tensor.F32, tensor.Q5_1}, {tensor.Q4_1, tensor.IQ4_NL}, {tensor.Q5_0, tensor.Q4_0}} {
			for j, n := range []int{1, 9} {
				cfg := kvcache.Config{Layers: 1, KVHeads: 2, HeadK: 64, HeadV: 32, KType: types[0], VType: types[1], Context: 8192, Sinks: 1 + 100*(i%2), Residual: 60 + 100*(j%2)}
				if i == 3 {
					cfg.HeadV = 64 // values in blocks that stay where they lie
				}
				a := &attentionCase{cells: 450 + 50*i + n}
				store, err := kvcache.NewStore(cfg)
				if err != nil {
					t.Fatal(err)
				}
				seq := store.NewSeq()
				for seq.Len() < a.cells {
					batch := min(50, a.cells-seq.Len())
					plan, err := seq.Plan(batch)
					if err != nil {
						t.Fatal(err)
					}
					for i := range batch {
						if err := seq.Put(plan, 0, i, random(r, cfg.KRow()), random(r, cfg.VRow())); err != nil {
							t.Fatal(err)
						}
					}
					seq.Commit(plan, make([]int, batch))
				}
				segments := seq.Segments(nil, 0, a.cells)
				a.keys, a.values = make([]float32, a.cells*cfg.KRow()), make([]float32, a.cells*cfg.VRow())
				wide := 0
				for p, s := range segments {
					if s.KType == cfg.WideK() && s.VType == cfg.WideV() {
						wide++
					}
					k, v := make([]float32, kvcache.PageCells*cfg.KRow()), make([]float32, kvcache.PageCells*cfg.VRow())
					if err := errors.Join(quant.Dequantize(s.KType, k, s.K), quant.Dequantize(s.VType, v, s.V)); err != nil {
						t.Fatal(err)
					}
					for row := range s.N {
						for h := range cfg.KVHeads {
							copy(a.keys[((p*kvcache.PageCells+row)*cfg.KVHeads+h)*cfg.HeadK:][:cfg.HeadK], k[(h*kvcache.PageCells+row)*cfg.HeadK:])
							copy(a.values[((p*kvcache.PageCells+row)*cfg.KVHeads+h)*cfg.HeadV:][:cfg.HeadV], v[(h*kvcache.PageCells+row)*cfg.HeadV:])
						}
					}
				}
				if wide < 2 || wide > len(segments)-2 {
					t.Fatalf("%d of %d pages are wide", wide, len(segments))
				}
				const heads = 6
				a.Attention = Attention{
					Heads: heads, KVHeads: cfg.KVHeads, HeadK: cfg.HeadK, HeadV: cfg.HeadV, Segments: segments, From: a.cells - n, N: n,
					Q: random(r, n*heads*cfg.HeadK), Out: make([]float32, n*heads*cfg.HeadV),
				}
				limit := 2e-5
				if !c.exact {
					limit = 0.03 // queries are in 8 bits where keys are in blocks
				}
				c.Attend(a.Attention)
				a.check(t, c, limit)
				plain := slices.Clone(a.Out)
				a.Flash = true
				c.Attend(a.Attention)
				a.check(t, c, limit)
				for i, x := range plain {
					if off := math.Abs(float64(x - a.Out[i])); !(off <= 3.2e-4) {
						t.Fatalf("%v, %d queries: element %d is %v with flash attention, %v without", types, n, i, a.Out[i], x)
					}
				}
				a.Flash, a.Window = true, 200
				c.Attend(a.Attention)
				flashed := slices.Clone(a.Out)
				a.Flash = false
				c.Attend(a.Attention)
				for i, x := range a.Out {
					if off := math.Abs(float64(x - flashed[i])); !(off <= 3.2e-4) {
						t.Fatalf("%v, %d queries in a window: element %d is %v with flash attention, %v without", types, n, i, flashed[i], x)
					}
				}
				seq.Free()
				store.Close()
			}
		}
	})
}
