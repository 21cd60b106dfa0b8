package repl

import (
	"bytes"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
)

func filterAll(t testing.TB, r io.Reader, lineEmpty bool) string {
	t.Helper()
	var empty atomic.Bool
	empty.Store(lineEmpty)
	out, err := io.ReadAll(&keyFilter{in: r, empty: &empty})
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestKeyFilter(t *testing.T) {
	nl := string(foldNewline)
	for _, c := range []struct{ name, in, want string }{
		{"plain", "x := 1\r", "x := 1\r"},
		{"tab is a key", "a\tb", "a\tb"},
		{"arrows pass", "\x1b[A\x1b[B\x1bOC", "\x1b[A\x1b[B\x1bOC"},
		{"home and end", "\x1b[1~\x1b[4~", "\x01\x05"},
		{"word left", "\x1b[1;5D", "\x1bb"},
		{"alt key", "\x1bf", "\x1bf"},
		{"lone escape at the end", "a\x1b", "a\x1b"},
		{"broken sequence", "\x1b[12", "\x1b[12"},
		{"sequence cut by a key", "\x1b[1\rx", "\x1b[1\rx"},
		{"paste", "\x1b[200~if x {\r\ty()\r}\x1b[201~\r", "if x {" + nl + foldedTabGroup + "y()" + nl + "}\r"},
		{"paste with LF and CRLF", "\x1b[200~a\nb\r\nc\r\rd\x1b[201~", "a" + nl + "b" + nl + "c" + nl + nl + "d"},
		{"newlines at the end of a paste", "\x1b[200~a\n\nb\n\n\x1b[201~\r", "a" + nl + nl + "b\r"},
		{"paste with keys in it", "\x1b[200~a\x03\x04\x1b[Ab\x1b[201~\x03", "a[Ab\x03"},
		{"paste of our own runes", "\x1b[200~a" + nl + "b\x1b[201~", "ab"},
		{"paste with wide text", "\x1b[200~日本\x1b[201~", "日本"},
		{"paste with bad UTF-8", "\x1b[200~a\xffb\x1b[201~", "a\uFFFDb"},
		{"two pastes", "\x1b[200~a\x1b[201~-\x1b[200~b\x1b[201~", "a-b"},
		{"paste that never ends", "\x1b[200~a\nb\x1b[20", "a" + nl + "b[20"},
		{"end without start", "a\x1b[201~b", "ab"},
	} {
		if got := filterAll(t, strings.NewReader(c.in), false); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		// What arrives must not depend on how the reads cut it.
		if got := filterAll(t, iotest.OneByteReader(strings.NewReader(c.in)), false); got != c.want {
			t.Errorf("%s, byte by byte: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestDeleteKeyOnEmptyLine(t *testing.T) {
	if got := filterAll(t, strings.NewReader(deleteKey), true); got != "" {
		t.Errorf("Delete on an empty line reached the editor as %q; it would leave", got)
	}
	if got := filterAll(t, strings.NewReader(deleteKey), false); got != deleteKey {
		t.Errorf("Delete became %q", got)
	}
}

func FuzzKeyFilter(f *testing.F) {
	f.Add([]byte("\x1b[200~a\n\tb\x1b[201~\x1b[1~"))
	f.Add([]byte("\x1b\x1b[\x1b[200~\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		whole := filterAll(t, bytes.NewReader(in), false)
		split := filterAll(t, iotest.OneByteReader(bytes.NewReader(in)), false)
		if whole != split {
			t.Fatalf("%q gives %q at once and %q byte by byte", in, whole, split)
		}
		if !bytes.Contains(in, pasteStart) && !bytes.Contains(in, []byte("\x1b[")) && whole != string(in) {
			t.Fatalf("%q holds no sequence and became %q", in, whole)
		}
	})
}
