// Package quantize writes models in another type of weights, as llama.cpp's
// llama-quantize does (src/llama-quant.cpp): the mixes Q4_0 to Q6_K, IQ4_NL, IQ4_XS,
// MXFP4 and the plain floats, without an importance matrix. Which tensor gets which type
// is decided by the same rules, and values are encoded with the same bits, so a
// file from the same source holds the same tensors.
//
// MXFP4 is llama.cpp's format for experts; here it is for the matrices of layers, which
// llama-quantize does under --tensor-type 'blk.*=mxfp4' MXFP4_MOE.
//
// Mixture-of-experts models, for which llama.cpp has rules of their own, are
// refused.
package quantize
