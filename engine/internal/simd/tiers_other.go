//go:build purego || !amd64

package simd

var tiers = []*Kernels{&generic}
