package kvcache

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"loupe/engine/tensor"
)

// windowed is a geometry of which the given layers have a window.
func windowed(window, batch int, local ...bool) Config {
	return Config{
		Layers: len(local), KVHeads: 2, HeadK: 32, HeadV: 64, KType: tensor.F16, VType: tensor.Q8_0, Context: 4000,
		Local: local, Window: window, Batch: batch,
	}
}

// full is the same geometry with all cells in all layers.
func full(c Config) Config {
	c.Local, c.Window, c.Batch = nil, 0, 0
	return c
}

// row is what cell i holds of a head in a layer, K and V.
func row(q *Seq, layer, head, i int) []byte {
	c := q.store.cfg
	s := q.Segments(nil, layer, q.Len())[i/PageCells]
	k, v := s.KType.RowBytes(c.HeadK), s.VType.RowBytes(c.HeadV)
	return slices.Concat(s.K[(head*PageCells+i%PageCells)*k:][:k], s.V[(head*PageCells+i%PageCells)*v:][:v])
}

// checkWindow holds a sequence against the same one that keeps all: every cell that a
// layer says it has, and that it has all that the next cell sees if it is whole.
func checkWindow(t *testing.T, q, all *Seq) {
	t.Helper()
	if !slices.Equal(q.Cells(), all.Cells()) {
		t.Fatalf("%d cells, want %d; or others", q.Len(), all.Len())
	}
	c := q.store.cfg
	for l := range c.Layers {
		first := q.First(l)
		if !c.Local[l] && first != 0 {
			t.Fatalf("layer %d has cells from %d on", l, first)
		}
		if q.Whole() && first > max(0, q.Len()+1-c.Window) {
			t.Fatalf("layer %d of a whole sequence of %d has cells from %d on, the window is %d", l, q.Len(), first, c.Window)
		}
		for i := first; i < q.Len(); i += 1 + i%3 {
			for h := range c.KVHeads {
				if !bytes.Equal(row(q, l, h, i), row(all, l, h, i)) {
					t.Fatalf("layer %d, head %d, cell %d of %d: other bytes", l, h, i, q.Len())
				}
			}
		}
	}
}

// What is kept of a window is what a cache without one has there, after whatever
// happened to both; what is not whole refuses to go on.
func TestWindowKeepsWhatIsSeen(t *testing.T) {
	refused := 0
	for _, c := range []Config{
		windowed(100, 64, true, false, true),
		windowed(1, 30, false, true),
		windowed(64, 128, true, true),
		windowed(200, 1, false, true, true),
		windowed(5000, 100, true, false),
	} {
		for _, residual := range []int{0, 90, 400} {
			c.Residual = residual
			c.Sinks = residual % 50
			t.Run(fmt.Sprintf("window %d batch %d residual %d", c.Window, c.Batch, residual), func(t *testing.T) {
				ours, theirs := newStore(t, c), newStore(t, full(c))
				r := rand.New(rand.NewPCG(uint64(c.Window), uint64(residual)))
				type pair struct{ q, all *Seq }
				pairs := []pair{{ours.NewSeq(), theirs.NewSeq()}}
				went := 0
				for range 70 {
					i := r.IntN(len(pairs))
					p := &pairs[i]
					n := p.q.Len()
					switch op := r.IntN(20); {
					case op < 11:
						if !p.q.Whole() {
							refused++
							if _, err := p.q.Plan(1); !errors.Is(err, ErrGone) {
								t.Fatalf("%d cells, of which %d are gone: %v", n, p.q.Gone(), err)
							}
							p.q.Truncate(p.q.WholeAt(n))
							p.all.Truncate(p.q.Len())
						}
						tokens := make([]int, 1+r.IntN(max(c.Batch, 60)))
						if p.q.Len()+len(tokens) > c.Context {
							continue
						}
						for j := range tokens {
							tokens[j] = r.IntN(50)
						}
						feedLate(t, p.q, tokens)
						feedLate(t, p.all, tokens)
						went++
					case op < 13 && len(pairs) < 6:
						pairs = append(pairs, pair{p.q.Fork(), p.all.Fork()})
					case op < 15:
						to := r.IntN(n + 1)
						p.q.Truncate(to)
						p.all.Truncate(to)
					case op < 16 && !c.Late() && n > 0:
						var keep []int
						for j := range n {
							if r.IntN(20) > 0 {
								keep = append(keep, j)
							}
						}
						if err := errors.Join(p.q.Keep(keep), p.all.Keep(keep)); err != nil {
							t.Fatal(err)
						}
					case op < 17 && !c.Late():
						o := pairs[r.IntN(len(pairs))]
						if from := r.IntN(o.q.Len() + 1); o.q != p.q && n+o.q.Len()-from < c.Context {
							if err := errors.Join(p.q.Append(o.q, from, o.q.Len()), p.all.Append(o.all, from, o.q.Len())); err != nil {
								t.Fatal(err)
							}
						}
					case op < 18:
						var file bytes.Buffer
						if err := p.q.Write(&file); err != nil {
							t.Fatal(err)
						}
						again, err := ours.Read(&file, n, p.q.Gone())
						if err != nil || file.Len() > 0 {
							t.Fatal(err, file.Len())
						}
						p.q.Replace(again)
					case op < 19 && n > 0:
						l, from := r.IntN(c.Layers), r.IntN(n)
						for _, q := range []*Seq{p.q, p.all} {
							if err := q.Edit(V, l, 1, from, n, func(_ int, row []float32) { clear(row) }); err != nil {
								t.Fatal(err)
							}
						}
						for j := range n { // what is gone was not edited
							p.q.cells[j].Edited = p.all.cells[j].Edited
						}
					case len(pairs) > 1:
						p.q.Free()
						p.all.Free()
						pairs = slices.Delete(pairs, i, i+1)
					}
					for _, p := range pairs {
						checkWindow(t, p.q, p.all)
					}
				}
				if went < 15 {
					t.Errorf("%d times tokens were read", went)
				}
				for _, p := range pairs {
					p.q.Free()
					p.all.Free()
				}
				ours.Close()
				if n := ours.MappedBytes(); n != 0 {
					t.Errorf("%d bytes stay mapped", n)
				}
			})
		}
	}
	if refused < 10 {
		t.Errorf("%d times a sequence could not go on", refused)
	}
}

