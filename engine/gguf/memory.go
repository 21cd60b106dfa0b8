package gguf

import (
	"context"
	"fmt"

	"loupe/engine/internal/offheap"
)

// Progress hears how many bytes of a file, parts and all, a step is through with.
type Progress func(done, total int64)

// pieceBytes is how much is read or locked between two looks at the context: a slow
// disk takes some ten milliseconds for it.
const pieceBytes = 1 << 20

// Read reads the whole file into memory of its own and gives the map back: the file
// may change from then on. Tensors that were bound before hold the old data. When ctx
// ends, parts that are not read yet stay mapped, and the error is that of ctx.
func (f *File) Read(ctx context.Context, progress Progress) error {
	return f.each(func(p *File, done int64) error { return p.read(ctx, func(n int64) { progress(done+n, f.Size) }) })
}

// Lock keeps what is mapped or read of the file in memory. When ctx ends it stops
// half-way; Close unlocks.
func (f *File) Lock(ctx context.Context, progress Progress) error {
	return f.each(func(p *File, done int64) error { return p.lock(ctx, func(n int64) { progress(done+n, f.Size) }) })
}

// each does step for each part, or for the file if it has none; done are the bytes of
// the parts before.
func (f *File) each(step func(p *File, done int64) error) error {
	if f.parts == nil {
		return step(f, 0)
	}
	done := int64(0)
	for _, p := range f.parts {
		err := step(p, done)
		f.bind() // on an error too: earlier parts have moved
		if err != nil {
			return err
		}
		done += p.Size
	}
	return nil
}

// read is Read of one file.
func (f *File) read(ctx context.Context, progress func(n int64)) error {
	if f.unmap == nil || len(f.data) == 0 {
		return nil
	}
	data, err := offheap.Map(len(f.data))
	if err != nil {
		return fmt.Errorf("gguf: no memory for the %d bytes of %s: %w", len(f.data), f.Path, err)
	}
	err = pieces(ctx, len(data), progress, func(from, to int) error {
		copy(data[from:to], f.data[from:to])
		return nil
	})
	if err != nil {
		offheap.Unmap(data)
		return err
	}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		from := int(f.DataOffset) + int(t.Offset)
		t.Data = data[from : from+len(t.Data) : from+len(t.Data)]
	}
	unmap := f.unmap
	f.data, f.copied = data, true
	f.unmap = func() error { offheap.Unmap(data); return nil }
	if err := unmap(); err != nil {
		return fmt.Errorf("gguf: unmapping %s: %w", f.Path, err)
	}
	return nil
}

// lock is Lock of one file.
func (f *File) lock(ctx context.Context, progress func(n int64)) error {
	if f.unmap == nil {
		return nil
	}
	return pieces(ctx, len(f.data), progress, func(from, to int) error {
		if err := offheap.Lock(f.data[from:to]); err != nil {
			return fmt.Errorf("gguf: %s: %w", f.Path, err)
		}
		return nil
	})
}

// pieces does step for n bytes, a piece at a time, until ctx ends.
func pieces(ctx context.Context, n int, progress func(n int64), step func(from, to int) error) error {
	for from := 0; from < n; from += pieceBytes {
		if err := ctx.Err(); err != nil {
			return err
		}
		progress(int64(from))
		if err := step(from, min(from+pieceBytes, n)); err != nil {
			return err
		}
	}
	progress(int64(n))
	return nil
}
