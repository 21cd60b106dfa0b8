package kvcache

import (
	"fmt"
	"sync"
	"sync/atomic"

	"loupe/engine/internal/offheap"
)

// PageCells is the number of cells that share a page: what a fork shares, and
// at most what it copies when it first writes.
const PageCells = 64

// freePages is how many unused pages a Store keeps for the next sequence.
const freePages = 16

// Store is the memory behind the sequences of one model. It is safe for
// concurrent use.
type Store struct {
	cfg     Config
	kBytes  int // of one cell in one layer
	vBytes  int
	mu      sync.Mutex
	free    []*page
	closed  bool
	mapped  atomic.Int64 // bytes of pages in use or kept
	pageLen int
}

// page holds PageCells cells of every layer:
// [layers][ K: [KVHeads, PageCells, HeadK], V: [KVHeads, PageCells, HeadV] ].
type page struct {
	data []byte
	refs atomic.Int32
}

// NewStore checks the geometry; it takes no memory yet.
func NewStore(cfg Config) (*Store, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return &Store{
		cfg: cfg, kBytes: cfg.KBytes(), vBytes: cfg.VBytes(),
		pageLen: PageCells * cfg.CellBytes(),
	}, nil
}

// Config is the geometry the store was made with.
func (s *Store) Config() Config { return s.cfg }

// MappedBytes is the memory that the store holds now, shared pages counted
// once, unused rows of started pages included.
func (s *Store) MappedBytes() int64 { return s.mapped.Load() }

// newPage gives a page with one owner.
func (s *Store) newPage() (*page, error) {
	s.mu.Lock()
	if n := len(s.free); n > 0 {
		p := s.free[n-1]
		s.free = s.free[:n-1]
		s.mu.Unlock()
		p.refs.Store(1)
		return p, nil
	}
	s.mu.Unlock()
	data, err := offheap.Map(s.pageLen)
	if err != nil {
		return nil, fmt.Errorf("kvcache: no memory for %d more cells (%d bytes; %d in use): %w; use a shorter context or a smaller cache type",
			PageCells, s.pageLen, s.mapped.Load(), err)
	}
	s.mapped.Add(int64(s.pageLen))
	p := &page{data: data}
	p.refs.Store(1)
	return p, nil
}

// drop gives up one owner's hold on p.
func (s *Store) drop(p *page) {
	if p.refs.Add(-1) > 0 {
		return
	}
	s.mu.Lock()
	if len(s.free) < freePages && !s.closed {
		s.free = append(s.free, p)
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	s.unmap(p)
}

func (s *Store) unmap(p *page) {
	offheap.Unmap(p.data)
	p.data = nil
	s.mapped.Add(-int64(s.pageLen))
}

// Close unmaps the pages kept for reuse, and from then on every page as soon as
// its last sequence gives it up. Sequences stay valid.
func (s *Store) Close() {
	s.mu.Lock()
	s.closed = true
	free := s.free
	s.free = nil
	s.mu.Unlock()
	for _, p := range free {
		s.unmap(p)
	}
}

// k and v are one layer of a page.
func (s *Store) k(p *page, layer int) []byte {
	at := layer * PageCells * (s.kBytes + s.vBytes)
	return p.data[at : at+PageCells*s.kBytes : at+PageCells*s.kBytes]
}

func (s *Store) v(p *page, layer int) []byte {
	at := layer*PageCells*(s.kBytes+s.vBytes) + PageCells*s.kBytes
	return p.data[at : at+PageCells*s.vBytes : at+PageCells*s.vBytes]
}
