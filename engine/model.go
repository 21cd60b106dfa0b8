package engine

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"loupe/engine/chat"
	"loupe/engine/model"
	"loupe/engine/token"
)

// Model is a loaded model. It is safe for concurrent use; passes through the
// weights take turns, token by token.
type Model struct {
	name, path  string
	cfg         LoadConfig // resolved
	net         *model.Model
	tok         *token.Tokenizer
	template    *chat.Template
	templateErr error // why there is none
	settings    Settings

	*resources
	pass    *model.Pass
	busy    chan struct{} // holds one element while a turn lasts
	closed  atomic.Bool
	cleanup runtime.Cleanup

	grammars grammars

	// profiled says that a Profile is being taken; it belongs to the turn.
	profiled bool

	turnMu  sync.Mutex
	current *turn // whose turn it is
}

// Name is the name the model was loaded by.
func (m *Model) Name() string { return m.name }

// String is one line: name, type of weights, size, context, threads.
func (m *Model) String() string {
	if m.closed.Load() {
		return m.name + "  (closed)"
	}
	return m.Settings().Summary()
}

// NewSession starts an empty sequence. It takes no memory until it is used.
func (m *Model) NewSession() *Session { return newSession(m, m.cells.NewSeq()) }

// Close ends the model's threads and gives its memory back. Sessions of it
// return ErrClosed from then on.
func (m *Model) Close() error {
	if m.closed.Swap(true) {
		return ErrClosed
	}
	m.cleanup.Stop()
	m.busy <- struct{}{} // wait for a running turn
	m.resources.close()
	<-m.busy // who still waits for a turn finds the model closed
	return nil
}

// Tokenize turns text into token ids: special tokens in the text are
// recognised, and a beginning-of-sequence token is put in front if the model
// asks for one, as for a prompt.
func (m *Model) Tokenize(text string) []int {
	return m.tok.Encode(text, token.EncodeOptions{Special: true, BOS: true})
}

// TokenizePlain turns text into token ids and nothing else: no special tokens,
// no beginning-of-sequence token.
func (m *Model) TokenizePlain(text string) []int {
	return m.tok.Encode(text, token.EncodeOptions{})
}

// Detokenize gives the text of token ids. Bytes that are not UTF-8 stay as
// they are; ids outside the vocabulary give nothing.
func (m *Model) Detokenize(ids []int) string { return m.tok.Decode(ids) }

// TokenText is the text of one token. Tokens may hold part of a character.
func (m *Model) TokenText(id int) string { return string(m.tok.Piece(id)) }

// Bytes is the memory of the model: the mapped file, what was laid out anew of it,
// and the pages of its caches.
func (m *Model) Bytes() int64 {
	if m.closed.Load() {
		return 0
	}
	return m.file.Size + m.packed.Bytes() + m.cells.MappedBytes()
}

// SHA256 is the checksum of the model's file, in hexadecimal digits; it reads the
// whole file. "" after Close.
func (m *Model) SHA256() string {
	if m.closed.Load() {
		return ""
	}
	return m.file.SHA256()
}

// turn is one call's right to cancel the passes that it makes.
type turn struct {
	ctx      context.Context
	stop     func() bool // ends watching ctx
	watching chan struct{}
}

// begin watches ctx for a call that makes passes. end must be called.
func (m *Model) begin(ctx context.Context) *turn {
	t := &turn{ctx: ctx, watching: make(chan struct{})}
	t.stop = context.AfterFunc(ctx, func() {
		defer close(t.watching)
		m.turnMu.Lock()
		defer m.turnMu.Unlock()
		if m.current == t {
			m.cpu.Cancel()
		}
	})
	return t
}

// end stops watching.
func (m *Model) end(t *turn) {
	if !t.stop() {
		<-t.watching
	}
}

// take waits until the model is free for t. It fails when t's context ends or
// the model is closed.
func (m *Model) take(t *turn) error {
	if m.closed.Load() {
		return ErrClosed
	}
	select {
	case m.busy <- struct{}{}:
	default:
		select {
		case m.busy <- struct{}{}:
		case <-t.ctx.Done():
			return t.ctx.Err()
		}
	}
	if m.closed.Load() {
		<-m.busy
		return ErrClosed
	}
	m.turnMu.Lock()
	m.current = t
	m.turnMu.Unlock()
	if err := t.ctx.Err(); err != nil {
		m.give()
		return err
	}
	return nil
}

// give ends the turn.
func (m *Model) give() {
	m.turnMu.Lock()
	m.current = nil
	m.cpu.Resume()
	m.turnMu.Unlock()
	<-m.busy
}

// invalidUTF8 finds the first byte that is not part of a character, or -1.
func invalidUTF8(s string) int {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// BOS is the beginning-of-sequence token and whether the model puts it in front
// of a prompt.
func (m *Model) BOS() (id int, added bool) {
	id, ok := m.tok.BOS()
	if !ok {
		return 0, false
	}
	ids := m.tok.Encode("", token.EncodeOptions{BOS: true})
	return id, len(ids) > 0 && ids[0] == id
}
