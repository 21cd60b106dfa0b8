package kvcache

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"loupe/engine/internal/offheap"
	"loupe/engine/internal/simd"
)

// PageCells is the number of cells that share a page: what a fork shares, and
// at most what it copies when it first writes.
const PageCells = 64

const (
	// freePages is how many unused pages a Store keeps for the next sequence. There may
	// be more where a slab has some that are used.
	freePages = 16
	// slabBytes and slabPages bound how much is mapped at a time. A page by itself is
	// too small for huge pages, without which a token's attention spends a tenth of its
	// time on finding where things are.
	slabBytes = 32 << 20
	slabPages = 32
)

// Store is the memory behind the sequences of one model. It is safe for
// concurrent use.
type Store struct {
	cfg     Config
	kBytes  int // of one cell in one layer
	vBytes  int
	storeK  simd.Store // the encoder of K's type, or nil: package quant's
	storeV  simd.Store
	mu      sync.Mutex
	free    []*page
	slab    *slab // that new pages are cut from, or nil
	closed  bool
	mapped  atomic.Int64 // bytes of pages in use or kept
	pageLen int
}

// page holds PageCells cells of every layer:
// [layers][ K: [KVHeads, PageCells, HeadK], V: [KVHeads, PageCells, HeadV] ].
type page struct {
	data []byte
	slab *slab
	refs atomic.Int32
}

// slab is memory for some pages. It takes none from the system for pages that were
// not used yet.
type slab struct {
	data []byte
	cut  int // pages that were
	used int // of those, how many sequences have
}

// NewStore checks the geometry; it takes no memory yet.
func NewStore(cfg Config) (*Store, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	kern, err := simd.Choose()
	if err != nil {
		return nil, fmt.Errorf("kvcache: %w", err)
	}
	return &Store{
		cfg: cfg, kBytes: cfg.KBytes(), vBytes: cfg.VBytes(), storeK: kern.Store(cfg.KType), storeV: kern.Store(cfg.VType),
		pageLen: PageCells * cfg.CellBytes(),
	}, nil
}

// Config is the geometry the store was made with.
func (s *Store) Config() Config { return s.cfg }

// MappedBytes is the memory that the store holds now, shared pages counted
// once, unused rows of started pages and free pages included.
func (s *Store) MappedBytes() int64 { return s.mapped.Load() }

// newPage gives a page with one owner.
func (s *Store) newPage() (*page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var p *page
	if n := len(s.free); n > 0 {
		p = s.free[n-1]
		s.free = s.free[:n-1]
	} else {
		if s.slab == nil || (s.slab.cut+1)*s.pageLen > len(s.slab.data) {
			n := max(1, min(slabPages, slabBytes/s.pageLen))
			data, err := offheap.Map(n * s.pageLen)
			if err != nil && n > 1 {
				data, err = offheap.Map(s.pageLen)
			}
			if err != nil {
				return nil, fmt.Errorf("kvcache: no memory for %d more cells (%d bytes; %d in use): %w; use a shorter context or a smaller cache type",
					PageCells, s.pageLen, s.mapped.Load(), err)
			}
			s.slab = &slab{data: data}
		}
		at := s.slab.cut * s.pageLen
		p = &page{data: s.slab.data[at : at+s.pageLen : at+s.pageLen], slab: s.slab}
		s.slab.cut++
		s.mapped.Add(int64(s.pageLen))
	}
	p.slab.used++
	p.refs.Store(1)
	return p, nil
}

// drop gives up one owner's hold on p.
func (s *Store) drop(p *page) {
	if p.refs.Add(-1) > 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p.slab.used--
	s.free = append(s.free, p)
	if s.closed || len(s.free) > freePages {
		s.unmap(p.slab)
	}
}

// unmap gives a slab back unless some of its pages are used.
func (s *Store) unmap(b *slab) {
	if b.used > 0 {
		return
	}
	s.free = slices.DeleteFunc(s.free, func(p *page) bool { return p.slab == b })
	if s.slab == b {
		s.slab = nil
	}
	s.mapped.Add(-int64(b.cut * s.pageLen))
	offheap.Unmap(b.data)
	b.data = nil
}

// Close unmaps what no sequence uses, and from then on the rest as soon as the last
// sequence gives it up. Sequences stay valid.
func (s *Store) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for len(s.free) > 0 {
		n := len(s.free)
		b := s.free[n-1].slab
		s.free = s.free[:n-1]
		s.unmap(b)
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
