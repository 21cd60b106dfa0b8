package kvcache

import (
	"encoding/binary"
	"fmt"
	"io"
)

// editedBit marks the position of an Edited cell in a file.
const editedBit = 1 << 31

// Write writes the cells and what is stored for them, bit by bit: for each cell its
// position, with the highest bit set when it is Edited, and token (uint32,
// little-endian), then for each page whether it is wide (a byte) and, layer by layer,
// its rows of K and of V, head by head.
func (q *Seq) Write(w io.Writer) error {
	for _, c := range q.cells {
		pos := uint32(c.Pos)
		if c.Edited {
			pos |= editedBit
		}
		if err := binary.Write(w, binary.LittleEndian, [2]uint32{pos, uint32(c.Token)}); err != nil {
			return err
		}
	}
	for i, rest := 0, len(q.cells); rest > 0; i, rest = i+1, rest-PageCells {
		p, kind := q.pages[i], byte(0)
		if p.kind == &q.store.wide {
			kind = 1
		}
		if _, err := w.Write([]byte{kind}); err != nil {
			return err
		}
		err := q.store.rows(p, min(rest, PageCells), func(b []byte) error {
			_, err := w.Write(b)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Read makes a sequence of so many cells of what Write wrote from a Store of the same
// Config.
func (s *Store) Read(r io.Reader, cells int) (*Seq, error) {
	if cells < 0 || cells > s.cfg.Context {
		return nil, fmt.Errorf("%w: %d cells do not fit into a context of %d", ErrFull, cells, s.cfg.Context)
	}
	q := s.NewSeq()
	for range cells {
		var c [2]uint32
		if err := binary.Read(r, binary.LittleEndian, &c); err != nil {
			return nil, fmt.Errorf("kvcache: cell %d: %w", len(q.cells), err)
		}
		q.cells = append(q.cells, Cell{Pos: int(c[0] &^ editedBit), Token: int(c[1]), Edited: c[0]&editedBit != 0})
	}
	for rest := cells; rest > 0; rest -= PageCells {
		err := s.readPage(q, r, min(rest, PageCells))
		if err != nil {
			q.Free()
			return nil, fmt.Errorf("kvcache: page %d: %w", len(q.pages), err)
		}
	}
	return q, nil
}

func (s *Store) readPage(q *Seq, r io.Reader, rows int) error {
	var wide [1]byte
	if _, err := io.ReadFull(r, wide[:]); err != nil {
		return err
	}
	k := &s.narrow
	switch wide[0] {
	case 0:
	case 1:
		k = &s.wide
	default:
		return fmt.Errorf("it is of kind %d; there are 0 and 1", wide[0])
	}
	p, err := s.newPage(k)
	if err != nil {
		return err
	}
	q.pages = append(q.pages, p)
	return s.rows(p, rows, func(b []byte) error {
		_, err := io.ReadFull(r, b)
		return err
	})
}

// rows hands the first n rows of every layer and head to f, K before V.
func (s *Store) rows(p *page, n int, f func([]byte) error) error {
	for l := range s.cfg.Layers {
		for _, part := range []struct {
			data []byte
			size int
		}{{p.layerK(l), p.kind.k.typ.RowBytes(s.cfg.HeadK)}, {p.layerV(l), p.kind.v.typ.RowBytes(s.cfg.HeadV)}} {
			for h := range s.cfg.KVHeads {
				if err := f(part.data[h*PageCells*part.size:][:n*part.size]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
