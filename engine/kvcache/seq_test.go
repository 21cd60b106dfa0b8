package kvcache

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// small is a geometry with readable data: key element = 1000*layer + 10*head + dim
// plus 100,000 times the token, the value its negative.
var small = Config{Layers: 2, KVHeads: 2, HeadK: 3, HeadV: 2, KType: tensor.F32, VType: tensor.F32, Context: 300}

func key(token, layer, head, dim int) float32 {
	return float32(100000*token + 1000*layer + 10*head + dim)
}

// feed plans, puts and commits tokens.
func feed(t *testing.T, q *Seq, tokens ...int) {
	t.Helper()
	p, err := q.Plan(len(tokens))
	if err != nil {
		t.Fatal(err)
	}
	put(t, q, p, tokens)
	q.Commit(p, tokens)
}

func put(t *testing.T, q *Seq, p Plan, tokens []int) {
	t.Helper()
	cfg := q.store.cfg
	for l := 0; l < cfg.Layers; l++ {
		for i, tok := range tokens {
			k, v := make([]float32, cfg.KRow()), make([]float32, cfg.VRow())
			for h := 0; h < cfg.KVHeads; h++ {
				for d := 0; d < cfg.HeadK; d++ {
					k[h*cfg.HeadK+d] = key(tok, l, h, d)
				}
				for d := 0; d < cfg.HeadV; d++ {
					v[h*cfg.HeadV+d] = -key(tok, l, h, d)
				}
			}
			if err := q.Put(p, l, i, k, v); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// verify reads every row back and compares it with the tokens.
func verify(t *testing.T, q *Seq, tokens []int) {
	t.Helper()
	if q.Len() != len(tokens) {
		t.Fatalf("%d cells, want %d", q.Len(), len(tokens))
	}
	cfg := q.store.cfg
	for i, c := range q.Cells() {
		if c.Token != tokens[i] || c.Pos != i {
			t.Fatalf("cell %d is %+v, want token %d", i, c, tokens[i])
		}
	}
	for l := 0; l < cfg.Layers; l++ {
		row := 0
		for _, s := range q.Segments(nil, l, q.Len()) {
			k, v := make([]float32, PageCells*cfg.KRow()), make([]float32, PageCells*cfg.VRow())
			if err := errors.Join(quant.Dequantize(cfg.KType, k, s.K), quant.Dequantize(cfg.VType, v, s.V)); err != nil {
				t.Fatal(err)
			}
			for i := 0; i < s.N; i, row = i+1, row+1 {
				for h := 0; h < cfg.KVHeads; h++ {
					for d := 0; d < cfg.HeadK; d++ {
						if got, want := k[(h*PageCells+i)*cfg.HeadK+d], key(tokens[row], l, h, d); got != want {
							t.Fatalf("layer %d cell %d head %d dim %d: K is %v, want %v", l, row, h, d, got, want)
						}
					}
					for d := 0; d < cfg.HeadV; d++ {
						if got, want := v[(h*PageCells+i)*cfg.HeadV+d], -key(tokens[row], l, h, d); got != want {
							t.Fatalf("layer %d cell %d head %d dim %d: V is %v, want %v", l, row, h, d, got, want)
						}
					}
				}
			}
		}
		if row != len(tokens) {
			t.Fatalf("layer %d: %d rows in segments, want %d", l, row, len(tokens))
		}
	}
}

func newStore(t *testing.T, cfg Config) *Store {
	t.Helper()
	s, err := NewStore(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
	})
	return s
}

func upTo(n int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = i
	}
	return ids
}

func TestRowsComeBack(t *testing.T) {
	s := newStore(t, small)
	for _, n := range []int{1, PageCells - 1, PageCells, PageCells + 1, 3*PageCells + 5, small.Context} {
		q := s.NewSeq()
		feed(t, q, upTo(n)...)
		verify(t, q, upTo(n))
		q.Free()
	}
}

func TestFullChangesNothing(t *testing.T) {
	q := newStore(t, small).NewSeq()
	defer q.Free()
	feed(t, q, upTo(small.Context-1)...)
	if _, err := q.Plan(2); !errors.Is(err, ErrFull) {
		t.Fatalf("planning past the context: %v", err)
	}
	verify(t, q, upTo(small.Context-1))
	feed(t, q, small.Context-1)
	verify(t, q, upTo(small.Context))
}

// A plan that is written but never committed leaves no trace.
func TestUncommittedPlanIsForgotten(t *testing.T) {
	q := newStore(t, small).NewSeq()
	defer q.Free()
	feed(t, q, upTo(70)...)
	p, err := q.Plan(100)
	if err != nil {
		t.Fatal(err)
	}
	junk := make([]int, 100)
	for i := range junk {
		junk[i] = 77
	}
	put(t, q, p, junk)
	verify(t, q, upTo(70))
	feed(t, q, 70, 71)
	verify(t, q, upTo(72))
}

// Random feeds, forks, rewinds and frees against plain slices.
func TestForksAgreeWithSlices(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := newStore(t, small)
	type pair struct {
		q    *Seq
		want []int
	}
	all := []pair{{q: s.NewSeq()}}
	for step := 0; step < 400; step++ {
		i := r.IntN(len(all))
		p := &all[i]
		switch op := r.IntN(10); {
		case op < 5:
			n := 1 + r.IntN(90)
			if len(p.want)+n > small.Context {
				continue
			}
			ids := make([]int, n)
			for j := range ids {
				ids[j] = r.IntN(160)
			}
			feed(t, p.q, ids...)
			p.want = append(p.want[:len(p.want):len(p.want)], ids...)
		case op < 7 && len(all) < 12:
			all = append(all, pair{p.q.Fork(), p.want})
		case op < 9:
			n := r.IntN(len(p.want) + 1)
			p.q.Truncate(n)
			p.want = p.want[:n]
		case len(all) > 1:
			p.q.Free()
			all = append(all[:i], all[i+1:]...)
		}
		for _, p := range all {
			verify(t, p.q, p.want)
		}
	}
	for _, p := range all {
		p.q.Free()
	}
	s.Close()
	if n := s.MappedBytes(); n != 0 {
		t.Errorf("%d bytes stay mapped after everything was freed", n)
	}
}

func TestForkCopiesNoKeys(t *testing.T) {
	s := newStore(t, small)
	q := s.NewSeq()
	defer q.Free()
	feed(t, q, upTo(3*PageCells+1)...)
	before := s.MappedBytes()
	f := q.Fork()
	defer f.Free()
	if s.MappedBytes() != before {
		t.Errorf("a fork mapped %d bytes", s.MappedBytes()-before)
	}
	if f.Shared() != f.Len() {
		t.Errorf("%d of %d cells shared after a fork", f.Shared(), f.Len())
	}
	feed(t, f, 9)
	if want := int64(PageCells * small.CellBytes()); s.MappedBytes()-before != want {
		t.Errorf("one more token mapped %d bytes, want one page of %d", s.MappedBytes()-before, want)
	}
	if f.Shared() != 3*PageCells {
		t.Errorf("%d cells shared after the fork wrote, want %d", f.Shared(), 3*PageCells)
	}
}

// Two forks that write at once never disturb each other. Run with -race.
func TestForksInParallel(t *testing.T) {
	s := newStore(t, small)
	q := s.NewSeq()
	feed(t, q, upTo(100)...)
	var wg sync.WaitGroup
	for g := 1; g <= 4; g++ {
		f := q.Fork()
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer f.Free()
			want := upTo(100)
			for i := 0; i < 20; i++ {
				feed(t, f, g)
				want = append(want, g)
			}
			verify(t, f, want)
		}()
	}
	q.Free()
	wg.Wait()
}