// Layers with a window take the memory of the window and a batch, however long the
// sequence becomes; all of it is foretold.
func TestWindowMemory(t *testing.T) {
	for _, late := range [][3]int{{}, {0, 5, 0}, {0, 4, 128}, {0, 0, 900}, {300, 0, 0}, {2000, 70, 90}} {
		for _, local := range [][]bool{{true, false, true}, {true, true}} {
			for _, batch := range []int{1, 17, 64, 200, 1500} {
				c := windowed(300, batch, local...)
				c.Start, c.Sinks, c.Residual = late[0], late[1], late[2]
				for _, cells := range []int{1, 300, 1000, 3900} {
					s := newStore(t, c)
					q := s.NewSeq()
					for q.Len() < cells {
						n := max(1, min(batch, cells-1-q.Len()))
						p, err := q.Plan(n)
						if err != nil {
							t.Fatal(err)
						}
						q.Commit(p, make([]int, n))
						for back := range min(batch, cells) + 1 {
							if to := max(0, q.Len()-back); q.WholeAt(to) != to {
								t.Fatalf("%d cells, read in batches of %d, cannot be cut to %d", q.Len(), batch, to)
							}
						}
						x := s.groups[len(s.groups)-1]
						if most := (300+batch+PageCells-1)/PageCells + 2; !c.Late() && int(x.narrow.mapped.Load()) > most {
							t.Fatalf("%d cells in batches of %d: %d pages of layers with a window, want %d at most", q.Len(), batch, x.narrow.mapped.Load(), most)
						}
					}
					wantK, wantV := c.Filled(cells, batch)
					if k, v := s.Bytes(); k != wantK || v != wantV {
						t.Errorf("%v, %v, %d cells in batches of %d: K %d and V %d bytes, foretold %d and %d", late, local, cells, batch, k, v, wantK, wantV)
					}
					used := int64(0)
					for i := range q.Len() {
						k, v := q.Types(i)
						used += int64(q.Layers(i) * (k.RowBytes(c.KRow()) + v.RowBytes(c.VRow())))
					}
					if got := q.UsedBytes(); got != used {
						t.Errorf("%d bytes used, by cells %d", got, used)
					}
					q.Free()
					s.Close()
				}
			}
		}
	}
}

// A sequence of which cells are gone is read by no cache that keeps all.
func TestWindowIsNotReadAsFull(t *testing.T) {
	c := windowed(100, 64, true, false)
	s := newStore(t, c)
	q := s.NewSeq()
	defer q.Free()
	for range 10 {
		feedLate(t, q, upTo(60))
	}
	var file bytes.Buffer
	if err := q.Write(&file); err != nil {
		t.Fatal(err)
	}
	if _, err := newStore(t, full(c)).Read(&file, q.Len(), q.Gone()); q.Gone() == 0 || !errors.Is(err, ErrGone) {
		t.Errorf("%d cells gone: %v", q.Gone(), err)
	}
}

func TestBadWindowIsRefused(t *testing.T) {
	for _, change := range []func(c *Config){func(c *Config) { c.Window = -1 }, func(c *Config) { c.Local = c.Local[1:] }} {
		c := windowed(10, 10, true, false)
		change(&c)
		if _, err := NewStore(c); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}
