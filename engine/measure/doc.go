// Package measure computes what a model is worth on a text and how fast it runs,
// by the methods of llama.cpp's tools, so that figures can be set side by side:
// perplexity and KL divergence as llama-perplexity does, speed as llama-bench
// does, in its formats. Beside speed stands what the machine could do at most:
// how fast the same threads read memory.
//
// It measures what package engine runs and nothing else; command compare, in the
// folder below, runs llama-bench itself.
package measure
