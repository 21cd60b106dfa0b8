package kvcache

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// Rows have the bits of package quant in every type, whichever kernel wrote them.
func TestRowsHaveTheBitsOfQuant(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 3))
	for _, typ := range []tensor.DType{tensor.F32, tensor.F16, tensor.BF16, tensor.Q8_0, tensor.Q5_1, tensor.Q5_0, tensor.Q4_1, tensor.Q4_0, tensor.IQ4_NL} {
		const heads, head, cells = 3, 64, 70
		s := newStore(t, Config{Layers: 2, KVHeads: heads, HeadK: head, HeadV: head, KType: typ, VType: typ, Context: cells})
		q := s.NewSeq()
		p, err := q.Plan(cells)
		if err != nil {
			t.Fatal(err)
		}
		for i := range cells {
			k, v := make([]float32, heads*head), make([]float32, heads*head)
			for j := range k {
				k[j], v[j] = float32(r.NormFloat64()*1e-3), float32(r.NormFloat64()*100)
			}
			if err := q.Put(p, 1, i, k, v); err != nil {
				t.Fatal(err)
			}
			page := q.Segments(nil, 1, cells)[i/PageCells]
			size := typ.RowBytes(head)
			want := make([]byte, size)
			for h := range heads {
				at := (h*PageCells + i%PageCells) * size
				for _, x := range []struct{ page, row any }{{page.K, k}, {page.V, v}} {
					if err := quant.Quantize(typ, want, x.row.([]float32)[h*head:][:head]); err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(x.page.([]byte)[at:][:size], want) {
						t.Fatalf("%s: cell %d, head %d: other bytes", typ, i, h)
					}
				}
			}
		}
		q.Free()
	}
}

// Slabs go back once the last of their pages is free, and closing gives back the rest.
func TestSlabsGoBack(t *testing.T) {
	s := newStore(t, Config{Layers: 1, KVHeads: 1, HeadK: 2, HeadV: 2, KType: tensor.F32, VType: tensor.F32, Context: 1 << 20})
	var seqs []*Seq
	for range 3 * slabPages {
		q := s.NewSeq()
		if _, err := q.Plan(1); err != nil {
			t.Fatal(err)
		}
		seqs = append(seqs, q)
	}
	most := s.MappedBytes()
	if want := int64(3 * slabPages * s.groups[0].narrow.pageLen); most != want {
		t.Fatalf("%d bytes for %d pages, want %d", most, 3*slabPages, want)
	}
	for i, q := range seqs {
		if i != slabPages/2 { // a page of the first slab stays
			q.Free()
		}
	}
	if got := s.MappedBytes(); got > most/2 {
		t.Errorf("%d of %d bytes are left", got, most)
	}
	s.Close()
	if got, want := s.MappedBytes(), most/3; got != want {
		t.Errorf("closed, with one page of a slab used: %d bytes, want %d", got, want)
	}
	seqs[slabPages/2].Free()
	if got := s.MappedBytes(); got != 0 {
		t.Errorf("%d bytes are left", got)
	}
}
