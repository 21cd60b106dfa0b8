//go:build amd64 && !purego

package simd

var tiers = []*Kernels{&generic}
