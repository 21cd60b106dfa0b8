package kvcache

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// filled is a sequence of n cells with random keys and values; token i is i.
func filled(t *testing.T, cfg Config, n int) *Seq {
	t.Helper()
	s, err := NewStore(cfg)
	if err != nil {
		t.Fatal(err)
	}
	q := s.NewSeq()
	rng := rand.New(rand.NewPCG(1, 2))
	p, err := q.Plan(n)
	if err != nil {
		t.Fatal(err)
	}
	tokens := make([]int, n)
	for i := range n {
		tokens[i] = i
		for l := range cfg.Layers {
			k, v := make([]float32, cfg.KRow()), make([]float32, cfg.VRow())
			for j := range k {
				k[j] = rng.Float32() - 0.5
			}
			for j := range v {
				v[j] = rng.Float32() - 0.5
			}
			if err := q.Put(p, l, i, k, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	q.Commit(p, tokens)
	return q
}

// stored is the bytes of a cell in all layers and heads, K before V.
func stored(q *Seq, cell int) (b []byte) {
	c := q.store.cfg
	for l := range c.Layers {
		for _, seg := range q.Segments(nil, l, q.Len())[cell/PageCells : cell/PageCells+1] {
			k, v := seg.KType.RowBytes(c.HeadK), seg.VType.RowBytes(c.HeadV)
			for h := range c.KVHeads {
				b = append(b, seg.K[(h*PageCells+cell%PageCells)*k:][:k]...)
				b = append(b, seg.V[(h*PageCells+cell%PageCells)*v:][:v]...)
			}
		}
	}
	return b
}

var editConfig = Config{Layers: 3, KVHeads: 2, HeadK: 32, HeadV: 64, KType: tensor.Q8_0, VType: tensor.F16, Context: 400}

func TestKeep(t *testing.T) {
	q := filled(t, editConfig, 300)
	fork := q.Fork()
	before := make([][]byte, 300)
	for i := range before {
		before[i] = stored(q, i)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for _, keep := range [][]int{nil, {0}, {299}, {63, 64, 128}, nil} {
		if keep == nil {
			for i := range 300 {
				if rng.IntN(3) > 0 {
					keep = append(keep, i)
				}
			}
		}
		got := fork.Fork()
		if err := got.Keep(keep); err != nil {
			t.Fatal(err)
		}
		if got.Len() != len(keep) {
			t.Fatalf("%d cells of %d", got.Len(), len(keep))
		}
		for i, c := range keep {
			if got.Cells()[i] != q.Cells()[c] || !bytes.Equal(stored(got, i), before[c]) {
				t.Fatalf("cell %d is not what cell %d was", i, c)
			}
		}
		got.Free()
	}
	for i := range before {
		if !bytes.Equal(stored(fork, i), before[i]) {
			t.Fatalf("keeping in a fork changed cell %d", i)
		}
	}
	mapped := q.Store().MappedBytes()
	if err := q.Keep([]int{5, 5}); err == nil || q.Store().MappedBytes() != mapped || q.Len() != 300 {
		t.Error("a cell twice:", err)
	}
	if err := q.Keep([]int{300}); err == nil || !strings.Contains(err.Error(), "cell 300 cannot be kept") {
		t.Error(err)
	}
	late := editConfig
	late.Sinks = 64
	if err := filled(t, late, 100).Keep([]int{1}); !errors.Is(err, errTwoTypes) {
		t.Error(err)
	}
}

func TestAppend(t *testing.T) {
	q := filled(t, editConfig, 200)
	other := q.Fork()
	other.Truncate(70)
	if err := other.Append(q, 100, 190); err != nil || other.Len() != 160 {
		t.Fatal(err, other.Len())
	}
	for i := range other.Len() {
		from := i
		if i >= 70 {
			from = i + 30
		}
		if other.Cells()[i] != q.Cells()[from] || !bytes.Equal(stored(other, i), stored(q, from)) {
			t.Fatalf("cell %d is not what cell %d is", i, from)
		}
	}
	if err := other.Append(filled(t, editConfig, 2), 0, 2); err == nil {
		t.Error("cells of another store")
	}
	if err := other.Append(q, 0, 201); err == nil {
		t.Error("more cells than there are")
	}
	if err := other.Append(other.Fork(), 0, 160); err != nil {
		t.Error(err)
	}
	if err := other.Append(q, 0, 200); !errors.Is(err, ErrFull) || other.Len() != 320 {
		t.Error(err, other.Len())
	}
}

func TestEdit(t *testing.T) {
	q := filled(t, editConfig, 150)
	fork := q.Fork()
	for _, part := range []Part{K, V} {
		err := fork.Edit(part, 1, 1, 60, 130, func(cell int, row []float32) {
			for i := range row {
				row[i] = float32(cell)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	size := tensor.Q8_0.RowBytes(32)
	for i := range 150 {
		edited := i >= 60 && i < 130
		if bytes.Equal(stored(fork, i), stored(q, i)) == edited || fork.Cells()[i].Edited != edited || q.Cells()[i].Edited {
			t.Fatalf("cell %d", i)
		}
		seg := fork.Segments(nil, 1, 150)[i/PageCells]
		row := make([]float32, 32)
		if err := quant.Dequantize(seg.KType, row, seg.K[(PageCells+i%PageCells)*size:][:size]); err != nil {
			t.Fatal(err)
		}
		if edited && (row[3] < float32(i)*0.99 || row[3] > float32(i)*1.01) {
			t.Fatalf("cell %d holds %v", i, row[3])
		}
	}
	// An edit that changes nothing leaves f16 bit by bit, and edited cells are written and read.
	same := q.Fork()
	if err := same.Edit(V, 0, 0, 0, 150, func(int, []float32) {}); err != nil || !bytes.Equal(stored(same, 70), stored(q, 70)) {
		t.Error(err)
	}
	var file bytes.Buffer
	if err := fork.Write(&file); err != nil {
		t.Fatal(err)
	}
	back, err := fork.Store().Read(&file, 150, fork.Gone())
	if err != nil || !slices.Equal(back.Cells(), fork.Cells()) {
		t.Error(err)
	}
	for _, c := range [][4]int{{3, 0, 0, 1}, {0, 2, 0, 1}, {0, 0, -1, 1}, {0, 0, 0, 151}} {
		if err := q.Edit(K, c[0], c[1], c[2], c[3], nil); err == nil {
			t.Error(c)
		}
	}
}

func TestShift(t *testing.T) {
	q := filled(t, editConfig, 100)
	if err := q.Keep(append([]int{0, 1, 2, 3}, q.tail(50)...)); err != nil {
		t.Fatal(err)
	}
	if err := q.Shift(4, 54, -46); err != nil || q.Cells()[4].Pos != 4 || q.Cells()[53].Pos != 53 || !q.Cells()[4].Edited || q.Cells()[3].Edited {
		t.Fatal(err, q.Cells())
	}
	for _, c := range [][3]int{{4, 54, -1}, {0, 2, 1}, {0, 54, -1}, {0, 55, 1}} {
		before := slices.Clone(q.Cells())
		if err := q.Shift(c[0], c[1], c[2]); err == nil || !slices.Equal(before, q.Cells()) {
			t.Errorf("%v: %v", c, err)
		}
	}
	if err := q.Shift(10, 54, 5); err != nil || q.Cells()[10].Pos != 15 {
		t.Error(err)
	}
}

// tail is the numbers of the last n cells.
func (q *Seq) tail(n int) (cells []int) {
	for i := q.Len() - n; i < q.Len(); i++ {
		cells = append(cells, i)
	}
	return cells
}
