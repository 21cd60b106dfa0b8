package quant

import (
	"math/rand/v2"
	"testing"

	"loupe/engine/tensor"
)

// benchmarkHead is the length of one key or value row of a head: the cache is
// written by calls of this size.
const benchmarkHead = 128

// BenchmarkQuantize writes the rows of a cache, head by head, and where a type has
// blocks of 256 one block.
func BenchmarkQuantize(b *testing.B) {
	each(b, func(b *testing.B, typ tensor.DType, x []float32, data []byte) {
		for b.Loop() {
			if err := Quantize(typ, data, x); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDequantize(b *testing.B) {
	each(b, func(b *testing.B, typ tensor.DType, x []float32, data []byte) {
		if err := Quantize(typ, data, x); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if err := Dequantize(typ, x, data); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func each(b *testing.B, run func(b *testing.B, typ tensor.DType, x []float32, data []byte)) {
	for _, c := range codecs {
		n := max(benchmarkHead, c.typ.BlockSize())
		x := make([]float32, n)
		rng := rand.New(rand.NewPCG(5, 6))
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		b.Run(c.typ.String(), func(b *testing.B) {
			run(b, c.typ, x, make([]byte, c.typ.RowBytes(n)))
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/element")
		})
	}
}
