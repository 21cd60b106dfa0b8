//go:build !amd64 || purego

package flash

// tiers are those besides the generic one, by the names of package simd.
var tiers map[string]*kernels
