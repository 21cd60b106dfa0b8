// Package tensor names what weights and caches are made of: the element type
// of a tensor (DType, with its block layout in bytes) and its Shape.
//
// It knows no file, no kernel and no model. The block layouts themselves are
// read and written by package quant.
package tensor
