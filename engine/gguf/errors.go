package gguf

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// What can be wrong with a file, for errors.Is. Every error about the bytes of
// a file is a *FormatError that wraps one of these.
var (
	// ErrNotGGUF: the file does not begin as a GGUF file does.
	ErrNotGGUF = errors.New("gguf: not a GGUF file")
	// ErrVersion: a GGUF version other than 2 and 3.
	ErrVersion = errors.New("gguf: version not read")
	// ErrByteOrder: a big-endian file.
	ErrByteOrder = errors.New("gguf: big-endian file")
	// ErrTruncated: the file ends before what it announces.
	ErrTruncated = errors.New("gguf: file cut short")
	// ErrMalformed: a field holds what it must not hold.
	ErrMalformed = errors.New("gguf: malformed file")
	// ErrUnsupported: a tensor type without a known layout, or an array of arrays.
	ErrUnsupported = errors.New("gguf: unsupported content")
)

// FormatError says what is wrong with the bytes of a file, and where.
type FormatError struct {
	Path   string // the file; empty from Parse
	Field  string // `n_kv`, `tensor 3 "output.weight": type`
	Offset int64  // of the field, in bytes from the beginning of the file
	Msg    string // what was found, and the remedy
	Kind   error  // ErrNotGGUF, ErrVersion, ...
}

func (e *FormatError) Error() string {
	path := ""
	if e.Path != "" {
		path = e.Path + ": "
	}
	return fmt.Sprintf("gguf: %s%s at byte %d: %s", path, e.Field, e.Offset, e.Msg)
}

func (e *FormatError) Unwrap() error { return e.Kind }

// quote is %q for text from a file, which may be long.
func quote(s string) string {
	const limit = 80
	if len(s) <= limit {
		return fmt.Sprintf("%q", s)
	}
	cut := limit
	for cut > limit-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return fmt.Sprintf("%q... (%d bytes)", s[:cut], len(s))
}
