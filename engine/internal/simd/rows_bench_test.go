package simd

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkRows is the time of the operations on rows, [tokens, 2048] and heads of
// 64, and how much faster they are than in plain Go.
func BenchmarkRows(b *testing.B) {
	const n, head = 2048, 64
	rng := rand.New(rand.NewPCG(1, 1))
	x, y, w, dst := normal(rng, n), normal(rng, n), normal(rng, n), make([]float32, n)
	var q, rest Q8
	q.Reset(1, n)
	rest.Reset(1, n)
	out := make([]byte, 4*n)
	cases := []struct {
		name string
		call func(k *Kernels)
	}{
		{"QuantizeQ8", func(k *Kernels) { k.QuantizeQ8(&q, 0, x) }},
		{"QuantizeQ8Fine", func(k *Kernels) { k.QuantizeQ8Fine(&q, &rest, 0, x) }},
		{"RopePairs", func(k *Kernels) { k.RopePairs(dst, n/head, head, w[:head/2], w[head/2:head]) }},
		{"RopeHalves", func(k *Kernels) { k.RopeHalves(dst, n/head, head, w[:head/2], w[head/2:head]) }},
		{"Add", func(k *Kernels) { k.Add(dst, x) }},
		{"RMSNorm", func(k *Kernels) { k.RMSNorm(dst, x, w, 1e-5) }},
		{"AddRMSNorm", func(k *Kernels) { k.AddRMSNorm(dst, y, x, w, 1e-5) }},
		{"SwiGLU", func(k *Kernels) { k.SwiGLU(dst, x, w) }},
		{"SoftMax", func(k *Kernels) { copy(dst, x); k.SoftMax(dst) }},
	}
	for _, typ := range storeTypes {
		cases = append(cases, struct {
			name string
			call func(k *Kernels)
		}{"Store " + typ.String(), func(k *Kernels) { k.Store(typ)(out[:typ.RowBytes(n)], x) }})
	}
	for _, c := range cases {
		for _, k := range All()[1:] {
			b.Run(c.name+"/"+k.Name, func(b *testing.B) {
				const times = 20
				many := func(k *Kernels) func() {
					return func() {
						for range times {
							clear(y)
							c.call(k)
						}
					}
				}
				t := compare(b, many(k), many(Generic()), func() {
					for range times {
						clear(y)
					}
				})
				self := (t[0] - t[2]).Seconds()
				b.ReportMetric(self/times*1e9, "ns/row")
				b.ReportMetric((t[1]-t[2]).Seconds()/self, "x-generic")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
