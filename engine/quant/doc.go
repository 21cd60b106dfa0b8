// Package quant reads and writes the element types of tensors: plain floats and
// ggml's block formats, one file for each.
//
// A block format stores 32 values as small integers with a scale of their own; the
// K-quants (q2_K to q6_K) and iq4_xs store 256 in sub-blocks, whose scales are
// integers too. Values are decoded and encoded as by llama.cpp's reference code
// (ggml/src/ggml-quants.c, the functions named quantize_row_*_ref, without an
// importance matrix), bit for bit. Where C leaves bytes open there, they are fixed
// here: the codes of a block whose scale is 0 or has no finite inverse, and the
// exponent of mxfp4 below 2^-125. Multi-byte numbers are little-endian.
//
// Package quant does not multiply: see internal/simd. Of the types of package
// tensor it leaves out the integers, f64, the formats of activations (q8_1, q8_K),
// those that look values up in a grid (iq1_s to iq3_s), and the binary, ternary and
// nvfp4 ones; Readable tells.
package quant
