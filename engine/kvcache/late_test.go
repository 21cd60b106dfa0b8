package kvcache

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// late is a cache whose pages are wide at first; a key is a function of the token.
func late(start, sinks, residual int) Config {
	return Config{Layers: 2, KVHeads: 2, HeadK: 32, HeadV: 64, KType: tensor.Q8_0, VType: tensor.Q4_1, Context: 1000, Start: start, Sinks: sinks, Residual: residual}
}

var lateRows = map[[3]int][]float32{}

func lateRow(token, layer, n int) []float32 {
	if row := lateRows[[3]int{token, layer, n}]; row != nil {
		return row
	}
	r := rand.New(rand.NewPCG(uint64(token), uint64(layer*1000+n)))
	row := make([]float32, n)
	for i := range row {
		row[i] = float32(r.NormFloat64())
	}
	lateRows[[3]int{token, layer, n}] = row
	return row
}

func feedLate(t *testing.T, q *Seq, tokens []int) {
	t.Helper()
	p, err := q.Plan(len(tokens))
	if err != nil {
		t.Fatal(err)
	}
	c := q.store.cfg
	for l := range c.Layers {
		for i, token := range tokens {
			if err := q.Put(p, l, i, lateRow(token, l, c.KRow()), lateRow(token, l, c.VRow())); err != nil {
				t.Fatal(err)
			}
		}
	}
	q.Commit(p, tokens)
}

// checkLate compares the keys and values of all cells with what their tokens ask for.
// direct are the pages that were never wide.
func checkLate(t *testing.T, q *Seq, direct func(page int) bool) {
	t.Helper()
	c := q.store.cfg
	for l := range c.Layers {
		for i, s := range q.Segments(nil, l, q.Len()) {
			for row := range s.N {
				token := q.Cells()[i*PageCells+row].Token
				for _, x := range []struct {
					name      string
					data      []byte
					typ, wide tensor.DType
					head      int
					row       []float32
				}{{"K", s.K, s.KType, c.WideK(), c.HeadK, lateRow(token, l, c.KRow())}, {"V", s.V, s.VType, c.WideV(), c.HeadV, lateRow(token, l, c.VRow())}} {
					size := x.typ.RowBytes(x.head)
					for h := range c.KVHeads {
						via := x.wide
						if direct(i) {
							via = x.typ
						}
						src := x.row[h*x.head:][:x.head]
						want := encodeVia(t, via, x.typ, src)
						if got := x.data[(h*PageCells+row)*size:][:size]; !bytes.Equal(got, want) {
							t.Fatalf("%s of layer %d, cell %d, head %d, in %s: other bytes", x.name, l, i*PageCells+row, h, x.typ)
						}
					}
				}
			}
		}
	}
}

// encodeVia is what a cell holds: src in typ, by way of another type.
func encodeVia(t *testing.T, via, typ tensor.DType, src []float32) []byte {
	t.Helper()
	row := append([]float32(nil), src...)
	if via != typ {
		data := make([]byte, via.RowBytes(len(row)))
		if err := quant.Quantize(via, data, row); err != nil {
			t.Fatal(err)
		}
		if err := quant.Dequantize(via, row, data); err != nil {
			t.Fatal(err)
		}
	}
	data := make([]byte, typ.RowBytes(len(row)))
	if err := quant.Quantize(typ, data, row); err != nil {
		t.Fatal(err)
	}
	return data
}

// kinds is a letter for each page: w for wide, n for one in the cache's types.
func kinds(q *Seq) string {
	s := ""
	for _, p := range q.pages[0] {
		if p.kind == &q.store.groups[0].wide {
			s += "w"
		} else {
			s += "n"
		}
	}
	return s
}

