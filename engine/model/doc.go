// Package model holds the architectures: what to compute, in the order of the
// paper, with the words of llama.cpp for tensors and metadata.
//
// Config comes from the metadata of a GGUF file, Weights bind its tensors, and
// one file per architecture spells out the forward pass (llama.go). Everything
// that is not the architecture lies elsewhere: arithmetic in ops, keys and
// values in kvcache, named points for onlookers in observe.
//
// A Pass owns every buffer that a forward pass needs, sized for one physical
// batch, so that nothing is allocated per token.
//
// To add an architecture: read its configuration keys in a file of its own
// beside llama.go, bind its tensors with Weights.need and Weights.want, write
// its forward function over a Pass, and add it to the table in arch.go. Its
// test compares logits with llama.cpp's on a small file.
package model
