//go:build amd64 && !purego

package simd

// avxvnni is avx2 with panels that VPDPBUSD multiplies.
var avxvnni = func() Kernels {
	k := avx2
	k.Name = "avxvnni"
	k.panels = newPanels(8, tilesVNNI)
	return k
}()
