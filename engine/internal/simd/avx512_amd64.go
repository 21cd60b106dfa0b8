//go:build amd64 && !purego

package simd

// avx512 is avx2 with what AVX-512 does better.
var avx512 = func() Kernels {
	k := avx2
	k.Name = "avx512"
	k.QuantizeQ8 = quantizeQ8Wide
	k.QuantizeQ8Fine = quantizeQ8FineWide
	k.SoftMax = softMaxWide
	k.SwiGLU = swiGLUWide
	k.PanelRows = 16
	k.panels = newPanels(16, tiles512)
	k.floatPanels = newFloatPanels(16, floatTiles512)
	return k
}()
