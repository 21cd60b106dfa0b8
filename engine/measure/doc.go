// Package measure computes what a model is worth on a text, by the methods of
// llama.cpp's tools, so that figures can be set side by side.
package measure
