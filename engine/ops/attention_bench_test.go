//go:build unix

package ops

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"

	"loupe/engine/internal/simd"
	"loupe/engine/kvcache"
	"loupe/engine/tensor"
)

// Time is that of the processor, which says more than that of the clock where
// others run too.
func BenchmarkAttention(b *testing.B) {
	for _, kern := range simd.All()[1:] {
		for _, n := range []int{1, 256} {
			for _, typ := range []tensor.DType{tensor.F16, tensor.Q8_0, tensor.Q4_0} {
				for _, flash := range []bool{false, true} {
					b.Run(fmt.Sprintf("%s/%s/%d queries/flash %v", kern.Name, typ, n, flash), func(b *testing.B) {
						t := &testing.T{}
						a := newAttention(t, rand.New(rand.NewPCG(6, 3)), typ, typ, 9, 3, 64, 64, 6000, n, 1)
						a.Flash = flash
						c := NewCPU(1, kern, false)
						defer c.Close()
						begin := processorTime(b)
						for b.Loop() {
							c.Attend(a.Attention)
						}
						b.ReportMetric((processorTime(b)-begin)/float64(b.N)/float64(n*9*(6000+n/2)), "ns/(query*head*cell)")
					})
				}
			}
		}
	}
}

// One token's attention in all layers of a small model: keys and values come from
// where 6000 cells of it lie.
func BenchmarkDecode(b *testing.B) {
	const layers, cells, heads, kvHeads, head = 30, 6000, 9, 3, 64
	for _, typ := range []tensor.DType{tensor.F16, tensor.Q8_0, tensor.Q4_0} {
		store, err := kvcache.NewStore(kvcache.Config{Layers: layers, KVHeads: kvHeads, HeadK: head, HeadV: head, KType: typ, VType: typ, Context: cells})
		if err != nil {
			b.Fatal(err)
		}
		seq := store.NewSeq()
		plan, err := seq.Plan(cells)
		if err != nil {
			b.Fatal(err)
		}
		r := rand.New(rand.NewPCG(7, 3))
		x := random(r, 1000+kvHeads*head)
		for l := range layers {
			for i := range cells {
				row := x[r.IntN(1000):][:kvHeads*head]
				if err := seq.Put(plan, l, i, row, row); err != nil {
					b.Fatal(err)
				}
			}
		}
		q, out := random(r, heads*head), make([]float32, heads*head)
		for _, kern := range simd.All()[1:] {
			for _, flash := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/%s/flash %v", typ, kern.Name, flash), func(b *testing.B) {
					c := NewCPU(1, kern, false)
					defer c.Close()
					var segments []kvcache.Segment
					begin := processorTime(b)
					for b.Loop() {
						for l := range layers {
							segments = seq.Segments(segments[:0], l, cells)
							c.Attend(Attention{
								Heads: heads, KVHeads: kvHeads, HeadK: head, HeadV: head,
								Segments: segments, From: cells - 1, N: 1, Q: q, Out: out, Flash: flash,
							})
						}
					}
					b.ReportMetric((processorTime(b)-begin)/float64(b.N)/1e6, "ms/token")
					b.ReportMetric(float64(layers*cells*kvHeads*2*typ.RowBytes(head))*float64(b.N)/(processorTime(b)-begin), "GB/s")
				})
			}
		}
		seq.Free()
		store.Close()
	}
}

func processorTime(b *testing.B) float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return float64(r.Utime.Nano() + r.Stime.Nano())
}
