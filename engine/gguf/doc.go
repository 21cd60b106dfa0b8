// Package gguf reads and writes GGUF files, the format of llama.cpp
// (ggml/include/gguf.h; the ggml repository, docs/gguf.md): a header, metadata
// as typed key-value pairs, a table of tensors, and their data.
//
//	magic "GGUF" | version | n_tensors | n_kv | n_kv × (key, type, value)
//	n_tensors × (name, n_dims, dims, type, offset) | padding | data
//
// Versions 2 and 3 in little-endian order are read, version 3 is written. Open
// maps the file into memory (mmap, on Windows a file mapping) and Tensor.Data
// points into the map, so a model of any size opens in the time its metadata
// takes; metadata is copied out and stays valid after Close.
//
// A file is foreign input. Every length is checked against what is left of the
// file before anything is allocated for it, and a file that contradicts itself
// is refused as a whole, with a *FormatError that names the field, the byte
// offset, what was found and, where there is one, the remedy.
//
// A model may lie in parts, as llama.cpp's gguf-split writes them
// (NAME-00001-of-00003.gguf): Open takes the name of any one, checks that all are
// there and belong together, and joins them to one File (parts.go).
//
// The package knows no model: what a key means is its callers' business, but
// for general.alignment and split.*. It does not read version 1, big-endian files
// and arrays of arrays (llama.cpp does not either), and it writes no parts.
package gguf
