package simd

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"
)

// compare runs the ways in turns, as many rounds as b asks for and 9 at least, and
// gives the median time of each. Figures of different runs do not compare; these do.
func compare(b *testing.B, ways ...func()) []time.Duration {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	times := make([][]time.Duration, len(ways))
	for round := 0; round < 10 || b.Loop(); round++ {
		for i, way := range ways {
			from := threadTime()
			way()
			if round > 0 {
				times[i] = append(times[i], threadTime()-from)
			}
		}
	}
	medians := make([]time.Duration, len(ways))
	for i, t := range times {
		slices.Sort(t)
		medians[i] = t[len(t)/2]
	}
	return medians
}

// BenchmarkPanelDecode multiplies one token with matrices in panels that together
// are as large as a model, and reports the rate as a ratio to that of reading them.
func BenchmarkPanelDecode(b *testing.B) {
	for _, k := range All()[1:] {
		for _, typ := range panelTypes {
			b.Run(fmt.Sprintf("%s/%s", k.Name, typ), func(b *testing.B) {
				p := newProduct(typ, 1024, 1024, 2, 1)
				w := p.packed(k)
				matrices := make([]byte, benchModel/len(w)*len(w))
				for i := 0; i < len(matrices); i += len(w) {
					copy(matrices[i:], w)
				}
				rows := make([]byte, benchModel/len(p.w)*len(p.w))
				for i := 0; i < len(rows); i += len(p.w) {
					copy(rows[i:], p.w)
				}
				dst, all := make([]float32, 2*p.rows), asFloats(matrices)
				multiply := func(mul MulQ, w []byte, size int) {
					for i := 0; i < len(w); i += size {
						mul(dst, p.rows, w[i:i+size], p.rows, &p.q, 0, 1)
					}
				}
				t := compare(b,
					func() { Best().Dot(all, all) },
					func() { multiply(k.MulPanel(typ), matrices, len(w)) },
					func() {
						for i := 0; i < len(matrices); i += len(w) {
							k.MulPanelFine(typ)(dst, p.rows, matrices[i:i+len(w)], p.rows, &p.q, &p.q, 0, 1)
						}
					},
					func() {
						for i := 0; i < len(matrices); i += len(w) {
							for r := 0; r < p.rows; r += 128 {
								part := matrices[i+k.PanelBytes(typ, r, p.n):]
								k.MulPanel(typ)(dst, p.rows, part, 128, &p.q, 0, 1)
								k.MulPanel(typ)(dst, p.rows, part, 128, &p.q, 1, 2)
							}
						}
					},
					func() {
						if mul := k.MulQ(typ); mul != nil {
							multiply(mul, rows, len(p.w))
						}
					})
				b.ReportMetric(float64(len(matrices))/t[1].Seconds()/1e9, "GB/s")
				b.ReportMetric(t[0].Seconds()/t[1].Seconds(), "of-read")
				b.ReportMetric(t[0].Seconds()/t[2].Seconds(), "fine-of-read")
				b.ReportMetric(t[0].Seconds()/t[3].Seconds(), "twice-of-read")
				if k.MulQ(typ) != nil {
					b.ReportMetric(t[4].Seconds()/t[1].Seconds(), "x-rows")
				}
			})
		}
	}
}

// BenchmarkPanelPrompt multiplies some tokens with one matrix, in panels and in
// rows, and reports the rate of the former and how much faster it is.
func BenchmarkPanelPrompt(b *testing.B) {
	for _, k := range All()[1:] {
		for _, typ := range panelTypes {
			for _, tokens := range []int{1, 2, 4, 8, 12, 16, 64} {
				b.Run(fmt.Sprintf("%s/%s/%d", k.Name, typ, tokens), func(b *testing.B) {
					p := newProduct(typ, 512, 1024, tokens, 1)
					w, dst := p.packed(k), make([]float32, tokens*p.rows)
					t := compare(b,
						func() { k.MulPanel(typ)(dst, p.rows, w, p.rows, &p.q, 0, tokens) },
						func() {
							if mul := k.MulQ(typ); mul != nil {
								mul(dst, p.rows, p.w, p.rows, &p.q, 0, tokens)
							}
						})
					b.ReportMetric(float64(p.n*p.rows*tokens)/t[0].Seconds()/1e9, "GMAC/s")
					if k.MulQ(typ) != nil {
						b.ReportMetric(t[1].Seconds()/t[0].Seconds(), "x-rows")
					}
				})
			}
		}
	}
}

// BenchmarkPack is the rate at which rows become panels.
func BenchmarkPack(b *testing.B) {
	for _, rows := range []int{8, 16} {
		for _, typ := range panelTypes {
			b.Run(fmt.Sprintf("%d/%s", rows, typ), func(b *testing.B) {
				p := newProduct(typ, 512, 1024, 0, 1)
				k := generic
				k.PanelRows = rows
				dst := make([]byte, k.PanelBytes(typ, p.rows, p.n))
				t := compare(b, func() { k.Pack(typ, dst, p.w, p.rows, p.n) })
				b.ReportMetric(float64(len(p.w))/t[0].Seconds()/1e9, "GB/s")
			})
		}
	}
}

// BenchmarkPanelBatch multiplies 1 to 16 tokens with matrices that together are as
// large as a model, and reports how long a few take against one.
func BenchmarkPanelBatch(b *testing.B) {
	counts := []int{1, 2, 3, 4, 6, 8, 16}
	for _, k := range All()[1:] {
		for _, typ := range panelTypes {
			b.Run(fmt.Sprintf("%s/%s", k.Name, typ), func(b *testing.B) {
				p := newProduct(typ, 1024, 1024, counts[len(counts)-1], 1)
				w := p.packed(k)
				matrices := make([]byte, benchModel/len(w)*len(w))
				for i := 0; i < len(matrices); i += len(w) {
					copy(matrices[i:], w)
				}
				dst := make([]float32, p.tokens*p.rows)
				var ways []func()
				for _, tokens := range counts {
					ways = append(ways, func() {
						for i := 0; i < len(matrices); i += len(w) {
							for r := 0; r < p.rows; r += 128 {
								k.MulPanel(typ)(dst[r:], p.rows, matrices[i+k.PanelBytes(typ, r, p.n):], 128, &p.q, 0, tokens)
							}
						}
					})
				}
				t := compare(b, ways...)
				for i, tokens := range counts {
					b.ReportMetric(t[i].Seconds()/t[0].Seconds(), fmt.Sprintf("%d-to-1", tokens))
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