func TestF16RowsAreRounded(t *testing.T) {
	cfg := small
	cfg.KType, cfg.VType = tensor.F16, tensor.F16
	s := newStore(t, cfg)
	q := s.NewSeq()
	defer q.Free()
	p, err := q.Plan(1)
	if err != nil {
		t.Fatal(err)
	}
	k := []float32{1, 1.0 / 3, -2.5, 65504, 1e-8, 0}
	if err := q.Put(p, 1, 0, k, []float32{1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	q.Commit(p, []int{5})
	got := make([]float32, PageCells*cfg.KRow())
	if err := quant.Dequantize(tensor.F16, got, q.Segments(nil, 1, 1)[0].K); err != nil {
		t.Fatal(err)
	}
	for i, x := range k {
		at := i/cfg.HeadK*PageCells*cfg.HeadK + i%cfg.HeadK
		if want := quant.F16ToF32(quant.F32ToF16(x)); got[at] != want {
			t.Errorf("element %d: %v, want %v", i, got[at], want)
		}
	}
}

func TestBadGeometryIsRefused(t *testing.T) {
	cfg := small
	cfg.KType = tensor.Q8_0 // blocks of 32 do not divide 3
	if _, err := NewStore(cfg); err == nil {
		t.Error("a block type that does not divide the head size was accepted")
	} else if want := "kvcache: K cache type q8_0 has blocks of 32, which do not divide the head size 3; use f16"; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	for _, bad := range []Config{{}, {Layers: 1, KVHeads: 1, HeadK: 1, HeadV: 1, Context: 0}} {
		if _, err := NewStore(bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

func ExampleStore_NewSeq() {
	store, err := NewStore(Config{Layers: 1, KVHeads: 1, HeadK: 2, HeadV: 2, KType: tensor.F16, VType: tensor.F16, Context: 8})
	if err != nil {
		fmt.Println(err)
		return
	}
	seq := store.NewSeq()
	defer seq.Free()
	plan, err := seq.Plan(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	seq.Put(plan, 0, 0, []float32{1, 2}, []float32{3, 4})
	seq.Commit(plan, []int{42})
	fmt.Println(seq.Cells(), seq.UsedBytes(), "bytes")
	// Output: [{0 42 false}] 8 bytes
}

// What a block format cannot hold is an error that says where, not a wrong row.
func TestWhatNoBlockHoldsIsRefused(t *testing.T) {
	s := newStore(t, Config{Layers: 3, KVHeads: 1, HeadK: 32, HeadV: 32, KType: tensor.Q8_0, VType: tensor.Q4_0, Context: 10})
	q := s.NewSeq()
	defer q.Free()
	p, err := q.Plan(2)
	if err != nil {
		t.Fatal(err)
	}
	good, bad := make([]float32, 32), make([]float32, 32)
	bad[7] = float32(math.NaN())
	if err := q.Put(p, 2, 1, bad, good); err == nil || !strings.HasPrefix(err.Error(), "kvcache: K of layer 2, position 1: ") {
		t.Errorf("NaN in K: %v", err)
	}
	if err := q.Put(p, 0, 0, good, bad); err == nil || !strings.HasPrefix(err.Error(), "kvcache: V of layer 0, position 0: ") {
		t.Errorf("NaN in V: %v", err)
	}
}
