package simd

import (
	"fmt"
	"testing"

	"loupe/engine/tensor"
)

// The sizes of a feed-forward matrix of a model of 135 million weights, and
// what all its weights take in q4_1.
const (
	benchIn    = 576
	benchOut   = 1536
	benchModel = 92 << 20
)

// BenchmarkRead is the rate that memory gives one core: a dot product of a
// large buffer with itself. BenchmarkDecode is to be held against it.
func BenchmarkRead(b *testing.B) {
	x := make([]float32, benchModel/4)
	for i := range x {
		x[i] = 1
	}
	b.SetBytes(benchModel)
	for b.Loop() {
		Best().Dot(x, x)
	}
}

// BenchmarkDecode multiplies one token with matrices that together are as large
// as a model.
func BenchmarkDecode(b *testing.B) {
	for _, k := range All() {
		for _, typ := range quantTypes {
			b.Run(fmt.Sprintf("%s/%s", k.Name, typ), func(b *testing.B) {
				p := newProduct(typ, benchOut, benchIn, 1, 1)
				matrices := make([]byte, benchModel/len(p.w)*len(p.w))
				for i := 0; i < len(matrices); i += len(p.w) {
					copy(matrices[i:], p.w)
				}
				dst := make([]float32, benchOut)
				b.SetBytes(int64(len(matrices)))
				for b.Loop() {
					for i := 0; i < len(matrices); i += len(p.w) {
						k.MulQ(typ)(dst, benchOut, matrices[i:i+len(p.w)], benchOut, &p.q, 0, 1)
					}
				}
			})
		}
	}
}

// BenchmarkPrompt multiplies 64 tokens with one matrix.
func BenchmarkPrompt(b *testing.B) {
	const tokens = 64
	for _, k := range All() {
		for _, typ := range append(quantTypes, floatTypes...) {
			b.Run(fmt.Sprintf("%s/%s", k.Name, typ), func(b *testing.B) {
				p := newProduct(typ, benchOut, benchIn, tokens, 1)
				dst := make([]float32, tokens*benchOut)
				for b.Loop() {
					p.run(k, dst, benchOut, 0, benchOut, 0, tokens)
				}
				b.ReportMetric(2*benchIn*benchOut*tokens*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

// BenchmarkAttention is one head of 64 over 1024 cells of an f16 cache.
func BenchmarkAttention(b *testing.B) {
	const dim, cells = 64, 1024
	cache := make([]byte, tensor.F16.RowBytes(dim*cells))
	q, out, scores := make([]float32, dim), make([]float32, dim), make([]float32, cells)
	for _, k := range All() {
		b.Run(k.Name, func(b *testing.B) {
			for b.Loop() {
				for c := range cells {
					scores[c] = k.DotF16(q, cache[2*dim*c:2*dim*(c+1)])
				}
				k.SoftMax(scores)
				for c := range cells {
					k.AxpyF16(out, scores[c], cache[2*dim*c:2*dim*(c+1)])
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/cells, "ns/cell")
		})
	}
}
