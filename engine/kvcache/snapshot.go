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
// its rows of K and of V, head by head. Layers that have nothing of a page, as it lies
// before First, are left out.
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
		kind := byte(0)
		for g, x := range q.store.groups {
			if q.has(g, i) && q.pages[g][i].kind == &x.wide {
				kind = 1
			}
		}
		if _, err := w.Write([]byte{kind}); err != nil {
			return err
		}
		err := q.rows(i, min(rest, PageCells), func(b []byte) error {
			_, err := w.Write(b)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Gone is how many leading cells layers with a window have no longer.
func (q *Seq) Gone() int { return q.gone }

// Read makes a sequence of so many cells of what Write wrote from a Store of the same
// Config, of which the first were Gone. A Store without a window takes none of these.
func (s *Store) Read(r io.Reader, cells, gone int) (*Seq, error) {
	if cells < 0 || cells > s.cfg.Context {
		return nil, fmt.Errorf("%w: %d cells do not fit into a context of %d", ErrFull, cells, s.cfg.Context)
	}
	if gone < 0 || gone > cells || gone > 0 && s.cfg.Window == 0 {
		return nil, fmt.Errorf("%w: %d of %d cells, and here every layer keeps all", ErrGone, gone, cells)
	}
	q := s.NewSeq()
	q.gone = gone
	for range cells {
		var c [2]uint32
		if err := binary.Read(r, binary.LittleEndian, &c); err != nil {
			return nil, fmt.Errorf("kvcache: cell %d: %w", len(q.cells), err)
		}
		q.cells = append(q.cells, Cell{Pos: int(c[0] &^ editedBit), Token: int(c[1]), Edited: c[0]&editedBit != 0})
	}
	for i := 0; i*PageCells < cells; i++ {
		if err := q.readPage(r, i); err != nil {
			q.Free()
			return nil, fmt.Errorf("kvcache: page %d: %w", i, err)
		}
	}
	if s.cfg.Window > 0 {
		q.leave(s.cfg.first(cells, 0))
	}
	return q, nil
}

// readPage reads page i, for which there is none yet.
func (q *Seq) readPage(r io.Reader, i int) error {
	var wide [1]byte
	if _, err := io.ReadFull(r, wide[:]); err != nil {
		return err
	}
	if wide[0] > 1 {
		return fmt.Errorf("it is of kind %d; there are 0 and 1", wide[0])
	}
	for g, x := range q.store.groups {
		var p *page
		if q.has(g, i) {
			k := &x.narrow
			if wide[0] == 1 {
				k = &x.wide
			}
			var err error
			if p, err = q.store.newPage(k); err != nil {
				return err
			}
		}
		q.pages[g] = append(q.pages[g], p)
	}
	return q.rows(i, min(len(q.cells)-i*PageCells, PageCells), func(b []byte) error {
		_, err := io.ReadFull(r, b)
		return err
	})
}

// rows hands the first n rows of page i, of every layer that has it and every head, to
// f, K before V.
func (q *Seq) rows(i, n int, f func([]byte) error) error {
	c := q.store.cfg
	for _, at := range q.store.places {
		if !q.has(at.group, i) {
			continue
		}
		p := q.pages[at.group][i]
		for _, part := range []struct {
			data []byte
			size int
		}{{p.layerK(at.layer), p.kind.k.typ.RowBytes(c.HeadK)}, {p.layerV(at.layer), p.kind.v.typ.RowBytes(c.HeadV)}} {
			for h := range c.KVHeads {
				if err := f(part.data[h*PageCells*part.size:][:n*part.size]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
