package gguf

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"

	"loupe/engine/tensor"
)

// DefaultAlignment is that of tensor data in a file without general.alignment.
const DefaultAlignment = 32

// File is an open GGUF file, or the files of a model that lies in parts. It is
// read-only and safe for use by several goroutines, until Close.
type File struct {
	Version    uint32   // 2 or 3
	Alignment  int      // of tensor data, in bytes: a power of two
	Meta       []KV     // in file order; of parts the first part's
	Tensors    []Tensor // in file order; of parts one part's after the other's
	DataOffset int64    // where the data section begins in the file, of parts in the first
	Size       int64    // in bytes, of all parts
	Path       string   // of parts the first one's; empty from Parse
	Parts      []Part   // nil for a file that is a whole model, else in order

	meta    map[string]int // key -> index in Meta
	tensors map[string]int // name -> index in Tensors
	unmap   func() error   // nil from Parse, and once closed
	data    []byte         // the whole file; nil once closed
	copied  bool           // data is memory of its own, see Read
	parts   []*File        // what Parts describes; data and unmap are theirs
}

// Tensor is one entry of the tensor table, with its data.
type Tensor struct {
	Name   string
	Type   tensor.DType
	Shape  tensor.Shape // fastest-running dimension first; no dimensions for a scalar
	Offset uint64       // in the data section, in bytes: a multiple of File.Alignment

	// Data is in the map: do not write to it and do not use it after
	// File.Close. It has no spare capacity, so a kernel that reads on panics.
	// File.Alignment may be 1, so its address need not suit wider types.
	Data []byte
}

// Open maps a GGUF file and parses it. If it is a part of a model, whichever one,
// all parts are opened and joined. Errors about the content are *FormatError, about
// parts that do not belong together *PartError; those of the file system wrap
// fs.ErrNotExist and the like.
//
// The file must not shrink while it is open: reading past its new end would
// kill the process. Replace it by renaming, as Writer.WriteFile does.
func Open(path string) (*File, error) {
	f, err := OpenPart(path)
	if err != nil {
		return nil, err
	}
	return join(f)
}

// OpenPart is Open for one file, be it a part of a model or a whole one.
func OpenPart(path string) (*File, error) {
	// A pipe would block os.Open, so what it is comes first.
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("gguf: %s is a folder; name the .gguf file in it: %w", path, ErrNotGGUF)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("gguf: %s is no regular file (%s) and cannot be mapped; copy it to a file first: %w", path, info.Mode().Type(), ErrNotGGUF)
	}
	data, unmap, err := mapFile(path)
	if err != nil {
		return nil, fmt.Errorf("gguf: mapping %s: %w", path, err)
	}
	f, err := Parse(data)
	if err != nil {
		if bad := (*FormatError)(nil); errors.As(err, &bad) {
			bad.Path = path
		}
		unmap() // the error about the content says more
		return nil, err
	}
	f.Path, f.unmap = path, unmap
	return f, nil
}

// mapFile maps a file for reading. data is nil for an empty one; unmap is to be
// called once.
func mapFile(path string) (data []byte, unmap func() error, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, bare(err)
	}
	defer f.Close() // a map outlives the descriptor it was made of
	info, err := f.Stat()
	if err != nil {
		return nil, nil, bare(err)
	}
	size := info.Size()
	if size == 0 {
		return nil, func() error { return nil }, nil
	}
	if size > math.MaxInt {
		return nil, nil, fmt.Errorf("%d bytes do not fit this machine's address space", size)
	}
	return mmap(f, int(size))
}

// bare takes the operation and the path off an error whose caller names them.
func bare(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	if l := (*os.LinkError)(nil); errors.As(err, &l) {
		return l.Err
	}
	return err
}

// Close gives the map back. No Tensor.Data may be used afterwards; metadata
// stays valid. A second Close does nothing.
func (f *File) Close() error {
	if f.parts != nil {
		var err error
		for _, p := range f.parts {
			err = errors.Join(err, p.Close())
		}
		f.bind()
		return err
	}
	unmap := f.unmap
	if unmap == nil {
		return nil
	}
	f.unmap, f.data = nil, nil
	for i := range f.Tensors {
		f.Tensors[i].Data = nil // an index out of range is kinder than a fault
	}
	if err := unmap(); err != nil {
		return fmt.Errorf("gguf: unmapping %s: %w", f.Path, err)
	}
	return nil
}

// Release lets the system take back the memory of what was read of the file so
// far. It stays readable, from the system's cache or from the disk again. Where a
// system has no such call nothing happens.
func (f *File) Release() {
	for _, p := range f.parts {
		p.Release()
	}
	if f.unmap != nil && len(f.data) > 0 && !f.copied {
		release(f.data)
	}
}

// SHA256 is the checksum of the whole file, of parts one behind the other, in
// hexadecimal digits; "" once closed.
func (f *File) SHA256() string {
	files := f.parts
	if files == nil {
		files = []*File{f}
	}
	h := sha256.New()
	for _, p := range files {
		if p.data == nil {
			return ""
		}
		h.Write(p.data)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// Tensor finds a tensor by its name.
func (f *File) Tensor(name string) (*Tensor, bool) {
	i, ok := f.tensors[name]
	if !ok {
		return nil, false
	}
	return &f.Tensors[i], true
}

// Get finds a metadata value by its key.
func (f *File) Get(key string) (Value, bool) {
	i, ok := f.meta[key]
	if !ok {
		return Value{}, false
	}
	return f.Meta[i].Value, true
}
