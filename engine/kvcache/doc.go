// Package kvcache keeps the keys and values of the tokens a model has read.
//
// A Store is the memory, cut into pages of PageCells cells. A Seq is one
// sequence of tokens: a list of pages and, for every cell, the position and
// the token id (so that a viewer can say which text sits in which cell; see
// ggml-org/llama.cpp#9113 for the wish). Fork shares pages and copies one only
// when a side writes to it, so a common prefix is held once.
//
// The way of the data is plan, write, commit:
//
//	plan, err := seq.Plan(n)         // room found or ErrFull, nothing changed yet
//	err = seq.Put(plan, layer, i, k, v) // rows in storage format, for each layer
//	seq.Segments(layer, ...)         // what attention reads: a page each, oldest first
//	seq.Commit(plan, tokens)         // now they are cells
//
// A pass that is cancelled simply never commits.
//
// Pages may be stored wide (in f16) at first, and in the cache's own types once they
// are past Config's Start, Sinks and Residual. Which is which, a Segment says.
//
// Pages live outside the Go heap. K is stored after RoPE, as in llama.cpp.
// The package knows no model and computes no attention.
package kvcache
