// Package quantize writes models in another type of weights, as llama.cpp's
// llama-quantize does (src/llama-quant.cpp): the mixes Q4_0 to Q6_K, IQ4_NL, IQ4_XS
// and the plain floats, without an importance matrix. Which tensor gets which type
// is decided by the same rules, and values are encoded with the same bits, so a
// file from the same source holds the same tensors.
//
// Mixture-of-experts models, for which llama.cpp has rules of their own, are
// refused.
package quantize
