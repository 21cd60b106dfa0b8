package repl

import (
	"bytes"
	"io"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
)

// keyFilter stands between the terminal and the line editor. It makes one
// block of a bracketed paste (xterm mode 2004): newlines and tabs become the
// folded runes, so that nothing in a paste submits, completes or moves. And it
// spells the keys that the editor does not know with those that it does.
type keyFilter struct {
	in io.Reader
	// empty says that the edit line is empty: the editor takes the Delete key
	// there for Ctrl-D and would leave.
	empty *atomic.Bool

	raw     []byte // read and not yet filtered: the start of a sequence
	out     []byte // filtered and not yet delivered
	pasting bool
	afterCR bool // the last byte of the paste was \r, so \n is part of it
	blanks  int  // newlines of the paste that wait for text: those at its end are dropped
	err     error
	closed  atomic.Bool // err is set: no further key will come
}

var (
	pasteStart = []byte("\x1b[200~")
	pasteEnd   = []byte("\x1b[201~")
)

// keySpelling maps what terminals send to what the editor understands.
var keySpelling = map[string]string{
	"\x1b[1~":   "\x01", // Home, as tmux and the Linux console send it
	"\x1b[7~":   "\x01", // Home, rxvt
	"\x1b[4~":   "\x05", // End
	"\x1b[8~":   "\x05",
	"\x1b[1;5D": "\x1bb", // Ctrl-Left: a word back
	"\x1b[1;5C": "\x1bf",
	"\x1b[1;3D": "\x1bb", // Alt-Left
	"\x1b[1;3C": "\x1bf",
	"\x1b[3;5~": "\x1bd", // Ctrl-Delete
}

const deleteKey = "\x1b[3~"

func (f *keyFilter) Read(p []byte) (int, error) {
	for len(f.out) == 0 {
		if f.err != nil {
			return 0, f.err
		}
		buf := make([]byte, 4096)
		n, err := f.in.Read(buf)
		f.err = err
		f.closed.Store(err != nil)
		f.raw = append(f.raw, buf[:n]...)
		f.filter(err != nil)
	}
	n := copy(p, f.out)
	f.out = f.out[n:]
	return n, nil
}

// Close does nothing: the terminal belongs to the process.
func (f *keyFilter) Close() error { return nil }

// filter moves what it can from raw to out. It keeps the start of an escape
// sequence or of a character for the next read unless this was the last one.
func (f *keyFilter) filter(last bool) {
	for len(f.raw) > 0 {
		n := 0
		if f.pasting {
			n = f.paste(last)
		} else {
			n = f.key(last)
		}
		if n == 0 {
			return
		}
		f.raw = f.raw[n:]
	}
	f.raw = nil
}

// key filters one byte or one control sequence and returns its length.
func (f *keyFilter) key(last bool) int {
	if f.raw[0] != 0x1b {
		f.out = append(f.out, f.raw[0])
		return 1
	}
	seq, whole := controlSequence(f.raw)
	if !whole {
		if !last {
			return 0
		}
		f.out = append(f.out, f.raw...)
		return len(f.raw)
	}
	switch s := string(seq); {
	case bytes.Equal(seq, pasteStart):
		f.pasting, f.afterCR, f.blanks = true, false, 0
	case bytes.Equal(seq, pasteEnd):
	case s == deleteKey && len(f.out) == 0 && f.empty.Load():
	case keySpelling[s] != "":
		f.out = append(f.out, keySpelling[s]...)
	default:
		f.out = append(f.out, seq...)
	}
	return len(seq)
}

// controlSequence is the escape sequence at the start of b: ESC [ parameters
// final byte, or ESC and any other byte. whole is false when b ends before it.
func controlSequence(b []byte) (seq []byte, whole bool) {
	if len(b) < 2 {
		return b, false
	}
	if b[1] != '[' {
		return b[:2], true
	}
	for i := 2; i < len(b); i++ {
		if b[i] >= 0x40 && b[i] <= 0x7e {
			return b[:i+1], true
		}
		if b[i] < 0x20 || b[i] > 0x7e {
			return b[:i], true // not a sequence: what follows is a key of its own
		}
	}
	return b, false
}

// paste filters one character of a paste and returns its length.
func (f *keyFilter) paste(last bool) int {
	if bytes.HasPrefix(f.raw, pasteEnd) {
		f.pasting = false
		return len(pasteEnd)
	}
	if !last && bytes.HasPrefix(pasteEnd, f.raw) {
		return 0
	}
	if !last && !utf8.FullRune(f.raw) {
		return 0
	}
	r, n := utf8.DecodeRune(f.raw)
	afterCR := f.afterCR
	f.afterCR = r == '\r'
	text := ""
	switch {
	case r == '\n' && afterCR:
	case r == '\n' || r == '\r':
		f.blanks++
	case r == '\t':
		text = foldedTabGroup
	case r == foldNewline || r == foldTab || r == foldFill:
	case unicode.IsControl(r):
		// A control character in a paste would be a key press.
	default:
		text = string(r)
	}
	if text != "" {
		for ; f.blanks > 0; f.blanks-- {
			f.out = utf8.AppendRune(f.out, foldNewline)
		}
		f.out = append(f.out, text...)
	}
	return n
}
