package engine

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"loupe/engine/chat"
	"loupe/engine/kvcache"
)

// snapshotMagic begins the file of a session; its digit is the version of the form.
const snapshotMagic = "LOUPEKV1"

// snapshotHead says what a file of keys and values belongs to: anything else would
// read them wrongly.
type snapshotHead struct {
	Model    string // name, for people
	SHA256   string // of the model's file
	Cells    int
	Gone     int            `json:",omitempty"` // leading cells that layers with a sliding window had no longer
	Messages []chat.Message `json:",omitempty"`
	Cache    snapshotCache
	Rope     snapshotRope
}

// snapshotCache is how keys and values are stored.
type snapshotCache struct {
	Layers, KVHeads, HeadK, HeadV int
	KType, VType                  CacheType
	BlockK, BlockV                int // elements that KRotation and VRotation mixed; 0: not turned
	PageCells                     int
}

// snapshotRope is how keys were turned by their positions.
type snapshotRope struct {
	FrequencyBase, FrequencyScale             float64
	Scaling                                   RopeScaling
	ExtFactor, AttnFactor, BetaFast, BetaSlow float64
	OrigContext                               int
}

func (s *Session) snapshotHead() snapshotHead {
	m, c, cfg := s.model, s.seq.Store().Config(), s.model.cfg
	return snapshotHead{
		Model: m.name, SHA256: m.file.SHA256(), Cells: s.seq.Len(), Gone: s.seq.Gone(), Messages: s.Messages,
		Cache: snapshotCache{
			Layers: c.Layers, KVHeads: c.KVHeads, HeadK: c.HeadK, HeadV: c.HeadV, KType: CacheType(c.KType.String()), VType: CacheType(c.VType.String()),
			BlockK: c.RotatedK, BlockV: c.RotatedV, PageCells: kvcache.PageCells,
		},
		Rope: snapshotRope{
			FrequencyBase: cfg.RopeFrequencyBase, FrequencyScale: cfg.RopeFrequencyScale, Scaling: cfg.RopeScaling,
			ExtFactor: cfg.YarnExtFactor, AttnFactor: cfg.YarnAttnFactor, BetaFast: cfg.YarnBetaFast, BetaSlow: cfg.YarnBetaSlow, OrigContext: cfg.YarnOrigContext,
		},
	}
}

// Save writes the session to a file, whole or not at all: its tokens, keys and values
// as they are stored, and Messages, so that Model.Restore goes on from there without
// reading anything. With them stand the checksum of the model's file, for which
// that is read once, and the settings that keys and values depend on.
func (s *Session) Save(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.model.closed.Load() {
		return ErrClosed
	}
	head, err := json.Marshal(s.snapshotHead())
	if err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	return writeFile(path, func(w io.Writer) error {
		sum := sha256.New()
		b := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<20)
		b.WriteString(snapshotMagic)
		binary.Write(b, binary.LittleEndian, uint32(len(head)))
		b.Write(head)
		if err := s.seq.Write(b); err != nil {
			return err
		}
		if err := b.Flush(); err != nil {
			return err
		}
		_, err := w.Write(sum.Sum(nil))
		return err
	})
}

// Restore is the session that Save wrote to a file. A file that is damaged, cut off, or
// of another model or other settings is refused with what differs; which threads,
// batch sizes and flash attention were set to does not matter.
func (m *Model) Restore(path string) (*Session, error) {
	s, err := m.restore(path)
	if err != nil {
		return nil, &operationError{path, err}
	}
	return s, nil
}

func (m *Model) restore(path string) (*Session, error) {
	if m.closed.Load() {
		return nil, ErrClosed
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.Unwrap(err) // the path is said already
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, errors.New("this is a folder; name the file that Save wrote")
	}
	start := make([]byte, len(snapshotMagic)+4)
	if _, err := io.ReadFull(f, start); err != nil || string(start[:len(snapshotMagic)-1]) != snapshotMagic[:len(snapshotMagic)-1] {
		return nil, errors.New("this is no session that Save wrote")
	}
	if got := string(start[:len(snapshotMagic)]); got != snapshotMagic {
		return nil, fmt.Errorf("its form is %s, this program reads %s; save the session anew", got, snapshotMagic)
	}
	size := info.Size() - sha256.Size
	headSize := int64(binary.LittleEndian.Uint32(start[len(snapshotMagic):]))
	if int64(len(start))+headSize > size {
		return nil, errors.New("it is cut off in its head")
	}
	// The sum first: nothing below can be a damage then.
	sum, want := sha256.New(), make([]byte, sha256.Size)
	sum.Write(start)
	if _, err := io.CopyN(sum, f, size-int64(len(start))); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(f, want); err != nil {
		return nil, err
	}
	if !bytes.Equal(sum.Sum(nil), want) {
		return nil, errors.New("its checksum is not that of its bytes: it is damaged or cut off")
	}
	if _, err := f.Seek(int64(len(start)), io.SeekStart); err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(f, 1<<20)
	text := make([]byte, headSize)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, err
	}
	var head snapshotHead
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, err
	}
	here := (&Session{model: m, seq: m.cells.NewSeq()}).snapshotHead()
	if err := head.fits(here); err != nil {
		return nil, err
	}
	seq, err := m.cells.Read(r, head.Cells, head.Gone)
	if errors.Is(err, kvcache.ErrGone) {
		return nil, fmt.Errorf("of its %s tokens layers with a sliding window have the last %s only; load the model without SWAFull", count(head.Cells), count(head.Cells-head.Gone))
	}
	if err != nil {
		return nil, err
	}
	s := newSession(m, seq)
	s.Messages = slices.Clone(head.Messages)
	return s, nil
}

// fits says what of a file's head differs from that of a session here.
func (h snapshotHead) fits(here snapshotHead) error {
	if h.SHA256 != here.SHA256 {
		return fmt.Errorf("it belongs to another model, %s (sha256 %.12s...), this one is %s (%.12s...)", h.Model, h.SHA256, here.Model, here.SHA256)
	}
	if h.Cache != here.Cache {
		return fmt.Errorf("its cache is %s, this one %s; load the model with those settings", h.Cache, here.Cache)
	}
	if h.Rope != here.Rope {
		return fmt.Errorf("its positions were turned with RoPE %+v, here with %+v; load the model with those settings", h.Rope, here.Rope)
	}
	return nil
}

func (c snapshotCache) String() string {
	s := fmt.Sprintf("K %s and V %s", c.KType, c.VType)
	for _, part := range []struct {
		name  string
		block int
	}{{"KRotation", c.BlockK}, {"VRotation", c.BlockV}} {
		if part.block > 0 {
			s += fmt.Sprintf(", %s in blocks of %d", part.name, part.block)
		}
	}
	return s + fmt.Sprintf(", %d layers x %d heads x %d and %d, pages of %d", c.Layers, c.KVHeads, c.HeadK, c.HeadV, c.PageCells)
}
