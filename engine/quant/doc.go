// Package quant reads and writes the element types of tensors: plain floats and
// ggml's block formats, one file for each.
//
// A block format stores 32 values as small integers with a scale of their own.
// Values are decoded and encoded as by llama.cpp's reference code
// (ggml/src/ggml-quants.c), bit for bit, so that a file made here is the file
// llama.cpp would make. Multi-byte numbers are little-endian.
//
// Package quant does not multiply: see internal/simd. It reads no K-quants
// (q2_K to q6_K) and of the i-quants iq4_nl alone; Readable tells.
package quant
