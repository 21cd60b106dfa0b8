package jupyter

import (
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	batchTime  = 25 * time.Millisecond
	batchBytes = 64 << 10
)

// batch gathers the text of one stream, so that 20,000 short lines are a few
// messages. Text that comes after a pause goes at once.
type batch struct {
	send func(name, text string) // called with mu held, in order

	mu    sync.Mutex
	name  string // "stdout" or "stderr"
	text  []byte
	last  time.Time // when text was last sent
	timer *time.Timer
}

// add takes text for a stream.
func (b *batch) add(name, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.name != name {
		b.flushLocked(true)
		b.name = name
	}
	b.text = append(b.text, text...)
	switch {
	case len(b.text) >= batchBytes, time.Since(b.last) >= batchTime:
		b.flushLocked(false)
	case b.timer == nil:
		b.timer = time.AfterFunc(batchTime, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.timer = nil
			b.flushLocked(false)
		})
	}
}

// flush sends everything.
func (b *batch) flush() { b.flushThen(func() {}) }

// flushThen sends everything and calls f before anything more is sent.
func (b *batch) flushThen(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flushLocked(true)
	f()
}

// flushLocked sends what there is; unless all is to go it keeps the first bytes
// of a character whose others are still to come.
func (b *batch) flushLocked(all bool) {
	n := len(b.text)
	if !all {
		n -= unfinished(b.text)
	}
	if n == 0 {
		return
	}
	b.send(b.name, strings.ToValidUTF8(string(b.text[:n]), "\uFFFD"))
	b.text = append(b.text[:0], b.text[n:]...)
	b.last = time.Now()
}

// unfinished is how many bytes at the end of text begin a character that the
// next bytes may complete.
func unfinished(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if b := text[len(text)-n]; utf8.RuneStart(b) {
			if b >= utf8.RuneSelf && !utf8.FullRune(text[len(text)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// clearScreen are the sequences with which a terminal program begins a new
// screen.
var clearScreen = []string{"\x1b[H\x1b[2J\x1b[3J", "\x1b[H\x1b[2J", "\x1b[2J\x1b[H", "\x1b[H\x1b[J", "\x1b[2J", "\x1bc"}

// cutClear splits text at the first such sequence.
func cutClear(text string) (before, after string, found bool) {
	at, length := -1, 0
	for _, seq := range clearScreen {
		if i := strings.Index(text, seq); i >= 0 && (at < 0 || i < at) {
			at, length = i, len(seq)
		}
	}
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+length:], true
}

// printable keeps what a model generates from being taken for terminal
// sequences: control characters but newline and tab become their pictures.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < 0x20:
			return 0x2400 + r
		case r == 0x7f:
			return 0x2421
		case r > 0x7f && r < 0xa0:
			return '\uFFFD'
		}
		return r
	}, text)
}