// Which pages are wide, as a sequence grows.
func TestLatePages(t *testing.T) {
	for _, c := range []struct {
		start, sinks, residual int
		want                   string // after 64, 65, 128, 192, 256, 300 and 301 cells
	}{
		{0, 0, 0, "n nn nn nnn nnnn nnnnn nnnnn"},
		{0, 1, 0, "w wn wn wnn wnnn wnnnn wnnnn"},
		{0, 65, 0, "w ww ww wwn wwnn wwnnn wwnnn"},
		{0, 0, 1, "w ww nw nww nnww nnnww nnnnw"}, // a page turns when the next plan is made
		{0, 0, 100, "w ww ww www nwww nnwww nnnww"},
		{0, 4, 64, "w ww ww www wnww wnnww wnnww"},
		{200, 0, 0, "w ww ww www wwww nnnnn nnnnn"},
		{200, 64, 64, "w ww ww www wwww wnnww wnnww"},
		{5000, 0, 0, "w ww ww www wwww wwwww wwwww"},
	} {
		s := newStore(t, late(c.start, c.sinks, c.residual))
		q := s.NewSeq()
		got := ""
		for _, n := range []int{64, 65, 128, 192, 256, 300, 301} {
			feedLate(t, q, upTo(n)[q.Len():])
			got += " " + kinds(q)
		}
		if got[1:] != c.want {
			t.Errorf("start %d, sinks %d, residual %d: %s, want %s", c.start, c.sinks, c.residual, got[1:], c.want)
		}
		cfg := s.Config()
		checkLate(t, q, func(i int) bool { return !cfg.beginsWide(i) })
		q.Free()
	}
}

// Cutting, going on and forking keep what was stored, and each cell right.
func TestLateForks(t *testing.T) {
	s := newStore(t, late(0, 3, 70))
	q := s.NewSeq()
	feedLate(t, q, upTo(400))
	f := q.Fork()
	feedLate(t, q, upTo(500)[400:])
	feedLate(t, f, []int{900, 901, 902})
	wide := func(int) bool { return false }
	checkLate(t, q, wide)
	checkLate(t, f, wide)
	was := kinds(q)
	q.Truncate(130)
	feedLate(t, q, []int{77})
	if got := kinds(q); got != was[:3] || was[:3] != "wnn" {
		t.Errorf("cut to 130: pages %s of %s", got, was)
	}
	q.Truncate(128)
	feedLate(t, q, upTo(300)[128:])
	feedLate(t, q, []int{300})
	checkLate(t, q, wide)
	checkLate(t, f, wide)
	if len(q.Cells()) != 301 || f.Len() != 403 {
		t.Error("cells are lost")
	}
	wideBytes, narrow := int64(s.groups[0].wide.pageLen/PageCells), int64(s.groups[0].narrow.pageLen/PageCells)
	if got, want := q.UsedBytes(), 64*wideBytes+128*narrow+109*wideBytes; kinds(q) != "wnnww" || got != want {
		t.Errorf("%s: %d bytes used, want %d", kinds(q), got, want)
	}
	q.Free()
	f.Free()
	s.Close()
	if n := s.MappedBytes(); n != 0 {
		t.Errorf("%d bytes stay mapped", n)
	}
}

// What is foretold is what is taken.
func TestFilled(t *testing.T) {
	for _, x := range [][3]int{{}, {0, 5, 0}, {0, 0, 1}, {0, 4, 128}, {0, 0, 500}, {300, 0, 0}, {300, 70, 90}, {9999, 0, 0}, {950, 0, 0}} {
		for _, batch := range []int{1, 17, 64, 200, 1000} {
			cfg := late(x[0], x[1], x[2])
			cfg.Context = 5000
			for _, cells := range []int{1, 64, 999, 3000} {
				s := newStore(t, cfg)
				q := s.NewSeq()
				for q.Len() < cells {
					n := max(1, min(batch, cells-1-q.Len()))
					p, err := q.Plan(n)
					if err != nil {
						t.Fatal(err)
					}
					q.Commit(p, make([]int, n))
				}
				wantK, wantV := cfg.Filled(cells, batch)
				if k, v := s.Bytes(); k != wantK || v != wantV {
					t.Errorf("%v, %d cells in batches of %d: K %d and V %d bytes, foretold %d and %d (%s)", x, cells, batch, k, v, wantK, wantV, fmt.Sprint(len(s.groups[0].wide.free)))
				}
				q.Free()
				s.Close()
			}
		}
	}
}
