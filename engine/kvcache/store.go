package kvcache

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"loupe/engine/internal/offheap"
	"loupe/engine/internal/simd"
	"loupe/engine/tensor"
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
	cfg    Config
	mu     sync.Mutex
	closed bool
	groups []*pool
	places []place // [Layers]
}

// pool is the pages of a group of layers.
type pool struct {
	group
	narrow, wide kind
}

// place is where a layer is: in which group, as which of its layers.
type place struct{ group, layer int }

// kind is the pages of a group that store cells in the same types.
type kind struct {
	k, v      part
	layers    int
	spare     int // unused pages that are kept
	pageLen   int
	slabPages int // of a slab, at most
	free      []*page
	slab      *slab        // that new pages are cut from, or nil
	mapped    atomic.Int64 // pages in use or kept
}

// part is how K or V of a kind is stored.
type part struct {
	typ    tensor.DType
	head   int         // elements of one head
	bytes  int         // of one cell in one layer
	store  simd.Store  // encoder, or nil: package quant's
	expand simd.Expand // decoder, or nil
}

// page holds PageCells cells of every layer of a group:
// [layers][ K: [KVHeads, PageCells, HeadK], V: [KVHeads, PageCells, HeadV] ].
type page struct {
	data []byte
	kind *kind
	slab *slab
	refs atomic.Int32
}

// slab is memory for some pages of a kind. It takes none from the system for pages
// that were not used yet.
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
	newPart := func(t tensor.DType, head int) part {
		return part{typ: t, head: head, bytes: t.RowBytes(cfg.KVHeads * head), store: kern.Store(t), expand: kern.Expand(t)}
	}
	s := &Store{cfg: cfg}
	for _, g := range cfg.groups() {
		x := &pool{group: g}
		x.narrow = kind{k: newPart(cfg.KType, cfg.HeadK), v: newPart(cfg.VType, cfg.HeadV), slabPages: slabPages}
		// Wide pages come and go: each goes back by itself.
		x.wide = kind{k: newPart(cfg.WideK(), cfg.HeadK), v: newPart(cfg.WideV(), cfg.HeadV), slabPages: 1}
		for _, k := range []*kind{&x.narrow, &x.wide} {
			k.layers, k.spare = g.layers, cfg.spare(g)
			k.pageLen = PageCells * g.layers * (k.k.bytes + k.v.bytes)
		}
		s.groups = append(s.groups, x)
	}
	at := make([]int, len(s.groups))
	for l := range cfg.Layers {
		g := 0
		if cfg.local(l) {
			g = len(s.groups) - 1
		}
		s.places = append(s.places, place{g, at[g]})
		at[g]++
	}
	return s, nil
}

// kinds are those of all groups.
func (s *Store) kinds() []*kind {
	var list []*kind
	for _, g := range s.groups {
		list = append(list, &g.narrow, &g.wide)
	}
	return list
}

// Config is the geometry the store was made with.
func (s *Store) Config() Config { return s.cfg }

// MappedBytes is the memory that the store holds now, shared pages counted
// once, unused rows of started pages and free pages included.
func (s *Store) MappedBytes() int64 {
	k, v := s.Bytes()
	return k + v
}

// Bytes is MappedBytes of K and of V.
func (s *Store) Bytes() (k, v int64) {
	for _, x := range s.kinds() {
		cells := x.mapped.Load() * int64(PageCells*x.layers)
		k, v = k+cells*int64(x.k.bytes), v+cells*int64(x.v.bytes)
	}
	return k, v
}

// newPage gives a page of kind k with one owner.
func (s *Store) newPage(k *kind) (*page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var p *page
	if n := len(k.free); n > 0 {
		p = k.free[n-1]
		k.free = k.free[:n-1]
	} else {
		if k.slab == nil || (k.slab.cut+1)*k.pageLen > len(k.slab.data) {
			n := max(1, min(k.slabPages, slabBytes/k.pageLen))
			data, err := offheap.Map(n * k.pageLen)
			if err != nil && n > 1 {
				data, err = offheap.Map(k.pageLen)
			}
			if err != nil {
				return nil, fmt.Errorf("kvcache: no memory for %d more cells (%d bytes; %d in use): %w; use a shorter context or a smaller cache type",
					PageCells, k.pageLen, s.MappedBytes(), err)
			}
			k.slab = &slab{data: data}
		}
		at := k.slab.cut * k.pageLen
		p = &page{data: k.slab.data[at : at+k.pageLen : at+k.pageLen], kind: k, slab: k.slab}
		k.slab.cut++
		k.mapped.Add(1)
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
	k := p.kind
	k.free = append(k.free, p)
	if s.closed || len(k.free) > k.spare {
		k.unmap(p.slab)
	}
}

// unmap gives a slab back unless some of its pages are used.
func (k *kind) unmap(b *slab) {
	if b.used > 0 {
		return
	}
	k.free = slices.DeleteFunc(k.free, func(p *page) bool { return p.slab == b })
	if k.slab == b {
		k.slab = nil
	}
	k.mapped.Add(-int64(b.cut))
	offheap.Unmap(b.data)
	b.data = nil
}

// Close unmaps what no sequence uses, and from then on the rest as soon as the last
// sequence gives it up. Sequences stay valid.
func (s *Store) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, k := range s.kinds() {
		for len(k.free) > 0 {
			n := len(k.free)
			b := k.free[n-1].slab
			k.free = k.free[:n-1]
			k.unmap(b)
		}
	}
}

// layerK and layerV are one layer of a page, counted within its group.
func (p *page) layerK(layer int) []byte {
	k := p.kind
	at := layer * PageCells * (k.k.bytes + k.v.bytes)
	return p.data[at : at+PageCells*k.k.bytes : at+PageCells*k.k.bytes]
}

func (p *page) layerV(layer int) []byte {
	k := p.kind
	at := layer*PageCells*(k.k.bytes+k.v.bytes) + PageCells*k.k.bytes
	return p.data[at : at+PageCells*k.v.bytes : at+PageCells*k.v.bytes]
}
