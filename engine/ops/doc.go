// Package ops does the arithmetic of a decoder layer on a CPU: it checks
// shapes, cuts work into chunks for the pool, and calls the leaf kernels of
// internal/simd. It knows no architecture and no file.
//
// There are two ways to multiply by a quantised weight. The fast way quantises
// the activations to 8 bits in blocks of 32 (as llama.cpp does) and multiplies
// integers. The exact way expands the weights to float32, panel by panel, and
// keeps the activations in float32, so that nothing is rounded but what the
// file itself rounded.
//
// Each output element is computed by one chunk, in one order, so results do not
// depend on the number of threads.
//
// A wrong shape is a bug of the caller and panics.
package ops
