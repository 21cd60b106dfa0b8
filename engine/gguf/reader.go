package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// reader walks the bytes of a file and remembers the first error; after it,
// every read returns zero. Nothing is allocated before the bytes for it are
// known to be there.
type reader struct {
	data []byte
	off  int // the next byte
	at   int // where the last field read begins, for errors

	// What is being read, for errors: part is "" in the header, else "metadata
	// entry" or "tensor"; name is its key or name once known.
	part  string
	index uint64
	name  string

	err *FormatError
}

func (r *reader) left() uint64 { return uint64(len(r.data) - r.off) }

// in sets what is being read.
func (r *reader) in(part string, index uint64) { r.part, r.index, r.name = part, index, "" }

// fail records an error about the field read last.
func (r *reader) fail(kind error, field, format string, args ...any) {
	if r.err != nil {
		return
	}
	if r.part != "" {
		what := fmt.Sprintf("%s %d", r.part, r.index)
		if r.name != "" {
			what += " " + quote(r.name)
		}
		field = what + ": " + field
	}
	r.err = &FormatError{Field: field, Offset: int64(r.at), Msg: fmt.Sprintf(format, args...), Kind: kind}
}

// short records that a field needs more bytes than are left; need is below 2^63.
func (r *reader) short(field string, need uint64) {
	r.fail(ErrTruncated, field, "the file is cut short: it has %d bytes and needs %d at least; download it again", len(r.data), uint64(r.off)+need)
}

// take returns the next n bytes, which belong to the field that begins at r.at.
func (r *reader) take(field string, n uint64) []byte {
	if r.err != nil {
		return nil
	}
	if n > r.left() {
		r.short(field, n)
		return nil
	}
	b := r.data[r.off : r.off+int(n)]
	r.off += int(n)
	return b
}

func (r *reader) u8(field string) uint8 {
	r.at = r.off
	if b := r.take(field, 1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u16(field string) uint16 {
	r.at = r.off
	if b := r.take(field, 2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) u32(field string) uint32 {
	r.at = r.off
	if b := r.take(field, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64(field string) uint64 {
	r.at = r.off
	if b := r.take(field, 8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// count reads how many of something follow, each of size bytes at least.
func (r *reader) count(field string, size uint64) uint64 {
	n := r.u64(field)
	switch {
	case r.err != nil:
		return 0
	case n > math.MaxInt64:
		r.fail(ErrMalformed, field, "is %d, which is negative or past all bounds; the file is damaged: download it again", int64(n))
		return 0
	case n > r.left()/size:
		r.fail(ErrTruncated, field, "is %d, of %d bytes each at least, but only %d bytes follow: the file is cut short or damaged; download it again", n, size, r.left())
		return 0
	}
	return n
}

// text reads a length and as many bytes, limit at most.
func (r *reader) text(field string, limit uint64) string {
	n := r.length(field, limit)
	return string(r.take(field, n))
}

// length reads the length of a string; its bytes are taken after it.
func (r *reader) length(field string, limit uint64) uint64 {
	n := r.u64(field)
	switch {
	case n > math.MaxInt64:
		r.fail(ErrMalformed, field, "has length %d, which is negative or past all bounds; the file is damaged: download it again", int64(n))
	case n > limit:
		r.fail(ErrMalformed, field, "has a length of %d bytes; %d are allowed: the file is damaged, download it again", n, limit)
	}
	return n
}

// texts reads n strings. They share one copy of the whole array, lengths and
// all: 8 bytes more for each, but two allocations for a vocabulary of any size.
func (r *reader) texts(field string, n uint64) []string {
	start := r.off
	for i := range n {
		r.take(field, r.length(field, math.MaxInt64))
		if r.err != nil {
			r.err.Field += fmt.Sprintf(" element %d", i)
			return nil
		}
	}
	all := string(r.data[start:r.off])
	out := make([]string, n)
	for i, off := 0, start; i < len(out); i++ {
		begin := off + 8
		off = begin + int(binary.LittleEndian.Uint64(r.data[off:]))
		out[i] = all[begin-start : off-start]
	}
	return out
}

// numbers reads n elements of size bytes.
func numbers[T any](r *reader, field string, n uint64, size int, get func([]byte) T) []T {
	b := r.take(field, n*uint64(size)) // cannot overflow: count has checked n
	if r.err != nil {
		return nil
	}
	out := make([]T, n)
	for i := range out {
		out[i] = get(b[i*size:])
	}
	return out
}
